#include "block_sums.h"

#define SIMD_SOURCE "block_sums_width.h"
#include "simd_each.h"

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
