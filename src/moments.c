#include "moments_rows.h"
#include "stripes.h"
#include <math.h>

int moments_padded(int k) { return (1 + k + k * (k + 1) / 2 + 3) / 4 * 4; }

/* Tables of two responses are made in the order of grid_place(), 24 numbers a cell. */
static int reorders(int k) { return k == 2; }
static int statistics(int k) { return reorders(k) ? 6 : moments_padded(k); }
static long cell_size(int k) { return (long) statistics(k) * MOMENTS_DEGREES; }
/* Where statistic j of degree d is in a cell. */
static int moments_at(int k, int j, int d)
{
    return reorders(k) ? grid_place(j, d) : moments_padded(k) * d + j;
}

/* Where each row goes: t and the offset of its cell. A row with a value that is not finite, or
 * outside the grid, is counted and skipped (the sum of its values finds all of them at once). */
static inline void prepare_places(const struct moments_rows *rows, const struct moments_grid *grid,
                                  long from, int n, double *t, long *place,
                                  struct moments_counts *counts)
{
    long cell = cell_size(rows->k);
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
            place[i] =
                cell * (c + (rows->group ? (long) grid->count * (rows->group[from + i] - 1) : 0));
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

/* A few rows, in plain C */
static void add_some(const struct moments_rows *rows, long from, int n, const double *t,
                     const long *place, double *table)
{
    double s[MOMENTS_BLOCK * MOMENTS_MAX_PADDED];
    int k = rows->k, padded = moments_padded(k), used = statistics(k);
    prepare_many(rows, from, n, s);
    for (int i = 0; i < n; i++) {
        if (place[i] < 0) continue;
        double power[MOMENTS_DEGREES] = {1, t[i], 2 * t[i] * t[i] - 1,
                                         t[i] * (4 * t[i] * t[i] - 3)};
        for (int d = 0; d < MOMENTS_DEGREES; d++)
            for (int j = 0; j < used; j++)
                table[place[i] + moments_at(k, j, d)] += power[d] * s[padded * i + j];
    }
}

#define SIMD_SOURCE "moments_pass.h"
#include "simd_wide.h"

static void add_rows_plain(const struct moments_rows *rows, const struct moments_grid *grid,
                           long from, long to, double *table, struct moments_counts *counts)
{
    double t[MOMENTS_BLOCK];
    long place[MOMENTS_BLOCK];
    for (long i = from; i < to; i += MOMENTS_BLOCK) {
        int n = to - i < MOMENTS_BLOCK ? (int) (to - i) : MOMENTS_BLOCK;
        prepare_places(rows, grid, i, n, t, place, counts);
        add_some(rows, i, n, t, place, table);
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
    SIMD_CALL(simd_level(p->level), add_rows,
              (p->rows, p->grid, from, to, table, p->found + stripe));
}

long moments_work(const struct moments_rows *rows, long cells)
{
    long size = cell_size(rows->k) * cells;
    return (reorders(rows->k) ? size : 0) + stripes_work(rows->n, size);
}

static void reorder(int k, const double *from, long cells, double *to)
{
    int padded = moments_padded(k), used = statistics(k);
    for (long i = 0; i < cells; i++, from += cell_size(k), to += padded * MOMENTS_DEGREES)
        for (int d = 0; d < MOMENTS_DEGREES; d++)
            for (int j = 0; j < padded; j++)
                to[padded * d + j] = j < used ? from[moments_at(k, j, d)] : 0;
}

void moments_pass(const struct moments_rows *rows, const struct moments_grid *grid, int groups,
                  int level, int threads, double *table, double *work,
                  struct moments_counts *counts)
{
    struct pass pass = {rows, grid, level, {{0}}};
    long cells = (long) grid->count * groups, size = cell_size(rows->k) * cells;
    double *sums = table;
    if (reorders(rows->k)) sums = work, work += size;
    int stripes = stripes_run(add_stripe, &pass, rows->n, threads, size, sums, work);
    if (sums != table) reorder(rows->k, sums, cells, table);
    counts->missing = counts->infinite = counts->outside = 0;
    for (int s = 0; s < stripes; s++) {
        counts->missing += pass.found[s].missing;
        counts->infinite += pass.found[s].infinite;
        counts->outside += pass.found[s].outside;
    }
}

void moments_range(const double *x, long n, double *out)
{
    double low[4] = {INFINITY, INFINITY, INFINITY, INFINITY},
           high[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
    for (long i = 0; i < n;
         i++) { /* four chains, so that comparisons overlap; NaN fails them all */
        double v = x[i];
        int l = (int) (i & 3);
        if (v < low[l] && v > -INFINITY) low[l] = v;
        if (v > high[l] && v < INFINITY) high[l] = v;
    }
    out[0] = fmin(fmin(low[0], low[1]), fmin(low[2], low[3]));
    out[1] = fmax(fmax(high[0], high[1]), fmax(high[2], high[3]));
}
