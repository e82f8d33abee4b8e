/* Doors of the moments. */
#include "r_read.h"
#include "moments.h"
#include "moments_two.h"
#include "partitions.h"

static struct moments_rows read_rows(SEXP x, SEXP y, SEXP weights, SEXP group, SEXP scaling,
                                     int groups)
{
    if (TYPEOF(y) != VECSXP || TYPEOF(x) != REALSXP)
        fail("'y' must be a list of columns and 'x' doubles");
    struct moments_rows rows = {.n = (long) Rf_xlength(x)};
    rows.k = whole_in((double) Rf_xlength(y), 1, MOMENTS_MAX_K, "responses");
    for (int j = 0; j < rows.k; j++) rows.y[j] = check_doubles(VECTOR_ELT(y, j), rows.n, "y");
    rows.x = check_doubles(x, rows.n, "x");
    rows.weights = Rf_isNull(weights) ? NULL : check_doubles(weights, rows.n, "weights");
    rows.centre = check_doubles(scaling, 2 * rows.k, "scaling");
    rows.scale = rows.centre + rows.k;
    rows.group = check_groups(group, rows.n, groups);
    return rows;
}

/* grid: as read_grid() says; scaling: k x 2, centre and scale; settings: list(level, threads,
 * groups). list(table, counts (missing, infinite, outside)) */
SEXP r_moments(SEXP x, SEXP y, SEXP weights, SEXP group, SEXP grid, SEXP scaling, SEXP settings)
{
    struct moments_grid cells = read_grid(grid);
    int groups = whole(settings, "groups", 0, MOST_COUNT);
    struct moments_rows rows = read_rows(x, y, weights, group, scaling, groups);
    R_xlen_t size =
        check_size((double) moments_padded(rows.k) * MOMENTS_DEGREES * cells.count * groups,
                   MOST_TABLE, "table");
    double *work =
        (double *) R_alloc(moments_work(&rows, (long) cells.count * groups), sizeof(double));
    const char *names[] = {"table", "counts", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SEXP table = SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, size));
    SEXP counts = SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, 3));
    struct moments_counts found;
    moments_pass(&rows, &cells, groups, level_of(settings), threads_of(settings), REAL(table), work,
                 &found);
    REAL(counts)[0] = found.missing;
    REAL(counts)[1] = found.infinite;
    REAL(counts)[2] = found.outside;
    UNPROTECT(1);
    return out;
}

/* grids: list(of x, of z); settings: list(level, threads, groups, most_numbers: in the table).
 * list(table, places (from 0), outside); with too many cells `table` is NULL. */
SEXP r_moments_two(SEXP x, SEXP z, SEXP y, SEXP weights, SEXP group, SEXP grids, SEXP scaling,
                   SEXP settings)
{
    if (TYPEOF(grids) != VECSXP || Rf_xlength(grids) != 2) fail("'grids' must be a list of two");
    struct moments_two data = {.groups = whole(settings, "groups", 0, MOST_COUNT)};
    data.rows = read_rows(x, y, weights, group, scaling, data.groups);
    data.z = check_doubles(z, data.rows.n, "z");
    for (int d = 0; d < 2; d++) data.grid[d] = read_grid(VECTOR_ELT(grids, d));
    R_xlen_t all_cells = check_size((double) data.grid[0].count * data.grid[1].count * data.groups,
                                    MOST_TABLE, "places");
    int *slot = (int *) R_alloc(all_cells, sizeof(int));
    double outside;
    long cells = moments_two_slots(&data, slot, &outside);
    const char *names[] = {"table", "places", "outside", ""};
    SEXP out = PROTECT(Rf_mkNamed(VECSXP, names));
    SET_VECTOR_ELT(out, 2, Rf_ScalarReal(outside));
    SEXP places = SET_VECTOR_ELT(out, 1, Rf_allocVector(REALSXP, cells));
    for (R_xlen_t i = 0; i < all_cells; i++)
        if (slot[i] >= 0) REAL(places)[slot[i]] = (double) i;
    R_xlen_t size = (R_xlen_t) moments_padded(data.rows.k) * MOMENTS_TWO * cells;
    if ((double) size <= number(settings, "most_numbers") && size <= MOST_TABLE) {
        double *work = (double *) R_alloc(partitions_work(data.rows.n, size), sizeof(double));
        SEXP table = SET_VECTOR_ELT(out, 0, Rf_allocVector(REALSXP, size));
        moments_two_pass(&data, slot, cells, level_of(settings), threads_of(settings), REAL(table),
                         work);
    }
    UNPROTECT(1);
    return out;
}

SEXP r_finite_range(SEXP x)
{
    const double *values = check_doubles(x, Rf_xlength(x), "x");
    SEXP out = PROTECT(Rf_allocVector(REALSXP, 2));
    moments_range(values, (long) Rf_xlength(x), REAL(out));
    UNPROTECT(1);
    return out;
}
