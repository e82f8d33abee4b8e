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

struct advi_info {
    int done; /* iterations done */
    int bad;  /* iterations whose loss or gradient was NaN (advi_run stops there) */
};

/* Doubles of work. */
long advi_work(const struct advi_settings *a);

/* n iterations from number `first` (counted from 1). par, state: parameters and state of the
 * optimiser, updated in place. noise: family_noise x draws x n; rows: batch_size x n, from 0.
 * loss (n): negative ELBO before each step. A step that meets NaN is not taken; grad, at the start
 * of work, then holds the offending gradient. */
void advi_run(const struct advi_settings *a, const struct target *t, double first, int n,
              const double *noise, const int *rows, double *par, double *state, double *loss,
              struct advi_info *info, double *work);

/* Averaged natural-gradient steps, for minibatches (advi_natural.c) */
struct natural_settings {
    struct family family; /* mean-field or full-rank */
    int batch_size;
    double batch_scale;
    double rate, offset, power; /* step size rate * (1 + t / offset)^-power */
    double scale_rate;          /* rate of the scales */
    double most;                /* longest step of the mean, in units of `root` */
};
/* mean (d), root (d x d lower; mean-field: diagonal), metric (d x d): steps of the mean are
 * metric * gradient; precision (d x d): its inverse, read by the mean-field alone.
 * Sums of the iterates go to mean_sum (d) and scale_sum (d x d or d). */
long natural_work(const struct natural_settings *a);
void natural_run(const struct natural_settings *a, const struct target *t, double first, int n,
                 const double *noise, const int *rows, const double *metric,
                 const double *precision, double *mean, double *root, double *mean_sum,
                 double *scale_sum, double *loss, struct advi_info *info, double *work);

#endif
