#include "block_sums.h"
#include "simd.h"

#define SIMD_WIDTH 1
#include "block_sums.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "block_sums.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "block_sums.simd.h"
#undef SIMD_WIDTH
#endif

void sum_combined(const double *c, const double *rows, int count, double *out, int level)
{
    SIMD_CALL(simd_level(level), combine, (c, rows, count, out));
}

void sum_combined_by(const double *c, const double *rows, int count, const double *by, double *out,
                     int level)
{
    SIMD_CALL(simd_level(level), combine_by, (c, rows, count, by, out));
}

void sum_dots(const double *u, const double *v, const double *rows, int count, double *out,
              int level)
{
    SIMD_CALL(simd_level(level), dots, (u, v, rows, count, out));
}
