/* Sufficient statistics of cells, rows with equal covariates (mathematics vignette, eq. 3; layout
 * in likelihood_normal.h): weight, means, Cholesky factor of the scatter. */
#ifndef COVARY_CELLS_H
#define COVARY_CELLS_H

/* Statistics of a cell of k responses: weight, k means, a triangle of k (k + 1) / 2 */
static inline int cells_size(int k) { return 1 + k + k * (k + 1) / 2; }

/* Fills cells (cells_size(k) x m) from n rows: id in 1..m, y n x k, weights n.
 * Rows of weight zero do not count. Means come before the scatter, so that no large sums are
 * subtracted. work: k doubles */
void cells_fill(int n, int k, int m, const int *id, const double *y, const double *weights,
                double *cells, double *work);

/* cells <- cells of the rows of both; work: k doubles */
void cells_merge(int k, int m, double *cells, const double *other, double *work);

#endif
