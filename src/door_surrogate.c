/* Doors of the smoothing level of the nested engine. */
#include "doors.h"
#include "surrogate.h"
#include <string.h>

static struct surrogate read_surrogate(SEXP a, SEXP b, SEXP group, int groups)
{
    struct surrogate s;
    s.n = (int) Rf_xlength(b);
    s.groups = groups;
    if (TYPEOF(a) != REALSXP || TYPEOF(b) != REALSXP || TYPEOF(group) != INTSXP ||
        Rf_xlength(a) != (R_xlen_t) s.n * s.n || Rf_xlength(group) != s.n)
        Rf_error("internal: the surrogate needs a square matrix, a vector and groups");
    s.a = REAL(a);
    s.b = REAL(b);
    s.group = INTEGER(group);
    for (int i = 0; i < s.n; i++)
        if (s.group[i] < 1 || s.group[i] > groups) Rf_error("internal: 'group' out of range");
    return s;
}

/* t: groups x points; order 0, 1 or 2. list(value (points), gradient (groups x points) or NULL,
 * hessian (groups^2 x points) or NULL) */
SEXP door_surrogate_marginal(SEXP a, SEXP b, SEXP group, SEXP t, SEXP order)
{
    if (TYPEOF(t) != REALSXP || !Rf_isMatrix(t)) Rf_error("internal: 't' must be a matrix");
    int groups = Rf_nrows(t), points = Rf_ncols(t), want = Rf_asInteger(order);
    struct surrogate s = read_surrogate(a, b, group, groups);
    size_t square = (size_t) s.n * s.n;
    double *work = (double *) R_alloc((want > 1 ? 2 : 1) * square + 3 * (size_t) s.n, sizeof(double));
    double *grad = NULL, *hess = NULL;
    const char *names[] = {"value", "gradient", "hessian", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *value = REAL(SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, points)));
    if (want > 0) grad = REAL(SET_VECTOR_ELT(out, 1, Rf_allocMatrix(REALSXP, groups, points)));
    if (want > 1) hess = REAL(SET_VECTOR_ELT(out, 2, Rf_allocMatrix(REALSXP, groups * groups, points)));
    for (R_xlen_t i = 0; i < points; i++) {
        double *g = grad ? grad + groups * i : NULL, *h = hess ? hess + (R_xlen_t) groups * groups * i : NULL;
        if (g) memset(g, 0, sizeof(double) * groups);
        if (h) memset(h, 0, sizeof(double) * groups * groups);
        value[i] = surrogate_marginal(&s, REAL(t) + groups * i, g, h, work);
        if (i % 64 == 63) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}

/* t: groups x draws, z: draws x n noise. list(beta (draws x n), log_density of beta given t), NaN where B
 * is indefinite. */
SEXP door_surrogate_draws(SEXP a, SEXP b, SEXP group, SEXP t, SEXP z)
{
    if (TYPEOF(t) != REALSXP || !Rf_isMatrix(t) || TYPEOF(z) != REALSXP || !Rf_isMatrix(z) ||
        Rf_ncols(t) != Rf_nrows(z))
        Rf_error("internal: 't' needs a column and 'z' a row a draw");
    int groups = Rf_nrows(t), draws = Rf_ncols(t);
    struct surrogate s = read_surrogate(a, b, group, groups);
    if (Rf_ncols(z) != s.n) Rf_error("internal: 'z' must have a column a coefficient");
    double *work = (double *) R_alloc((size_t) s.n * s.n + 5 * (size_t) s.n, sizeof(double));
    double *noise = work + (size_t) s.n * s.n + 3 * (size_t) s.n, *one = noise + s.n, constant = 0;
    const char *names[] = {"beta", "log_density", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *beta = REAL(SET_VECTOR_ELT(out, 0, Rf_allocMatrix(REALSXP, draws, s.n)));
    double *density = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, draws)));
    int status = 0;
    for (R_xlen_t i = 0; i < draws; i++) {
        const double *ti = REAL(t) + groups * i;
        /* resampled draws repeat their t: one factor serves them all */
        if (i == 0 || memcmp(ti, ti - groups, groups * sizeof(double)) != 0) {
            status = surrogate_condition(&s, ti, work);
            constant = status ? R_NaN : surrogate_draw_constant(&s, ti, work);
        }
        for (int j = 0; j < s.n; j++) {
            noise[j] = REAL(z)[i + (R_xlen_t) draws * j];
            one[j] = R_NaN;
        }
        density[i] = constant + (status ? 0 : surrogate_draw(&s, noise, one, work));
        for (int j = 0; j < s.n; j++) beta[i + (R_xlen_t) draws * j] = one[j];
        if (i % 256 == 255) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}
