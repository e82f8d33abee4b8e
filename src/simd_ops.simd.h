/* Macros of vectors of SIMD_WIDTH doubles (simd.h), defined anew by each inclusion for the
 * SIMD_WIDTH of the moment. Types and functions are in simd_math.simd.h, what every `.simd.h`
 * begins with.
 *
 *   SIMD_VEC, SIMD_IVEC        a vector of doubles, of 64-bit integers (comparisons give 0 and -1)
 *   SIMD_LOAD(p)               the SIMD_WIDTH doubles from p on; no alignment is asked for
 *   SIMD_STORE(p, v)
 *   SIMD_SET(x)                x in every lane
 *   SIMD_SELECT(mask, a, b)    a where mask is set, b elsewhere
 *   SIMD_LANE(v, l)            lane l, an lvalue
 *   SIMD_ABS(v)
 *   SIMD_FUNCTION, SIMD_INLINE attributes of the width's functions
 *   SIMD_NAME(f)               f with the suffix of the width */
#include "simd.h"

#undef SIMD_NAME
#undef SIMD_FUNCTION
#undef SIMD_INLINE
#undef SIMD_BYTES
#undef SIMD_VEC
#undef SIMD_IVEC
#undef SIMD_LOAD
#undef SIMD_STORE
#undef SIMD_SET
#undef SIMD_SELECT
#undef SIMD_LANE
#undef SIMD_ABS
#undef SIMD_SHUFFLE
#undef SIMD_ROW_VECTORS
#undef SIMD_ADD_FUNCTIONS

#ifndef SIMD_WIDTH /* read alone */
#define SIMD_WIDTH 1
#endif

#if SIMD_WIDTH == 1
#define SIMD_NAME(x) x##_plain
#define SIMD_FUNCTION
#elif SIMD_WIDTH == 2
#define SIMD_NAME(x) x##_base
#define SIMD_FUNCTION
#else
#define SIMD_NAME(x) x##_avx2
#define SIMD_FUNCTION SIMD_AVX2_TARGET
#endif
#define SIMD_INLINE static inline SIMD_FUNCTION SIMD_ALWAYS

#if SIMD_WIDTH == 1
#define SIMD_VEC double
#define SIMD_IVEC long long
#define SIMD_LOAD(p) (*(p))
#define SIMD_STORE(p, v) (*(p) = (v))
#define SIMD_SET(x) (x)
#define SIMD_SELECT(mask, yes, no) ((mask) ? (yes) : (no))
#define SIMD_LANE(v, l) (v)
#else
#define SIMD_BYTES (8 * SIMD_WIDTH)
#define SIMD_VEC SIMD_NAME(vec)
#define SIMD_IVEC SIMD_NAME(ivec)
#define SIMD_LOAD(p) ((SIMD_VEC) * (const SIMD_NAME(unaligned) *) (p))
#define SIMD_STORE(p, v) (*(SIMD_NAME(unaligned) *) (p) = (v))
#define SIMD_SET(x) ((SIMD_VEC){0} + (x))
#define SIMD_SELECT(mask, yes, no)                                                                 \
    ((SIMD_VEC) (((mask) & (SIMD_IVEC) (yes)) | (~(mask) & (SIMD_IVEC) (no))))
#define SIMD_LANE(v, l) ((v)[l])
#ifdef __clang__
#define SIMD_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SIMD_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (SIMD_IVEC){__VA_ARGS__})
#endif
#endif
#define SIMD_ABS(x) SIMD_SELECT((x) < 0.0, -(x), (x))
#define SIMD_ROW_VECTORS (4 / SIMD_WIDTH) /* vectors that hold four numbers */
