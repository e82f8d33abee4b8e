/* One partition of rows added to a table of two covariates (simd.h). */
#include "simd_math.simd.h"
#include "moments_two_block.h"

static SIMD_FUNCTION void SIMD_NAME(add_two)(const struct moments_two *data, const int *slot,
                                             long from, long to, double *table)
{
    double s[MOMENTS_BLOCK * MOMENTS_MAX_PADDED], t[MOMENTS_BLOCK], u[MOMENTS_BLOCK];
    long cell_index[MOMENTS_BLOCK];
    int padded = moments_padded(data->rows.k);
    for (long i = from; i < to; i += MOMENTS_BLOCK) {
        int n = to - i < MOMENTS_BLOCK ? (int) (to - i) : MOMENTS_BLOCK;
        prepare(&data->rows, i, n, s);
        find_cells(data, slot, i, n, t, u, cell_index);
        for (int a = 0; a < n; a++) {
            if (cell_index[a] < 0) continue;
            double x[4] = {1, t[a], 2 * t[a] * t[a] - 1, t[a] * (4 * t[a] * t[a] - 3)};
            double z[4] = {1, u[a], 2 * u[a] * u[a] - 1, u[a] * (4 * u[a] * u[a] - 3)};
            double *cell = table + cell_index[a] * padded * MOMENTS_TWO;
            for (int j = 0; j < padded; j += SIMD_WIDTH) {
                SIMD_VEC v = SIMD_LOAD(s + padded * a + j);
                for (int e = 0; e < 4; e++) {
                    SIMD_VEC w = z[e] * v;
                    double *m = cell + 4 * padded * e + j;
                    SIMD_STORE(m, SIMD_LOAD(m) + w);
                    SIMD_STORE(m + padded, SIMD_LOAD(m + padded) + x[1] * w);
                    SIMD_STORE(m + 2 * padded, SIMD_LOAD(m + 2 * padded) + x[2] * w);
                    SIMD_STORE(m + 3 * padded, SIMD_LOAD(m + 3 * padded) + x[3] * w);
                }
            }
        }
    }
}
