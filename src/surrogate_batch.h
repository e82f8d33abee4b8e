/* The surrogate at several log_tau at once, each in a lane of the vectors: their B differ only by
 * scale, so a Cholesky factor needs no sums across lanes; LAPACK factors one matrix at a time.
 *
 * A factor L (n x n) has b as one more row, which makes that row L^-1 D b, and is stored by panels
 * of three rows; rows of zeros between L and b fill the last panel. */
#ifndef COVARY_SURROGATE_BATCH_H
#define COVARY_SURROGATE_BATCH_H

#include "surrogate.h"

enum { SURROGATE_LANES = 4 }; /* at the most */

struct surrogate_batch {
    const struct surrogate *s;
    int level, lanes, panels;
    double *packed;                        /* [A; b'] by panels */
    double *scale, *chol, *inverse, *draw; /* lanes fastest; inverse: of the diagonal of chol */
};

/* Where panel i of a factor starts; its diagonal blocks (3 x 3) are full. */
static inline long surrogate_panel_start(long i) { return 9 * (i * (i + 1) / 2); }

/* Doubles that the batch keeps in `work`. */
long surrogate_batch_size(const struct surrogate *s);
struct surrogate_batch surrogate_batch(const struct surrogate *s, int level, double *work);

/* The factors at log_tau[lane] (groups), for all lanes. */
void surrogate_batch_factor(struct surrogate_batch *batch, const double *const *log_tau);

/* Of a lane: log integral, NaN if B is not positive definite; and the constant of the log density
 * of beta. */
double surrogate_batch_marginal(const struct surrogate_batch *batch, int lane);
double surrogate_batch_constant(const struct surrogate_batch *batch, int lane,
                                const double *log_tau);

/* beta given log_tau: its mean plus D L'^-1 noise. draw (n x lanes, lanes fastest) holds the noise
 * and receives beta, NaN where B is not positive definite. */
void surrogate_batch_draw(struct surrogate_batch *batch);

#endif
