/* Reading R values into what the core takes; shared by the doors. */
#ifndef COVARY_DOOR_READ_H
#define COVARY_DOOR_READ_H

#include "doors.h"
#include "optimizer.h"
#include "regression.h"
#include "target.h"
#include <string.h>

/* door_read.c: parts of a list, and vectors of a known length; anything else is an error */
SEXP field(SEXP list, const char *name);
SEXP optional(SEXP list, const char *name); /* NULL where there is none */
double number(SEXP list, const char *name);
const double *doubles(SEXP list, const char *name, R_xlen_t length);
const int *integers(SEXP list, const char *name, R_xlen_t length);
const double *check_doubles(SEXP x, R_xlen_t length, const char *what);
/* the group, from 1 to `most`, of each of n rows; NULL for R's NULL */
const int *check_groups(SEXP group, R_xlen_t n, int most);

/* door_regression.c */
struct regression read_model(SEXP model);

/* door_target.c: the target that an R list made by new_density() describes, in R_alloc memory */
const struct target *read_target(SEXP target);
/* row numbers (counted from 1 in R) of n batches of `size`; NULL for R's NULL */
const int *read_batches(SEXP rows, const struct target *t, R_xlen_t size, R_xlen_t n);

/* door_target_r.c */
struct target target_r(SEXP target, int dim, int rows);

/* door_advi.c */
struct optimizer read_optimizer(SEXP x);

#endif
