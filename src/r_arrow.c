/* Doors of matrices in the shape of an arrow. In R: list(head (h x h), border (h x effects), block
 * (size^2 x levels), shape: list(head: numbers of the coefficients, level: size x levels, those of
 * the levels)). */
#include "r_read.h"
#include "scalar.h"
#include "simd.h"
#include "surrogate_arrow.h"

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

/* b and group: d, in the order of the model; log_tau: groups x points */
static struct surrogate_arrow read_surrogate_arrow(SEXP a, SEXP b, SEXP group, SEXP log_tau,
                                                   SEXP level, const struct arrow_shape *shape)
{
    struct surrogate_arrow s;
    s.a = read_arrow(a, shape);
    check_matrix(log_tau, "log_tau");
    s.groups = whole_in(Rf_nrows(log_tau), 0, 1 << 15, "groups");
    s.vectors = read_level(check_number(level, "level"));
    const double *from = check_doubles(b, shape->d, "b");
    const int *of = check_range(group, shape->d, 0, s.groups, "group");
    double *ordered = (double *) R_alloc(shape->d, sizeof(double));
    int *groups = (int *) R_alloc(shape->d, sizeof(int));
    for (int i = 0; i < shape->d; i++) {
        ordered[i] = from[shape->at[i]];
        groups[i] = of[shape->at[i]];
    }
    s.b = ordered;
    s.group = groups;
    return s;
}

/* order 0: list(value (points)); else for one point with gradient and Hessian */
SEXP r_arrow_marginal(SEXP a, SEXP b, SEXP group, SEXP log_tau, SEXP order, SEXP level)
{
    struct arrow_shape shape = read_shape(field(a, "shape"));
    struct surrogate_arrow s = read_surrogate_arrow(a, b, group, log_tau, level, &shape);
    int points = Rf_ncols(log_tau), g = s.groups, want = check_whole(order, 0, 2, "order");
    const char *names[] = {"value", "gradient", "hessian", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *value = REAL(SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, points))), *grad = NULL,
           *hess = NULL, *more = NULL;
    if (want) {
        if (points != 1) fail("derivatives are of one point");
        grad = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, g)));
        hess = REAL(SET_VECTOR_ELT(out, 2, Rf_allocMatrix(REALSXP, g, g)));
        memset(grad, 0, sizeof(double) * g);
        memset(hess, 0, sizeof(double) * g * g);
        more = (double *) R_alloc(surrogate_arrow_derivative_size(&s), sizeof(double));
    }
    struct surrogate_arrow_factor f =
        surrogate_arrow_factor(&s, (double *) R_alloc(surrogate_arrow_size(&s), sizeof(double)));
    for (R_xlen_t i = 0; i < points; i++) {
        int status = surrogate_arrow_factorise(&s, REAL(log_tau) + g * i, &f);
        value[i] = status ? NAN : surrogate_arrow_value(&s, &f);
        if (want && !status) surrogate_arrow_derivatives(&s, &f, grad, hess, more);
        if (i % 16 == 15) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}

/* log_tau: groups x n; z: n x d noise. Draws that follow each other with one log_tau share its
 * factor. list(beta (n x d), log_density (n)) */
SEXP r_arrow_draws(SEXP a, SEXP b, SEXP group, SEXP log_tau, SEXP z, SEXP level)
{
    struct arrow_shape shape = read_shape(field(a, "shape"));
    struct surrogate_arrow s = read_surrogate_arrow(a, b, group, log_tau, level, &shape);
    const double *noise = check_matrix(z, "z"), *taus = REAL(log_tau);
    R_xlen_t n = Rf_nrows(z), d = shape.d, g = s.groups;
    if (Rf_ncols(z) != d || Rf_ncols(log_tau) != n) fail("'z' and 'log_tau' must agree");
    const char *names[] = {"beta", "log_density", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *beta = REAL(SET_VECTOR_ELT(out, 0, Rf_allocMatrix(REALSXP, n, d))),
           *density = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, n)));
    struct surrogate_arrow_factor f =
        surrogate_arrow_factor(&s, (double *) R_alloc(surrogate_arrow_size(&s), sizeof(double)));
    double *x = (double *) R_alloc(d, sizeof(double));
    int status = 0;
    for (R_xlen_t i = 0; i < n; i++) {
        if (i == 0 || memcmp(taus + g * i, taus + g * (i - 1), sizeof(double) * g))
            status = surrogate_arrow_factorise(&s, taus + g * i, &f);
        for (R_xlen_t j = 0; j < d; j++) x[j] = noise[i + n * shape.at[j]];
        density[i] = status ? NAN : surrogate_arrow_draw(&s, &f, x);
        for (R_xlen_t j = 0; j < d; j++) beta[i + n * shape.at[j]] = status ? NAN : x[j];
        if (i % 64 == 63) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}
