/* Log prior densities, normalised, with first and second derivatives, and their Gaussian
 * expectations.
 *
 * A prior is a family and three numbers. The first families are densities of the
 * coefficient itself; the others are densities of a positive sd tau, taken as functions
 * of log_tau with the Jacobian + log_tau included. */
#ifndef COVARY_PRIOR_H
#define COVARY_PRIOR_H

enum prior_family {
    PRIOR_NONE = 0,
    PRIOR_NORMAL = 1,       /* location, scale */
    PRIOR_STUDENT_T = 2,    /* location, scale, df */
    PRIOR_LOGISTIC = 3,     /* location, scale */
    PRIOR_LKJ = 4,          /* location, scale, shape of both sides */
    PRIOR_HALF_T = 11,      /* 0, scale, df */
    PRIOR_HALF_NORMAL = 12, /* 0, scale */
    PRIOR_EXPONENTIAL = 13, /* 0, scale = 1 / rate */
    PRIOR_GAMMA = 14,       /* shape, scale = 1 / rate */
    PRIOR_INV_GAMMA = 15    /* shape, scale */
};

/* Whether a number is one of these. */
int prior_known(int family);

/* out: log density, d/dx, d2/dx2 */
void prior_density(int family, const double *par, double x, double *out);
/* the same three under x ~ N(mean, sd^2) */
void prior_expect(int family, const double *par, double mean, double sd, double *out);

#endif
