/* Door of the heap's limit. */
#include "r_read.h"

/* A vector that is garbage at once: R raises the limit of its heap to hold so many bytes more. */
SEXP r_reserve(SEXP bytes)
{
    double n = check_number(bytes, "bytes");
    if (!(n >= 0 && n <= 1e12)) fail("'bytes' must be between 0 and 1e12");
    Rf_allocVector(RAWSXP, (R_xlen_t) n);
    return R_NilValue;
}
