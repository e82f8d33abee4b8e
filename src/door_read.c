#include "door_read.h"

/* Where a name stands in a list, -1 if nowhere */
static R_xlen_t place(SEXP list, const char *name)
{
    SEXP names = Rf_getAttrib(list, R_NamesSymbol);
    for (R_xlen_t i = 0; i < Rf_xlength(list); i++)
        if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return i;
    return -1;
}

SEXP field(SEXP list, const char *name)
{
    R_xlen_t i = place(list, name);
    if (i < 0) Rf_error("internal: there is no field '%s'", name);
    return VECTOR_ELT(list, i);
}

SEXP optional(SEXP list, const char *name)
{
    R_xlen_t i = place(list, name);
    return i < 0 ? R_NilValue : VECTOR_ELT(list, i);
}

double number(SEXP list, const char *name)
{
    SEXP x = field(list, name);
    if (Rf_length(x) != 1) Rf_error("internal: field '%s' must be one number", name);
    return Rf_asReal(x);
}

const double *doubles(SEXP list, const char *name, R_xlen_t length)
{
    SEXP x = field(list, name);
    if (TYPEOF(x) != REALSXP || Rf_xlength(x) != length)
        Rf_error("internal: field '%s' must hold %ld doubles", name, (long) length);
    return REAL(x);
}

const int *integers(SEXP list, const char *name, R_xlen_t length)
{
    SEXP x = field(list, name);
    if (TYPEOF(x) != INTSXP || Rf_xlength(x) != length)
        Rf_error("internal: field '%s' must hold %ld integers", name, (long) length);
    return INTEGER(x);
}

const double *check_doubles(SEXP x, R_xlen_t length, const char *what)
{
    if (TYPEOF(x) != REALSXP || Rf_xlength(x) != length)
        Rf_error("internal: %s must hold %ld doubles", what, (long) length);
    return REAL(x);
}

const int *check_groups(SEXP group, R_xlen_t n, int most)
{
    if (Rf_isNull(group)) return NULL;
    if (TYPEOF(group) != INTSXP || Rf_xlength(group) != n) Rf_error("internal: 'group' must hold integers");
    for (R_xlen_t i = 0; i < n; i++)
        if (INTEGER(group)[i] < 1 || INTEGER(group)[i] > most) Rf_error("internal: 'group' out of range");
    return INTEGER(group);
}
