/* Vectors of SIMD_WIDTH doubles; SIMD_NAME(x) gives x the suffix of the width and
 * SIMD_FUNCTION is the attribute of its functions. Included once a width. */
#define SIMD_BYTES (8 * SIMD_WIDTH)

typedef double SIMD_NAME(vec) __attribute__((vector_size(SIMD_BYTES)));
typedef long long SIMD_NAME(ivec) __attribute__((vector_size(SIMD_BYTES)));
typedef double SIMD_NAME(loose) __attribute__((vector_size(SIMD_BYTES), aligned(8), may_alias));

#define VEC SIMD_NAME(vec)
#define IVEC SIMD_NAME(ivec)
#define LOAD(p) ((VEC) *(const SIMD_NAME(loose) *) (p))
#define STORE(p, v) (*(SIMD_NAME(loose) *) (p) = (v))
#define ALL(x) ((VEC){0} + (x))
#define PICK(mask, yes, no) ((VEC) (((mask) & (IVEC) (yes)) | (~(mask) & (IVEC) (no))))

/* exp by x = k log 2 + r, |r| <= log(2)/2, Taylor polynomial of degree 13 in r (remainder
 * 4e-18). Arguments are kept within +-700. */
static inline SIMD_FUNCTION VEC SIMD_NAME(exponential)(VEC x)
{
    const VEC shift = ALL(6755399441055744.0); /* 3 * 2^51: rounds to an integer in the low bits */
    x = PICK(x > 700.0, ALL(700.0), x);
    x = PICK(x < -700.0, ALL(-700.0), x);
    VEC k = x * 1.4426950408889634074 + shift;
    IVEC bits = (IVEC) k << 52;
    k -= shift;
    VEC r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    VEC r2 = r * r, r4 = r2 * r2;
    VEC low = (r * (1.0 / 6) + 0.5) + r2 * (r * (1.0 / 120) + 1.0 / 24);
    VEC high = (r * (1.0 / 5040) + 1.0 / 720) + r2 * (r * (1.0 / 362880) + 1.0 / 40320);
    VEC top = (r * (1.0 / 39916800) + 1.0 / 3628800) + r2 * (r * (1.0 / 6227020800.0) + 1.0 / 479001600);
    VEC p = low + r4 * (high + r4 * top);
    VEC e = 1.0 + (r + r2 * p);
    return (VEC) ((IVEC) e + bits);
}
