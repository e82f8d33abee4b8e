/* What the two kernels of two responses share. */
#ifndef COVARY_KERNEL_TWO_H
#define COVARY_KERNEL_TWO_H

#include "expectation.h"

/* -1/2 of the quadratic form, multiplied out into exponentials of the predictors (eq. 9) */
extern const struct exp_term kernel_two_terms[8];
/* log cosh(r / 2) and two derivatives */
void kernel_two_log_cosh(double r, const double *par, double *out);

#endif
