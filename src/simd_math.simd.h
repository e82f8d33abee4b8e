/* Types and functions of vectors of SIMD_WIDTH doubles: exp, log1p, floor, roots, sums, transposes.
 * What every `.simd.h` begins with; they are defined once a width, macros at every inclusion. */
#include "simd_ops.simd.h"
#include <math.h>

#if SIMD_WIDTH == 1 && !defined(SIMD_FUNCTIONS_1)
#define SIMD_FUNCTIONS_1
#define SIMD_ADD_FUNCTIONS
#elif SIMD_WIDTH == 2 && !defined(SIMD_FUNCTIONS_2)
#define SIMD_FUNCTIONS_2
#define SIMD_ADD_FUNCTIONS
#elif SIMD_WIDTH == 4 && !defined(SIMD_FUNCTIONS_4)
#define SIMD_FUNCTIONS_4
#define SIMD_ADD_FUNCTIONS
#endif

#ifdef SIMD_ADD_FUNCTIONS

#if SIMD_WIDTH == 1

SIMD_INLINE SIMD_VEC SIMD_NAME(exp_clamped)(SIMD_VEC x) { return exp(x); }
SIMD_INLINE SIMD_VEC SIMD_NAME(exp_open)(SIMD_VEC x) { return exp(x); }
SIMD_INLINE SIMD_VEC SIMD_NAME(log1p)(SIMD_VEC x) { return log1p(x); }
SIMD_INLINE SIMD_VEC SIMD_NAME(floor)(SIMD_VEC u, SIMD_IVEC *integer)
{
    *integer = (SIMD_IVEC) u;
    return (double) *integer;
}

#else

typedef double SIMD_NAME(vec) __attribute__((vector_size(SIMD_BYTES)));
typedef long long SIMD_NAME(ivec) __attribute__((vector_size(SIMD_BYTES)));
typedef unsigned long long SIMD_NAME(bits) __attribute__((vector_size(SIMD_BYTES)));
typedef double SIMD_NAME(unaligned) __attribute__((vector_size(SIMD_BYTES), aligned(8), may_alias));

/* Largest integer not above u, 0 <= u < 2^31, as doubles and in `integer` */
SIMD_INLINE SIMD_VEC SIMD_NAME(floor)(SIMD_VEC u, SIMD_IVEC *integer)
{
    const SIMD_VEC shift =
        SIMD_SET(6755399441055744.0); /* 3 * 2^51: rounds to an integer in the low bits */
    SIMD_VEC c = u + shift, nearest = c - shift;
    SIMD_IVEC over = (SIMD_IVEC) (nearest > u); /* rounded up: -1 */
    *integer = ((SIMD_IVEC) c & 0xffffffffLL) + over;
    return nearest + SIMD_SELECT(over, SIMD_SET(-1.0), SIMD_SET(0.0));
}

/* exp of |x| <= 700 by x = k log 2 + r, |r| <= log(2)/2, and 1 + r + r^2 p(r), p interpolating at
 * the ten Chebyshev nodes (relative error 1.7e-17). */
SIMD_INLINE SIMD_VEC SIMD_NAME(exp_inside)(SIMD_VEC x)
{
    const SIMD_VEC shift =
        SIMD_SET(6755399441055744.0); /* 3 * 2^51: rounds to an integer in the low bits */
    SIMD_VEC k = x * 1.4426950408889634074 + shift;
    SIMD_NAME(bits) power = (SIMD_NAME(bits)) k << 52; /* unsigned: what overflows is not used */
    k -= shift;
    SIMD_VEC r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    SIMD_VEC r2 = r * r, r4 = r2 * r2;
    SIMD_VEC low = (r * 0.16666666666666669 + 0.5000000000000001) +
                   r2 * (r * 0.008333333333330051 + 0.04166666666662399);
    SIMD_VEC high = (r * 0.00019841269863105968 + 0.0013888888917281794) +
                    r2 * (r * 2.7557268378684192e-06 + 2.480152119021773e-05);
    SIMD_VEC p = low + r4 * (high + r4 * (r * 2.5100424157005067e-08 + 2.7620138719733994e-07));
    SIMD_VEC e = 1.0 + (r + r2 * p);
    return (SIMD_VEC) ((SIMD_NAME(bits)) e + power);
}

/* Arguments are kept within +-700. */
SIMD_INLINE SIMD_VEC SIMD_NAME(exp_clamped)(SIMD_VEC x)
{
    x = SIMD_SELECT(x > 700.0, SIMD_SET(700.0), x);
    return SIMD_NAME(exp_inside)(SIMD_SELECT(x < -700.0, SIMD_SET(-700.0), x));
}

/* Infinite and zero beyond +-700, so that what has overflowed is seen. */
SIMD_INLINE SIMD_VEC SIMD_NAME(exp_open)(SIMD_VEC x)
{
    SIMD_VEC e = SIMD_SELECT(x > 700.0, SIMD_SET(INFINITY), SIMD_NAME(exp_inside)(x));
    return SIMD_SELECT(x < -700.0, SIMD_SET(0.0), e);
}

/* log(1 + x), 0 <= x <= 1, by 2 atanh(s), s = x / (2 + x), and with 1 + x = 2 (1 + y) in the upper
 * half: |s| <= 0.1716, where the series to s^19 leaves 3e-17. */
static inline SIMD_FUNCTION SIMD_VEC SIMD_NAME(log1p)(SIMD_VEC x)
{
    SIMD_IVEC upper = (SIMD_IVEC) (x > 0.41421356237309503);
    SIMD_VEC s = SIMD_SELECT(upper, x - 1.0, x) / SIMD_SELECT(upper, x + 3.0, x + 2.0);
    SIMD_VEC s2 = s * s, s4 = s2 * s2, s8 = s4 * s4;
    SIMD_VEC low = (s2 * (1.0 / 5) + 1.0 / 3) + s4 * (s2 * (1.0 / 9) + 1.0 / 7);
    SIMD_VEC high = (s2 * (1.0 / 13) + 1.0 / 11) + s4 * (s2 * (1.0 / 17) + 1.0 / 15);
    SIMD_VEC series = low + s8 * (high + s8 * (1.0 / 19));
    SIMD_VEC twice = s + s;
    return SIMD_SELECT(upper, SIMD_SET(0.693147180559945309417), SIMD_SET(0.0)) +
           (twice + twice * s2 * series);
}

#endif

/* Four numbers of SIMD_WIDTH rows: from vectors of one number each to the vectors of each row, and
 * back */

#if SIMD_WIDTH == 1

SIMD_INLINE void SIMD_NAME(by_row)(const SIMD_VEC *number, SIMD_VEC (*row)[SIMD_ROW_VECTORS])
{
    for (int j = 0; j < 4; j++) row[0][j] = number[j];
}

SIMD_INLINE void SIMD_NAME(by_number)(SIMD_VEC (*row)[SIMD_ROW_VECTORS], SIMD_VEC *number)
{
    for (int j = 0; j < 4; j++) number[j] = row[0][j];
}

#else

#if SIMD_WIDTH == 2

SIMD_INLINE void SIMD_NAME(by_row)(const SIMD_VEC *number, SIMD_VEC (*row)[SIMD_ROW_VECTORS])
{
    for (int h = 0; h < 2; h++) {
        row[0][h] = SIMD_SHUFFLE(number[2 * h], number[2 * h + 1], 0, 2);
        row[1][h] = SIMD_SHUFFLE(number[2 * h], number[2 * h + 1], 1, 3);
    }
}

SIMD_INLINE void SIMD_NAME(by_number)(SIMD_VEC (*row)[SIMD_ROW_VECTORS], SIMD_VEC *number)
{
    for (int h = 0; h < 2; h++) {
        number[2 * h] = SIMD_SHUFFLE(row[0][h], row[1][h], 0, 2);
        number[2 * h + 1] = SIMD_SHUFFLE(row[0][h], row[1][h], 1, 3);
    }
}

#else

SIMD_INLINE void SIMD_NAME(by_row)(const SIMD_VEC *number, SIMD_VEC (*row)[SIMD_ROW_VECTORS])
{
    SIMD_VEC a = SIMD_SHUFFLE(number[0], number[1], 0, 4, 2, 6),
             b = SIMD_SHUFFLE(number[0], number[1], 1, 5, 3, 7);
    SIMD_VEC c = SIMD_SHUFFLE(number[2], number[3], 0, 4, 2, 6),
             d = SIMD_SHUFFLE(number[2], number[3], 1, 5, 3, 7);
    row[0][0] = SIMD_SHUFFLE(a, c, 0, 1, 4, 5);
    row[1][0] = SIMD_SHUFFLE(b, d, 0, 1, 4, 5);
    row[2][0] = SIMD_SHUFFLE(a, c, 2, 3, 6, 7);
    row[3][0] = SIMD_SHUFFLE(b, d, 2, 3, 6, 7);
}

SIMD_INLINE void SIMD_NAME(by_number)(SIMD_VEC (*row)[SIMD_ROW_VECTORS], SIMD_VEC *number)
{
    SIMD_VEC v[4] = {row[0][0], row[1][0], row[2][0], row[3][0]}, out[4][1];
    SIMD_NAME(by_row)(v, out);
    for (int j = 0; j < 4; j++) number[j] = out[j][0];
}

#endif
#endif

/* Roots of pivots, NaN where one is not positive and finite */
SIMD_INLINE SIMD_VEC SIMD_NAME(root_or_nan)(SIMD_VEC pivot)
{
    SIMD_VEC root = pivot;
    for (int l = 0; l < SIMD_WIDTH; l++) {
        double p = SIMD_LANE(pivot, l);
        SIMD_LANE(root, l) = p > 0 && p < INFINITY ? sqrt(p) : NAN;
    }
    return root;
}

SIMD_INLINE double SIMD_NAME(sum)(SIMD_VEC v)
{
    double total = 0;
    for (int l = 0; l < SIMD_WIDTH; l++) total += SIMD_LANE(v, l);
    return total;
}

#endif
