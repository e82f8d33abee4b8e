#include "r_read.h"
#include "prior.h"
#include "simd.h"
#include "partitions.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* stop_internal() of the package raises it, so that all conditions have one home
 * (R/aaa-conditions.R). */
void fail(const char *format, ...)
{
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    SEXP name = PROTECT(Rf_mkString("covary"));
    SEXP package = PROTECT(R_FindNamespace(name));
    SEXP message = PROTECT(Rf_mkString(text));
    SEXP call = PROTECT(Rf_lang2(Rf_install("stop_internal"), message));
    Rf_eval(call, package);
    Rf_error("%s", text); /* not reached: the call does not return */
}

/* Where a name stands in a list, -1 if nowhere */
static R_xlen_t place(SEXP list, const char *name)
{
    if (TYPEOF(list) != VECSXP) fail("the list that holds '%s' is no list", name);
    SEXP names = Rf_getAttrib(list, R_NamesSymbol);
    if (TYPEOF(names) != STRSXP) return -1;
    for (R_xlen_t i = 0; i < Rf_xlength(list); i++)
        if (strcmp(CHAR(STRING_ELT(names, i)), name) == 0) return i;
    return -1;
}

SEXP field(SEXP list, const char *name)
{
    R_xlen_t i = place(list, name);
    if (i < 0) fail("there is no field '%s'", name);
    return VECTOR_ELT(list, i);
}

SEXP optional(SEXP list, const char *name)
{
    R_xlen_t i = place(list, name);
    return i < 0 ? R_NilValue : VECTOR_ELT(list, i);
}

double number(SEXP list, const char *name) { return check_number(field(list, name), name); }

double positive(SEXP list, const char *name)
{
    double value = number(list, name);
    if (!(value > 0 && isfinite(value))) fail("'%s' must be positive, not %g", name, value);
    return value;
}

int whole(SEXP list, const char *name, int low, int high)
{
    return check_whole(field(list, name), low, high, name);
}

int flag(SEXP list, const char *name) { return number(list, name) != 0; }

const double *doubles(SEXP list, const char *name, R_xlen_t length)
{
    return check_doubles(field(list, name), length, name);
}

const int *integers(SEXP list, const char *name, R_xlen_t length)
{
    return check_integers(field(list, name), length, name);
}

double check_number(SEXP x, const char *what)
{
    if ((TYPEOF(x) != REALSXP && TYPEOF(x) != INTSXP && TYPEOF(x) != LGLSXP) || Rf_xlength(x) != 1)
        fail("'%s' must be one number", what);
    double value = Rf_asReal(x);
    if (isnan(value)) fail("'%s' must be a number, it is missing", what);
    return value;
}

int check_whole(SEXP x, int low, int high, const char *what)
{
    return whole_in(check_number(x, what), low, high, what);
}

int whole_in(double x, int low, int high, const char *what)
{
    if (!(x >= low && x <= high) || x != floor(x))
        fail("'%s' must be a whole number from %d to %d, not %g", what, low, high, x);
    return (int) x;
}

const double *check_doubles(SEXP x, R_xlen_t length, const char *what)
{
    if (TYPEOF(x) != REALSXP || Rf_xlength(x) != length)
        fail("'%s' must hold %.0f doubles", what, (double) length);
    return REAL(x);
}

const int *check_integers(SEXP x, R_xlen_t length, const char *what)
{
    if (TYPEOF(x) != INTSXP || Rf_xlength(x) != length)
        fail("'%s' must hold %.0f integers", what, (double) length);
    return INTEGER(x);
}

const double *check_matrix(SEXP x, const char *what)
{
    if (TYPEOF(x) != REALSXP || !Rf_isMatrix(x)) fail("'%s' must be a matrix of doubles", what);
    return REAL(x);
}

const int *check_range(SEXP x, R_xlen_t n, int low, int high, const char *what)
{
    const int *value = check_integers(x, n, what);
    for (R_xlen_t i = 0; i < n; i++)
        if (value[i] < low || value[i] > high)
            fail("'%s' must lie between %d and %d", what, low, high);
    return value;
}

void check_families(const int *family, R_xlen_t n, const char *what)
{
    for (R_xlen_t i = 0; i < n; i++)
        if (!prior_known(family[i]))
            fail("'%s' holds %d, which is no family of priors", what, family[i]);
}

const int *check_groups(SEXP group, R_xlen_t n, int most)
{
    return Rf_isNull(group) ? NULL : check_range(group, n, 1, most, "group");
}

R_xlen_t check_size(double size, double most, const char *what)
{
    if (!(size >= 0 && size <= most)) fail("'%s' would hold %g numbers", what, size);
    return (R_xlen_t) size;
}

const char *string(SEXP list, const char *name)
{
    SEXP x = field(list, name);
    if (TYPEOF(x) != STRSXP || Rf_xlength(x) != 1) fail("'%s' must be one string", name);
    return CHAR(STRING_ELT(x, 0));
}

const struct likelihood *read_likelihood(SEXP likelihood, long size)
{
    const char *name = string(likelihood, "name");
    int k = whole(likelihood, "responses", 1, MOST_COUNT);
    struct likelihood *l = (struct likelihood *) R_alloc(1, sizeof(struct likelihood));
    if (!likelihood_find(name, k, size, l))
        fail("there is no likelihood '%.40s' of %d responses and %ld statistics", name, k, size);
    return l;
}

const int *read_observed(SEXP observed, const struct likelihood *l, R_xlen_t m)
{
    if (Rf_isNull(observed)) return NULL;
    const int *out = check_range(observed, m, 1, (1 << l->k) - 1, "observed");
    for (R_xlen_t i = 0; i < m; i++)
        if (!likelihood_knows(l, out[i])) fail("the likelihood needs all %d responses", l->k);
    return out;
}

struct likelihood_block new_likelihood_block(const struct likelihood *l)
{
    return likelihood_block(l, (double *) R_alloc(likelihood_block_size(l), sizeof(double)));
}

struct moments_grid read_grid(SEXP grid)
{
    struct moments_grid out = {positive(grid, "inverse_width"), number(grid, "first"),
                               whole(grid, "count", 1, MOST_COUNT)};
    if (!isfinite(out.first)) fail("'first' must be finite");
    return out;
}

/* A number that may be missing */
static double any_number(SEXP list, const char *name)
{
    SEXP x = field(list, name);
    if ((TYPEOF(x) != REALSXP && TYPEOF(x) != INTSXP) || Rf_xlength(x) != 1)
        fail("'%s' must be one number", name);
    return Rf_asReal(x);
}

int threads_of(SEXP settings)
{
    double x = any_number(settings, "threads");
    return x >= 1 ? x < PARTITIONS_MOST ? (int) x : PARTITIONS_MOST : 1;
}

int level_of(SEXP settings) { return read_level(any_number(settings, "level")); }

int read_level(double x)
{
    return x >= SIMD_PLAIN ? x < SIMD_AVX2 ? (int) x : SIMD_AVX2 : SIMD_PLAIN;
}
