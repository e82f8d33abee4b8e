#include "piecewise.h"

/* The piece of x; points mostly come in order, so the last piece and the next are tried before a search. */
static int find_piece(const struct piecewise *f, double x, int last)
{
    int low = 0, high = f->pieces - 1;
    for (int i = last; i < last + 2 && i <= high; i++)
        if (x >= f->breaks[i] && x < f->breaks[i + 1]) return i;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (x >= f->breaks[middle]) low = middle;
        else high = middle - 1;
    }
    return low;
}

void piecewise_at(const struct piecewise *f, const double *x, long points, double *values)
{
    int piece = 0, n = f->columns;
    for (long i = 0; i < points; i++, values += n) {
        piece = find_piece(f, x[i], piece);
        double from = f->breaks[piece], to = f->breaks[piece + 1];
        double t = (x[i] - from) / (to - from) * 2 - 1;
        const double *a = f->coefficients + (long) n * ((f->degree + 1L) * piece + f->degree);
        for (int j = 0; j < n; j++) values[j] = a[j];
        for (int d = 0; d < f->degree; d++) {
            a -= n;
            for (int j = 0; j < n; j++) values[j] = values[j] * t + a[j];
        }
    }
}
