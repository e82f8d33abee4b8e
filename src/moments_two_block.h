/* A block of rows on its way to the table of moments_two.c. Only moments_two.c and its vector code
 * include this. */
#ifndef COVARY_MOMENTS_TWO_BLOCK_H
#define COVARY_MOMENTS_TWO_BLOCK_H

#include "moments_rows.h"
#include "moments_two.h"

static inline void prepare(const struct moments_rows *rows, long from, int n, double *s)
{
    if (rows->k == 1) prepare_one(rows, from, n, s);
    else if (rows->k == 2) prepare_two(rows, from, n, s);
    else prepare_many(rows, from, n, s);
}

/* Number of the row's cell in the whole grid, -1 outside. */
static inline long grid_cell(const struct moments_two *data, long i, double *t, double *u)
{
    const struct moments_grid *gx = data->grid, *gz = data->grid + 1;
    double a = data->rows.x[i] * gx->inverse_width - gx->first,
           b = data->z[i] * gz->inverse_width - gz->first;
    if (!(a >= 0 && a < gx->count && b >= 0 && b < gz->count)) return -1;
    long c = (long) a, d = (long) b;
    *t = 2 * (a - (double) c) - 1;
    *u = 2 * (b - (double) d) - 1;
    return c +
           gx->count * (d + (long) gz->count * (data->rows.group ? data->rows.group[i] - 1 : 0));
}

static inline void find_cells(const struct moments_two *data, const int *slot, long from, int n,
                              double *t, double *u, long *cell_index)
{
    for (int i = 0; i < n; i++) {
        long at = grid_cell(data, from + i, t + i, u + i);
        cell_index[i] = at < 0 ? -1 : slot[at];
    }
}

#endif
