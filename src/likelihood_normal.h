/* The normal likelihoods (mathematics vignette, eq. 1 and 2).
 *
 * Predictors eta: m_1..m_k (means), s_1..s_k (log sds), then r_21, r_31, r_32, .. of the pairs of
 * responses, tanh(r_ij / 2) their correlation given the responses before j. A cell holds n rows
 * with equal covariates through
 *   n        number (or total weight) of rows
 *   mean     k means of the responses
 *   chol     lower Cholesky factor of the scatter sum (y - mean)(y - mean)',
 *            by columns, k(k+1)/2 numbers; zero for a single row
 * one after the other, cells_size(k) numbers a cell (cells.h).
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
 * Any number of responses take such a node as k + 1 residuals instead, one after the other,
 *   a, g, u   weight of any sign, what moves with the means, and k numbers,
 * for which sum a (u - g m)(u - g m)' is the scatter about any m: (k + 1)(k + 2) numbers. */
#ifndef COVARY_LIKELIHOOD_NORMAL_H
#define COVARY_LIKELIHOOD_NORMAL_H

#include "likelihood.h"

/* How the statistics of a cell of two responses enter: a row has no scatter. */
enum normal2_kind { NORMAL2_ROW, NORMAL2_CELL, NORMAL2_NODE };

extern const struct likelihood likelihood_normal1, likelihood_normal1_nodes;
extern const struct likelihood likelihood_normal2, likelihood_normal2_nodes;
/* Any number of responses (likelihood_partial.c) */
struct likelihood likelihood_partial(int k, int columns);
/* The same by regressions of each response on those before (likelihood_regression.c) */
struct likelihood likelihood_regression(int k, int columns);

#endif
