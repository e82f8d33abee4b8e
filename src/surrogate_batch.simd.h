/* Vector code of surrogate_batch.c: factors of B = I + D A D (mathematics vignette, eq. 12) by
 * panels of three rows (surrogate_batch.h), SIMD_WIDTH of them at once. With `own`, a constant
 * wherever these are called, `a` has lanes. */
#include "simd_math.simd.h"
#include "surrogate_batch.h"
#include <math.h>

#define TILE(f) f(0, 0) f(1, 0) f(2, 0) f(0, 1) f(1, 1) f(2, 1) f(0, 2) f(1, 2) f(2, 2)
#define LOWER(f) f(0, 0) f(1, 0) f(2, 0) f(1, 1) f(2, 1) f(2, 2)
#define ENTRY(e) (own ? SIMD_LOAD(a + SIMD_WIDTH * (e)) : SIMD_SET(a[e]))
#define START(r, c)                                                                                \
    SIMD_VEC x##r##c =                                                                             \
        ENTRY(3 * c + r) * (SIMD_LOAD(si + SIMD_WIDTH * r) * SIMD_LOAD(sj + SIMD_WIDTH * c));
#define STEP(r, c) x##r##c -= i##r * j##c;
#define KEEP(r, c) SIMD_STORE(to + SIMD_WIDTH * (3 * c + r), x##r##c);
#define OVER(r)                                                                                    \
    x##r##0 = x##r##0 * v0;                                                                        \
    x##r##1 = (x##r##1 - x##r##0 * l10) * v1;                                                      \
    x##r##2 = (x##r##2 - x##r##0 * l20 - x##r##1 * l21) * v2;

/* Three columns of three rows below the diagonal: the rows li and lj before them are factored. */
SIMD_INLINE void SIMD_NAME(tile_below)(int own, int depth, const double *a, const double *si,
                                       const double *sj, double *li, const double *lj,
                                       const double *inverse)
{
    TILE(START)
    double *to = li + 3L * SIMD_WIDTH * depth;
    const double *d = lj + 3L * SIMD_WIDTH * depth;
    for (; li < to; li += 3 * SIMD_WIDTH, lj += 3 * SIMD_WIDTH) {
        SIMD_VEC i0 = SIMD_LOAD(li), i1 = SIMD_LOAD(li + SIMD_WIDTH),
                 i2 = SIMD_LOAD(li + 2 * SIMD_WIDTH);
        SIMD_VEC j0 = SIMD_LOAD(lj), j1 = SIMD_LOAD(lj + SIMD_WIDTH),
                 j2 = SIMD_LOAD(lj + 2 * SIMD_WIDTH);
        TILE(STEP)
    }
    SIMD_VEC l10 = SIMD_LOAD(d + SIMD_WIDTH), l20 = SIMD_LOAD(d + 2 * SIMD_WIDTH),
             l21 = SIMD_LOAD(d + 5 * SIMD_WIDTH);
    SIMD_VEC v0 = SIMD_LOAD(inverse), v1 = SIMD_LOAD(inverse + SIMD_WIDTH),
             v2 = SIMD_LOAD(inverse + 2 * SIMD_WIDTH);
    OVER(0) OVER(1) OVER(2) TILE(KEEP)
}

SIMD_INLINE void SIMD_NAME(tile_diagonal)(int own, int depth, const double *a, const double *si,
                                          double *li, double *inverse)
{
    const double *sj = si;
    LOWER(START)
    double *to = li + 3L * SIMD_WIDTH * depth;
    for (; li < to; li += 3 * SIMD_WIDTH) {
        SIMD_VEC i0 = SIMD_LOAD(li), i1 = SIMD_LOAD(li + SIMD_WIDTH),
                 i2 = SIMD_LOAD(li + 2 * SIMD_WIDTH), j0 = i0, j1 = i1, j2 = i2;
        LOWER(STEP)
    }
    x00 = SIMD_NAME(root_or_nan)(1.0 + x00);
    SIMD_VEC v0 = 1.0 / x00;
    x10 *= v0;
    x20 *= v0;
    x11 = SIMD_NAME(root_or_nan)(1.0 + (x11 - x10 * x10));
    SIMD_VEC v1 = 1.0 / x11;
    x21 = (x21 - x20 * x10) * v1;
    x22 = SIMD_NAME(root_or_nan)(1.0 + (x22 - x20 * x20 - x21 * x21));
    SIMD_STORE(inverse, v0);
    SIMD_STORE(inverse + SIMD_WIDTH, v1);
    SIMD_STORE(inverse + 2 * SIMD_WIDTH, 1.0 / x22);
    LOWER(KEEP)
}

/* Column panels in blocks, which stay in cache while the row panels go by. */
SIMD_INLINE void SIMD_NAME(factor_panels)(int own, int panels, const double *packed,
                                          const double *scale, double *chol, double *inverse)
{
    enum { block = 8 };
    int width = own ? SIMD_WIDTH : 1;
    for (int from = 0; from < panels; from += block)
        for (int i = from; i < panels; i++) {
            const double *a = packed + width * surrogate_panel_start(i),
                         *si = scale + 3L * SIMD_WIDTH * i;
            double *li = chol + SIMD_WIDTH * surrogate_panel_start(i);
            for (int j = from; j < i && j < from + block; j++) SIMD_NAME(tile_below)
            (own, 3 * j, a + 9 * width * j, si, scale + 3L * SIMD_WIDTH * j, li,
             chol + SIMD_WIDTH * surrogate_panel_start(j), inverse + 3L * SIMD_WIDTH * j);
            if (i < from + block) SIMD_NAME(tile_diagonal)
            (own, 3 * i, a + 9 * width * i, si, li, inverse + 3L * SIMD_WIDTH * i);
        }
}

static SIMD_FUNCTION void SIMD_NAME(factor_shared)(int panels, const double *packed,
                                                   const double *scale, double *chol,
                                                   double *inverse)
{
    SIMD_NAME(factor_panels)(0, panels, packed, scale, chol, inverse);
}

static SIMD_FUNCTION void SIMD_NAME(factor_own)(int panels, const double *packed,
                                                const double *scale, double *chol, double *inverse)
{
    SIMD_NAME(factor_panels)(1, panels, packed, scale, chol, inverse);
}

/* x <- L'^-1 x */
static SIMD_FUNCTION void SIMD_NAME(back_solve)(int panels, const double *chol,
                                                const double *inverse, double *x)
{
    for (int i = panels - 1; i >= 0; i--) {
        const double *l = chol + SIMD_WIDTH * surrogate_panel_start(i),
                     *d = l + 9L * SIMD_WIDTH * i;
        const double *v = inverse + 3L * SIMD_WIDTH * i;
        double *xi = x + 3L * SIMD_WIDTH * i;
        SIMD_VEC x2 = SIMD_LOAD(xi + 2 * SIMD_WIDTH) * SIMD_LOAD(v + 2 * SIMD_WIDTH);
        SIMD_VEC x1 = (SIMD_LOAD(xi + SIMD_WIDTH) - SIMD_LOAD(d + 5 * SIMD_WIDTH) * x2) *
                      SIMD_LOAD(v + SIMD_WIDTH);
        SIMD_VEC x0 =
            (SIMD_LOAD(xi) - SIMD_LOAD(d + SIMD_WIDTH) * x1 - SIMD_LOAD(d + 2 * SIMD_WIDTH) * x2) *
            SIMD_LOAD(v);
        SIMD_STORE(xi, x0);
        SIMD_STORE(xi + SIMD_WIDTH, x1);
        SIMD_STORE(xi + 2 * SIMD_WIDTH, x2);
        for (double *xk = x; xk < xi; xk += SIMD_WIDTH, l += 3 * SIMD_WIDTH)
            SIMD_STORE(xk, SIMD_LOAD(xk) - SIMD_LOAD(l) * x0 - SIMD_LOAD(l + SIMD_WIDTH) * x1 -
                               SIMD_LOAD(l + 2 * SIMD_WIDTH) * x2);
    }
}

#undef TILE
#undef LOWER
#undef ENTRY
#undef START
#undef STEP
#undef KEEP
#undef OVER
