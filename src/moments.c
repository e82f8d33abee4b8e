#include "moments_rows.h"
#include "simd.h"
#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

int moments_padded(int k) { return (1 + k + k * (k + 1) / 2 + 3) / 4 * 4; }

int moments_stripes(long n, long table)
{
    long most = n / 65536, fit = (1L << 20) / (table > 0 ? table : 1);
    if (most > fit) most = fit;
    return most < 1 ? 1 : most > 8 ? 8 : (int) most;
}

/* Where each row goes: t and the offset of its cell. A row with a value that is not finite, or
 * outside the grid, is counted and skipped (the sum of its values finds all of them at once). */
static inline void prepare_places(const struct moments_rows *rows, const struct moments_grid *grid,
                                  long from, int n, double *t, long *place,
                                  struct moments_counts *counts)
{
    long cell = (long) moments_padded(rows->k) * MOMENTS_DEGREES;
    const double *x = rows->x + from;
    double bad[MOMENTS_BLOCK];
    for (int i = 0; i < n; i++) bad[i] = x[i] - x[i];
    for (int j = 0; j < rows->k; j++) {
        const double *y = rows->y[j] + from;
        for (int i = 0; i < n; i++) bad[i] += y[i] - y[i];
    }
    if (rows->weights)
        for (int i = 0; i < n; i++) bad[i] += rows->weights[from + i] - rows->weights[from + i];
    for (int i = 0; i < n; i++) {
        double u = x[i] * grid->inverse - grid->first;
        if (bad[i] == 0 && u >= 0 && u < grid->count) {
            long c = (long) u;
            t[i] = 2 * (u - (double) c) - 1;
            place[i] = cell * (c + (rows->group ? (long) grid->count * (rows->group[from + i] - 1) : 0));
            continue;
        }
        place[i] = -1;
        t[i] = 0;
        if (bad[i] == 0) {
            counts->outside++;
            continue;
        }
        int missing = isnan(x[i]) || (rows->weights && isnan(rows->weights[from + i]));
        for (int j = 0; j < rows->k; j++) missing = missing || isnan(rows->y[j][from + i]);
        if (missing) counts->missing++;
        else counts->infinite++;
    }
}

#define SIMD_SOURCE "moments_pass.h"
#include "simd_wide.h"

static void add_rows_plain(const struct moments_rows *rows, const struct moments_grid *grid, long from,
                           long to, double *table, struct moments_counts *counts)
{
    double s[MOMENTS_BLOCK * MOMENTS_MAX_PADDED], t[MOMENTS_BLOCK];
    long place[MOMENTS_BLOCK];
    int padded = moments_padded(rows->k);
    for (long i = from; i < to; i += MOMENTS_BLOCK) {
        int n = to - i < MOMENTS_BLOCK ? (int) (to - i) : MOMENTS_BLOCK;
        prepare_places(rows, grid, i, n, t, place, counts);
        prepare_many(rows, i, n, s);
        for (int a = 0; a < n; a++) {
            if (place[a] < 0) continue;
            double power[MOMENTS_DEGREES] = {1, t[a], 2 * t[a] * t[a] - 1, t[a] * (4 * t[a] * t[a] - 3)};
            for (int d = 0; d < MOMENTS_DEGREES; d++)
                for (int j = 0; j < padded; j++)
                    table[place[a] + padded * d + j] += power[d] * s[padded * a + j];
        }
    }
}

void moments_pass(const struct moments_rows *rows, const struct moments_grid *grid, int groups, int level,
                  int threads, double *table, double *stripes, struct moments_counts *counts)
{
    long size = (long) moments_padded(rows->k) * MOMENTS_DEGREES * grid->count * groups;
    int n_stripes = moments_stripes(rows->n, size);
    struct moments_counts found[8];
    memset(found, 0, sizeof found);
    long width = (rows->n + n_stripes - 1) / n_stripes;
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
#else
    (void) threads;
#endif
    for (int s = 0; s < n_stripes; s++) {
        double *mine = s == 0 ? table : stripes + size * (s - 1);
        long from = width * s, to = from + width < rows->n ? from + width : rows->n;
        memset(mine, 0, (size_t) size * sizeof(double));
        SIMD_CALL(simd_level(level), add_rows, (rows, grid, from, to, mine, found + s));
    }
    counts->missing = counts->infinite = counts->outside = 0;
    for (int s = 0; s < n_stripes; s++) {
        counts->missing += found[s].missing;
        counts->infinite += found[s].infinite;
        counts->outside += found[s].outside;
        if (s > 0)
            for (long i = 0; i < size; i++) table[i] += stripes[size * (s - 1) + i];
    }
}

void moments_range(const double *x, long n, double *out)
{
    double low[4] = {INFINITY, INFINITY, INFINITY, INFINITY}, high[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
    for (long i = 0; i < n; i++) { /* four chains, so that comparisons overlap; NaN fails them all */
        double v = x[i];
        int l = (int) (i & 3);
        if (v < low[l] && v > -INFINITY) low[l] = v;
        if (v > high[l] && v < INFINITY) high[l] = v;
    }
    out[0] = fmin(fmin(low[0], low[1]), fmin(low[2], low[3]));
    out[1] = fmax(fmax(high[0], high[1]), fmax(high[2], high[3]));
}
