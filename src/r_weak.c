/* Door of weak references: what a fit may look up while the session lasts, and does not take along
 * when it is saved. */
#include "r_read.h"

/* A reference that keeps `value` alive as long as `key` (an environment) is. */
SEXP r_weak(SEXP key, SEXP value)
{
    if (TYPEOF(key) != ENVSXP || TYPEOF(value) != ENVSXP)
        fail("a weak reference needs two environments");
    return R_MakeWeakRef(key, value, R_NilValue, FALSE);
}

/* NULL where the reference comes from a file. */
SEXP r_weak_value(SEXP reference)
{
    return TYPEOF(reference) == WEAKREFSXP ? R_WeakRefValue(reference) : R_NilValue;
}
