/* Door of tabulated curves. */
#include "r_read.h"
#include "chart_table.h"

/* axes: a list of c(from, step, nodes) */
static struct chart_table read_table(SEXP table)
{
    SEXP axes = field(table, "axes");
    struct chart_table t = {
        .axes = whole_in((double) Rf_xlength(axes), 0, CHART_MOST_AXES, "axes of a table"),
        .combinations = whole(table, "combinations", 1, MOST_COUNT)};
    double size = t.combinations;
    for (int d = 0; d < t.axes; d++) {
        const double *axis = check_doubles(VECTOR_ELT(axes, d), 3, "an axis of a table");
        t.axis[d].from = axis[0];
        t.axis[d].step = axis[1];
        t.axis[d].nodes = whole_in(axis[2], 2, MOST_COUNT, "nodes of a table");
        if (!R_FINITE(axis[0]) || !R_FINITE(axis[1]) || axis[1] <= 0)
            fail("an axis of a table must be finite, its step positive");
        size *= t.axis[d].nodes + 2.0;
    }
    t.coefficients = doubles(table, "coefficients", check_size(size, MOST_TABLE, "a table"));
    return t;
}

/* The sum of several tables at n points. tables: a list of list(axes, combinations, coefficients, x
 * (a list of n numbers by axis), combination (n, from 0, NA for none)). */
SEXP r_chart_tables(SEXP tables, SEXP n)
{
    int rows = check_whole(n, 0, INT_MAX, "points");
    if (TYPEOF(tables) != VECSXP) fail("tables must be a list");
    SEXP out = PROTECT(Rf_allocVector(REALSXP, rows));
    double *sum = REAL(out);
    for (int i = 0; i < rows; i++) sum[i] = 0;
    for (R_xlen_t j = 0; j < Rf_xlength(tables); j++) {
        SEXP table = VECTOR_ELT(tables, j);
        struct chart_table t = read_table(table);
        SEXP at = field(table, "x");
        if (TYPEOF(at) != VECSXP || Rf_xlength(at) != t.axes) fail("points by axis are missing");
        const double *x[CHART_MOST_AXES] = {NULL};
        for (int d = 0; d < t.axes; d++)
            x[d] = check_doubles(VECTOR_ELT(at, d), rows, "points of a table");
        const int *combination = integers(table, "combination", rows);
        for (int i = 0; i < rows; i++)
            if (combination[i] >= t.combinations) fail("a combination of levels has no function");
        chart_table_add(&t, x, combination, rows, sum);
    }
    UNPROTECT(1);
    return out;
}
