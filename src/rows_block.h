/* A block of rows on its way through the pass of rows.c. Only rows.c and its vector code include
 * this. */
#ifndef COVARY_ROWS_BLOCK_H
#define COVARY_ROWS_BLOCK_H

#include "likelihood.h"
#include "rows.h"

#define ROWS_BLOCK LIKELIHOOD_ROWS
#define ROWS_RUN 32 /* rows in one interval that make a block of their own */

struct rows_block {
    int n;                                   /* rows; at.n: rows up to the next multiple of 8 */
    int one_interval[ROWS_MAX_TERMS];        /* whether all rows are in the same interval */
    double t[ROWS_MAX_TERMS][ROWS_BLOCK];    /* position in the interval, in [-1, 1) */
    long offset[ROWS_MAX_TERMS][ROWS_BLOCK]; /* of the interval in the packed coefficients */
    struct likelihood_rows at;               /* responses, weights, predictors and then scores */
    struct likelihood_block cells;           /* of LIKELIHOOD_BLOCK of them */
    double *scores[ROWS_MAX_TERMS];
};

/* The coefficients of an interval are in the order of packed_index(): four predictors (some of
 * which may be missing) by power, then the powers of each later predictor. */
#define ROWS_TOGETHER 4
static inline int interval_size(const struct rows_data *rows)
{
    int later = rows->likelihood->q - ROWS_TOGETHER;
    return 4 * (ROWS_TOGETHER + (later > 0 ? later : 0));
}

static inline int run_length(const long *offset, int n)
{
    int i = 1;
    while (i < n && offset[i] == offset[0]) i++;
    return i;
}

#endif
