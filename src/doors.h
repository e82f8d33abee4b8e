/* Doors: the border between R and the plain C core. Only door files and init.c include this. */
#ifndef COVARY_DOORS_H
#define COVARY_DOORS_H

#ifndef R_NO_REMAP
#define R_NO_REMAP
#endif
#ifndef STRICT_R_HEADERS
#define STRICT_R_HEADERS
#endif
#include <R.h>
#include <Rinternals.h>

SEXP door_learner_run(SEXP settings, SEXP x, SEXP y, SEXP order, SEXP thin, SEXP state);
SEXP door_learner_activate(SEXP settings, SEXP x, SEXP parameter);

#endif
