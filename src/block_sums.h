/* Products of rows of SUM_LENGTH numbers, the loops under every evaluation of the regression.
 * `rows` is a matrix of count rows; `level` as in simd.h.
 *
 * BLAS has no X' W X with weights of either sign, nor skips columns that are zero in a block.
 * Scaled copies of X and dgemm in place of sum_dots() took 9 to 10 times as long for a Hessian of 5
 * x 30 to 5 x 120 coefficients with the reference BLAS, and 1.2 to 0.7 times with OpenBLAS. */
#ifndef COVARY_BLOCK_SUMS_H
#define COVARY_BLOCK_SUMS_H

#define SUM_LENGTH 32 /* eight of the widest vectors: as many sums as registers hold */

/* out += sum_a c[a] rows[a]; zeros in c are free (smooths by factor, random effects) */
void sum_combined(const double *c, const double *rows, int count, double *out, int level);
/* out += (sum_a c[a] rows[a]) * by */
void sum_combined_by(const double *c, const double *rows, int count, const double *by, double *out,
                     int level);
/* out[a] += sum over the row of u v rows[a] */
void sum_dots(const double *u, const double *v, const double *rows, int count, double *out,
              int level);

#endif
