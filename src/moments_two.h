/* Polynomial moments of the responses over cells of two continuous covariates (mathematics
 * vignette, eq. 22).
 *
 * A cell is a rectangle of the grids of x and z (moments.h); with t, u the positions in it and s
 * the statistics of moments.h, the table holds sum T_a(t) T_b(u) s over its rows:
 *   padded x 4 (a) x 4 (b) x cells.
 * Only cells with rows are kept: those of the whole grid are numbered
 *   cell_index = i + count_x (j + count_z group),  i, j, group from 0,
 * and `slot` takes the indices of cells to columns of the table. Tables of disjoint rows add. */
#ifndef COVARY_MOMENTS_TWO_H
#define COVARY_MOMENTS_TWO_H

#include "moments.h"

#define MOMENTS_TWO 16 /* moments a cell */

struct moments_two {
    struct moments_rows rows; /* finite */
    const double *z;          /* n */
    struct moments_grid grid[2];
    int groups;
};

/* Numbers the cells that have rows in `slot` (one int a cell of the whole grid), -1 elsewhere, and
 * returns how many there are; rows outside the grid are counted. */
long moments_two_slots(const struct moments_two *data, int *slot, double *outside);
/* table: cleared and filled; work: as partitions_work() says. */
void moments_two_pass(const struct moments_two *data, const int *slot, long cells, int level,
                      int threads, double *table, double *work);

#endif
