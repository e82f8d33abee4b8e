/* Door of the cells. */
#include "doors.h"
#include "cells.h"

SEXP door_cells(SEXP id, SEXP n_cells, SEXP y, SEXP weights)
{
    if (TYPEOF(id) != INTSXP || TYPEOF(y) != REALSXP || !Rf_isMatrix(y) ||
        TYPEOF(weights) != REALSXP || Rf_xlength(id) != Rf_nrows(y) ||
        Rf_xlength(weights) != Rf_nrows(y))
        Rf_error("internal: 'id', 'y' and 'weights' must agree");
    int n = Rf_nrows(y), k = Rf_ncols(y), m = Rf_asInteger(n_cells);
    for (int i = 0; i < n; i++)
        if (INTEGER(id)[i] < 1 || INTEGER(id)[i] > m) Rf_error("internal: 'id' out of range");
    double *work = (double *) R_alloc(k + 1, sizeof(double));
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, 1 + k + k * (k + 1) / 2, m));
    cells_fill(n, k, m, INTEGER(id), REAL(y), REAL(weights), REAL(out), work);
    UNPROTECT(1);
    return out;
}

SEXP door_merge_cells(SEXP k, SEXP a, SEXP b)
{
    int size = Rf_asInteger(k);
    R_xlen_t stats = 1 + size + size * (size + 1) / 2;
    if (TYPEOF(a) != REALSXP || TYPEOF(b) != REALSXP || !Rf_isMatrix(a) || Rf_nrows(a) != stats ||
        Rf_xlength(a) != Rf_xlength(b))
        Rf_error("internal: cells to merge must agree");
    double *work = (double *) R_alloc(size + 1, sizeof(double));
    SEXP out = PROTECT(Rf_duplicate(a));
    cells_merge(size, Rf_ncols(a), REAL(out), REAL(b), work);
    UNPROTECT(1);
    return out;
}
