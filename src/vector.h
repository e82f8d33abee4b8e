/* Loops over vectors, in vector code where the processor has it. */
#ifndef COVARY_VECTOR_H
#define COVARY_VECTOR_H

double vector_dot(const double *x, const double *y, long n);
void vector_add(double *y, double s, const double *x, long n); /* y += s x */
/* (x, y) <- (x + a x + b y, y + c x), from the old x and y */
void vector_mix(double *x, double *y, double a, double b, double c, long n);

#endif
