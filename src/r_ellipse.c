/* Door to elliptical slice sampling (ellipse.h). */
#include "r_read.h"
#include "ellipse.h"

static const double *matrix_of(SEXP x, R_xlen_t rows, R_xlen_t columns, const char *what)
{
    const double *value = check_matrix(x, what);
    if (Rf_nrows(x) != rows || Rf_ncols(x) != columns)
        fail("'%s' must be a %ld x %ld matrix", what, (long) rows, (long) columns);
    return value;
}

static struct ellipse read_ellipse(const struct regression *model, SEXP a, SEXP b)
{
    struct ellipse e = {model, matrix_of(a, model->d, model->d, "a"),
                        check_doubles(b, model->d, "b"), NULL};
    e.work = (double *) R_alloc(ellipse_work(model), sizeof(double));
    return e;
}

/* beta: d x chains. The gaps of all chains. */
SEXP r_gap(SEXP model, SEXP a, SEXP b, SEXP beta)
{
    struct regression r = read_model(model);
    struct ellipse e = read_ellipse(&r, a, b);
    check_matrix(beta, "beta");
    int chains = Rf_ncols(beta);
    const double *at = matrix_of(beta, r.d, chains, "beta");
    SEXP out = PROTECT(Rf_allocVector(REALSXP, chains));
    for (int s = 0; s < chains; s++) REAL(out)[s] = ellipse_gap(&e, at + (R_xlen_t) r.d * s);
    UNPROTECT(1);
    return out;
}

/* centre, nu, beta: d x chains, uniform: (2 + ELLIPSE_TRIES) x chains, gap: by chain. One move of
 * each chain: list(beta, gap). */
SEXP r_ellipse(SEXP model, SEXP a, SEXP b, SEXP centre, SEXP nu, SEXP uniform, SEXP beta, SEXP gap)
{
    struct regression r = read_model(model);
    struct ellipse e = read_ellipse(&r, a, b);
    check_matrix(beta, "beta");
    int chains = Rf_ncols(beta);
    const double *c = matrix_of(centre, r.d, chains, "centre"),
                 *n = matrix_of(nu, r.d, chains, "nu");
    const double *u = matrix_of(uniform, 2 + ELLIPSE_TRIES, chains, "uniform");
    matrix_of(beta, r.d, chains, "beta");
    check_doubles(gap, chains, "gap");
    const char *names[] = {"beta", "gap", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    double *to = REAL(SET_VECTOR_ELT(out, 0, Rf_duplicate(beta)));
    double *level = REAL(SET_VECTOR_ELT(out, 1, Rf_duplicate(gap)));
    for (R_xlen_t s = 0; s < chains; s++) {
        ellipse_move(&e, c + r.d * s, n + r.d * s, u + (2 + ELLIPSE_TRIES) * s, to + r.d * s,
                     level + s);
        if (s % 64 == 63) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}
