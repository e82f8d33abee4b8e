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

#endif
