/* The covariance of one category: three parameterisations of its factor L. */
#ifndef COVARY_LEARNER_SCALE_H
#define COVARY_LEARNER_SCALE_H

#include "learner.h"

/* Parameters (t) to L (d x d, lower), 1 / diag L (d) and log |L|. Returns 1 when the covariance
 * is valid: standard deviations within limits and condition number of L, in starting
 * units (unit, d), at most MAX_CONDITION. scratch: d x d. */
int learner_scale_factor(enum learner_scale scale, int d, const double *parameter,
                         const double *unit, double *lower, double *inverse,
                         double *log_determinant, double *scratch);

/* Adds log_density_bar times the derivative of log N(x; m, L L') to gradient (t).
 * u = L^-1 (x - m), w = L^-T u. scratch: d x d. */
void learner_scale_gradient(enum learner_scale scale, int d, double log_density_bar,
                            const double *lower, const double *inverse, const double *u,
                            const double *w, double *gradient, double *scratch);

/* Log densities, logits, gradients and velocities stay within this: far below overflow, far above
 * any use. */
#define LARGEST 1e304

static inline double bounded(double x, double limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

#endif
