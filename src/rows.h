/* Log likelihood and score of rows whose predictors are sums of piecewise cubic functions
 * (mathematics vignette, eq. 24; curvature eq. 26).
 *
 * A term gives each row an interval, cell c of the grid of its covariate within the level of its
 * group, and t in [-1, 1), the position in it; it adds sum_d coefficients[c][d] t^d to the
 * predictors and collects sum_rows t^d d log p / d eta. Whatever basis the predictors have,
 * its score is a fixed linear map of the collected sums.
 *   coefficients, scores: q x 4 x count x groups, q predictors of the likelihood;
 * predictors in the order of likelihood.h. Scores are cleared first. */
#ifndef COVARY_ROWS_H
#define COVARY_ROWS_H

#include "likelihood.h"
#include "moments.h"

#define ROWS_MAX_TERMS 16

struct rows_term {
    const double *x;  /* n; NULL where the term depends on the group alone */
    const int *group; /* n, from 1; NULL for one group */
    struct moments_grid grid;
    int groups;
    const double *coefficients;
    double *scores;
    double *packed, *packed_scores; /* the same in the order of rows.simd.h, set by the pass */
};

struct rows_data {
    long n;
    const struct likelihood *likelihood;
    const double *y;              /* n x k, k responses of the likelihood */
    const double *weights;        /* n or NULL */
    const double *centre, *scale; /* k: responses enter as (y - centre) / scale */
    int n_terms;
    struct rows_term term[ROWS_MAX_TERMS];
};

/* Doubles in the scores of all terms */
long rows_scores_size(const struct rows_data *rows);
/* Doubles of work for rows_pass() and rows_curvature() */
long rows_work(const struct rows_data *rows);
/* Sum of log densities; with `value` 0 the logarithms are left out of it. */
double rows_pass(struct rows_data *rows, int value, int level, int threads, double *work);

/* Curvature of the rows, summed in bins: bin b of a term holds `coarse` neighbouring cells of one
 * group. For every term one table and for every pair of terms (i < j) one table of the
 * q (q + 1) / 2 second derivatives (lower triangle by columns), summed over the rows of a bin or of
 * a pair of bins:
 *   single[j]: h x bins[j],  pair[i, j]: h x bins[i] x bins[j],  all in one vector in the order
 *   (0), (1), .., (0, 1), (0, 2), (1, 2), (0, 3), ...
 * With `variance` (the same layout: parts of the covariance of the predictors) value, scores and
 * curvature are expectations under that Gaussian. Bins blur the position of a row in its bin, in
 * curvature and variance only; value and scores are those of the rows. */
int rows_bins(const struct rows_term *term, int coarse);
long rows_curvature_size(const struct rows_data *rows, int coarse);
double rows_curvature(struct rows_data *rows, int coarse, const double *variance, int level,
                      double *tables, double *work);

/* exp as the vector code computes it, for tests */
void rows_exponential(const double *x, long n, int level, double *out);

#endif
