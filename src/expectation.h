/* Closed-form Gaussian expectations of sums of  weight * r_a r_b exp(t' eta),
 * r = y - m the residuals, summed over the rows of a cell.
 *
 * With eta ~ N(mean, V) and m_a the a-th coordinate of eta
 *   E[r_a r_b exp(t' eta)] = exp(t' mean + t' V t / 2) (d_a d_b + V_ab),
 *   d = y - mean - V t                                      (mathematics vignette, eq. 7)
 * and a cell adds n copies of the bracket around its mean response plus its scatter.
 * Derivatives with respect to `mean` are the expected gradient and Hessian (eq. 8).
 */
#ifndef COVARY_EXPECTATION_H
#define COVARY_EXPECTATION_H

#include "kernel.h"

struct exp_term {
    int a, b;
    double weight;
    double t[KERNEL_MAX_Q];
};

/* Adds the expectation of the terms to grad (q) and hess (q x q); returns its value.
 * y: k cell means; scatter: k x k around y; sums: k sums of y_i - y, NULL if they are zero. */
double expect_terms(int k, int q, int n_terms, const struct exp_term *terms, double n,
                    const double *y, const double *scatter, const double *sums,
                    const double *mean, const double *cov, double *grad, double *hess);

#endif
