/* The smoothing level of the nested engine: a Gaussian surrogate of loglik_and_priors
 * (regression.h) of the n penalised coefficients, exp(b' beta - beta' A beta / 2) (mathematics
 * vignette, eq. 11), with the prior beta_i ~ N(0, exp(2 log_tau_g(i))) multiplied in and beta
 * integrated out (eq. 12). Everything is computed from B = I + D A D, D = diag(exp(log_tau)), which
 * stays well conditioned when an sd goes to zero or infinity. */
#ifndef COVARY_SURROGATE_H
#define COVARY_SURROGATE_H

struct surrogate {
    int n;            /* penalised coefficients */
    int groups;       /* smooths */
    const double *a;  /* n x n */
    const double *b;  /* n */
    const int *group; /* n, 1-based */
};

/* Log integral as a function of log_tau (groups), NaN if A makes B indefinite. Its gradient
 * (groups) and its Hessian (groups x groups) are added to grad and hess; hess may be NULL. Values
 * alone: surrogate_batch.h. work: n * n + 2 n doubles. */
double surrogate_marginal(const struct surrogate *s, const double *log_tau, double *grad,
                          double *hess, double *work);

#endif
