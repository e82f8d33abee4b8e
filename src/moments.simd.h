/* One partition of rows added to a table in the order of moments_at() (simd.h). */
#include "simd_math.simd.h"
#include "moments_block.h"

/* Adds a block of prepared rows: s (MOMENTS_BLOCK x padded), t, offset (offset of the cell in
 * the table, negative to skip). */
SIMD_INLINE void SIMD_NAME(add_block)(const double *s, const double *t, const long *offset, int n,
                                      int padded, int used, double *table)
{
    for (int i = 0; i < n; i++) {
        if (__builtin_expect(offset[i] < 0, 0)) continue;
        double t1 = t[i], t2 = 2 * t1 * t1 - 1, t3 = t1 * (4 * t1 * t1 - 3);
        SIMD_VEC v1 = SIMD_SET(t1), v2 = SIMD_SET(t2), v3 = SIMD_SET(t3);
        double *cell = table + offset[i];
        const double *row = s + padded * i;
        for (int j = 0; j < used; j += SIMD_WIDTH) {
            SIMD_VEC v = SIMD_LOAD(row + j);
            double *m = cell + j;
            SIMD_STORE(m, SIMD_LOAD(m) + v);
            SIMD_STORE(m + padded, SIMD_LOAD(m + padded) + v1 * v);
            SIMD_STORE(m + 2 * padded, SIMD_LOAD(m + 2 * padded) + v2 * v);
            SIMD_STORE(m + 3 * padded, SIMD_LOAD(m + 3 * padded) + v3 * v);
        }
    }
}

/* t and offsets of a block; 0 if some value is not finite or outside the grid. */
static inline SIMD_FUNCTION int SIMD_NAME(find_finite_cells)(const struct moments_rows *rows,
                                                             const struct moments_grid *grid,
                                                             long from, int n, double *t,
                                                             long *offset)
{
    const double *x = rows->x + from, *w = rows->weights ? rows->weights + from : 0;
    long cell = cell_size(rows->k);
    SIMD_VEC bad = SIMD_SET(0.0);
    SIMD_IVEC out = (SIMD_IVEC){0};
    int i = 0;
    for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) {
        SIMD_VEC xi = SIMD_LOAD(x + i), u = xi * grid->inverse_width - grid->first;
        out |= (SIMD_IVEC) (u < 0.0) | (SIMD_IVEC) (u >= (double) grid->count);
        bad += xi - xi;
        for (int j = 0; j < rows->k; j++) {
            SIMD_VEC y = SIMD_LOAD(rows->y[j] + from + i);
            bad += y - y;
        }
        if (w) bad += SIMD_LOAD(w + i) - SIMD_LOAD(w + i);
        SIMD_IVEC at;
        SIMD_STORE(t + i, 2.0 * (u - SIMD_NAME(floor)(u, &at)) - 1.0);
        for (int l = 0; l < SIMD_WIDTH; l++) offset[i + l] = cell * (long) SIMD_LANE(at, l);
    }
    for (; i < n; i++) {
        double u = x[i] * grid->inverse_width - grid->first;
        if (!(u >= 0 && u < grid->count)) return 0;
        long c = (long) u;
        t[i] = 2 * (u - (double) c) - 1;
        offset[i] = cell * c;
        SIMD_LANE(bad, 0) += x[i] - x[i];
        for (int j = 0; j < rows->k; j++) {
            double y = rows->y[j][from + i];
            SIMD_LANE(bad, 0) += y - y;
        }
        if (w) SIMD_LANE(bad, 0) += w[i] - w[i];
    }
    if (rows->group)
        for (i = 0; i < n; i++) offset[i] += cell * grid->count * (rows->group[from + i] - 1);
    for (int l = 0; l < SIMD_WIDTH; l++)
        if (SIMD_LANE(out, l) || !(SIMD_LANE(bad, l) == 0)) return 0;
    return 1;
}

/* Two responses, SIMD_WIDTH rows from `i` of the block on: four statistics by degree, then the
 * degrees of the others. */
SIMD_INLINE void SIMD_NAME(add_two)(const struct moments_rows *rows, long from, int i,
                                    const double *t, const long *offset, double *table)
{
    SIMD_VEC z1 = (SIMD_LOAD(rows->y[0] + from + i) - rows->centre[0]) * (1 / rows->scale[0]);
    SIMD_VEC z2 = (SIMD_LOAD(rows->y[1] + from + i) - rows->centre[1]) * (1 / rows->scale[1]);
    SIMD_VEC w = rows->weights ? SIMD_LOAD(rows->weights + from + i) : SIMD_SET(1.0), w1 = w * z1,
             w2 = w * z2;
    SIMD_VEC t1 = SIMD_LOAD(t + i), t2 = 2.0 * t1 * t1 - 1.0, t3 = t1 * (4.0 * t1 * t1 - 3.0);
    SIMD_VEC four[4] = {w, w1, w2, w1 * z1}, degrees[4] = {SIMD_SET(1.0), t1, t2, t3};
    SIMD_VEC s[SIMD_WIDTH][SIMD_ROW_VECTORS], degree[SIMD_WIDTH][SIMD_ROW_VECTORS];
    double more[2][SIMD_WIDTH], power[2][SIMD_WIDTH];
    SIMD_NAME(by_row)(four, s);
    SIMD_NAME(by_row)(degrees, degree);
    SIMD_STORE(more[0], w1 * z2);
    SIMD_STORE(more[1], w2 * z2);
    SIMD_STORE(power[0], t2);
    SIMD_STORE(power[1], t3);
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) {
        if (__builtin_expect(offset[i + l] < 0, 0)) continue;
        SIMD_UNROLL
        for (int h = 0; h < SIMD_ROW_VECTORS; h++) {
            double *m = table + offset[i + l] + SIMD_WIDTH * h;
            SIMD_STORE(m, SIMD_LOAD(m) + s[l][h]);
            SIMD_STORE(m + 4, SIMD_LOAD(m + 4) + t[i + l] * s[l][h]);
            SIMD_STORE(m + 8, SIMD_LOAD(m + 8) + power[0][l] * s[l][h]);
            SIMD_STORE(m + 12, SIMD_LOAD(m + 12) + power[1][l] * s[l][h]);
            SIMD_STORE(m + 16, SIMD_LOAD(m + 16) + more[0][l] * degree[l][h]);
            SIMD_STORE(m + 20, SIMD_LOAD(m + 20) + more[1][l] * degree[l][h]);
        }
    }
}

static SIMD_FUNCTION void SIMD_NAME(add_rows)(const struct moments_rows *rows,
                                              const struct moments_grid *grid, long from, long to,
                                              double *table, struct moments_counts *counts)
{
    double s[MOMENTS_BLOCK * MOMENTS_MAX_PADDED], t[MOMENTS_BLOCK];
    long offset[MOMENTS_BLOCK];
    int padded = moments_padded(rows->k);
    for (long i = from; i < to; i += MOMENTS_BLOCK) {
        int n = to - i < MOMENTS_BLOCK ? (int) (to - i) : MOMENTS_BLOCK, done = 0;
        if (!SIMD_NAME(find_finite_cells)(rows, grid, i, n, t, offset))
            find_cells(rows, grid, i, n, t, offset, counts);
        if (rows->k == 1) {
            prepare_one(rows, i, n, s);
            SIMD_NAME(add_block)(s, t, offset, n, 4, 3, table);
        } else if (rows->k == 2) {
            for (; done + SIMD_WIDTH <= n; done += SIMD_WIDTH)
                SIMD_NAME(add_two)(rows, i, done, t, offset, table);
            add_some(rows, i + done, n - done, t + done, offset + done, table);
        } else {
            prepare_many(rows, i, n, s);
            SIMD_NAME(add_block)(s, t, offset, n, padded, padded, table);
        }
    }
}
