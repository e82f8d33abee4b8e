/* Products of dense matrices, with vector instructions and in blocks that stay in cache.
 * R's reference BLAS is several times slower; here no library has to be chosen. */
#ifndef COVARY_MATRIX_H
#define COVARY_MATRIX_H

/* Element (i, j) is x[row * i + column * j]. */
struct strided {
    const double *x;
    long row, column;
};

enum matrix_part { MATRIX_ALL, MATRIX_LOWER };

/* c += sign * a b'; a: m x k, b: n x k, c: m x n with columns ldc apart. With MATRIX_LOWER only
 * the lower triangle of c is of use afterwards. `level`: the most of simd.h, for tests. */
void matrix_add_product_at(int level, enum matrix_part part, int m, int n, int k, double sign,
                           struct strided a, struct strided b, double *c, long ldc);
void matrix_add_product(enum matrix_part part, int m, int n, int k, double sign, struct strided a,
                        struct strided b, double *c, long ldc);

/* x <- x L'^-1 for x (m x n, columns ldx apart) and a small lower triangle L (n x n). */
void matrix_solve(int m, int n, const double *l, long ldl, double *x, long ldx);

#endif
