/* Closed-form Gaussian expectations of sums of  weight * r_a r_b exp(t' eta),
 * r = y - m the residuals, summed over the rows of a cell.
 *
 * With eta ~ N(mean, V) and m_a the a-th coordinate of eta
 *   E[r_a r_b exp(t' eta)] = exp(t' mean + t' V t / 2) (d_a d_b + V_ab),
 *   d = y - mean - V t                                      (mathematics vignette, eq. 7)
 * and a cell adds n copies of the bracket around its mean response plus its scatter.
 * Derivatives with respect to `mean` are the expected gradient and Hessian (eq. 8).
 */
#ifndef COVARY_LIKELIHOOD_NORMAL_EXPECT_H
#define COVARY_LIKELIHOOD_NORMAL_EXPECT_H

struct exp_term {
    int a, b; /* residuals, a <= b */
    double weight;
    int n; /* exponents that are not zero, none of a mean */
    int at[3];
    double t[3];
};

#endif
