/* Door of tabulated smooths. */
#include "cubics.h"
#include "doors.h"

/* x (points), breaks (pieces + 1), coefficients (columns x 4 x pieces): columns x points */
SEXP door_cubics(SEXP x, SEXP breaks, SEXP coefficients)
{
    if (TYPEOF(x) != REALSXP || TYPEOF(breaks) != REALSXP || TYPEOF(coefficients) != REALSXP || Rf_xlength(breaks) < 2)
        Rf_error("internal: cubics need points, breaks and coefficients");
    struct cubics c = {(int) Rf_xlength(breaks) - 1, 0, REAL(breaks), REAL(coefficients)};
    c.columns = (int) (Rf_xlength(coefficients) / 4 / c.pieces);
    if (Rf_xlength(coefficients) != (R_xlen_t) 4 * c.columns * c.pieces) Rf_error("internal: cubics of the wrong size");
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, c.columns, (int) Rf_xlength(x)));
    cubics_at(&c, REAL(x), Rf_xlength(x), REAL(out));
    UNPROTECT(1);
    return out;
}
