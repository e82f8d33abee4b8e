#include "stripes.h"
#include <string.h>

/* Each has rows enough to be worth a thread, and all tables together have 8 MB at most. */
static int count(long n, long size)
{
    long most = n / 65536, fit = (1L << 20) / (size > 0 ? size : 1);
    if (most > fit) most = fit;
    return most < 1 ? 1 : most > STRIPES_MOST ? STRIPES_MOST : (int) most;
}

long stripes_work(long n, long size) { return size * (count(n, size) - 1); }

int stripes_run(stripe_pass add, void *data, long n, int threads, long size, double *table, double *work)
{
    int stripes = count(n, size);
    long width = (n + stripes - 1) / stripes;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
#else
    (void) threads;
#endif
    for (int s = 0; s < stripes; s++) {
        double *mine = s == 0 ? table : work + size * (s - 1);
        long from = width * s, to = from + width < n ? from + width : n;
        memset(mine, 0, (size_t) size * sizeof(double));
        add(data, s, from, to, mine);
    }
    for (int s = 1; s < stripes; s++)
        for (long i = 0; i < size; i++) table[i] += work[size * (s - 1) + i];
    return stripes;
}
