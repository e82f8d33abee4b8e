/* Includes SIMD_SOURCE, code in terms of simd_width.h, for the vector widths of this build; the file that
 * includes this writes its own width 1. */
#include "simd.h"

#ifdef SIMD_HAVE_VECTORS
#define SIMD_WIDTH 2
#define SIMD_NAME(x) x##_base
#define SIMD_FUNCTION
#include "simd_width.h"
#include SIMD_SOURCE
#include "simd_end.h"
#endif

#ifdef SIMD_HAVE_AVX2
#define SIMD_WIDTH 4
#define SIMD_NAME(x) x##_avx2
#define SIMD_FUNCTION SIMD_AVX2_TARGET
#include "simd_width.h"
#include SIMD_SOURCE
#include "simd_end.h"
#endif
