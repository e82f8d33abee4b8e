/* Vector code of surrogate_levels.c: SIMD_WIDTH points at once. */
#include "simd_math.simd.h"
#include "surrogate_arrow.h"
#include <math.h>

#ifndef LEVELS_BLOCK
#define LEVELS_BLOCK 8 /* entries: as many sums as registers hold */
#endif

/* out (`blocks` of LEVELS_BLOCK entries, lanes fastest) <- sums of the terms. Their coefficients
 * are by blocks of entries, with `room` terms for each. */
static SIMD_FUNCTION void SIMD_NAME(combine)(int blocks, int terms, long room,
                                             const double *coefficients, const double *basis,
                                             double *out)
{
    for (int e = 0; e < blocks; e++) {
        const double *c = coefficients + LEVELS_BLOCK * room * e;
        SIMD_VEC sum[LEVELS_BLOCK];
        SIMD_UNROLL
        for (int i = 0; i < LEVELS_BLOCK; i++) sum[i] = SIMD_SET(0.0);
        for (int t = 0; t < terms; t++, c += LEVELS_BLOCK) {
            SIMD_VEC by = SIMD_LOAD(basis + SIMD_WIDTH * t);
            SIMD_UNROLL
            for (int i = 0; i < LEVELS_BLOCK; i++) sum[i] += by * c[i];
        }
        SIMD_UNROLL
        for (int i = 0; i < LEVELS_BLOCK; i++) SIMD_STORE(out + SIMD_WIDTH * i, sum[i]);
        out += SIMD_WIDTH * LEVELS_BLOCK;
    }
}

/* l (n x n, lanes fastest) <- factor of I + D A D for a level, whose diagonal is inverted; its
 * product of pivots. */
SIMD_INLINE SIMD_VEC SIMD_NAME(factor_level)(int n, const double *a, const double *scale, double *l)
{
    SIMD_VEC product = SIMD_SET(1.0);
    for (int k = 0; k < n; k++) {
        SIMD_VEC own = SIMD_LOAD(scale + SIMD_WIDTH * k), inverse = SIMD_SET(0.0);
        for (int i = k; i < n; i++) {
            SIMD_VEC x = a[i + n * k] * (SIMD_LOAD(scale + SIMD_WIDTH * i) * own);
            for (int j = 0; j < k; j++)
                x -= SIMD_LOAD(l + SIMD_WIDTH * (i + n * j)) *
                     SIMD_LOAD(l + SIMD_WIDTH * (k + n * j));
            if (i == k) {
                x = SIMD_NAME(root_or_nan)(1.0 + x);
                product *= x;
                x = inverse = 1.0 / x;
            } else {
                x *= inverse;
            }
            SIMD_STORE(l + SIMD_WIDTH * (i + n * k), x);
        }
    }
    return product;
}

/* x <- L^-1 x */
SIMD_INLINE void SIMD_NAME(solve_level)(int n, const double *l, double *x)
{
    for (int k = 0; k < n; k++) {
        SIMD_VEC sum = SIMD_LOAD(x + SIMD_WIDTH * k);
        for (int j = 0; j < k; j++)
            sum -= SIMD_LOAD(l + SIMD_WIDTH * (k + n * j)) * SIMD_LOAD(x + SIMD_WIDTH * j);
        SIMD_STORE(x + SIMD_WIDTH * k, sum * SIMD_LOAD(l + SIMD_WIDTH * (k + n * k)));
    }
}

/* log_pivots, square (lanes): sums over the levels of log pivots and of |L^-1 D b|^2. work: n
 * (n + 1) vectors */
static SIMD_FUNCTION void SIMD_NAME(sum_levels)(const struct surrogate_arrow *s,
                                                const double *scale, double *work,
                                                double *log_pivots, double *square)
{
    int n = s->a.shape->size;
    const double *b = s->b + s->a.shape->head;
    double *x = work + SIMD_WIDTH * n * n;
    SIMD_VEC squares = SIMD_SET(0.0);
    for (int l = 0; l < SIMD_WIDTH; l++) log_pivots[l] = 0;
    for (long level = 0; level < s->a.shape->levels; level++) {
        SIMD_VEC product = SIMD_NAME(factor_level)(n, s->a.block + n * n * level, scale, work);
        for (int l = 0; l < SIMD_WIDTH; l++) log_pivots[l] += log(SIMD_LANE(product, l));
        for (int k = 0; k < n; k++)
            SIMD_STORE(x + SIMD_WIDTH * k, SIMD_LOAD(scale + SIMD_WIDTH * k) * b[k + n * level]);
        SIMD_NAME(solve_level)(n, work, x);
        for (int k = 0; k < n; k++)
            squares += SIMD_LOAD(x + SIMD_WIDTH * k) * SIMD_LOAD(x + SIMD_WIDTH * k);
    }
    SIMD_STORE(square, squares);
}

/* sum_i c[i] x[i] */
SIMD_INLINE SIMD_VEC SIMD_NAME(product_with)(int h, const double *c, const double *x)
{
    SIMD_VEC sum[4] = {SIMD_SET(0.0), SIMD_SET(0.0), SIMD_SET(0.0), SIMD_SET(0.0)};
    int i = 0;
    for (; i + 4 <= h; i += 4) {
        SIMD_UNROLL
        for (int j = 0; j < 4; j++) sum[j] += c[i + j] * SIMD_LOAD(x + SIMD_WIDTH * (i + j));
    }
    for (; i < h; i++) sum[0] += c[i] * SIMD_LOAD(x + SIMD_WIDTH * i);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* x (d, lanes fastest): beta of the head, and noise z of the levels, which becomes
 * beta_l = D L^-T (z + L^-1 D (b_l - C_l' beta_h)). work as of sum_levels(). */
static SIMD_FUNCTION void SIMD_NAME(draw_levels)(const struct surrogate_arrow *s,
                                                 const double *scale, double *work, double *x)
{
    int n = s->a.shape->size, h = s->a.shape->head;
    double *mean = work + SIMD_WIDTH * n * n;
    for (long level = 0; level < s->a.shape->levels; level++) {
        const double *b = s->b + h + n * level, *border = s->a.border + (long) h * n * level;
        double *own = x + SIMD_WIDTH * (h + n * level);
        SIMD_NAME(factor_level)(n, s->a.block + n * n * level, scale, work);
        for (int k = 0; k < n; k++)
            SIMD_STORE(mean + SIMD_WIDTH * k,
                       SIMD_LOAD(scale + SIMD_WIDTH * k) *
                           (b[k] - SIMD_NAME(product_with)(h, border + (long) h * k, x)));
        SIMD_NAME(solve_level)(n, work, mean);
        for (int k = n - 1; k >= 0; k--) {
            SIMD_VEC sum = SIMD_LOAD(own + SIMD_WIDTH * k) + SIMD_LOAD(mean + SIMD_WIDTH * k);
            for (int j = k + 1; j < n; j++)
                sum -=
                    SIMD_LOAD(work + SIMD_WIDTH * (j + n * k)) * SIMD_LOAD(mean + SIMD_WIDTH * j);
            sum *= SIMD_LOAD(work + SIMD_WIDTH * (k + n * k));
            SIMD_STORE(mean + SIMD_WIDTH * k, sum);
            SIMD_STORE(own + SIMD_WIDTH * k, sum * SIMD_LOAD(scale + SIMD_WIDTH * k));
        }
    }
}
