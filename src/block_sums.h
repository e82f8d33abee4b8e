/* Products of rows of SUM_LENGTH numbers, the loops under every evaluation of the regression.
 * `rows` is a matrix of count rows; `level` as in simd.h. */
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
