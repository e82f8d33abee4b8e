/* The smoothing level of the nested engine where the surrogate has the shape of an arrow
 * (arrow.h), with the unpenalised coefficients in its head (mathematics vignette, eqs 12 and 49):
 * exp(b' beta - beta' A beta / 2) times the prior of the penalised coefficients, beta integrated
 * out. Everything is computed from B = J + D A D, D = diag(exp(log_tau)) and J = I at penalised
 * coefficients, D = 1 and J = 0 at the others. */
#ifndef COVARY_SURROGATE_ARROW_H
#define COVARY_SURROGATE_ARROW_H

#include "arrow.h"

struct surrogate_arrow {
    struct arrow a;
    const double *b;  /* d, in the order of the arrow */
    const int *group; /* d, in that order: 0 unpenalised, else number of the sd */
    int groups;
    int vectors; /* of vector code (simd.h) */
};

/* Work for one log_tau: the factor, its scale, and L^-1 D b. */
struct surrogate_arrow_factor {
    struct arrow l;
    double *scale, *lead; /* d each, in the order of the arrow */
    double *work;
};
long surrogate_arrow_size(const struct surrogate_arrow *s);
struct surrogate_arrow_factor surrogate_arrow_factor(const struct surrogate_arrow *s, double *work);

/* Not 0 where B is not positive definite. */
int surrogate_arrow_factorise(const struct surrogate_arrow *s, const double *log_tau,
                              struct surrogate_arrow_factor *f);
/* Log integral, but for log(2 pi) / 2 an unpenalised coefficient */
double surrogate_arrow_value(const struct surrogate_arrow *s,
                             const struct surrogate_arrow_factor *f);

/* Adds gradient (groups) and Hessian (groups x groups) by log_tau; the factor is used up.
 * work: surrogate_arrow_derivative_size() doubles */
long surrogate_arrow_derivative_size(const struct surrogate_arrow *s);
void surrogate_arrow_derivatives(const struct surrogate_arrow *s, struct surrogate_arrow_factor *f,
                                 double *grad, double *hess, double *work);

/* x: noise in the order of the arrow, becomes beta given log_tau; returns the log density. */
double surrogate_arrow_draw(const struct surrogate_arrow *s, const struct surrogate_arrow_factor *f,
                            double *x);

#endif
