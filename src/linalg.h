/* Factors of dense symmetric matrices. n x n, column-major; factors are lower triangular. */
#ifndef COVARY_LINALG_H
#define COVARY_LINALG_H

/* a <- L with a = L L'; the upper triangle is overwritten. 0 if a is positive definite. */
int cholesky(double *a, int n);
void solve_lower(const double *l, int n, double *x);            /* x <- L^-1 x  */
void solve_lower_transposed(const double *l, int n, double *x); /* x <- L'^-1 x */
void invert_lower(double *l, int n);                            /* l <- L^-1, zero above */
void cross_lower(const double *l, int n, double *out);          /* out <- L'L, lower triangle */
void mirror_lower(double *a, int n);                            /* upper triangle <- lower */
double log_diagonal_sum(const double *l, int n);

#endif
