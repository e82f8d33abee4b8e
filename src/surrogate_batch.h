/* The surrogate at several log_tau at once, each in a lane of the vectors: their B differ only by
 * scale, so a Cholesky factor needs no sums across lanes; LAPACK factors one matrix at a time.
 *
 * A factor L (n x n) has b as one more row, which makes that row L^-1 D b, and is stored by panels
 * of three rows; rows of zeros between L and b fill the last panel.
 *
 * Lanes have one A and b, those of the surrogate, or each its own, which are filled in before every
 * factor; their A has 1 less on the diagonal of coefficients without an sd (group 0). */
#ifndef COVARY_SURROGATE_BATCH_H
#define COVARY_SURROGATE_BATCH_H

#include "surrogate.h"

enum { SURROGATE_LANES = 4 /* at the most */, SURROGATE_ROOM = 8 };

struct surrogate_batch {
    const struct surrogate *s;
    int level, lanes, panels;
    int own;                               /* has every lane its own A and b? */
    double *packed;                        /* [A; b'] by panels; with `own` lanes fastest */
    double *scale, *chol, *inverse, *draw; /* lanes fastest; inverse: of the diagonal of chol */
};

/* Where panel i of a factor starts; its diagonal blocks (3 x 3) are full. */
static inline long surrogate_panel_start(long i) { return 9 * (i * (i + 1) / 2); }

/* Doubles that the batch keeps in `work`. */
long surrogate_batch_size(const struct surrogate *s);
struct surrogate_batch surrogate_batch(const struct surrogate *s, int level, double *work);
/* With matrices of their own for the lanes, after which SURROGATE_ROOM vectors may be written too;
 * s->a and s->b are not read. */
long surrogate_batch_own_size(const struct surrogate *s);
struct surrogate_batch surrogate_batch_own(const struct surrogate *s, int level, double *work);
/* Where [A; b'] has the entry i, j of A (j <= i), or b[j] with i = n, in `packed`. */
long surrogate_batch_entry(const struct surrogate_batch *batch, long i, long j);

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
