/* Symmetric matrices in the shape of an arrow: a dense head of `head` coefficients, and levels,
 * sites say, of `size` coefficients each. A level meets the head and itself but no other level, so
 * that a factor, a solution and the entries of the inverse cost in proportion to the levels
 * (mathematics vignette, eq. 48).
 *
 *   head    h x h, its lower triangle
 *   border  h x effects: rows of the head, the coefficients of levels one level after the other
 *   block   size x size x levels, lower triangles
 *
 * A vector in the order of the arrow has the head first. */
#ifndef COVARY_ARROW_H
#define COVARY_ARROW_H

struct arrow_shape {
    int d; /* coefficients in all */
    int head, size, levels;
    const int *place; /* d: where a coefficient stands in the order of the arrow */
    const int *at;    /* d: the coefficient that stands there */
};

struct arrow {
    const struct arrow_shape *shape;
    double *head, *border, *block;
};

static inline long arrow_effects(const struct arrow_shape *s) { return (long) s->size * s->levels; }
/* Doubles of an arrow */
static inline long arrow_doubles(const struct arrow_shape *s)
{
    long h = s->head, effects = arrow_effects(s);
    return h * h + h * effects + s->size * effects;
}

/* The entry of coefficients i and j (from 0) in the lower triangles; NULL between two levels. */
double *arrow_entry(const struct arrow *a, int i, int j);
/* Upper triangles of head and blocks <- lower ones. */
void arrow_mirror(const struct arrow *a);

/* a <- its factor: with the levels first, L = [L_l, 0; W', L_h] has the blocks L_l, the border
 * W' = C L_l^-T and the head L_h L_h' = H - W' W. Not 0 where a is not positive definite or not
 * finite. work: arrow_factor_work() doubles; `vectors` as in simd.h. */
long arrow_factor_work(const struct arrow_shape *s);
int arrow_factorise(const struct arrow *a, int vectors, double *work);
/* The same but for the head, whose lower triangle becomes H - W' W. */
int arrow_eliminate(const struct arrow *a, int vectors, double *work);
double arrow_log_diagonal(const struct arrow *factor);

/* x <- L^-1 x and x <- L^-T x, in the order of the arrow */
void arrow_solve_lower(const struct arrow *factor, double *x);
void arrow_solve_upper(const struct arrow *factor, double *x);

/* out <- entries of (L L')^-1 within the arrow; slope (h x effects) <- L_l^-T W, which makes
 *   border = -head slope,   block_l = (L_l L_l')^-1 + slope_l' head slope_l
 * and between two levels slope_l' head slope_k. slope may be factor->border. */
void arrow_invert(const struct arrow *factor, double *slope, const struct arrow *out);

#endif
