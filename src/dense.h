/* Dense linear algebra: R's BLAS and LAPACK under the names of mathematics. dense.c alone includes
 * their headers.
 *
 * Matrices are stored by columns. L is a lower triangle: the other half of its n x n numbers is not
 * read. Nothing here may be called from several threads at once: a BLAS has threads of its own. */
#ifndef COVARY_DENSE_H
#define COVARY_DENSE_H

/* a <- L with a = L L', read from the lower triangle of a. Not 0 where a is not positive definite
 * or not finite. */
int dense_cholesky(int n, double *a);
double dense_log_diagonal(int n, const double *l); /* sum of log L_ii */

/* x <- L^-1 x and x <- L'^-1 x, x: n x columns */
void dense_solve_lower(int n, const double *l, int columns, double *x);
void dense_solve_lower_transposed(int n, const double *l, int columns, double *x);

/* l <- (L L')^-1, both halves of it */
void dense_invert_cholesky(int n, double *l);
void dense_mirror_lower(int n, double *a); /* upper triangle <- lower */

/* Eigenvectors of the symmetric a of this lower triangle, in its place, and their n values,
 * ascending. work: 3 n doubles. Not 0 where they are not found. */
int dense_eigen(int n, double *a, double *values, double *work);

/* lower triangle of c += a a', a: n x k */
void dense_add_cross_product(int n, int k, const double *a, double *c);
/* y <- a x for the symmetric a of this lower triangle (n x n) */
void dense_symmetric_times(int n, const double *a, const double *x, double *y);

#endif
