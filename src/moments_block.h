/* A block of rows on its way to the table of moments.c, in plain C. Only moments.c and its vector
 * code include this. */
#ifndef COVARY_MOMENTS_BLOCK_H
#define COVARY_MOMENTS_BLOCK_H

#include "moments_rows.h"
#include <math.h>

/* Tables of two responses are made in the order of packed_index(), 24 numbers a cell. */
static inline int reorders(int k) { return k == 2; }
static inline int statistics(int k) { return reorders(k) ? 6 : moments_padded(k); }
static inline long cell_size(int k) { return (long) statistics(k) * MOMENTS_DEGREES; }
/* Where statistic j of degree d is in a cell. */
static inline int moments_at(int k, int j, int d)
{
    return reorders(k) ? packed_index(j, d) : moments_padded(k) * d + j;
}

/* Where each row goes: t and the offset of its cell. A row with a value that is not finite, or
 * outside the grid, is counted and skipped (the sum of its values finds all of them at once). */
static inline void find_cells(const struct moments_rows *rows, const struct moments_grid *grid,
                              long from, int n, double *t, long *offset,
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
        double u = x[i] * grid->inverse_width - grid->first;
        if (bad[i] == 0 && u >= 0 && u < grid->count) {
            long c = (long) u;
            t[i] = 2 * (u - (double) c) - 1;
            offset[i] =
                cell * (c + (rows->group ? (long) grid->count * (rows->group[from + i] - 1) : 0));
            continue;
        }
        offset[i] = -1;
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
static inline void add_some(const struct moments_rows *rows, long from, int n, const double *t,
                            const long *offset, double *table)
{
    double s[MOMENTS_BLOCK * MOMENTS_MAX_PADDED];
    int k = rows->k, padded = moments_padded(k), used = statistics(k);
    prepare_many(rows, from, n, s);
    for (int i = 0; i < n; i++) {
        if (offset[i] < 0) continue;
        double power[MOMENTS_DEGREES] = {1, t[i], 2 * t[i] * t[i] - 1,
                                         t[i] * (4 * t[i] * t[i] - 3)};
        for (int d = 0; d < MOMENTS_DEGREES; d++)
            for (int j = 0; j < used; j++)
                table[offset[i] + moments_at(k, j, d)] += power[d] * s[padded * i + j];
    }
}

#endif
