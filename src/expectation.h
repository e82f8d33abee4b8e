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

struct exp_term {
    int a, b; /* residuals, a <= b */
    double weight;
    int n; /* exponents that are not zero, none of a mean */
    int at[3];
    double t[3];
};

/* -1/2 of the quadratic forms, multiplied out into exponentials of the predictors (eq. 9) */
static const struct exp_term terms_one[] = {{0, 0, -0.5, 1, {1}, {-2}}};
static const struct exp_term terms_two[] = {{0, 0, -0.25, 1, {2}, {-2}},
                                            {1, 1, -0.25, 1, {3}, {-2}},
                                            {0, 0, -0.125, 2, {2, 4}, {-2, 1}},
                                            {1, 1, -0.125, 2, {3, 4}, {-2, 1}},
                                            {0, 1, 0.25, 3, {2, 3, 4}, {-1, -1, 1}},
                                            {0, 0, -0.125, 2, {2, 4}, {-2, -1}},
                                            {1, 1, -0.125, 2, {3, 4}, {-2, -1}},
                                            {0, 1, -0.25, 3, {2, 3, 4}, {-1, -1, -1}}};

#endif
