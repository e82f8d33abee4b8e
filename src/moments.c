#include "moments_rows.h"
#include "stripes.h"
#include <math.h>

int moments_padded(int k) { return (1 + k + k * (k + 1) / 2 + 3) / 4 * 4; }

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

struct pass {
    const struct moments_rows *rows;
    const struct moments_grid *grid;
    int level;
    struct moments_counts found[STRIPES_MOST];
};

static void add_stripe(void *data, int stripe, long from, long to, double *table)
{
    struct pass *p = data;
    SIMD_CALL(simd_level(p->level), add_rows, (p->rows, p->grid, from, to, table, p->found + stripe));
}

void moments_pass(const struct moments_rows *rows, const struct moments_grid *grid, int groups, int level,
                  int threads, double *table, double *work, struct moments_counts *counts)
{
    struct pass pass = {rows, grid, level, {{0}}};
    long size = (long) moments_padded(rows->k) * MOMENTS_DEGREES * grid->count * groups;
    int stripes = stripes_run(add_stripe, &pass, rows->n, threads, size, table, work);
    counts->missing = counts->infinite = counts->outside = 0;
    for (int s = 0; s < stripes; s++) {
        counts->missing += pass.found[s].missing;
        counts->infinite += pass.found[s].infinite;
        counts->outside += pass.found[s].outside;
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
