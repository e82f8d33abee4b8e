/* Doors of pairs of features. */
#include "r_read.h"
#include "pairs.h"

/* 2 x n numbers of features, counted from 1 in R */
static int *read_pairs(SEXP pairs, int features, R_xlen_t *n)
{
    if (!Rf_isMatrix(pairs) || Rf_nrows(pairs) != 2) fail("'pairs' must be a matrix of two rows");
    *n = Rf_ncols(pairs);
    const int *from_one = check_range(pairs, 2 * *n, 1, features, "pairs");
    int *out = (int *) R_alloc((size_t) (2 * *n) + 1, sizeof(int));
    for (R_xlen_t i = 0; i < 2 * *n; i++) out[i] = from_one[i] - 1;
    return out;
}

/* sums with those of some rows added. z: rows x features, sorted by bin; start (bins + 1): numbers
 * of rows before each bin; sums: PAIR_SUMS x bins x pairs, or NULL */
SEXP r_pair_sums(SEXP z, SEXP weights, SEXP start, SEXP pairs, SEXP bins, SEXP sums)
{
    struct pair_rows rows;
    rows.z = check_matrix(z, "z");
    rows.n = Rf_nrows(z);
    rows.features = Rf_ncols(z);
    rows.bins = check_whole(bins, 1, MOST_COUNT, "bins");
    rows.weights = Rf_isNull(weights) ? NULL : check_doubles(weights, rows.n, "weights");
    rows.start = check_range(start, (R_xlen_t) rows.bins + 1, 0, (int) rows.n, "start");
    if (rows.start[0] != 0 || rows.start[rows.bins] != rows.n)
        fail("'start' must begin with zero and end with the number of rows");
    for (int b = 0; b < rows.bins; b++)
        if (rows.start[b] > rows.start[b + 1]) fail("'start' must not fall");
    R_xlen_t n;
    const int *pair = read_pairs(pairs, rows.features, &n);
    R_xlen_t size =
        check_size((double) PAIR_SUMS * rows.bins * (double) n, MOST_TABLE, "sums of pairs");
    check_size((double) pair_sums_work(&rows), MOST_TABLE, "rows of features");
    double *work = (double *) R_alloc((size_t) pair_sums_work(&rows) + 1, sizeof(double));
    if (!Rf_isNull(sums)) check_doubles(sums, size, "sums");
    SEXP out = PROTECT(Rf_isNull(sums) ? Rf_allocVector(REALSXP, size) : Rf_duplicate(sums));
    if (Rf_isNull(sums))
        for (R_xlen_t i = 0; i < size; i++) REAL(out)[i] = 0;
    pair_sums_add(&rows, pair, (long) n, REAL(out), work);
    UNPROTECT(1);
    return out;
}

/* core: of a regression model of two responses whose correlation alone is not known; margins:
 * list(spread (ps x bins), products (ps (ps + 1) / 2 x bins)); settings: list(point (smooths x
 * points), log_density, noise (coefficients x draws)) */
static struct pair_model read_pair_model(const struct regression *r, SEXP margins, SEXP settings)
{
    int last = r->likelihood->q - 1;
    struct pair_model m = {.r = r, .m = r->m, .p = r->p[last], .n_smooths = r->n_smooths};
    if (r->d != m.p) fail("only the correlation of a pair may have coefficients");
    m.x = r->x[last];
    double *offset = (double *) R_alloc((size_t) m.m + 1, sizeof(double));
    for (int b = 0; b < m.m; b++) offset[b] = r->offset[last + (R_xlen_t) r->likelihood->q * b];
    m.offset = offset;
    SEXP spread = field(margins, "spread");
    m.spread = check_matrix(spread, "spread");
    m.ps = Rf_nrows(spread);
    if (Rf_ncols(spread) != m.m) fail("'spread' must have a column a bin");
    R_xlen_t size = (R_xlen_t) m.ps * (m.ps + 1) / 2;
    m.spread_products = doubles(margins, "products", size * m.m);
    SEXP density = field(settings, "log_density"), noise = field(settings, "noise");
    m.points = whole_in((double) Rf_xlength(density), 1, MOST_COUNT, "points");
    m.log_density = check_doubles(density, m.points, "log_density");
    m.point = doubles(settings, "point", (R_xlen_t) m.n_smooths * m.points);
    m.noise = check_matrix(noise, "noise");
    if (Rf_nrows(noise) != m.p) fail("'noise' must have a row a coefficient");
    m.draws = Rf_ncols(noise);
    m.penalised = (int *) R_alloc((size_t) m.p + 1, sizeof(int));
    return m;
}

enum { FOUND_ROWS, FOUND_ITERATIONS, FOUND_CONVERGED, FOUND_SHIFT, FOUND_WEIGHT, FOUND_SMOOTHING };
#define FOUND_SIZE 6

static void keep_fit(const struct pair_model *m, const struct pair_fit *fit, int failed,
                     double *cov, double *found)
{
    R_xlen_t at = 0;
    for (int j = 0; j < m->p; j++)
        for (int i = j; i < m->p; i++, at++) cov[at] = failed ? NA_REAL : fit->cov[i + m->p * j];
    if (failed) {
        for (int a = 0; a < m->p; a++) fit->mean[a] = NA_REAL;
        for (int g = 0; g < m->n_smooths; g++) fit->log_tau[g] = NA_REAL;
        for (int i = 0; i < FOUND_SIZE; i++) found[i] = NA_REAL;
        found[FOUND_CONVERGED] = 0;
    } else {
        found[FOUND_ITERATIONS] = fit->iterations;
        found[FOUND_CONVERGED] = fit->converged;
        found[FOUND_SHIFT] = fit->shift;
        found[FOUND_WEIGHT] = fit->weight_sd;
        found[FOUND_SMOOTHING] = fit->smoothing_ess;
    }
    found[FOUND_ROWS] = fit->rows;
}

/* list(mean (p x pairs), cov (lower triangles x pairs), log_tau (smooths x pairs), found (6 x
 * pairs: rows, iterations, converged, shift, weight_sd, smoothing_ess)). margins: as above, with
 * cov (ps (ps + 1) / 2 x features); sums: PAIR_SUMS x bins x pairs */
SEXP r_pair_fits(SEXP core, SEXP margins, SEXP pairs, SEXP sums, SEXP settings)
{
    struct regression r = read_model(core);
    struct pair_model m = read_pair_model(&r, margins, settings);
    SEXP margin_cov = field(margins, "cov");
    const double *cov_of = check_matrix(margin_cov, "cov");
    R_xlen_t spread_size = (R_xlen_t) m.ps * (m.ps + 1) / 2, size = (R_xlen_t) m.p * (m.p + 1) / 2;
    if (Rf_nrows(margin_cov) != spread_size) fail("'cov' must have a row an element of a triangle");
    R_xlen_t n;
    const int *pair = read_pairs(pairs, Rf_ncols(margin_cov), &n);
    const double *all = check_doubles(
        sums, check_size((double) PAIR_SUMS * m.m * (double) n, MOST_TABLE, "sums"), "sums");
    check_size((double) size * (double) n, MOST_TABLE, "covariances of pairs");
    double *work = (double *) R_alloc((size_t) pair_work(&m) + 1, sizeof(double));
    double *square = (double *) R_alloc((size_t) m.p * m.p + 1, sizeof(double));
    const char *names[] = {"mean", "cov", "log_tau", "found", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 0, Rf_allocMatrix(REALSXP, m.p, (int) n));
    SET_VECTOR_ELT(out, 1, Rf_allocMatrix(REALSXP, (int) size, (int) n));
    SET_VECTOR_ELT(out, 2, Rf_allocMatrix(REALSXP, m.n_smooths, (int) n));
    SET_VECTOR_ELT(out, 3, Rf_allocMatrix(REALSXP, FOUND_SIZE, (int) n));
    for (R_xlen_t k = 0; k < n; k++) {
        struct pair_margins of_pair = {cov_of + spread_size * pair[2 * k],
                                       cov_of + spread_size * pair[2 * k + 1]};
        struct pair_fit fit = {.mean = REAL(VECTOR_ELT(out, 0)) + m.p * k,
                               .cov = square,
                               .log_tau = REAL(VECTOR_ELT(out, 2)) + m.n_smooths * k};
        int failed = pair_fit_one(&m, &of_pair, all + (R_xlen_t) PAIR_SUMS * m.m * k, &fit, work);
        keep_fit(&m, &fit, failed, REAL(VECTOR_ELT(out, 1)) + size * k,
                 REAL(VECTOR_ELT(out, 3)) + FOUND_SIZE * k);
        if (k % 16 == 0) R_CheckUserInterrupt();
    }
    UNPROTECT(1);
    return out;
}
