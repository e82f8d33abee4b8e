/* Log density of one cell of a K-variate normal, as a function of its predictors.
 *
 * A cell holds n rows with equal covariates through three statistics:
 *   n        number (or total weight) of rows
 *   mean     k means of the responses
 *   root     lower Cholesky factor of the scatter sum (y - mean)(y - mean)',
 *            by columns, k(k+1)/2 numbers; zero for a single row
 * stored one after the other, kernel->size numbers a cell.
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
 */
#ifndef COVARY_KERNEL_H
#define COVARY_KERNEL_H

#define KERNEL_MAX_Q 5

struct kernel {
    int k;    /* responses */
    int q;    /* predictors */
    int size; /* statistics a cell */
    double (*value)(const double *cell, const double *eta);
    double (*gradient)(const double *cell, const double *eta, double *grad);
    /* hess: q x q, both triangles */
    double (*hessian)(const double *cell, const double *eta, double *grad, double *hess);
    /* expectations of value, gradient and Hessian under eta ~ N(mean, cov), cov q x q */
    double (*expect)(const double *cell, const double *mean, const double *cov,
                     double *grad, double *hess);
};

extern const struct kernel kernel_one, kernel_two, kernel_one_nodes, kernel_two_nodes;

/* The kernel for k responses, NULL if there is none. */
const struct kernel *kernel_for(int k);
/* The kernel for k responses whose cells or nodes have so many statistics, NULL if there is none. */
const struct kernel *kernel_for_size(int k, long size);

#endif
