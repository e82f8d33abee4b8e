/* The No-U-Turn sampler (Hoffman and Gelman 2014) in its multinomial form (Betancourt 2017,
 * arXiv 1701.02434, appendix A) with the extra U-turn checks across subtrees that Stan uses.
 *
 * Step size adapts within a run by dual averaging; the metric is fixed during a run. The number of
 * random numbers is not known beforehand, so they come from the caller through `noise`. */
#ifndef COVARY_NUTS_H
#define COVARY_NUTS_H

#include "target.h"

struct noise {
    double (*uniform)(void *data);
    double (*normal)(void *data);
    void *data;
};

struct nuts_settings {
    int most_depth;            /* trees of at most 2^most_depth - 1 leapfrog steps */
    double most_error;         /* energy error that counts as a divergence */
    double accept;             /* target of the mean acceptance statistic */
    int adapt;                 /* adapt the step size */
    int dense;                 /* metric: d x d covariance, else d variances */
    const double *metric;      /* d x d or d */
    const double *chol_metric; /* dense: lower Cholesky factor of metric, d x d; else NULL */
};

/* State of dual averaging (Hoffman and Gelman 2014, section 3.2), STEP_LENGTH numbers */
enum { STEP_LOG, STEP_LOG_MEAN, STEP_MU, STEP_ERROR, STEP_COUNT, STEP_SPARE, STEP_LENGTH };

struct nuts_info { /* of one transition */
    double value;  /* log density of the new point */
    double accept; /* mean acceptance statistic */
    double energy; /* minus log density plus kinetic energy, at the start */
    int depth, leapfrogs, divergent;
};

long nuts_work(const struct nuts_settings *s, int dim);
/* One transition from theta, in place. step: STEP_LENGTH numbers. */
void nuts_transition(const struct nuts_settings *s, const struct target *t, const struct noise *u,
                     double *theta, double *step, struct nuts_info *info, double *work);
/* A step size with an acceptance of about 0.8 in one leapfrog step, from `size` on; 0 if the
 * density is not finite */
double nuts_first_step(const struct nuts_settings *s, const struct target *t, const struct noise *u,
                       const double *theta, double size, double *work);
void nuts_restart_step(double *step, double size);

#endif
