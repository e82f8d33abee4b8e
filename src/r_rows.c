/* Doors of the pass over rows. */
#include "r_read.h"
#include "rows.h"

static void read_term(SEXP term, struct rows_data *rows, struct rows_term *out)
{
    SEXP x = optional(term, "x");
    out->x = Rf_isNull(x) ? NULL : check_doubles(x, rows->n, "x");
    out->grid = read_grid(field(term, "grid"));
    out->groups = whole(term, "groups", 1, MOST_COUNT);
    out->group = check_groups(optional(term, "group"), rows->n, out->groups);
    out->coefficients =
        check_doubles(field(term, "coefficients"),
                      check_size(4.0 * rows->likelihood->q * out->grid.count * out->groups,
                                 MOST_TABLE, "coefficients"),
                      "coefficients");
}

/* terms: list of list(x, group, grid (read_grid()), groups, coefficients), where x and group may
 * be missing; scaling: k x 2, centre and scale; settings: list(likelihood, ...) */
static struct rows_data read_rows(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP settings)
{
    const double *values = check_matrix(y, "y");
    if (TYPEOF(terms) != VECSXP) fail("'terms' must be a list");
    struct rows_data rows = {.n = Rf_nrows(y),
                             .likelihood = read_likelihood(field(settings, "likelihood"), 0),
                             .y = values};
    int k = rows.likelihood->k;
    if (Rf_ncols(y) != k) fail("'y' must have a column a response");
    rows.weights = Rf_isNull(weights) ? NULL : check_doubles(weights, rows.n, "weights");
    rows.centre = check_doubles(scaling, 2 * k, "scaling");
    rows.scale = rows.centre + k;
    rows.n_terms = whole_in((double) Rf_xlength(terms), 1, ROWS_MAX_TERMS, "terms");
    for (int j = 0; j < rows.n_terms; j++) read_term(VECTOR_ELT(terms, j), &rows, rows.term + j);
    return rows;
}

/* settings: list(likelihood, level, threads, value). list(value, scores: one vector for all
 * terms) */
SEXP r_rows(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP settings)
{
    struct rows_data rows = read_rows(y, weights, scaling, terms, settings);
    double *work = (double *) R_alloc(rows_work(&rows), sizeof(double));
    const char *names[] = {"value", "scores", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP value = SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, 1));
    rows.term[0].scores =
        REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, rows_scores_size(&rows))));
    REAL(value)
    [0] = rows_pass(&rows, flag(settings, "value"), level_of(settings), threads_of(settings), work);
    UNPROTECT(1);
    return out;
}

/* rows_curvature_size() that cannot overflow */
static double curvature_size(const struct rows_data *rows, int coarse)
{
    double singles = 0, pairs = 0;
    for (int j = 0; j < rows->n_terms; j++) {
        double bins = rows_bins(rows->term + j, coarse);
        pairs += singles * bins;
        singles += bins;
    }
    return (singles + pairs) * rows->likelihood->pairs;
}

/* settings: list(likelihood, coarse); variance: NULL or tables as in rows.h. list(value, scores,
 * curvature) */
SEXP r_rows_curvature(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP settings, SEXP variance)
{
    struct rows_data rows = read_rows(y, weights, scaling, terms, settings);
    int width = whole(settings, "coarse", 1, MOST_COUNT);
    R_xlen_t size = check_size(curvature_size(&rows, width), MOST_TABLE, "curvature");
    const double *v = Rf_isNull(variance) ? NULL : check_doubles(variance, size, "variance");
    const char *names[] = {"value", "scores", "curvature", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP value = SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, 1));
    rows.term[0].scores =
        REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, rows_scores_size(&rows))));
    SEXP tables = SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, size));
    double *work = (double *) R_alloc(rows_work(&rows), sizeof(double));
    REAL(value)[0] = rows_curvature(&rows, width, v, simd_option(), REAL(tables), work);
    UNPROTECT(1);
    return out;
}

SEXP r_exponential(SEXP x, SEXP level)
{
    const double *values = check_doubles(x, Rf_xlength(x), "x");
    int most = read_level(check_number(level, "level"));
    SEXP out = PROTECT(Rf_allocVector(REALSXP, Rf_xlength(x)));
    rows_exponential(values, Rf_xlength(x), most, REAL(out));
    UNPROTECT(1);
    return out;
}
