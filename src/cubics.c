#include "cubics.h"

/* The piece of x; points mostly come in order, so the last piece and the next are tried before a search. */
static int find_piece(const struct cubics *c, double x, int last)
{
    int low = 0, high = c->pieces - 1;
    for (int i = last; i < last + 2 && i <= high; i++)
        if (x >= c->breaks[i] && x < c->breaks[i + 1]) return i;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (x >= c->breaks[middle]) low = middle;
        else high = middle - 1;
    }
    return low;
}

void cubics_at(const struct cubics *c, const double *x, long points, double *values)
{
    int piece = 0, n = c->columns;
    for (long i = 0; i < points; i++, values += n) {
        piece = find_piece(c, x[i], piece);
        double from = c->breaks[piece], to = c->breaks[piece + 1];
        double t = (x[i] - from) / (to - from) * 2 - 1;
        const double *a = c->coefficients + 4L * n * piece;
        for (int j = 0; j < n; j++) values[j] = ((a[3 * n + j] * t + a[2 * n + j]) * t + a[n + j]) * t + a[j];
    }
}
