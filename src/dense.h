/* The passes of regression.h over models with many coefficients in every cell: predictors,
 * their covariances and X' H X as products of matrices, a block of cells at a time. */
#ifndef COVARY_DENSE_H
#define COVARY_DENSE_H

#include "regression.h"

/* Whether cells have enough non-zero entries for products to be quicker than loops over them. */
int dense_pays(const struct regression *r);

/* Log density (cov NULL) or its expectation under N(beta, cov), gradient and Hessian. */
long dense_hessian_work(const struct regression *r);
double dense_hessian(const struct regression *r, const double *beta, const double *cov,
                     double *grad, double *hess, double *work);

/* draws: n x d, out: n values */
long dense_draws_work(const struct regression *r);
void dense_draws(const struct regression *r, const double *draws, int n, double *out, double *work);

#endif
