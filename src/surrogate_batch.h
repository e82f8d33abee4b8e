/* The surrogate at several t at once, one t a vector lane: their B differ only by scale, so a factor
 * needs no sums across lanes. The factor has b as its last row, which makes that row L^-1 D b, and is
 * stored by panels of three rows; rows of zeros before the last fill the panels. */
#ifndef COVARY_SURROGATE_BATCH_H
#define COVARY_SURROGATE_BATCH_H

#include "surrogate.h"

enum { SURROGATE_LANES = 4 }; /* at the most */

struct surrogate_batch {
    const struct surrogate *s;
    int level, lanes, panels;
    double *packed;                        /* [A; b'] by panels */
    double *scale, *root, *inverse, *draw; /* lanes fastest */
};

/* Where panel i of a factor starts: panels of three rows of a lower triangle, diagonal blocks full. */
static inline long surrogate_panel_start(long i) { return 9 * (i * (i + 1) / 2); }

/* Doubles that the batch keeps in `work`. */
long surrogate_batch_size(const struct surrogate *s);
struct surrogate_batch surrogate_batch(const struct surrogate *s, int level, double *work);

/* The factors at t[lane] (groups), for all lanes. */
void surrogate_batch_factor(struct surrogate_batch *batch, const double *const *t);

/* Of a lane: log integral, NaN if B is not positive definite; and the constant of the log density of beta. */
double surrogate_batch_marginal(const struct surrogate_batch *batch, int lane);
double surrogate_batch_constant(const struct surrogate_batch *batch, int lane, const double *t);

/* beta given t: mean plus root times noise. draw holds the noise of all lanes (n x lanes, lanes fastest)
 * and receives beta, NaN where B is not positive definite. */
void surrogate_batch_draw(struct surrogate_batch *batch);

#endif
