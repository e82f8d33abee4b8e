/* One stripe of rows added to a table; included once a vector width (simd_width.h). */

/* Adds a block of prepared rows: s (MOMENTS_BLOCK x padded), t, place (offset of the cell in
 * the table, negative to skip). */
INLINE void SIMD_NAME(add_block)(const double *s, const double *t, const long *place, int n, int padded, int used,
                                 double *table)
{
    for (int i = 0; i < n; i++) {
        if (__builtin_expect(place[i] < 0, 0)) continue;
        double t1 = t[i], t2 = 2 * t1 * t1 - 1, t3 = t1 * (4 * t1 * t1 - 3);
        VEC v1 = ALL(t1), v2 = ALL(t2), v3 = ALL(t3);
        double *cell = table + place[i];
        const double *row = s + padded * i;
        for (int j = 0; j < used; j += SIMD_WIDTH) {
            VEC v = LOAD(row + j);
            double *m = cell + j;
            STORE(m, LOAD(m) + v);
            STORE(m + padded, LOAD(m + padded) + v1 * v);
            STORE(m + 2 * padded, LOAD(m + 2 * padded) + v2 * v);
            STORE(m + 3 * padded, LOAD(m + 3 * padded) + v3 * v);
        }
    }
}

/* t and places of a block; 0 if some value is not finite or outside the grid. */
static inline SIMD_FUNCTION int SIMD_NAME(places)(const struct moments_rows *rows,
                                                   const struct moments_grid *grid, long from, int n,
                                                   double *t, long *place)
{
    const double *x = rows->x + from, *w = rows->weights ? rows->weights + from : 0;
    long cell = (long) moments_padded(rows->k) * MOMENTS_DEGREES;
    VEC bad = ALL(0.0);
    IVEC out = (IVEC) {0};
    int i = 0;
    for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) {
        VEC xi = LOAD(x + i), u = xi * grid->inverse - grid->first;
        out |= (IVEC) (u < 0.0) | (IVEC) (u >= (double) grid->count);
        bad += xi - xi;
        for (int j = 0; j < rows->k; j++) {
            VEC y = LOAD(rows->y[j] + from + i);
            bad += y - y;
        }
        if (w) bad += LOAD(w + i) - LOAD(w + i);
        IVEC at;
        STORE(t + i, 2.0 * (u - SIMD_NAME(whole)(u, &at)) - 1.0);
        for (int l = 0; l < SIMD_WIDTH; l++) place[i + l] = cell * (long) at[l];
    }
    for (; i < n; i++) {
        double u = x[i] * grid->inverse - grid->first;
        if (!(u >= 0 && u < grid->count)) return 0;
        long c = (long) u;
        t[i] = 2 * (u - (double) c) - 1;
        place[i] = cell * c;
        bad[0] += x[i] - x[i];
        for (int j = 0; j < rows->k; j++) {
            double y = rows->y[j][from + i];
            bad[0] += y - y;
        }
        if (w) bad[0] += w[i] - w[i];
    }
    if (rows->group)
        for (i = 0; i < n; i++) place[i] += cell * grid->count * (rows->group[from + i] - 1);
    for (int l = 0; l < SIMD_WIDTH; l++)
        if (out[l] || !(bad[l] == 0)) return 0;
    return 1;
}

static SIMD_FUNCTION void SIMD_NAME(add_rows)(const struct moments_rows *rows,
                                               const struct moments_grid *grid, long from, long to,
                                               double *table, struct moments_counts *counts)
{
    double s[MOMENTS_BLOCK * MOMENTS_MAX_PADDED], t[MOMENTS_BLOCK];
    long place[MOMENTS_BLOCK];
    int padded = moments_padded(rows->k);
    for (long i = from; i < to; i += MOMENTS_BLOCK) {
        int n = to - i < MOMENTS_BLOCK ? (int) (to - i) : MOMENTS_BLOCK;
        if (!SIMD_NAME(places)(rows, grid, i, n, t, place)) prepare_places(rows, grid, i, n, t, place, counts);
        if (rows->k == 1) {
            prepare_one(rows, i, n, s);
            SIMD_NAME(add_block)(s, t, place, n, 4, 3, table);
        } else if (rows->k == 2) {
            prepare_two(rows, i, n, s);
            SIMD_NAME(add_block)(s, t, place, n, 8, 6, table);
        } else {
            prepare_many(rows, i, n, s);
            SIMD_NAME(add_block)(s, t, place, n, padded, padded, table);
        }
    }
}
