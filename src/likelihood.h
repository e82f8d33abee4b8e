/* Log density of cells of a K-variate normal, as a function of their predictors.
 *
 * A cell holds n rows with equal covariates through three statistics:
 *   n        number (or total weight) of rows
 *   mean     k means of the responses
 *   root     lower Cholesky factor of the scatter sum (y - mean)(y - mean)',
 *            by columns, k(k+1)/2 numbers; zero for a single row
 * stored one after the other, likelihood->size numbers a cell.
 *
 * A node of an interpolated covariate holds moments with signed weights instead, which need
 * not be positive semidefinite:
 *   n        sum of the weights
 *   centre   k numbers c
 *   sums     k sums of weight (y - c)
 *   scatter  sum of weight (y - c)(y - c)', lower triangle by columns
 * 1 + 2k + k(k+1)/2 numbers a node. Squares are multiplied out here, which loses a factor
 * 1 / (1 - rho^2) of precision; c near the responses of the node keeps the rest.
 *
 * Predictors eta, in this order: m_1..m_k (means), s_1..s_k (log sds), then one r
 * for each pair (2,1), (3,1), (3,2), ..., rho = tanh(r / 2).
 *
 * Cells are evaluated in blocks, each quantity in a row of its own, so that vector code
 * (simd.h) treats neighbouring cells at once. The result of a cell does not depend on the others.
 */
#ifndef COVARY_LIKELIHOOD_H
#define COVARY_LIKELIHOOD_H

#define LIKELIHOOD_BLOCK 32 /* a multiple of every vector width */
#define LIKELIHOOD_MAX_Q 5
#define LIKELIHOOD_MAX_PAIRS (LIKELIHOOD_MAX_Q * (LIKELIHOOD_MAX_Q + 1) / 2)
#define LIKELIHOOD_MAX_SIZE 8

struct likelihood {
    int k;     /* responses */
    int q;     /* predictors */
    int pairs; /* q (q + 1) / 2 */
    int size;  /* statistics a cell */
    int nodes; /* whether of nodes */
};

/* Places 0 to LIKELIHOOD_BLOCK - 1 are cells. Symmetric matrices are held by columns of their
 * lower triangle. */
struct likelihood_block {
    double cell[LIKELIHOOD_MAX_SIZE][LIKELIHOOD_BLOCK];
    double eta[LIKELIHOOD_MAX_Q][LIKELIHOOD_BLOCK];
    double cov[LIKELIHOOD_MAX_PAIRS][LIKELIHOOD_BLOCK];
    double value[LIKELIHOOD_BLOCK];
    double grad[LIKELIHOOD_MAX_Q][LIKELIHOOD_BLOCK];
    double hess[LIKELIHOOD_MAX_PAIRS][LIKELIHOOD_BLOCK];
};

/* The likelihood for k responses, NULL if there is none. */
const struct likelihood *likelihood_for(int k);
/* The likelihood for k responses whose cells or nodes have so many statistics, NULL if there is none. */
const struct likelihood *likelihood_for_size(int k, long size);

void likelihood_put(const struct likelihood *likelihood, struct likelihood_block *b, int place,
                    const double *cell);
/* Empties the places from n on: cells without rows, at predictors of zero. */
void likelihood_clear(const struct likelihood *likelihood, struct likelihood_block *b, int n);

/* All places of the block: value, with order 1 grad, with order 2 hess too. `level` as in simd.h. */
void likelihood_evaluate(const struct likelihood *likelihood, struct likelihood_block *b, int order,
                         int level);
/* Expectations of value, grad and hess under N(eta, cov). */
void likelihood_expect(const struct likelihood *likelihood, struct likelihood_block *b, int level);
/* Adds the values of one cell at LIKELIHOOD_BLOCK points, eta: q rows of LIKELIHOOD_BLOCK. */
void likelihood_points(const struct likelihood *likelihood, const double *cell, const double *eta,
                       double *value, int level);

#endif
