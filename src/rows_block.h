/* A block of rows on its way through the pass of rows.c. Only rows.c and its vector code include this. */
#ifndef COVARY_ROWS_BLOCK_H
#define COVARY_ROWS_BLOCK_H

#include "likelihood.h"
#include "rows.h"

#define ROWS_BLOCK 128
#define ROWS_RUN 32 /* rows in one piece that make a block of their own */

struct rows_block {
    int n, full; /* rows, and rows up to the next multiple of 8 */
    int one_piece[ROWS_MAX_TERMS];
    double t[ROWS_MAX_TERMS][ROWS_BLOCK];
    long place[ROWS_MAX_TERMS][ROWS_BLOCK];
    double eta[LIKELIHOOD_MAX_Q][ROWS_BLOCK], y[2][ROWS_BLOCK], weight[ROWS_BLOCK];
    double *scores[ROWS_MAX_TERMS];
};

/* A piece is in the order of grid_place(): four predictors (two of which may be missing) by power, then the fifth's
 * powers. */
#define FIFTH 16
static inline long piece_size(const struct rows_data *rows)
{
    return rows->k == 1 ? FIFTH : FIFTH + 4;
}

static inline int run_length(const long *place, int n)
{
    int i = 1;
    while (i < n && place[i] == place[0]) i++;
    return i;
}

#endif
