/* Scalar functions that more than one room needs. */
#ifndef COVARY_SCALAR_H
#define COVARY_SCALAR_H

#define LOG_2PI 1.837877066409345483560659472811
#define LOG_2 0.693147180559945309417232121458

double log_cosh(double x);
double sech_squared(double x);
/* log cosh(r / 2) and two derivatives, a scalar_function (below) without parameters */
void log_cosh_half(double r, const double *par, double *out);

/* E f(z), z ~ N(mean, sd^2), for a function that returns its value and first two
 * derivatives in out[0..2]. `width` bounds the step: a fifth of the distance of the nearest
 * complex pole of f leaves an error of about exp(-10 pi) = 2e-14 times 100 in f''.
 * The trapezoid rule converges exponentially for such integrands (Trefethen and
 * Weideman 2014), so one rule serves sharp and flat f alike. */
typedef void (*scalar_function)(double x, const double *par, double *out);
void gauss_expect(scalar_function f, const double *par, double mean, double sd, double width,
                  double *out);

#endif
