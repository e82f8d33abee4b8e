#include "piecewise.h"

/* The interval of x; points mostly come in order, so the last interval and the next are tried
 * before a search. */
static int find_interval(const struct piecewise *f, double x, int last)
{
    int low = 0, high = f->intervals - 1;
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
    int interval = 0, n = f->columns;
    for (long i = 0; i < points; i++, values += n) {
        interval = find_interval(f, x[i], interval);
        double from = f->breaks[interval], to = f->breaks[interval + 1];
        double t = (x[i] - from) / (to - from) * 2 - 1;
        const double *a = f->coefficients + (long) n * ((f->degree + 1L) * interval + f->degree);
        for (int j = 0; j < n; j++) values[j] = a[j];
        for (int d = 0; d < f->degree; d++) {
            a -= n;
            for (int j = 0; j < n; j++) values[j] = values[j] * t + a[j];
        }
    }
}
