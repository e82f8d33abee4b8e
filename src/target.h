/* The contract between targets and engines: a log density of an unconstrained vector.
 *
 * A target owns nothing: `data` points to memory of whoever made it. Values of -Inf and NaN are
 * legal answers; engines must cope. Additive constants are included, so that values are
 * comparable across engines (ELBO, evidence). */
#ifndef COVARY_TARGET_H
#define COVARY_TARGET_H

#include <stddef.h>

struct target {
    int dim;  /* length of theta */
    int rows; /* rows (or cells) that a minibatch can choose from; 0: none */
    const void *data;
    /* log density at theta; grad (dim) receives the gradient unless it is NULL */
    double (*value)(const struct target *t, const double *theta, double *grad);
    /* the same with the likelihood of row[0..n-1] (counted from 0) times `scale` in place of
     * that of all rows. NULL for a target without rows. */
    double (*batch)(const struct target *t, const double *theta, const int *row, int n,
                    double scale, double *grad);
    /* NULL, or a part of the log density, left out of value and batch, whose expectations under
     * N(mean, cov) are known: adds E[gradient] + E[Hessian] move to grad and returns E[part].
     * chol_cov: dim x dim, lower Cholesky factor of cov; with `diagonal` cov is diagonal, and only
     * the diagonal of chol_cov is read */
    double (*expected_part)(const struct target *t, const double *mean, const double *chol_cov,
                            int diagonal, const double *move, double *grad);
};

/* A minibatch, or all rows when row is NULL. */
struct batch {
    const int *row;
    int n;
    double scale;
};

double target_at(const struct target *t, const double *theta, const struct batch *b, double *grad);

/* target_regression.c: theta = (beta, log_tau); rows are the cells */
struct regression;
struct snapshot;
struct regression_target {
    const struct regression *model;
    const struct snapshot *snapshot; /* for minibatches, or NULL */
    int analytic_prior; /* coefficients of smooths given their sds are left to expected_part() */
};
struct target target_regression(const struct regression_target *r);

/* target_conditional.c: a regression with smooths standardised given their sds */
struct smooth_block {
    int first, size;        /* coefficients */
    int sd;                 /* position of log_tau in theta */
    const double *h, *r;    /* size: precision and linear term of the likelihood */
    const double *rotation; /* size x size, orthogonal, or NULL: none */
};
struct conditional {
    const struct target *inner;
    int blocks;
    const struct smooth_block *block;         /* blocks */
    int unpenalised, penalised;               /* coefficients outside and inside the blocks */
    const int *unpenalised_at, *penalised_at; /* positions in theta */
    const double *slope;                      /* unpenalised x penalised */
    double *work;                             /* conditional_work(dim) */
};
long conditional_work(int dim);
struct target target_conditional(struct conditional *p);

/* target_t_groups.c: theta = (mu_1, mu_2, logits of the scales, log(nu - 1)).
 *   y_gi ~ t(nu, mu_g, sigma_g); mu_g ~ N(m, s^2), sigma_g ~ uniform(low, high),
 *   nu - 1 ~ exponential with mean nu_mean */
struct t_groups {
    int n;
    const double *y;  /* n */
    const int *group; /* n: 0 or 1 */
    double mean, sd;  /* prior of the group means */
    double low, high; /* prior range of the group scales */
    double nu_mean;   /* prior mean of nu - 1 */
};
struct target target_t_groups(const struct t_groups *g);

/* target_mixture.c */
#define MIXTURE_MOST 16
struct mixture {
    int k;                            /* components */
    int n;                            /* observations; 0: the target is the density of x itself */
    const double *y;                  /* n */
    const double *weight, *mean, *sd; /* known values (k each), NULL where unknown */
    double mean_location, mean_scale, sd_scale, concentration; /* priors of the unknown */
};
struct target target_mixture(const struct mixture *m);
int mixture_dim(const struct mixture *m);

#endif
