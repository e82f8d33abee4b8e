/* The products of block_sums.h (simd.h): eight vectors of sums are kept in registers. */
#include "simd_math.simd.h"
#include "block_sums.h"

#define STRIP (8 * SIMD_WIDTH)
#define EACH(f) f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7)
#define AT(p, i) SIMD_LOAD((p) + SIMD_WIDTH * (i))

#define START(i) SIMD_VEC s##i = SIMD_SET(0.0);
#define ADD(i) s##i += ca * AT(row, i);
#define KEEP(i) SIMD_STORE(out + v + SIMD_WIDTH * i, AT(out + v, i) + s##i);
#define KEEP_BY(i) SIMD_STORE(out + v + SIMD_WIDTH * i, AT(out + v, i) + s##i * AT(by + v, i));

#define COMBINE(keep)                                                                              \
    for (int v = 0; v < SUM_LENGTH; v += STRIP) {                                                  \
        const double *row = rows + v;                                                              \
        EACH(START)                                                                                \
        for (int a = 0; a < count; a++, row += SUM_LENGTH) {                                       \
            if (c[a] == 0) continue;                                                               \
            SIMD_VEC ca = SIMD_SET(c[a]);                                                          \
            EACH(ADD)                                                                              \
        }                                                                                          \
        EACH(keep)                                                                                 \
    }

static SIMD_FUNCTION void SIMD_NAME(combine)(const double *c, const double *rows, int count,
                                             double *out)
{
    COMBINE(KEEP)
}

static SIMD_FUNCTION void SIMD_NAME(combine_by)(const double *c, const double *rows, int count,
                                                const double *by, double *out)
{
    COMBINE(KEEP_BY)
}

#define WEIGH(i) SIMD_VEC w##i = AT(u + v, i) * AT(weight + v, i);
#define DOT(i) w##i *AT(row, i)

static SIMD_FUNCTION void SIMD_NAME(dots)(const double *u, const double *weight, const double *rows,
                                          int count, double *out)
{
    for (int v = 0; v < SUM_LENGTH; v += STRIP) {
        const double *row = rows + v;
        EACH(WEIGH)
        for (int a = 0; a < count; a++, row += SUM_LENGTH) {
            SIMD_VEC s = DOT(0) + DOT(1) + DOT(2) + DOT(3), t = DOT(4) + DOT(5) + DOT(6) + DOT(7);
            out[a] += SIMD_NAME(sum)(s + t);
        }
    }
}

#undef STRIP
#undef EACH
#undef AT
#undef START
#undef ADD
#undef KEEP
#undef KEEP_BY
#undef COMBINE
#undef WEIGH
#undef DOT
