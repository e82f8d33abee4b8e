/* Dense linear algebra under mathematical names; the only room that sees BLAS and LAPACK.
 * Matrices are n x n, column-major; factors are lower triangular. */
#ifndef COVARY_LINALG_H
#define COVARY_LINALG_H

/* a <- L with a = L L'; the upper triangle is left alone. 0 if a is positive definite. */
int cholesky(double *a, int n);
void solve_lower(const double *l, int n, double *x);            /* x <- L^-1 x  */
void solve_lower_transposed(const double *l, int n, double *x); /* x <- L'^-1 x */
void invert_from_cholesky(double *l, int n);                    /* lower triangle of (L L')^-1 */
double log_diagonal_sum(const double *l, int n);

#endif
