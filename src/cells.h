/* Sufficient statistics of the cells (layout in likelihood.h). */
#ifndef COVARY_CELLS_H
#define COVARY_CELLS_H

/* Fills cells ((1 + k + k(k+1)/2) x m) from n rows: id in 1..m, y n x k, weights n.
 * Rows of weight zero do not count. Means come before the scatter, so that no large sums are
 * subtracted. work: k doubles */
void cells_fill(int n, int k, int m, const int *id, const double *y, const double *weights,
                double *cells, double *work);

/* cells <- cells of the rows of both; work: k doubles */
void cells_merge(int k, int m, double *cells, const double *other, double *work);

#endif
