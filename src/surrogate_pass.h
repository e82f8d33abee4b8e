/* Vector code of surrogate_batch.c; included once a vector width (simd_each.h). */

#define TILE(f) f(0, 0) f(1, 0) f(2, 0) f(0, 1) f(1, 1) f(2, 1) f(0, 2) f(1, 2) f(2, 2)
#define LOWER(f) f(0, 0) f(1, 0) f(2, 0) f(1, 1) f(2, 1) f(2, 2)
#define START(r, c)                                                                                \
    VEC x##r##c = a[3 * c + r] * (LOAD(si + SIMD_WIDTH * r) * LOAD(sj + SIMD_WIDTH * c));
#define STEP(r, c) x##r##c -= i##r * j##c;
#define KEEP(r, c) STORE(to + SIMD_WIDTH * (3 * c + r), x##r##c);
#define OVER(r)                                                                                    \
    x##r##0 = x##r##0 * v0;                                                                        \
    x##r##1 = (x##r##1 - x##r##0 * l10) * v1;                                                      \
    x##r##2 = (x##r##2 - x##r##0 * l20 - x##r##1 * l21) * v2;

/* Three columns of three rows below the diagonal: the rows li and lj before them are factored. */
static SIMD_FUNCTION void SIMD_NAME(tile_below)(int depth, const double *a, const double *si,
                                                const double *sj, double *li, const double *lj,
                                                const double *inverse)
{
    TILE(START)
    double *to = li + 3L * SIMD_WIDTH * depth;
    const double *d = lj + 3L * SIMD_WIDTH * depth;
    for (; li < to; li += 3 * SIMD_WIDTH, lj += 3 * SIMD_WIDTH) {
        VEC i0 = LOAD(li), i1 = LOAD(li + SIMD_WIDTH), i2 = LOAD(li + 2 * SIMD_WIDTH);
        VEC j0 = LOAD(lj), j1 = LOAD(lj + SIMD_WIDTH), j2 = LOAD(lj + 2 * SIMD_WIDTH);
        TILE(STEP)
    }
    VEC l10 = LOAD(d + SIMD_WIDTH), l20 = LOAD(d + 2 * SIMD_WIDTH), l21 = LOAD(d + 5 * SIMD_WIDTH);
    VEC v0 = LOAD(inverse), v1 = LOAD(inverse + SIMD_WIDTH), v2 = LOAD(inverse + 2 * SIMD_WIDTH);
    OVER(0) OVER(1) OVER(2) TILE(KEEP)
}

/* NaN where the pivot is not positive and finite. */
INLINE VEC SIMD_NAME(root_of)(VEC pivot)
{
    VEC root = pivot;
    for (int l = 0; l < SIMD_WIDTH; l++) {
        double p = LANE(pivot, l);
        LANE(root, l) = p > 0 && p < INFINITY ? sqrt(p) : NAN;
    }
    return root;
}

static SIMD_FUNCTION void SIMD_NAME(tile_diagonal)(int depth, const double *a, const double *si,
                                                   double *li, double *inverse)
{
    const double *sj = si;
    LOWER(START)
    double *to = li + 3L * SIMD_WIDTH * depth;
    for (; li < to; li += 3 * SIMD_WIDTH) {
        VEC i0 = LOAD(li), i1 = LOAD(li + SIMD_WIDTH), i2 = LOAD(li + 2 * SIMD_WIDTH), j0 = i0,
            j1 = i1, j2 = i2;
        LOWER(STEP)
    }
    x00 = SIMD_NAME(root_of)(1.0 + x00);
    VEC v0 = 1.0 / x00;
    x10 *= v0;
    x20 *= v0;
    x11 = SIMD_NAME(root_of)(1.0 + (x11 - x10 * x10));
    VEC v1 = 1.0 / x11;
    x21 = (x21 - x20 * x10) * v1;
    x22 = SIMD_NAME(root_of)(1.0 + (x22 - x20 * x20 - x21 * x21));
    STORE(inverse, v0);
    STORE(inverse + SIMD_WIDTH, v1);
    STORE(inverse + 2 * SIMD_WIDTH, 1.0 / x22);
    LOWER(KEEP)
}

/* Column panels in blocks, which stay in cache while the row panels go by. */
static SIMD_FUNCTION void SIMD_NAME(factor)(int panels, const double *packed, const double *scale,
                                            double *root, double *inverse)
{
    enum { block = 8 };
    for (int from = 0; from < panels; from += block)
        for (int i = from; i < panels; i++) {
            const double *a = packed + panel_start(i), *si = scale + 3L * SIMD_WIDTH * i;
            double *li = root + SIMD_WIDTH * panel_start(i);
            for (int j = from; j < i && j < from + block; j++)
                SIMD_NAME(tile_below)
                (3 * j, a + 9 * j, si, scale + 3L * SIMD_WIDTH * j, li,
                 root + SIMD_WIDTH * panel_start(j), inverse + 3L * SIMD_WIDTH * j);
            if (i < from + block)
                SIMD_NAME(tile_diagonal)(3 * i, a + 9 * i, si, li, inverse + 3L * SIMD_WIDTH * i);
        }
}

/* x <- L'^-1 x */
static SIMD_FUNCTION void SIMD_NAME(back_solve)(int panels, const double *root,
                                                const double *inverse, double *x)
{
    for (int i = panels - 1; i >= 0; i--) {
        const double *l = root + SIMD_WIDTH * panel_start(i), *d = l + 9L * SIMD_WIDTH * i;
        const double *v = inverse + 3L * SIMD_WIDTH * i;
        double *xi = x + 3L * SIMD_WIDTH * i;
        VEC x2 = LOAD(xi + 2 * SIMD_WIDTH) * LOAD(v + 2 * SIMD_WIDTH);
        VEC x1 = (LOAD(xi + SIMD_WIDTH) - LOAD(d + 5 * SIMD_WIDTH) * x2) * LOAD(v + SIMD_WIDTH);
        VEC x0 = (LOAD(xi) - LOAD(d + SIMD_WIDTH) * x1 - LOAD(d + 2 * SIMD_WIDTH) * x2) * LOAD(v);
        STORE(xi, x0);
        STORE(xi + SIMD_WIDTH, x1);
        STORE(xi + 2 * SIMD_WIDTH, x2);
        for (double *xk = x; xk < xi; xk += SIMD_WIDTH, l += 3 * SIMD_WIDTH)
            STORE(xk, LOAD(xk) - LOAD(l) * x0 - LOAD(l + SIMD_WIDTH) * x1 -
                          LOAD(l + 2 * SIMD_WIDTH) * x2);
    }
}

#undef TILE
#undef LOWER
#undef START
#undef STEP
#undef KEEP
#undef OVER
