/* Vector code inside ordinary C files, without compiler flags: one text becomes three widths.
 *
 * 1. `name.simd.h` is written in terms of vectors of SIMD_WIDTH doubles: SIMD_VEC, SIMD_LOAD,
 *    SIMD_STORE, ... of simd_ops.simd.h, and includes simd_math.simd.h first.
 * 2. `name.c` includes it once a width, with SIMD_WIDTH defined as 1, 2 (any processor) and 4
 *    (AVX2); SIMD_HAS_WIDTH_2 and _4 say which of them this build has.
 * 3. SIMD_NAME(f) gives a function the suffix of its width: f_plain, f_base, f_avx2.
 * 4. SIMD_CALL(level, f, (arguments)) calls the one of a level, chosen at run time (simd_level()).
 * Alone, without SIMD_WIDTH, a `.simd.h` is the plain C of width 1: editors and checkers read it.
 *
 * The vectors are GNU C's; other compilers have width 1 alone. GCC on 64-bit Windows keeps 32-byte
 * vectors on a stack aligned to 16 bytes and crashes (GCC PR 54412), so AVX2 is not built there. */
#ifndef COVARY_SIMD_H
#define COVARY_SIMD_H

#include <math.h>

/* Before a loop over the lanes of a vector: what it indexes then stays in registers. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8
#define SIMD_UNROLL _Pragma("GCC unroll 8")
#else
#define SIMD_UNROLL
#endif

enum simd_level { SIMD_PLAIN, SIMD_BASE, SIMD_AVX2 };

#if defined(__GNUC__) && !defined(__INTEL_COMPILER)
#define SIMD_HAS_WIDTH_2 1
#define SIMD_ALWAYS __attribute__((always_inline))
#if (defined(__x86_64__) || defined(__amd64__)) && !defined(_WIN32)
#define SIMD_HAS_WIDTH_4 1
#define SIMD_AVX2_TARGET __attribute__((target("avx2,fma")))
#endif
#else
#define SIMD_ALWAYS
#endif

/* The function of a level: SIMD_CALL(level, f, (arguments)) calls f_plain, f_base or f_avx2. */
#if defined(SIMD_HAS_WIDTH_4)
#define SIMD_CALL(level, f, arguments)                                                             \
    ((level) == SIMD_AVX2   ? f##_avx2 arguments                                                   \
     : (level) == SIMD_BASE ? f##_base arguments                                                   \
                            : f##_plain arguments)
#elif defined(SIMD_HAS_WIDTH_2)
#define SIMD_CALL(level, f, arguments)                                                             \
    ((level) == SIMD_BASE ? f##_base arguments : f##_plain arguments)
#else
#define SIMD_CALL(level, f, arguments) f##_plain arguments
#endif

/* The best level of this build and processor, at most `most`. */
static inline enum simd_level simd_level(int most)
{
#ifdef SIMD_HAS_WIDTH_4
    if (most >= SIMD_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return SIMD_AVX2;
#endif
#ifdef SIMD_HAS_WIDTH_2
    if (most >= SIMD_BASE) return SIMD_BASE;
#endif
    return SIMD_PLAIN;
}

#endif
