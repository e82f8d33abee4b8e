/* Doors to the likelihoods and priors themselves, mostly for tests. */
#include "r_read.h"
#include "likelihood.h"
#include "prior.h"
#include "simd.h"
#include <string.h>

static const struct likelihood *likelihood_of_cells(SEXP likelihood, SEXP cells)
{
    check_matrix(cells, "cells");
    return read_likelihood(likelihood, Rf_nrows(cells));
}

int simd_option(void)
{
    SEXP name = Rf_GetOption1(Rf_install("covary.simd"));
    if (TYPEOF(name) != STRSXP || Rf_xlength(name) != 1) return SIMD_AVX2;
    const char *level = CHAR(STRING_ELT(name, 0));
    return strcmp(level, "plain") == 0  ? SIMD_PLAIN
           : strcmp(level, "base") == 0 ? SIMD_BASE
                                        : SIMD_AVX2;
}

/* Results of one block to the columns of out: value, gradient, full Hessian */
static void take_block(const struct likelihood *l, const struct likelihood_block *b, int n,
                       double *out)
{
    int q = l->q;
    for (int i = 0; i < n; i++, out += 1 + q + q * q) {
        int pair = 0;
        out[0] = b->value[i];
        for (int j = 0; j < q; j++) out[1 + j] = b->grad[j][i];
        for (int c = 0; c < q; c++)
            for (int r = c; r < q; r++, pair++)
                out[1 + q + r + q * c] = out[1 + q + c + q * r] = b->hess[pair][i];
    }
}

/* eta: q x m, a column a cell; with cov (q^2 x m) expectations under N(eta, cov), those of the
 * Hessian with order 2. (1 + q + q^2) x m: value, gradient, Hessian. */
static SEXP evaluate_cells(const struct likelihood *l, const int *observed, SEXP cells, SEXP eta,
                           const double *cov, int order)
{
    int m = Rf_ncols(cells), q = l->q, rows = 1 + q + q * q, level = simd_option();
    struct likelihood_block b = new_likelihood_block(l);
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, rows, m));
    for (R_xlen_t first = 0; first < m; first += LIKELIHOOD_BLOCK) {
        int n = m - first < LIKELIHOOD_BLOCK ? (int) (m - first) : LIKELIHOOD_BLOCK;
        for (int i = 0; i < n; i++) {
            likelihood_put(l, &b, i, REAL(cells) + l->size * (first + i));
            for (int j = 0; j < q; j++) b.eta[j][i] = REAL(eta)[j + q * (first + i)];
            for (int c = 0, pair = 0; c < q && cov; c++)
                for (int r = c; r < q; r++, pair++)
                    b.cov[pair][i] = cov[r + q * c + q * q * (first + i)];
        }
        likelihood_clear(l, &b, n);
        likelihood_observe(l, &b, observed, NULL, (int) first, n);
        if (cov) likelihood_expect(l, &b, order, level);
        else likelihood_evaluate(l, &b, 2, level);
        take_block(l, &b, n, REAL(out) + rows * first);
    }
    UNPROTECT(1);
    return out;
}

/* likelihood: list(name, responses, observed), the last (m, as in likelihood.h) may be missing;
 * cells: size x m, eta: q x m. (1 + q + q^2) x m */
SEXP r_likelihood(SEXP likelihood, SEXP cells, SEXP eta)
{
    const struct likelihood *l = likelihood_of_cells(likelihood, cells);
    const int *observed = read_observed(optional(likelihood, "observed"), l, Rf_ncols(cells));
    check_doubles(eta, (R_xlen_t) l->q * Rf_ncols(cells), "eta");
    return evaluate_cells(l, observed, cells, eta, NULL, 2);
}

/* cells: size x m, each with all responses; eta: q matrices of draws x m. draws x m: the value of
 * each cell at its draws */
SEXP r_likelihood_draws(SEXP likelihood, SEXP cells, SEXP eta)
{
    const struct likelihood *l = likelihood_of_cells(likelihood, cells);
    R_xlen_t m = Rf_ncols(cells);
    if (TYPEOF(eta) != VECSXP || Rf_xlength(eta) != l->q) fail("`eta` must hold %d matrices", l->q);
    check_matrix(VECTOR_ELT(eta, 0), "eta");
    int draws = Rf_nrows(VECTOR_ELT(eta, 0)), level = simd_option();
    const double **at = (const double **) R_alloc(l->q, sizeof(double *));
    for (int j = 0; j < l->q; j++) at[j] = check_doubles(VECTOR_ELT(eta, j), draws * m, "eta");
    struct likelihood_block b = new_likelihood_block(l);
    likelihood_clear(l, &b, 0);
    likelihood_observe(l, &b, NULL, NULL, 0, LIKELIHOOD_BLOCK);
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, draws, (int) m));
    for (R_xlen_t c = 0; c < m; c++)
        for (int first = 0; first < draws; first += LIKELIHOOD_BLOCK) {
            int n = draws - first < LIKELIHOOD_BLOCK ? draws - first : LIKELIHOOD_BLOCK;
            size_t bytes = (size_t) n * sizeof(double);
            double value[LIKELIHOOD_BLOCK] = {0};
            for (int j = 0; j < l->q; j++) memcpy(b.eta[j], at[j] + c * draws + first, bytes);
            likelihood_points(l, REAL(cells) + l->size * c, &b, value, level);
            memcpy(REAL(out) + c * draws + first, value, bytes);
        }
    UNPROTECT(1);
    return out;
}

/* mean: q x m, cov: q x q x m; rule: 0 closed forms where there are any, 1 cubature, 2 cubature
 * with the Hessian at the mean. */
SEXP r_likelihood_expect(SEXP likelihood, SEXP cells, SEXP mean, SEXP cov, SEXP rule)
{
    struct likelihood l = *likelihood_of_cells(likelihood, cells);
    R_xlen_t m = Rf_ncols(cells), q = l.q;
    int by = check_whole(rule, 0, 2, "rule");
    const int *observed = read_observed(optional(likelihood, "observed"), &l, m);
    if (by > 0) l.expect = NULL;
    check_doubles(mean, q * m, "mean");
    return evaluate_cells(&l, observed, cells, mean, check_doubles(cov, q * q * m, "cov"),
                          by == 2 ? 1 : 2);
}

/* par: 3 numbers. With a null `sd` the density at x, else its expectation under N(x, sd^2).
 * 3 x length(x): log density and two derivatives. */
SEXP r_prior(SEXP family, SEXP par, SEXP x, SEXP sd)
{
    int f = check_whole(family, 0, MOST_COUNT, "family");
    check_families(&f, 1, "family");
    int n = whole_in((double) Rf_xlength(x), 0, MOST_COUNT, "points");
    const double *p = check_doubles(par, 3, "par"), *at = check_doubles(x, n, "x");
    const double *spread = Rf_isNull(sd) ? NULL : check_doubles(sd, n, "sd");
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, 3, n));
    for (R_xlen_t i = 0; i < n; i++) {
        if (spread) prior_expect(f, p, at[i], spread[i], REAL(out) + 3 * i);
        else prior_density(f, p, at[i], REAL(out) + 3 * i);
    }
    UNPROTECT(1);
    return out;
}
