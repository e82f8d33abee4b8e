/* Reading R lists into structs of the core; shared by the doors that take a model or a target. */
#ifndef COVARY_DOOR_READ_H
#define COVARY_DOOR_READ_H

#include "doors.h"
#include "regression.h"
#include "target.h"
#include <string.h>

/* door_regression.c */
SEXP field(SEXP list, const char *name);
const double *doubles(SEXP list, const char *name, R_xlen_t length);
const int *integers(SEXP list, const char *name, R_xlen_t length);
const double *check_doubles(SEXP x, R_xlen_t length, const char *what);
struct regression read_model(SEXP model);

/* door_target.c: the target that an R list made by new_density() describes, in R_alloc memory */
const struct target *read_target(SEXP target);
/* row numbers (counted from 1 in R) of n batches of `size`; NULL for R's NULL */
const int *read_rows(SEXP rows, const struct target *t, R_xlen_t size, R_xlen_t n);
double number(SEXP list, const char *name);

/* door_target_r.c */
struct target target_r(SEXP target, int dim, int rows);

#endif
