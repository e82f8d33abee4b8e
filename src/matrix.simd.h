/* Vector code of matrix.c; included once a vector width (simd_ops.simd.h). */
#include "simd_ops.simd.h"

#define TILE_COLUMN(j) SIMD_VEC low##j = {0}, high##j = {0};
#define TILE_STEP(j)                                                                               \
    {                                                                                              \
        SIMD_VEC x = SIMD_SET(b[j]);                                                               \
        low##j += low * x;                                                                         \
        high##j += high * x;                                                                       \
    }
#define TILE_STORE(j)                                                                              \
    {                                                                                              \
        double *to = c + ldc * j;                                                                  \
        SIMD_STORE(to, SIMD_LOAD(to) + sign * low##j);                                             \
        SIMD_STORE(to + SIMD_WIDTH, SIMD_LOAD(to + SIMD_WIDTH) + sign * high##j);                  \
    }

/* c += sign * a b' for a packed panel of 2 SIMD_WIDTH rows and one of 6 columns: twelve sums
 * fill the registers. */
static SIMD_FUNCTION void SIMD_NAME(tile)(int k, const double *a, const double *b, double s,
                                          double *c, long ldc)
{
    TILE_COLUMN(0)
    TILE_COLUMN(1)
    TILE_COLUMN(2)
    TILE_COLUMN(3) TILE_COLUMN(4)
        TILE_COLUMN(5) for (int l = 0; l < k; l++, a += 2 * SIMD_WIDTH, b += 6)
    {
        SIMD_VEC low = SIMD_LOAD(a), high = SIMD_LOAD(a + SIMD_WIDTH);
        TILE_STEP(0) TILE_STEP(1) TILE_STEP(2) TILE_STEP(3) TILE_STEP(4) TILE_STEP(5)
    }
    SIMD_VEC sign = SIMD_SET(s);
    TILE_STORE(0) TILE_STORE(1) TILE_STORE(2) TILE_STORE(3) TILE_STORE(4) TILE_STORE(5)
}

#undef TILE_COLUMN
#undef TILE_STEP
#undef TILE_STORE

static SIMD_FUNCTION void SIMD_NAME(blocks)(enum matrix_part part, int m, int n, int k, double sign,
                                            struct strided a, struct strided b, double *c, long ldc)
{
    enum { rows = 2 * SIMD_WIDTH, columns = 6 };
    double pa[BLOCK_ROWS * BLOCK_DEPTH], pb[BLOCK_COLUMNS * BLOCK_DEPTH], edge[rows * columns];
    for (int l = 0; l < k; l += BLOCK_DEPTH) {
        int depth = smaller(k - l, BLOCK_DEPTH);
        for (int j = 0; j < n; j += BLOCK_COLUMNS) {
            int wide = smaller(n - j, BLOCK_COLUMNS);
            pack(pb, columns, b, j, wide, l, depth);
            for (int i = part == MATRIX_LOWER ? j / rows * rows : 0; i < m; i += BLOCK_ROWS) {
                int high = smaller(m - i, BLOCK_ROWS);
                pack(pa, rows, a, i, high, l, depth);
                for (int jj = 0; jj < wide; jj += columns)
                    for (int ii = 0; ii < high; ii += rows) {
                        if (part == MATRIX_LOWER && i + ii + rows <= j + jj) continue;
                        double *to = c + i + ii + ldc * (j + jj);
                        if (ii + rows <= high && jj + columns <= wide) {
                            SIMD_NAME(tile)(depth, pa + ii * depth, pb + jj * depth, sign, to, ldc);
                            continue;
                        }
                        memset(edge, 0, sizeof edge);
                        SIMD_NAME(tile)(depth, pa + ii * depth, pb + jj * depth, sign, edge, rows);
                        for (int q = 0; q < columns && jj + q < wide; q++)
                            for (int p = 0; p < rows && ii + p < high; p++)
                                to[p + ldc * q] += edge[p + rows * q];
                    }
            }
        }
    }
}

static SIMD_FUNCTION void SIMD_NAME(solve)(int m, int n, const double *l, long ldl, double *x,
                                           long ldx)
{
    int done = m / (2 * SIMD_WIDTH) * (2 * SIMD_WIDTH);
    for (int i = 0; i < done; i += 2 * SIMD_WIDTH)
        for (int j = 0; j < n; j++) {
            double *to = x + i + ldx * j;
            SIMD_VEC low = SIMD_LOAD(to), high = SIMD_LOAD(to + SIMD_WIDTH);
            for (int p = 0; p < j; p++) {
                SIMD_VEC w = SIMD_SET(l[j + ldl * p]);
                low -= w * SIMD_LOAD(x + i + ldx * p);
                high -= w * SIMD_LOAD(x + i + SIMD_WIDTH + ldx * p);
            }
            SIMD_VEC inverse = SIMD_SET(1 / l[j + ldl * j]);
            SIMD_STORE(to, low * inverse);
            SIMD_STORE(to + SIMD_WIDTH, high * inverse);
        }
    solve_plain(m - done, n, l, ldl, x + done, ldx);
}
