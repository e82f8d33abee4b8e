/* Door of the moments. */
#include "doors.h"
#include "moments.h"

static const double *numbers(SEXP x, R_xlen_t length, const char *what)
{
    if (TYPEOF(x) != REALSXP || Rf_xlength(x) != length)
        Rf_error("internal: %s must hold %ld doubles", what, (long) length);
    return REAL(x);
}

/* grid: inverse, first, count; scaling: k x 2, centre and scale; settings: level, threads, groups.
 * list(table, counts (missing, infinite, outside)) */
SEXP door_moments(SEXP x, SEXP y, SEXP weights, SEXP group, SEXP grid, SEXP scaling, SEXP settings)
{
    if (TYPEOF(y) != VECSXP || TYPEOF(x) != REALSXP)
        Rf_error("internal: 'y' must be a list of columns and 'x' doubles");
    struct moments_rows rows = {.n = (long) Rf_xlength(x), .k = (int) Rf_xlength(y)};
    if (rows.k < 1 || rows.k > MOMENTS_MAX_K) Rf_error("internal: too many responses");
    for (int j = 0; j < rows.k; j++) rows.y[j] = numbers(VECTOR_ELT(y, j), rows.n, "'y'");
    rows.x = numbers(x, rows.n, "'x'");
    rows.weights = Rf_isNull(weights) ? NULL : numbers(weights, rows.n, "'weights'");
    rows.centre = numbers(scaling, 2 * rows.k, "'scaling'");
    rows.scale = rows.centre + rows.k;
    const double *g = numbers(grid, 3, "'grid'"), *set = numbers(settings, 3, "'settings'");
    struct moments_grid cells = {.inverse = g[0], .first = g[1], .count = (int) g[2]};
    int groups = (int) set[2];
    rows.group = NULL;
    if (!Rf_isNull(group)) {
        if (TYPEOF(group) != INTSXP || Rf_xlength(group) != rows.n) Rf_error("internal: 'group' must hold integers");
        rows.group = INTEGER(group);
        for (long i = 0; i < rows.n; i++)
            if (rows.group[i] < 1 || rows.group[i] > groups) Rf_error("internal: 'group' out of range");
    }
    R_xlen_t size = (R_xlen_t) moments_padded(rows.k) * MOMENTS_DEGREES * cells.count * groups;
    int stripes = moments_stripes(rows.n, size);
    double *work = stripes > 1 ? (double *) R_alloc(size * (stripes - 1), sizeof(double)) : NULL;
    const char *names[] = {"table", "counts", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP table = SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, size));
    SEXP counts = SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, 3));
    struct moments_counts found;
    moments_pass(&rows, &cells, groups, (int) set[0], (int) set[1], REAL(table), work, &found);
    REAL(counts)[0] = found.missing;
    REAL(counts)[1] = found.infinite;
    REAL(counts)[2] = found.outside;
    UNPROTECT(1);
    return out;
}

SEXP door_finite_range(SEXP x)
{
    SEXP out = PROTECT(Rf_allocVector(REALSXP, 2));
    moments_range(numbers(x, Rf_xlength(x), "'x'"), (long) Rf_xlength(x), REAL(out));
    UNPROTECT(1);
    return out;
}
