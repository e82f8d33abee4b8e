/* Door of the cells. */
#include "r_read.h"
#include "cells.h"

#define MOST_RESPONSES 1000 /* a thousand responses have half a million second moments */

SEXP r_cells(SEXP id, SEXP n_cells, SEXP y, SEXP weights)
{
    const double *values = check_matrix(y, "y");
    int n = Rf_nrows(y), k = whole_in(Rf_ncols(y), 1, MOST_RESPONSES, "responses");
    int m = check_whole(n_cells, 0, MOST_COUNT, "n_cells");
    const int *cell = check_range(id, n, 1, m, "id");
    const double *weight = check_doubles(weights, n, "weights");
    double *work = (double *) R_alloc(k + 1, sizeof(double));
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, cells_size(k), m));
    cells_fill(n, k, m, cell, values, weight, REAL(out), work);
    UNPROTECT(1);
    return out;
}

SEXP r_merge_cells(SEXP k, SEXP a, SEXP b)
{
    int size = check_whole(k, 1, MOST_RESPONSES, "responses");
    check_matrix(a, "a");
    if (Rf_nrows(a) != cells_size(size)) fail("cells of %d responses have other statistics", size);
    const double *other = check_doubles(b, Rf_xlength(a), "b");
    double *work = (double *) R_alloc(size + 1, sizeof(double));
    SEXP out = PROTECT(Rf_duplicate(a));
    cells_merge(size, Rf_ncols(a), REAL(out), other, work);
    UNPROTECT(1);
    return out;
}
