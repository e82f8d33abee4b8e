#include "moments_block.h"
#include "cells.h"
#include "partitions.h"
#include <math.h>
#include "simd.h"

int moments_padded(int k) { return (cells_size(k) + 3) / 4 * 4; }

#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "moments.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "moments.simd.h"
#undef SIMD_WIDTH
#endif

static void add_rows_plain(const struct moments_rows *rows, const struct moments_grid *grid,
                           long from, long to, double *table, struct moments_counts *counts)
{
    double t[MOMENTS_BLOCK];
    long offset[MOMENTS_BLOCK];
    for (long i = from; i < to; i += MOMENTS_BLOCK) {
        int n = to - i < MOMENTS_BLOCK ? (int) (to - i) : MOMENTS_BLOCK;
        find_cells(rows, grid, i, n, t, offset, counts);
        add_some(rows, i, n, t, offset, table);
    }
}

struct pass {
    const struct moments_rows *rows;
    const struct moments_grid *grid;
    int level;
    struct moments_counts found[PARTITIONS_MOST];
};

static void add_partition(void *data, int partition, long from, long to, double *table)
{
    struct pass *p = data;
    SIMD_CALL(simd_level(p->level), add_rows,
              (p->rows, p->grid, from, to, table, p->found + partition));
}

long moments_work(const struct moments_rows *rows, long cells)
{
    long size = cell_size(rows->k) * cells;
    return (reorders(rows->k) ? size : 0) + partitions_work(rows->n, size);
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
    struct pass pass = {rows, grid, level, {{0, 0, 0}}};
    long cells = (long) grid->count * groups, size = cell_size(rows->k) * cells;
    double *sums = table;
    if (reorders(rows->k)) sums = work, work += size;
    int partitions = partitions_run(add_partition, &pass, rows->n, threads, size, sums, work);
    if (sums != table) reorder(rows->k, sums, cells, table);
    counts->missing = counts->infinite = counts->outside = 0;
    for (int s = 0; s < partitions; s++) {
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
