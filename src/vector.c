#include "vector.h"
#include "simd.h"

#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "vector.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "vector.simd.h"
#undef SIMD_WIDTH
#endif

static double dot_plain(const double *x, const double *y, long n)
{
    double s = 0;
    for (long i = 0; i < n; i++) s += x[i] * y[i];
    return s;
}

static void add_plain(double *y, double s, const double *x, long n)
{
    for (long i = 0; i < n; i++) y[i] += s * x[i];
}

static void mix_plain(double *x, double *y, double a, double b, double c, long n)
{
    for (long i = 0; i < n; i++) {
        double old = x[i];
        x[i] += a * old + b * y[i];
        y[i] += c * old;
    }
}

#define BEST(f, arguments) SIMD_CALL(simd_level(SIMD_AVX2), f, arguments)

double vector_dot(const double *x, const double *y, long n) { return BEST(dot, (x, y, n)); }

void vector_add(double *y, double s, const double *x, long n) { BEST(add, (y, s, x, n)); }

void vector_mix(double *x, double *y, double a, double b, double c, long n)
{
    BEST(mix, (x, y, a, b, c, n));
}
