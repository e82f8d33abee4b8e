/* Vectors of SIMD_WIDTH doubles; SIMD_NAME(x) gives x the suffix of the width and
 * SIMD_FUNCTION is the attribute of its functions. Included once a width; width 1 is plain C. */
#define INLINE static inline SIMD_FUNCTION SIMD_ALWAYS

#if SIMD_WIDTH == 1

#define VEC double
#define LOAD(p) (*(p))
#define STORE(p, v) (*(p) = (v))
#define ALL(x) (x)
#define PICK(mask, yes, no) ((mask) ? (yes) : (no))
#define LANE(v, l) (v)
INLINE VEC SIMD_NAME(exponential)(VEC x) { return exp(x); }
INLINE VEC SIMD_NAME(exponential_open)(VEC x) { return exp(x); }
INLINE VEC SIMD_NAME(log_one_plus)(VEC x) { return log1p(x); }

#else

#define SIMD_BYTES (8 * SIMD_WIDTH)

typedef double SIMD_NAME(vec) __attribute__((vector_size(SIMD_BYTES)));
typedef long long SIMD_NAME(ivec) __attribute__((vector_size(SIMD_BYTES)));
typedef unsigned long long SIMD_NAME(bits) __attribute__((vector_size(SIMD_BYTES)));
typedef double SIMD_NAME(loose) __attribute__((vector_size(SIMD_BYTES), aligned(8), may_alias));

#define VEC SIMD_NAME(vec)
#define IVEC SIMD_NAME(ivec)
#define LOAD(p) ((VEC) * (const SIMD_NAME(loose) *) (p))
#define STORE(p, v) (*(SIMD_NAME(loose) *) (p) = (v))
#define ALL(x) ((VEC){0} + (x))
#define PICK(mask, yes, no) ((VEC) (((mask) & (IVEC) (yes)) | (~(mask) & (IVEC) (no))))
#define LANE(v, l) ((v)[l])

/* Largest integer not above u, 0 <= u < 2^31, as doubles and in `integer` */
INLINE VEC SIMD_NAME(whole)(VEC u, IVEC *integer)
{
    const VEC shift = ALL(6755399441055744.0); /* 3 * 2^51: rounds to an integer in the low bits */
    VEC c = u + shift, nearest = c - shift;
    IVEC over = (IVEC) (nearest > u); /* rounded up: -1 */
    *integer = ((IVEC) c & 0xffffffffLL) + over;
    return nearest + PICK(over, ALL(-1.0), ALL(0.0));
}

/* exp of |x| <= 700 by x = k log 2 + r, |r| <= log(2)/2, and 1 + r + r^2 p(r), p interpolating at the ten
 * Chebyshev nodes (relative error 1.7e-17). */
INLINE VEC SIMD_NAME(exponential_inside)(VEC x)
{
    const VEC shift = ALL(6755399441055744.0); /* 3 * 2^51: rounds to an integer in the low bits */
    VEC k = x * 1.4426950408889634074 + shift;
    SIMD_NAME(bits) power = (SIMD_NAME(bits)) k << 52; /* unsigned: what overflows is not used */
    k -= shift;
    VEC r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    VEC r2 = r * r, r4 = r2 * r2;
    VEC low = (r * 0.16666666666666669 + 0.5000000000000001) +
              r2 * (r * 0.008333333333330051 + 0.04166666666662399);
    VEC high = (r * 0.00019841269863105968 + 0.0013888888917281794) +
               r2 * (r * 2.7557268378684192e-06 + 2.480152119021773e-05);
    VEC p = low + r4 * (high + r4 * (r * 2.5100424157005067e-08 + 2.7620138719733994e-07));
    VEC e = 1.0 + (r + r2 * p);
    return (VEC) ((SIMD_NAME(bits)) e + power);
}

/* Arguments are kept within +-700. */
INLINE VEC SIMD_NAME(exponential)(VEC x)
{
    x = PICK(x > 700.0, ALL(700.0), x);
    return SIMD_NAME(exponential_inside)(PICK(x < -700.0, ALL(-700.0), x));
}

/* Infinite and zero beyond +-700, so that what has overflowed is seen. */
INLINE VEC SIMD_NAME(exponential_open)(VEC x)
{
    VEC e = PICK(x > 700.0, ALL(INFINITY), SIMD_NAME(exponential_inside)(x));
    return PICK(x < -700.0, ALL(0.0), e);
}

/* log(1 + x), 0 <= x <= 1, by 2 atanh(s), s = x / (2 + x), and with 1 + x = 2 (1 + y) in the upper
 * half: |s| <= 0.1716, where the series to s^19 leaves 3e-17. */
static inline SIMD_FUNCTION VEC SIMD_NAME(log_one_plus)(VEC x)
{
    IVEC upper = (IVEC) (x > 0.41421356237309503);
    VEC s = PICK(upper, x - 1.0, x) / PICK(upper, x + 3.0, x + 2.0);
    VEC s2 = s * s, s4 = s2 * s2, s8 = s4 * s4;
    VEC low = (s2 * (1.0 / 5) + 1.0 / 3) + s4 * (s2 * (1.0 / 9) + 1.0 / 7);
    VEC high = (s2 * (1.0 / 13) + 1.0 / 11) + s4 * (s2 * (1.0 / 17) + 1.0 / 15);
    VEC series = low + s8 * (high + s8 * (1.0 / 19));
    VEC twice = s + s;
    return PICK(upper, ALL(0.693147180559945309417), ALL(0.0)) + (twice + twice * s2 * series);
}

#endif

/* Four numbers of SIMD_WIDTH rows: from vectors of one number each to the vectors of each row, and back */
#define ROW_VECTORS (4 / SIMD_WIDTH)

#if SIMD_WIDTH == 1

INLINE void SIMD_NAME(by_row)(const VEC *number, VEC (*row)[ROW_VECTORS])
{
    for (int j = 0; j < 4; j++) row[0][j] = number[j];
}

INLINE void SIMD_NAME(by_number)(VEC (*row)[ROW_VECTORS], VEC *number)
{
    for (int j = 0; j < 4; j++) number[j] = row[0][j];
}

#else

#ifdef __clang__
#define MIX(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define MIX(a, b, ...) __builtin_shuffle(a, b, (IVEC){__VA_ARGS__})
#endif

#if SIMD_WIDTH == 2

INLINE void SIMD_NAME(by_row)(const VEC *number, VEC (*row)[ROW_VECTORS])
{
    for (int h = 0; h < 2; h++) {
        row[0][h] = MIX(number[2 * h], number[2 * h + 1], 0, 2);
        row[1][h] = MIX(number[2 * h], number[2 * h + 1], 1, 3);
    }
}

INLINE void SIMD_NAME(by_number)(VEC (*row)[ROW_VECTORS], VEC *number)
{
    for (int h = 0; h < 2; h++) {
        number[2 * h] = MIX(row[0][h], row[1][h], 0, 2);
        number[2 * h + 1] = MIX(row[0][h], row[1][h], 1, 3);
    }
}

#else

INLINE void SIMD_NAME(by_row)(const VEC *number, VEC (*row)[ROW_VECTORS])
{
    VEC a = MIX(number[0], number[1], 0, 4, 2, 6), b = MIX(number[0], number[1], 1, 5, 3, 7);
    VEC c = MIX(number[2], number[3], 0, 4, 2, 6), d = MIX(number[2], number[3], 1, 5, 3, 7);
    row[0][0] = MIX(a, c, 0, 1, 4, 5);
    row[1][0] = MIX(b, d, 0, 1, 4, 5);
    row[2][0] = MIX(a, c, 2, 3, 6, 7);
    row[3][0] = MIX(b, d, 2, 3, 6, 7);
}

INLINE void SIMD_NAME(by_number)(VEC (*row)[ROW_VECTORS], VEC *number)
{
    VEC v[4] = {row[0][0], row[1][0], row[2][0], row[3][0]}, out[4][1];
    SIMD_NAME(by_row)(v, out);
    for (int j = 0; j < 4; j++) number[j] = out[j][0];
}

#endif
#endif

#define ABS(x) PICK((x) < 0.0, -(x), (x))

INLINE double SIMD_NAME(sum)(VEC v)
{
    double total = 0;
    for (int l = 0; l < SIMD_WIDTH; l++) total += LANE(v, l);
    return total;
}
