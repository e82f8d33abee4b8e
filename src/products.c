#include "products.h"

#define SIMD_SOURCE "products_lanes.h"
#include "simd_each.h"

void product_combine(const double *c, const double *rows, int count, double *out, int level)
{
    SIMD_CALL(simd_level(level), combine, (c, rows, count, out));
}

void product_combine_by(const double *c, const double *rows, int count, const double *by, double *out, int level)
{
    SIMD_CALL(simd_level(level), combine_by, (c, rows, count, by, out));
}

void product_dots(const double *u, const double *v, const double *rows, int count, double *out, int level)
{
    SIMD_CALL(simd_level(level), dots, (u, v, rows, count, out));
}
