/* Doors to the kernels and priors themselves: for tests, and for row-wise log densities. */
#include "doors.h"
#include "kernel.h"
#include "prior.h"
#include "simd.h"
#include <string.h>

static const struct kernel *find_kernel(SEXP cells, int k)
{
    if (TYPEOF(cells) != REALSXP || !Rf_isMatrix(cells)) Rf_error("internal: 'cells' must be a double matrix");
    const struct kernel *kernel = kernel_for_size(k, Rf_nrows(cells));
    if (kernel == NULL) Rf_error("internal: no kernel for %d responses and %d statistics", k, Rf_nrows(cells));
    return kernel;
}

int simd_option(void)
{
    SEXP name = Rf_GetOption1(Rf_install("covary.simd"));
    if (TYPEOF(name) != STRSXP || Rf_xlength(name) != 1) return SIMD_AVX2;
    const char *level = CHAR(STRING_ELT(name, 0));
    return strcmp(level, "plain") == 0 ? SIMD_PLAIN : strcmp(level, "base") == 0 ? SIMD_BASE : SIMD_AVX2;
}

/* Results of one block to the columns of out: value, gradient, full Hessian */
static void take_block(const struct kernel *kernel, const struct kernel_block *b, int n, double *out)
{
    int q = kernel->q;
    for (int i = 0; i < n; i++, out += 1 + q + q * q) {
        int pair = 0;
        out[0] = b->value[i];
        for (int j = 0; j < q; j++) out[1 + j] = b->grad[j][i];
        for (int c = 0; c < q; c++)
            for (int r = c; r < q; r++, pair++)
                out[1 + q + r + q * c] = out[1 + q + c + q * r] = b->hess[pair][i];
    }
}

/* eta: q x m, a column a cell; with cov (q^2 x m) expectations under N(eta, cov).
 * (1 + q + q^2) x m: value, gradient, Hessian. */
static SEXP evaluate_cells(const struct kernel *kernel, SEXP cells, SEXP eta, const double *cov)
{
    int m = Rf_ncols(cells), q = kernel->q, rows = 1 + q + q * q, level = simd_option();
    struct kernel_block b;
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, rows, m));
    for (R_xlen_t first = 0; first < m; first += KERNEL_BLOCK) {
        int n = m - first < KERNEL_BLOCK ? (int) (m - first) : KERNEL_BLOCK;
        for (int i = 0; i < n; i++) {
            kernel_put(kernel, &b, i, REAL(cells) + kernel->size * (first + i));
            for (int j = 0; j < q; j++) b.eta[j][i] = REAL(eta)[j + q * (first + i)];
            for (int c = 0, pair = 0; c < q && cov; c++)
                for (int r = c; r < q; r++, pair++) b.cov[pair][i] = cov[r + q * c + q * q * (first + i)];
        }
        kernel_clear(kernel, &b, n);
        if (cov) kernel_expect(kernel, &b, level);
        else kernel_evaluate(kernel, &b, 2, level);
        take_block(kernel, &b, n, REAL(out) + rows * first);
    }
    UNPROTECT(1);
    return out;
}

SEXP door_kernel(SEXP k, SEXP cells, SEXP eta)
{
    const struct kernel *kernel = find_kernel(cells, Rf_asInteger(k));
    if (TYPEOF(eta) != REALSXP || Rf_xlength(eta) != (R_xlen_t) kernel->q * Rf_ncols(cells))
        Rf_error("internal: 'eta' must have a column a cell");
    return evaluate_cells(kernel, cells, eta, NULL);
}

SEXP door_kernel_expect(SEXP k, SEXP cells, SEXP mean, SEXP cov)
{
    const struct kernel *kernel = find_kernel(cells, Rf_asInteger(k));
    R_xlen_t m = Rf_ncols(cells), q = kernel->q;
    if (TYPEOF(mean) != REALSXP || Rf_xlength(mean) != q * m || TYPEOF(cov) != REALSXP || Rf_xlength(cov) != q * q * m)
        Rf_error("internal: 'mean' and 'cov' must have a column a cell");
    return evaluate_cells(kernel, cells, mean, REAL(cov));
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
