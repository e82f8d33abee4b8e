/* A target written in R: `evaluate(theta, order, rows, scale)` of its list returns the log density,
 * followed by the gradient when order is 1. An error in it leaves through R's own unwinding; the
 * core has nothing to free, so nothing leaks. */
#include "r_read.h"

static double call_r(const struct target *t, const double *theta, const int *row, int n,
                     double scale, double *grad)
{
    SEXP fun = (SEXP) t->data;
    SEXP x = PROTECT(Rf_allocVector(REALSXP, t->dim));
    memcpy(REAL(x), theta, sizeof(double) * t->dim);
    SEXP rows = PROTECT(row ? Rf_allocVector(INTSXP, n) : R_NilValue);
    for (int i = 0; row && i < n; i++) INTEGER(rows)[i] = row[i] + 1;
    SEXP order = PROTECT(Rf_ScalarInteger(grad != NULL)), by = PROTECT(Rf_ScalarReal(scale));
    SEXP call = PROTECT(Rf_lang5(fun, x, order, rows, by));
    SEXP out = PROTECT(Rf_eval(call, R_BaseEnv));
    if (TYPEOF(out) != REALSXP || Rf_xlength(out) != (grad ? (R_xlen_t) t->dim + 1 : 1))
        fail("evaluate() must return the log density%s", grad ? " and its gradient" : "");
    double f = REAL(out)[0];
    if (grad) memcpy(grad, REAL(out) + 1, sizeof(double) * t->dim);
    UNPROTECT(6);
    return f;
}

static double value(const struct target *t, const double *theta, double *grad)
{
    return call_r(t, theta, NULL, 0, 1, grad);
}

struct target target_r(SEXP target, int dim, int rows)
{
    SEXP fun = field(target, "evaluate");
    if (!Rf_isFunction(fun)) fail("'evaluate' must be a function");
    struct target t = {dim, rows, fun, value, rows > 0 ? call_r : NULL, NULL};
    return t;
}
