/* Prior of several coefficients b of one predictor together (mathematics vignette, eq. 4a):
 *   log p(b) = constant - (b - location)' precision (b - location) / 2 [+ log f(weights' b)]
 * The term in brackets is there where the constant is a combination of the columns that no
 * coefficient stands for alone; f is then one of the families of prior.h.
 * `beta`, `grad` and `hess` (d x d, full) are those of all d coefficients of the model. */
#ifndef COVARY_JOINT_PRIOR_H
#define COVARY_JOINT_PRIOR_H

struct joint_prior {
    int n;
    const int *at;           /* n: coefficients, counted from 0 */
    const double *location;  /* n */
    const double *precision; /* n x n */
    double constant;
    const double *weights; /* n, or NULL */
    int family;            /* of weights' b */
    const double *par;     /* 3 */
};

/* Adds to grad and hess unless they are NULL; beta[stride * a] is coefficient a. */
double joint_prior_density(const struct joint_prior *p, const double *beta, long stride, long d,
                           double *grad, double *hess);
/* Expectations of the same under N(mean, cov). */
double joint_prior_expect(const struct joint_prior *p, const double *mean, const double *cov,
                          long d, double *grad, double *hess);

#endif
