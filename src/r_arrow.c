/* Doors of matrices in the shape of an arrow. In R: list(head (h x h), border (h x effects), block
 * (size^2 x levels), shape: list(head: numbers of the coefficients, level: size x levels, those of
 * the levels)). */
#include "r_read.h"
#include "simd.h"

struct arrow_shape read_shape(SEXP shape)
{
    struct arrow_shape s;
    SEXP head = field(shape, "head"), level = field(shape, "level");
    s.head = whole_in((double) Rf_xlength(head), 0, 1 << 15, "coefficients of the head");
    s.size = whole_in(Rf_nrows(level), 1, 1 << 10, "coefficients of a level");
    s.levels = whole_in(Rf_ncols(level), 1, MOST_COUNT / s.size, "levels");
    s.d = whole_in((double) s.head + (double) s.size * s.levels, 1, MOST_COUNT, "coefficients");
    const int *heads = check_range(head, s.head, 1, s.d, "head"),
              *effects = check_range(level, (R_xlen_t) s.size * s.levels, 1, s.d, "level");
    int *place = (int *) R_alloc(s.d, sizeof(int)), *at = (int *) R_alloc(s.d, sizeof(int));
    for (int i = 0; i < s.d; i++) place[i] = -1;
    for (int i = 0; i < s.d; i++) {
        at[i] = (i < s.head ? heads[i] : effects[i - s.head]) - 1;
        place[at[i]] = i;
    }
    for (int i = 0; i < s.d; i++)
        if (place[i] < 0) fail("coefficient %d is neither in the head nor of a level", i + 1);
    s.place = place;
    s.at = at;
    return s;
}

struct arrow read_arrow(SEXP a, const struct arrow_shape *s)
{
    R_xlen_t h = s->head, effects = arrow_effects(s);
    struct arrow out = {s, (double *) doubles(a, "head", h * h),
                        (double *) doubles(a, "border", h * effects),
                        (double *) doubles(a, "block", s->size * effects)};
    return out;
}

/* A list for R, not protected, and the arrow in it; its doubles are not set. */
SEXP new_arrow(SEXP shape, const struct arrow_shape *s, struct arrow *out)
{
    const char *names[] = {"head", "border", "block", "shape", ""};
    SEXP list = PROTECT(Rf_mkNamed(VECSXP, names));
    double *part[3];
    int rows[3] = {s->head, s->head, s->size * s->size},
        columns[3] = {s->head, s->size * s->levels, s->levels};
    for (int i = 0; i < 3; i++)
        part[i] = REAL(SET_VECTOR_ELT(list, i, Rf_allocMatrix(REALSXP, rows[i], columns[i])));
    SET_VECTOR_ELT(list, 3, shape);
    Rf_setAttrib(list, R_ClassSymbol, Rf_mkString("covary_arrow"));
    struct arrow arrow = {s, part[0], part[1], part[2]};
    *out = arrow;
    UNPROTECT(1);
    return list;
}

/* NULL where a is not positive definite */
SEXP r_arrow_factor(SEXP a, SEXP level)
{
    SEXP shape = field(a, "shape");
    struct arrow_shape s = read_shape(shape);
    struct arrow from = read_arrow(a, &s), to;
    SEXP out = PROTECT(new_arrow(shape, &s, &to));
    R_xlen_t h = s.head, effects = arrow_effects(&s);
    memcpy(to.head, from.head, sizeof(double) * h * h);
    memcpy(to.border, from.border, sizeof(double) * h * effects);
    memcpy(to.block, from.block, sizeof(double) * s.size * effects);
    double *work = (double *) R_alloc(arrow_factor_work(&s), sizeof(double));
    int status = arrow_factorise(&to, read_level(check_number(level, "level")), work);
    UNPROTECT(1);
    return status ? R_NilValue : out;
}

/* x: d x n, coefficients in the order of the model. half: L^-T x alone, x in the order of the
 * arrow, which is that of noise. */
SEXP r_arrow_solve(SEXP factor, SEXP x, SEXP half)
{
    int upper = Rf_asLogical(half) == 1;
    struct arrow_shape s = read_shape(field(factor, "shape"));
    struct arrow l = read_arrow(factor, &s);
    const double *from = check_matrix(x, "x");
    if (Rf_nrows(x) != s.d) fail("'x' must have a row a coefficient");
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, s.d, Rf_ncols(x)));
    double *ordered = (double *) R_alloc(s.d, sizeof(double));
    for (R_xlen_t j = 0; j < Rf_ncols(x); j++) {
        for (int i = 0; i < s.d; i++) ordered[i] = from[(upper ? i : s.at[i]) + s.d * j];
        if (!upper) arrow_solve_lower(&l, ordered);
        arrow_solve_upper(&l, ordered);
        for (int i = 0; i < s.d; i++) REAL(out)[s.at[i] + s.d * j] = ordered[i];
    }
    UNPROTECT(1);
    return out;
}

SEXP r_arrow_invert(SEXP factor)
{
    SEXP shape = field(factor, "shape");
    struct arrow_shape s = read_shape(shape);
    struct arrow l = read_arrow(factor, &s), to;
    SEXP out = PROTECT(new_arrow(shape, &s, &to));
    double *slope = (double *) R_alloc((size_t) s.head * arrow_effects(&s) + 1, sizeof(double));
    arrow_invert(&l, slope, &to);
    arrow_mirror(&to);
    UNPROTECT(1);
    return out;
}
