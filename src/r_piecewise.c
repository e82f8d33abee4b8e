/* Door of tabulated smooths. */
#include "r_read.h"
#include "piecewise.h"

/* x (points), breaks (intervals + 1), coefficients (columns x (degree + 1) x intervals): columns x
 * points */
SEXP r_piecewise(SEXP x, SEXP breaks, SEXP coefficients)
{
    SEXP size = Rf_getAttrib(coefficients, R_DimSymbol);
    const int *dim = check_integers(size, 3, "dim(coefficients)");
    int points = whole_in((double) Rf_xlength(x), 0, INT_MAX, "points");
    struct piecewise f = {.intervals = whole_in(dim[2], 1, MOST_COUNT, "intervals"),
                          .columns = dim[0],
                          .degree = whole_in(dim[1], 1, MOST_COUNT, "degrees") - 1};
    f.breaks = check_doubles(breaks, (R_xlen_t) f.intervals + 1, "breaks");
    f.coefficients = check_doubles(coefficients, Rf_xlength(coefficients), "coefficients");
    const double *at = check_doubles(x, points, "x");
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, f.columns, points));
    piecewise_at(&f, at, points, REAL(out));
    UNPROTECT(1);
    return out;
}
