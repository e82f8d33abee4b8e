/* Stochastic variational inference: gradient steps on the ELBO of a Gaussian family. */
#ifndef COVARY_ADVI_H
#define COVARY_ADVI_H

#include "family.h"
#include "optimizer.h"

struct advi_settings {
    struct family family;
    struct optimizer optimizer;
    struct estimate estimate;
    int draws;          /* Monte Carlo draws an iteration */
    int batch_size;     /* rows an iteration; 0: all */
    double batch_scale; /* rows / batch_size */
    double loss_scale;  /* loss and gradient are multiplied by this */
    double most_norm;   /* gradient is shortened to this norm; 0: never */
};

/* Iterations to be done, and the random numbers that they use up. */
struct advi_block {
    double first;        /* number of the first, counted from 1 */
    int n;               /* iterations */
    const double *noise; /* a column an iteration: family_noise() x draws numbers */
    const int *rows;     /* batch_size x n, counted from 0; NULL where batch_size is 0 */
};

/* What an iteration changes, in place. */
struct advi_state {
    double *par;    /* family_parameters() numbers */
    double *memory; /* optimizer_state() numbers */
};

struct advi_info {
    double *loss; /* n: negative ELBO before each step */
    int done;     /* iterations done */
    int bad;      /* iterations whose loss or gradient was NaN (advi_run() stops there) */
};

/* Doubles of work. */
long advi_work(const struct advi_settings *a);

/* Does the iterations of a block. A step that meets NaN is not taken; the first
 * family_parameters() numbers of work then hold the gradient that has it. */
void advi_run(const struct advi_settings *a, const struct target *t, const struct advi_block *block,
              struct advi_state *state, struct advi_info *info, double *work);

/* Averaged natural-gradient steps, for minibatches (advi_natural.c): of a block, a column of noise
 * is one draw of d numbers. */
struct natural_settings {
    struct family family; /* mean-field or full-rank, of d dimensions */
    int batch_size;
    double batch_scale;
    double rate, offset, power; /* step size rate * (1 + iteration / offset)^-power */
    double scale_rate;          /* rate of the scales */
    double most;                /* longest step of the mean, in sds of `metric` */
    const double *metric;       /* d x d: steps of the mean are metric * gradient */
    const double *precision;    /* d x d: its inverse; NULL for the full-rank family */
};

struct natural_state {
    double *mean;      /* d */
    double *chol_cov;  /* d x d, lower Cholesky factor of the covariance; mean-field: diagonal */
    double *mean_sum;  /* d: sum of the means so far */
    double *scale_sum; /* sum of chol_cov (d x d) or, mean-field, of the log sds (d) */
};

long natural_work(const struct natural_settings *a);
/* A step that meets NaN is left out and counted as bad. */
void natural_run(const struct natural_settings *a, const struct target *t,
                 const struct advi_block *block, struct natural_state *state,
                 struct advi_info *info, double *work);

#endif
