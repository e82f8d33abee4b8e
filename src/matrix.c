/* Panels of rows of a and of b are packed so that the inner loop reads memory in order (Goto and
 * van de Geijn 2008). Panels are padded with zeros at the edges. */
#include "matrix.h"
#include "simd.h"
#include <string.h>

#define BLOCK_DEPTH 192
#define BLOCK_ROWS 64
#define BLOCK_COLUMNS 96

static int smaller(int x, int y) { return x < y ? x : y; }

static void solve_plain(int m, int n, const double *l, long ldl, double *x, long ldx)
{
    for (int j = 0; j < n; j++) {
        for (int p = 0; p < j; p++)
            for (int i = 0; i < m; i++) x[i + ldx * j] -= l[j + ldl * p] * x[i + ldx * p];
        for (int i = 0; i < m; i++) x[i + ldx * j] /= l[j + ldl * j];
    }
}

#ifdef SIMD_HAS_WIDTH_2
/* Rows first .. first + n of a in panels of `width`, columns from .. from + depth. Memory of a is
 * read in its order. */
static void pack(double *out, int width, struct strided a, int first, int n, int from, int depth)
{
    for (int i = 0; i < n; i += width, out += (long) width * depth) {
        int rows = smaller(width, n - i);
        const double *x = a.x + a.row * (first + i) + a.column * from;
        if (rows < width) memset(out, 0, sizeof(double) * width * depth);
        if (a.row == 1)
            for (int l = 0; l < depth; l++)
                for (int p = 0; p < rows; p++) out[p + width * l] = x[p + a.column * l];
        else
            for (int p = 0; p < rows; p++)
                for (int l = 0; l < depth; l++) out[p + width * l] = x[a.row * p + a.column * l];
    }
}
#endif

#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "matrix.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "matrix.simd.h"
#undef SIMD_WIDTH
#endif

static void blocks_plain(enum matrix_part part, int m, int n, int k, double sign, struct strided a,
                         struct strided b, double *c, long ldc)
{
    for (int l = 0; l < k; l++)
        for (int j = 0; j < n; j++) {
            double w = sign * b.x[b.row * j + b.column * l];
            for (int i = part == MATRIX_LOWER ? j : 0; i < m; i++)
                c[i + ldc * j] += w * a.x[a.row * i + a.column * l];
        }
}

void matrix_add_product_at(int level, enum matrix_part part, int m, int n, int k, double sign,
                           struct strided a, struct strided b, double *c, long ldc)
{
    SIMD_CALL(simd_level(level), blocks, (part, m, n, k, sign, a, b, c, ldc));
}

void matrix_add_product(enum matrix_part part, int m, int n, int k, double sign, struct strided a,
                        struct strided b, double *c, long ldc)
{
    matrix_add_product_at(SIMD_AVX2, part, m, n, k, sign, a, b, c, ldc);
}

void matrix_solve(int m, int n, const double *l, long ldl, double *x, long ldx)
{
    SIMD_CALL(simd_level(SIMD_AVX2), solve, (m, n, l, ldl, x, ldx));
}
