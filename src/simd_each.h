/* Includes SIMD_SOURCE, code in terms of simd_width.h, for every width of this build. */
#include "simd.h"

#define SIMD_WIDTH 1
#define SIMD_NAME(x) x##_plain
#define SIMD_FUNCTION
#include "simd_width.h"
#include SIMD_SOURCE
#include "simd_end.h"

#include "simd_wide.h"
