/* The regression model as a log density of its coefficients.
 *
 * Predictor j of cell i is offset[j, i] + x[j][, i]' beta[place[j]], and where the predictor has an
 * effect of the levels of a factor, beta[level_place[j][level_of[i]]] more. Coefficients stand
 * predictor by predictor. Two parts, kept apart because engines treat them differently:
 *   loglik_and_priors  log likelihood + log priors of the unpenalised coefficients, in beta (d)
 *   smooths            log N(b | 0, tau^2) of the penalised coefficients b + log priors of
 *                      log_tau, in theta = (beta, log_tau) (d + n_smooths)
 * All Hessians are full symmetric matrices, or arrows (arrow.h) where the model has their shape. */
#ifndef COVARY_REGRESSION_H
#define COVARY_REGRESSION_H

#include "arrow.h"
#include "likelihood.h"
#include "joint_prior.h"

struct regression {
    const struct likelihood *likelihood;
    int m;                /* cells */
    int d;                /* coefficients */
    int n_smooths;        /* smoothing sds */
    const double *cells;  /* size x m */
    const int *observed;  /* m: which responses the cells have (likelihood.h); NULL: all */
    const double *offset; /* q x m */
    const double **x;     /* q matrices, p[j] x m */
    const int *p;         /* q */
    const int **place;    /* q: which coefficient each row of x[j] belongs to */
    const int *level_of;  /* m: level of each cell, from 0; NULL: no predictor has level effects */
    const int *order;     /* m: cells level by level; NULL where they stand so, or have no level */
    const int **level_place; /* q: coefficient of each level; NULL where there is none */
    const int *position;     /* d: coefficients with those of levels behind the others of a
                                predictor; NULL where they stand so */
    const int *group;        /* d: 0 for an unpenalised coefficient, else number of its sd */
    const int *family;       /* d: prior of unpenalised coefficients */
    const double *prior;     /* 3 x d */
    int n_joint;             /* priors of several coefficients together; their `family` is none */
    const struct joint_prior *joint;
    const int *sd_family;   /* n_smooths */
    const double *sd_prior; /* 3 x n_smooths */
    int level;              /* of vector code (simd.h) */
    double *work;           /* regression_work(d) doubles */
    int *column, *first;    /* d and q + 1, work as well */
    int *column_level;      /* d, too */
    int *first_level;       /* q, too */
    struct likelihood_block block;
    const struct arrow_shape *shape; /* NULL: Hessians are dense */
    const struct regression *head;   /* priors of the head alone; of it: d, group, family, prior,
                                        n_joint, joint */
    const struct shared_columns *shared; /* NULL: none, or few */
};

/* Cells of different levels at the same values of all other covariates have the same columns but
 * for those of levels: sums over cells of products of such columns are sums over the distinct
 * ones, `n` of them, with the cells' factors summed first. */
struct shared_columns {
    int n;
    const int *of;                 /* m: which each cell has */
    const int *first;              /* n: a cell that has it */
    double *sums, *covariances;    /* q (q + 1) / 2 x n, work */
    double *predictors, *gradient; /* q x n, work */
    double *draws;                 /* LIKELIHOOD_BLOCK x q x n, work */
};

/* Fills `of` (m) and `first` (m), with `table` (shared_table(m)) as work; returns how many columns
 * are distinct. */
long shared_table(int m);
int find_shared_columns(const struct regression *r, int *of, int *first, int *table);

long regression_work(int d);

/* Where the log_tau of penalised coefficient i stands in theta */
static inline int log_tau_position(const struct regression *r, long i)
{
    return r->d + r->group[i] - 1;
}

/* Value, gradient (d) and Hessian (d x d) at beta */
double loglik_and_priors_value(const struct regression *r, const double *beta);
double loglik_and_priors_gradient(const struct regression *r, const double *beta, double *grad);
double loglik_and_priors_hessian(const struct regression *r, const double *beta, double *grad,
                                 double *hess);

/* The same with the Hessian as an arrow of the shape r->shape; work: regression_head_work() */
long regression_head_work(const struct regression *r);
double loglik_and_priors_arrow(const struct regression *r, const double *beta, double *grad,
                               const struct arrow *hess, double *work);

/* Predictors q x m at beta; without offsets, their linear part */
void predictors_at(const struct regression *r, const double *beta, int offsets, double *eta);
/* Log likelihood at given predictors (q x m), and the log priors of the unpenalised coefficients */
double loglik_at_predictors(const struct regression *r, const double *eta);
double log_priors_at(const struct regression *r, const double *beta);

/* The log likelihood at one point, cell by cell: with it, a minibatch only has to estimate the
 * difference from that point, which has far less noise (Johnson and Zhang 2013, SVRG). */
struct snapshot {
    const double *value_of;    /* m */
    const double *gradient_of; /* q x m, by the predictors */
    const double *gradient;    /* d: of all cells, without priors */
    double value;
};
/* Fills the first three at beta and returns the fourth. */
double loglik_and_priors_snapshot(const struct regression *r, const double *beta, double *value_of,
                                  double *gradient_of, double *gradient);

/* Cells row[0..n-1] alone (counted from 0), their log likelihood times `scale`; with a snapshot,
 * that of all cells at the snapshot plus the scaled difference. */
double loglik_and_priors_rows(const struct regression *r, const double *beta, const int *row, int n,
                              double scale, const struct snapshot *snapshot, double *grad);

/* Cells whose difference between expected Hessian and that at the mean stands, `times` over, for
 * those of all cells: it is small and smooth. */
struct cell_sample {
    int *cell; /* from 0; room for m of them */
    double *times;
    int n;
};
/* Every so-manieth cell by weight, but 32 cells at least */
void regression_sample(const struct regression *r, int every, struct cell_sample *out);

/* Expected value, gradient (d) and Hessian (d x d) under beta ~ N(mean, cov). Where expectations
 * are by cubature, the Hessian is expected at a sample of cells; NULL: at all of them. */
double expect_loglik_and_priors(const struct regression *r, const double *mean, const double *cov,
                                const struct cell_sample *sample, double *grad, double *hess);
/* The same by arrows; of cov the entries within the shape are enough. */
double expect_loglik_and_priors_arrow(const struct regression *r, const double *mean,
                                      const struct arrow *cov, const struct cell_sample *sample,
                                      double *grad, const struct arrow *hess, double *work);
/* That of the log priors of the unpenalised coefficients alone; derivatives are added. */
double expect_log_priors(const struct regression *r, const double *mean, const double *cov,
                         double *grad, double *hess);

/* Values at n draws of beta; draws: n x d, out: n */
void loglik_and_priors_draws(const struct regression *r, const double *draws, int n, double *out);

/* The prior of smooths at theta (d + n_smooths), with derivatives, and its expectation under
 * theta ~ N(mean, cov) (smooths.c) */
double smooths_hessian(const struct regression *r, const double *theta, double *grad, double *hess);
double smooths_expect(const struct regression *r, const double *mean, const double *cov,
                      double *grad, double *hess);

#endif
