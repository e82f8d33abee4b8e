/* Door of tabulated smooths. */
#include "doors.h"
#include "piecewise.h"

/* x (points), breaks (pieces + 1), coefficients (columns x (degree + 1) x pieces): columns x points */
SEXP door_piecewise(SEXP x, SEXP breaks, SEXP coefficients)
{
    SEXP size = Rf_getAttrib(coefficients, R_DimSymbol);
    if (TYPEOF(x) != REALSXP || TYPEOF(breaks) != REALSXP || TYPEOF(coefficients) != REALSXP || TYPEOF(size) != INTSXP || Rf_length(size) != 3)
        Rf_error("internal: piecewise functions need points, breaks and an array of coefficients");
    struct piecewise f = {INTEGER(size)[2], INTEGER(size)[0], INTEGER(size)[1] - 1, REAL(breaks), REAL(coefficients)};
    if (f.pieces < 1 || f.degree < 0 || Rf_xlength(breaks) != f.pieces + 1) Rf_error("internal: piecewise functions of the wrong size");
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, f.columns, (int) Rf_xlength(x)));
    piecewise_at(&f, REAL(x), Rf_xlength(x), REAL(out));
    UNPROTECT(1);
    return out;
}
