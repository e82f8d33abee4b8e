/* Vector code inside ordinary C files: GNU vector extensions, one source compiled for several
 * widths by including it with SIMD_WIDTH and SIMD_NAME defined, and a choice at run time.
 * No compiler flags are needed; other compilers get width 1, which is plain C.
 *
 * GCC on 64-bit Windows keeps 32-byte vectors on a stack aligned to 16 bytes and crashes
 * (GCC PR 54412), so AVX2 is not built there. */
#ifndef COVARY_SIMD_H
#define COVARY_SIMD_H

#include <math.h>

/* Before a loop over the lanes of a vector: what it indexes then stays in registers. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8
#define SIMD_UNROLL _Pragma("GCC unroll 4")
#else
#define SIMD_UNROLL
#endif

enum simd_level { SIMD_PLAIN, SIMD_BASE, SIMD_AVX2 };

#if defined(__GNUC__) && !defined(__INTEL_COMPILER)
#define SIMD_HAVE_VECTORS 1
#define SIMD_ALWAYS __attribute__((always_inline))
#if (defined(__x86_64__) || defined(__amd64__)) && !defined(_WIN32)
#define SIMD_HAVE_AVX2 1
#define SIMD_AVX2_TARGET __attribute__((target("avx2,fma")))
#endif
#else
#define SIMD_ALWAYS
#endif

/* The function of a level: SIMD_CALL(level, f, (arguments)) calls f_plain, f_base or f_avx2. */
#if defined(SIMD_HAVE_AVX2)
#define SIMD_CALL(level, f, arguments)                                                             \
    ((level) == SIMD_AVX2   ? f##_avx2 arguments                                                   \
     : (level) == SIMD_BASE ? f##_base arguments                                                   \
                            : f##_plain arguments)
#elif defined(SIMD_HAVE_VECTORS)
#define SIMD_CALL(level, f, arguments)                                                             \
    ((level) == SIMD_BASE ? f##_base arguments : f##_plain arguments)
#else
#define SIMD_CALL(level, f, arguments) f##_plain arguments
#endif

/* The best level of this build and processor, at most `most`. */
static inline enum simd_level simd_level(int most)
{
#ifdef SIMD_HAVE_AVX2
    if (most >= SIMD_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return SIMD_AVX2;
#endif
#ifdef SIMD_HAVE_VECTORS
    if (most >= SIMD_BASE) return SIMD_BASE;
#endif
    return SIMD_PLAIN;
}

#endif
