/* Reading R values into what the core takes; shared by the doors.
 *
 * Nothing that comes from R is trusted: users edit fits, cut them and load those of other versions.
 * Every type, length, size and code is checked here, before the core sees it, and a product of
 * sizes is formed in double precision, where it cannot overflow. A breach is a
 * covary_error_internal (fail()). */
#ifndef COVARY_R_READ_H
#define COVARY_R_READ_H

#include "r_doors.h"
#include "arrow.h"
#include "moments.h"
#include "optimizer.h"
#include "regression.h"
#include "target.h"
#include <limits.h>
#include <string.h>

#define MOST_COUNT (1 << 30)               /* of things along one side: the sum of two is an int */
#define MOST_ITERATIONS 4503599627370496.0 /* 2^52: counts beyond are not exact in a double */
#define MOST_TABLE (1 << 28)               /* doubles in a table that a door makes (2 GB) */

#if defined(__GNUC__)
#define DOES_NOT_RETURN __attribute__((noreturn, format(printf, 1, 2)))
#else
#define DOES_NOT_RETURN
#endif

/* Raises covary_error_internal; the text says what was expected. */
void fail(const char *format, ...) DOES_NOT_RETURN;

/* r_read.c: fields of a list, by name */
SEXP field(SEXP list, const char *name);
SEXP optional(SEXP list, const char *name); /* NULL where there is none */
double number(SEXP list, const char *name);
double positive(SEXP list, const char *name); /* finite as well */
int whole(SEXP list, const char *name, int low, int high);
int flag(SEXP list, const char *name);
const char *string(SEXP list, const char *name); /* one string */
const double *doubles(SEXP list, const char *name, R_xlen_t length);
const int *integers(SEXP list, const char *name, R_xlen_t length);

/* values: `what` names them in the message */
double check_number(SEXP x, const char *what);
int check_whole(SEXP x, int low, int high, const char *what);
int whole_in(double x, int low, int high, const char *what);
const double *check_doubles(SEXP x, R_xlen_t length, const char *what);
const int *check_integers(SEXP x, R_xlen_t length, const char *what);
const double *check_matrix(SEXP x, const char *what); /* of doubles, any size */
/* n integers from low to high */
const int *check_range(SEXP x, R_xlen_t n, int low, int high, const char *what);
/* n families of prior.h */
void check_families(const int *family, R_xlen_t n, const char *what);
/* the group, from 1 to `most`, of each of n rows; NULL for R's NULL */
const int *check_groups(SEXP group, R_xlen_t n, int most);
/* a length formed in double precision, at most `most` */
R_xlen_t check_size(double size, double most, const char *what);
/* list(name, responses): the likelihood whose cells have `size` statistics (0: that of rows) */
const struct likelihood *read_likelihood(SEXP likelihood, long size);
/* m numbers of observed responses that the likelihood knows, or NULL */
const int *read_observed(SEXP observed, const struct likelihood *l, R_xlen_t m);
struct likelihood_block new_likelihood_block(const struct likelihood *l);
/* list(inverse_width, first, count) */
struct moments_grid read_grid(SEXP grid);
/* threads and the level of vector code (simd.h): any number is legal, and cut to what is of use */
int threads_of(SEXP settings); /* field `threads` */
int level_of(SEXP settings);   /* field `level` */
int read_level(double x);

/* r_regression.c */
struct regression read_model(SEXP model);

/* r_arrow.c: matrices in the shape of an arrow */
struct arrow_shape read_shape(SEXP shape);
struct arrow read_arrow(SEXP a, const struct arrow_shape *s);
SEXP new_arrow(SEXP shape, const struct arrow_shape *s, struct arrow *out);

/* r_target.c: the target that an R list made by new_density() describes, in R_alloc memory */
const struct target *read_target(SEXP target);
/* row numbers (counted from 1 in R) of n batches of `size`; NULL where size is 0 */
const int *read_batches(SEXP rows, const struct target *t, int size, R_xlen_t n);

/* r_target_r.c */
struct target target_r(SEXP target, int dim, int rows);

/* r_advi.c */
struct optimizer read_optimizer(SEXP x);
double check_first(SEXP first); /* number of an iteration, counted from 1 */

#endif
