/* Doors to the kernels and priors themselves: for tests, and for row-wise log densities. */
#include "doors.h"
#include "kernel.h"
#include "prior.h"
#include <string.h>

static const struct kernel *find_kernel(SEXP cells, int k)
{
    if (TYPEOF(cells) != REALSXP || !Rf_isMatrix(cells)) Rf_error("internal: 'cells' must be a double matrix");
    const struct kernel *kernel = kernel_for_size(k, Rf_nrows(cells));
    if (kernel == NULL) Rf_error("internal: no kernel for %d responses and %d statistics", k, Rf_nrows(cells));
    return kernel;
}

/* eta: q x m, a column a cell. (1 + q + q^2) x m: value, gradient, Hessian. */
SEXP door_kernel(SEXP k, SEXP cells, SEXP eta)
{
    const struct kernel *kernel = find_kernel(cells, Rf_asInteger(k));
    int m = Rf_ncols(cells), q = kernel->q, rows = 1 + q + q * q;
    if (TYPEOF(eta) != REALSXP || Rf_xlength(eta) != (R_xlen_t) q * m)
        Rf_error("internal: 'eta' must have a column a cell");
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, rows, m));
    for (R_xlen_t i = 0; i < m; i++) {
        double *o = REAL(out) + rows * i;
        o[0] = kernel->hessian(REAL(cells) + kernel->size * i, REAL(eta) + q * i, o + 1, o + 1 + q);
    }
    UNPROTECT(1);
    return out;
}

/* As door_kernel, expectations under N(mean, cov); cov: (q * q) x m. */
SEXP door_kernel_expect(SEXP k, SEXP cells, SEXP mean, SEXP cov)
{
    const struct kernel *kernel = find_kernel(cells, Rf_asInteger(k));
    int m = Rf_ncols(cells), q = kernel->q, rows = 1 + q + q * q;
    if (TYPEOF(mean) != REALSXP || Rf_xlength(mean) != (R_xlen_t) q * m ||
        TYPEOF(cov) != REALSXP || Rf_xlength(cov) != (R_xlen_t) q * q * m)
        Rf_error("internal: 'mean' and 'cov' must have a column a cell");
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, rows, m));
    for (R_xlen_t i = 0; i < m; i++) {
        double *o = REAL(out) + rows * i;
        o[0] = kernel->expect(REAL(cells) + kernel->size * i, REAL(mean) + q * i,
                              REAL(cov) + (R_xlen_t) q * q * i, o + 1, o + 1 + q);
    }
    UNPROTECT(1);
    return out;
}

/* par: 3 numbers. With a null `sd` the density at x, else its expectation under N(x, sd^2).
 * 3 x length(x): log density and two derivatives. */
SEXP door_prior(SEXP family, SEXP par, SEXP x, SEXP sd)
{
    if (TYPEOF(par) != REALSXP || Rf_xlength(par) != 3 || TYPEOF(x) != REALSXP)
        Rf_error("internal: 'par' must hold 3 doubles and 'x' doubles");
    if (!Rf_isNull(sd) && (TYPEOF(sd) != REALSXP || Rf_xlength(sd) != Rf_xlength(x)))
        Rf_error("internal: 'sd' must be as long as 'x'");
    int f = Rf_asInteger(family);
    R_xlen_t n = Rf_xlength(x);
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, 3, (int) n));
    for (R_xlen_t i = 0; i < n; i++) {
        if (Rf_isNull(sd)) prior_density(f, REAL(par), REAL(x)[i], REAL(out) + 3 * i);
        else prior_expect(f, REAL(par), REAL(x)[i], REAL(sd)[i], REAL(out) + 3 * i);
    }
    UNPROTECT(1);
    return out;
}
