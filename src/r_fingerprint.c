/* A fingerprint of an R value: types, lengths, names, shapes and contents, so that an edited object
 * is known before anything relies on it (R/aaa-validate.R).
 *
 * It is the same after saveRDS(), in another session and on another machine. Vectors beyond `WHOLE`
 * numbers are read at evenly spaced positions, so the time does not grow with the rows. Of
 * functions, environments and pointers, which are not data, the type alone counts. */
#include "r_read.h"
#include <stdint.h>
#include <stdio.h>

#define WHOLE 131072 /* numbers read all (0.1 ms) */
#define SOME 16384   /* read of longer vectors */
#define STRINGS 4096 /* the same for strings, which cost more */
#define DEEPEST 200  /* nested lists */

static uint64_t mix(uint64_t hash, uint64_t x)
{
    hash = (hash ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

/* Numbers of the elements that count: `from` 0 in steps of this */
static R_xlen_t stride(R_xlen_t n, R_xlen_t whole, R_xlen_t some)
{
    return n <= whole ? 1 : n / some;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t add_doubles(uint64_t hash, SEXP x)
{
    R_xlen_t n = Rf_xlength(x), by = stride(n, WHOLE, SOME), i = 0;
    uint64_t lane[4] = {hash, 1, 2, 3};
    const double *value = DATAPTR_OR_NULL(x);
    for (; value && by == 1 && i + 4 <= n; i += 4) /* four chains, so that products overlap */
        for (int l = 0; l < 4; l++) lane[l] = mix(lane[l], bits_of(value[i + l]));
    for (; i < n; i += by)
        lane[i % 4] = mix(lane[i % 4], bits_of(value ? value[i] : REAL_ELT(x, i)));
    return mix(mix(mix(lane[0], lane[1]), lane[2]), lane[3]);
}

static uint64_t add_integers(uint64_t hash, SEXP x)
{
    R_xlen_t n = Rf_xlength(x), by = stride(n, WHOLE, SOME);
    const int *value = DATAPTR_OR_NULL(x);
    for (R_xlen_t i = 0; i < n; i += by)
        hash = mix(hash, (uint32_t) (value                 ? value[i]
                                     : TYPEOF(x) == LGLSXP ? LOGICAL_ELT(x, i)
                                                           : INTEGER_ELT(x, i)));
    return hash;
}

static uint64_t add_string(uint64_t hash, SEXP x)
{
    if (x == NA_STRING) return mix(hash, 1);
    for (const char *c = CHAR(x); *c; c++) hash = mix(hash, (unsigned char) *c);
    return mix(hash, 2);
}

static uint64_t add_strings(uint64_t hash, SEXP x)
{
    R_xlen_t n = Rf_xlength(x), by = stride(n, STRINGS, STRINGS);
    for (R_xlen_t i = 0; i < n; i += by) hash = add_string(hash, STRING_ELT(x, i));
    return hash;
}

static uint64_t add_value(uint64_t hash, SEXP x, int depth);

/* The attributes that objects of this package rely on; those of model frames and terms among
 * them */
static uint64_t add_attributes(uint64_t hash, SEXP x, int depth)
{
    static const char *names[] = {"names",       "dim",       "dimnames",   "class",
                                  "levels",      "contrasts", "variables",  "factors",
                                  "term.labels", "order",     "intercept",  "response",
                                  "offset",      "predvars",  "dataClasses"};
    enum { COUNT = sizeof names / sizeof names[0] };
    static SEXP symbols[COUNT]; /* symbols are never collected */
    for (size_t i = 0; i < COUNT; i++) {
        if (symbols[i] == NULL) symbols[i] = Rf_install(names[i]);
        SEXP value = PROTECT(Rf_getAttrib(x, symbols[i]));
        if (value != R_NilValue) hash = add_value(mix(hash, i), value, depth);
        UNPROTECT(1);
    }
    return hash;
}

static uint64_t add_list(uint64_t hash, SEXP x, int depth)
{
    for (R_xlen_t i = 0; i < Rf_xlength(x); i++) hash = add_value(hash, VECTOR_ELT(x, i), depth);
    return hash;
}

static uint64_t add_call(uint64_t hash, SEXP x, int depth)
{
    for (; x != R_NilValue; x = CDR(x)) {
        if (TYPEOF(x) != LANGSXP && TYPEOF(x) != LISTSXP) return add_value(hash, x, depth);
        if (TAG(x) != R_NilValue) hash = add_string(hash, PRINTNAME(TAG(x)));
        hash = add_value(hash, CAR(x), depth);
    }
    return hash;
}

static uint64_t add_value(uint64_t hash, SEXP x, int depth)
{
    hash = mix(hash, (uint64_t) TYPEOF(x));
    if (x == R_NilValue || depth > DEEPEST) return hash;
    switch (TYPEOF(x)) {
    case SYMSXP: return add_string(hash, PRINTNAME(x));
    case LANGSXP:
    case LISTSXP: return add_call(hash, x, depth + 1);
    case REALSXP: hash = add_doubles(mix(hash, Rf_xlength(x)), x); break;
    case INTSXP:
    case LGLSXP: hash = add_integers(mix(hash, Rf_xlength(x)), x); break;
    case STRSXP: hash = add_strings(mix(hash, Rf_xlength(x)), x); break;
    case VECSXP:
    case EXPRSXP: hash = add_list(mix(hash, Rf_xlength(x)), x, depth + 1); break;
    default: return hash;
    }
    return add_attributes(hash, x, depth + 1);
}

/* A string for each element of a list */
SEXP r_fingerprint(SEXP parts)
{
    if (TYPEOF(parts) != VECSXP) fail("'parts' must be a list");
    SEXP out = PROTECT(Rf_allocVector(STRSXP, Rf_xlength(parts)));
    for (R_xlen_t i = 0; i < Rf_xlength(parts); i++) {
        char text[17];
        snprintf(text, sizeof text, "%016llx",
                 (unsigned long long) add_value(0, VECTOR_ELT(parts, i), 0));
        SET_STRING_ELT(out, i, Rf_mkChar(text));
    }
    UNPROTECT(1);
    return out;
}
