/* Doors of the pass over rows. */
#include "door_read.h"
#include "rows.h"

static void read_term(SEXP term, struct rows_data *rows, struct rows_term *out)
{
    SEXP x = optional(term, "x");
    const double *grid = check_doubles(field(term, "grid"), 3, "'grid'");
    out->x = Rf_isNull(x) ? NULL : check_doubles(x, rows->n, "'x'");
    out->grid = (struct moments_grid){.inverse = grid[0], .first = grid[1], .count = (int) grid[2]};
    out->groups = Rf_asInteger(field(term, "groups"));
    out->group = check_groups(optional(term, "group"), rows->n, out->groups);
    out->coefficients = check_doubles(field(term, "coefficients"),
        (R_xlen_t) 4 * (rows->k == 1 ? 2 : 5) * out->grid.count * out->groups, "'coefficients'");
}

/* terms: list of list(x, group, grid, groups, coefficients), x and group may be missing; scaling: k x 2 */
static struct rows_data read_rows(SEXP y, SEXP weights, SEXP scaling, SEXP terms)
{
    if (TYPEOF(y) != REALSXP || !Rf_isMatrix(y) || TYPEOF(terms) != VECSXP)
        Rf_error("internal: 'y' must be a double matrix and 'terms' a list");
    struct rows_data rows = {.n = Rf_nrows(y), .k = Rf_ncols(y), .y = REAL(y)};
    if (rows.k < 1 || rows.k > 2) Rf_error("internal: rows of one or two responses only");
    rows.weights = Rf_isNull(weights) ? NULL : check_doubles(weights, rows.n, "'weights'");
    rows.centre = check_doubles(scaling, 2 * rows.k, "'scaling'");
    rows.scale = rows.centre + rows.k;
    rows.n_terms = (int) Rf_xlength(terms);
    if (rows.n_terms < 1 || rows.n_terms > ROWS_MAX_TERMS) Rf_error("internal: 1 to %d terms", ROWS_MAX_TERMS);
    for (int j = 0; j < rows.n_terms; j++) read_term(VECTOR_ELT(terms, j), &rows, rows.term + j);
    return rows;
}

/* settings: level, threads, value. list(value, scores: one vector for all terms) */
SEXP door_rows(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP settings)
{
    struct rows_data rows = read_rows(y, weights, scaling, terms);
    const double *set = check_doubles(settings, 3, "'settings'");
    double *work = (double *) R_alloc(rows_work(&rows), sizeof(double));
    const char *names[] = {"value", "scores", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP value = SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, 1));
    rows.term[0].scores = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, rows_scores_size(&rows))));
    REAL(value)[0] = rows_pass(&rows, set[2] != 0, (int) set[0], (int) set[1], work);
    UNPROTECT(1);
    return out;
}

/* variance: NULL or tables as in rows.h. list(value, scores, curvature) */
SEXP door_rows_curvature(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP coarse, SEXP variance)
{
    struct rows_data rows = read_rows(y, weights, scaling, terms);
    int width = Rf_asInteger(coarse);
    if (width < 1) Rf_error("internal: 'coarse' must be positive");
    R_xlen_t size = rows_curvature_size(&rows, width);
    const double *v = Rf_isNull(variance) ? NULL : check_doubles(variance, size, "'variance'");
    const char *names[] = {"value", "scores", "curvature", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP value = SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, 1));
    rows.term[0].scores = REAL(SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, rows_scores_size(&rows))));
    SEXP tables = SET_VECTOR_ELT(out, 2, Rf_allocVector(REALSXP, size));
    double *work = (double *) R_alloc(rows_work(&rows), sizeof(double));
    REAL(value)[0] = rows_curvature(&rows, width, v, simd_option(), REAL(tables), work);
    UNPROTECT(1);
    return out;
}

SEXP door_exponential(SEXP x, SEXP level)
{
    SEXP out = PROTECT(Rf_allocVector(REALSXP, Rf_xlength(x)));
    rows_exponential(check_doubles(x, Rf_xlength(x), "'x'"), Rf_xlength(x), Rf_asInteger(level), REAL(out));
    UNPROTECT(1);
    return out;
}
