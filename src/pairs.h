/* Correlation curves of pairs of features given their margins (mathematics vignette, eqs 44 to 47).
 *
 * z_1, z_2 are the residuals of two features divided by their sds, both from fits of one response.
 * A bin holds rows whose correlation is nearly the same, by the four sums
 *   n, p_11, p_12, p_22                of weights and of weighted products z_k z_l.
 * With eta = offset + x' beta in a bin, rho = tanh(eta / 2), U and V the sums of (z_1 - z_2)^2 and
 * (z_1 + z_2)^2,
 *   log likelihood = sum over bins of n log cosh(eta / 2) - (e^eta U + e^-eta V) / 8.
 * Coefficients beta (p) have the priors of the last predictor of a regression model whose others
 * are known (regression.h). */
#ifndef COVARY_PAIRS_H
#define COVARY_PAIRS_H

#include "regression.h"

#define PAIR_SUMS 4

/* ---- sums (pairs_sums.c) ---- */

struct pair_rows {
    long n;                /* rows, sorted by bin */
    int features;          /* columns of z */
    int bins;              /* rows start[b] .. start[b + 1] - 1 are in bin b */
    const int *start;      /* bins + 1 */
    const double *z;       /* n x features, NaN where a feature is missing */
    const double *weights; /* n, NULL for ones */
};

/* Doubles of work */
long pair_sums_work(const struct pair_rows *rows);
/* Adds the sums of pairs of features (2 x n_pairs, counted from 0): PAIR_SUMS x bins x n_pairs */
void pair_sums_add(const struct pair_rows *rows, const int *pair, long n_pairs, double *sums,
                   double *work);

/* ---- fits (pairs.c) ---- */

/* What all pairs have in common. */
struct pair_model {
    const struct regression *r; /* its last predictor is the correlation */
    int m, p, n_smooths;        /* bins, coefficients, smoothing sds */
    const double *x, *offset;   /* p x m, m */
    /* Log sds of the margins, ps columns: mean of a row of them over the rows of a bin (ps x m),
     * and mean of its products (lower triangle, ps (ps + 1) / 2 x m) */
    int ps;
    const double *spread, *spread_products;
    /* Points of the smoothing level: noise (n_smooths x points) with its log density (points) */
    int points;
    const double *point, *log_density;
    /* Noise (p x draws) of the draws that a Gaussian is checked by */
    int draws;
    const double *noise;
    int *penalised; /* p, work: the sds of penalised coefficients */
};

/* Posterior covariances of the coefficients of the log sds of the two features: lower triangles */
struct pair_margins {
    const double *first, *second;
};

struct pair_fit {
    double *mean;    /* p */
    double *cov;     /* p x p */
    double *log_tau; /* n_smooths: posterior means */
    double rows;     /* sum of the weights */
    int iterations, converged;
    double shift; /* rms over the rows of the shift of eta by a joint Newton step, posterior sds */
    double weight_sd;     /* sd of the log weights of draws from the Gaussian given log_tau */
    double smoothing_ess; /* effective share of the points of the smoothing level */
};

/* Doubles of work for pair_fit_one() */
long pair_work(const struct pair_model *model);
/* sums: PAIR_SUMS x m. Returns 0, or not 0 where no finite fit was found. */
int pair_fit_one(const struct pair_model *model, const struct pair_margins *margins,
                 const double *sums, struct pair_fit *fit, double *work);

/* The Gaussian at given smoothing sds: mean and cov are where it starts and what it returns; grad
 * and hess (p x p) are those of E log likelihood and priors of unpenalised coefficients there. */
struct pair_state {
    double *mean, *cov, *grad, *hess;
    double *chol; /* p x p, work */
    double *step; /* p, work */
    double *eta;  /* m, work */
    int iterations, converged;
};
int pair_climb(const struct pair_model *model, const double *sums, const double *log_tau,
               struct pair_state *state);
/* Expected log likelihood and priors of unpenalised coefficients */
double pair_expect(const struct pair_model *model, const double *sums, const double *mean,
                   const double *cov, double *grad, double *hess);

/* ---- smoothing sds (pairs_smoothing.c) ---- */

/* The likelihood as a Gaussian of the coefficients, exp(b' beta - beta' A beta / 2) */
struct pair_surrogate {
    const double *a, *b; /* p x p, p */
};
long pair_smoothing_work(const struct pair_model *model);
/* Mode of log_tau (start and result), then points around it (n_smooths x points) with weights that
 * sum to one. Returns the effective share of the points, 0 where all fail. */
double pair_smoothing(const struct pair_model *model, const struct pair_surrogate *s,
                      double *log_tau, double *at, double *weight, double *work);

/* ---- what the margins add (pairs_margins.c) ---- */

long pair_margins_work(const struct pair_model *model);
/* Removed from the information on beta because the margins' sds are not known (p x p), and the
 * score of beta in their place (p): with eta (m) and the sums of the pair. */
int pair_margins_effect(const struct pair_model *model, const struct pair_margins *margins,
                        const double *sums, const double *eta, double *removed, double *score,
                        double *work);

#endif
