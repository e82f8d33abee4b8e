/* Log likelihood of some cells of a regression of two responses, and its gradient, in vector code: base_rows()
 * of regression.h where the processor has vectors and the cells are no nodes. */
#ifndef COVARY_MINIBATCH_H
#define COVARY_MINIBATCH_H

#include "regression.h"

/* As base_rows() with a gradient. */
double minibatch_rows(const struct regression *r, const double *beta, const int *row, int n,
                      double scale, const struct anchor *anchor, double *grad);

#endif
