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

/* The step size and its dual averaging (Hoffman and Gelman 2014, section 3.2, whose symbols stand
 * in brackets) */
struct nuts_step {
    double log_size; /* while it adapts [log epsilon] */
    double log_mean; /* average of the above, the step size once it is fixed [log epsilon-bar] */
    double centre;   /* log_size is drawn towards it [mu] */
    double error;    /* average of wanted less seen acceptance [H-bar] */
    double count;    /* transitions that have adapted it [m] */
};

struct nuts_info { /* of one transition */
    double value;  /* log density of the new point */
    double accept; /* mean acceptance statistic */
    double energy; /* minus log density plus kinetic energy, at the start */
    int depth, leapfrogs, divergent;
};

long nuts_work(const struct nuts_settings *s, int dim);
/* One transition from theta, in place, as is the adaptation of step */
void nuts_transition(const struct nuts_settings *s, const struct target *t, const struct noise *u,
                     double *theta, struct nuts_step *step, struct nuts_info *info, double *work);
/* A step size with an acceptance of about 0.8 in one leapfrog step, from `size` on; 0 if the
 * density is not finite */
double nuts_first_step(const struct nuts_settings *s, const struct target *t, const struct noise *u,
                       const double *theta, double size, double *work);
/* The adaptation at its start, from a step size */
struct nuts_step nuts_new_step(double size);

#endif
