/* The surrogate in the shape of an arrow at many log_tau (mathematics vignette, eq. 53).
 *
 * What elimination of the levels leaves of the head and of b there,
 *   H - sum_l C_l (A_l + P)^-1 C_l',   b_h - sum_l C_l (A_l + P)^-1 b_l,
 * depends on the precisions P of the effects of levels alone: a few numbers, which differ little
 * among draws of log_tau. It is interpolated: Newton's polynomials of total degree 2 to
 * LEVELS_DEGREE in 1 / (a + p), a a typical curvature, at Leja points of the range of log_tau. A
 * point costs levels size^3 + terms head^2 so, not levels size head^2. Levels themselves, their
 * determinants and draws of their effects given those of the head are exact, so that the Gaussian
 * of the coefficients is a Gaussian with a known density whatever the polynomial. */
#ifndef COVARY_SURROGATE_LEVELS_H
#define COVARY_SURROGATE_LEVELS_H

#include "surrogate_arrow.h"
#include "surrogate_batch.h"

enum { LEVELS_DEGREE = 4, LEVELS_VARIABLES = 16 /* at the most */ };

struct surrogate_levels {
    const struct surrogate_arrow *s;
    struct surrogate head; /* its coefficients; a and b are those of the polynomial */
    struct surrogate_batch batch;
    int variables, degree, terms, most; /* most: terms that there is room for */
    int *sd;                            /* variables: whose precisions these are, from 0 */
    int *variable;                      /* size: of each effect of a level */
    double *typical, *middle, *half;    /* variables: a; centre and half width of u = 1 / (a + p) */
    int *parent, *factor;          /* terms: each is its parent times x[factor] - a Leja point */
    int *power;                    /* terms x variables */
    double *coefficients;          /* of the terms, by blocks of entries of batch.packed */
    double *basis, *scale, *level; /* terms; size; size (size + 1): lanes fastest */
    double *extended, *more;
};

/* Number of polynomials of a total degree. */
long levels_terms(int variables, int degree);
/* How many different sds the effects of a level have. */
int levels_variables(const struct surrogate_arrow *s);

/* Work of polynomials up to `degree`. */
long surrogate_levels_size(const struct surrogate_arrow *s, int degree);
long surrogate_levels_integers(const struct surrogate_arrow *s, int degree);
/* Without terms, for log_tau from `low` to `high` (groups), with room up to `degree`. It points
 * into itself and is not to be copied. */
void surrogate_levels_start(struct surrogate_levels *p, const struct surrogate_arrow *s, int degree,
                            const double *low, const double *high, double *work, int *integers);
/* One total degree more, from 0 on; not 0 where a level is not positive definite. */
int surrogate_levels_extend(struct surrogate_levels *p);

/* At log_tau[lane] (groups): head and levels are factored. value[lane]: log integral, but for
 * log(2 pi) / 2 an unpenalised coefficient, NaN where B is not positive definite; constant[lane]:
 * of the log density of beta. */
void surrogate_levels_factor(struct surrogate_levels *p, const double *const *log_tau,
                             double *value, double *constant);
/* x (d x lanes, lanes fastest, in the order of the arrow): noise, becomes beta. */
void surrogate_levels_draw(struct surrogate_levels *p, double *x);

#endif
