/* Doors of the smoothing level of the nested engine. */
#include "doors.h"
#include "surrogate.h"
#include <string.h>

static struct surrogate read_surrogate(SEXP a, SEXP b, SEXP group, int groups)
{
    struct surrogate s;
    s.n = (int) Rf_xlength(b);
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

static double *new_work(int n)
{
    return (double *) R_alloc((size_t) n * n + 3 * (size_t) n, sizeof(double));
}

/* t: groups x points. list(value (points), gradient (groups x points) or NULL) */
SEXP door_surrogate_marginal(SEXP a, SEXP b, SEXP group, SEXP t, SEXP gradient)
{
    if (TYPEOF(t) != REALSXP || !Rf_isMatrix(t)) Rf_error("internal: 't' must be a matrix");
    int groups = Rf_nrows(t), points = Rf_ncols(t), want = Rf_asLogical(gradient) == 1;
    struct surrogate s = read_surrogate(a, b, group, groups);
    double *work = new_work(s.n), *grad = NULL;
    const char *names[] = {"value", "gradient", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, points));
    if (want) {
        SET_VECTOR_ELT(out, 1, Rf_allocMatrix(REALSXP, groups, points));
        grad = REAL(VECTOR_ELT(out, 1));
        for (R_xlen_t i = 0; i < (R_xlen_t) groups * points; i++) grad[i] = 0;
    }
    for (R_xlen_t i = 0; i < points; i++)
        REAL(VECTOR_ELT(out, 0))[i] =
            surrogate_marginal(&s, REAL(t) + groups * i, want ? grad + groups * i : NULL, work);
    UNPROTECT(1);
    return out;
}

/* z: n x draws noise, t: groups x draws. n x draws coefficients, NaN where B is indefinite. */
SEXP door_surrogate_draws(SEXP a, SEXP b, SEXP group, SEXP t, SEXP z)
{
    if (TYPEOF(t) != REALSXP || !Rf_isMatrix(t) || TYPEOF(z) != REALSXP || !Rf_isMatrix(z) ||
        Rf_ncols(t) != Rf_ncols(z))
        Rf_error("internal: 't' and 'z' must be matrices with a column a draw");
    int groups = Rf_nrows(t), draws = Rf_ncols(t);
    struct surrogate s = read_surrogate(a, b, group, groups);
    if (Rf_nrows(z) != s.n) Rf_error("internal: 'z' must have a row a coefficient");
    double *work = new_work(s.n);
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, s.n, draws));
    int status = 0;
    for (R_xlen_t i = 0; i < draws; i++) {
        const double *ti = REAL(t) + groups * i;
        double *beta = REAL(out) + s.n * i;
        /* resampled draws repeat their t: one factor serves them all */
        if (i == 0 || memcmp(ti, ti - groups, groups * sizeof(double)) != 0)
            status = surrogate_condition(&s, ti, work);
        if (status == 0) surrogate_draw(&s, REAL(z) + s.n * i, beta, work);
        else for (int j = 0; j < s.n; j++) beta[j] = R_NaN;
    }
    UNPROTECT(1);
    return out;
}
