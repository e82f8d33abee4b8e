/* Includes SIMD_SOURCE, code in terms of simd_width.h, for every width of this build. */
#include "simd.h"

#define SIMD_WIDTH 1
#define SIMD_NAME(x) x##_plain
#define SIMD_FUNCTION
#include "simd_width.h"
#include SIMD_SOURCE
#include "simd_end.h"

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
