#include "vector.h"
#include "simd.h"

#ifdef SIMD_HAVE_VECTORS
#define SIMD_WIDTH 2
#define SIMD_NAME(x) x##_base
#define SIMD_FUNCTION
#include "simd_width.h"
#include "vector_pass.h"
#include "simd_end.h"
#else
static double dot_base(const double *x, const double *y, long n)
{
    double s = 0;
    for (long i = 0; i < n; i++) s += x[i] * y[i];
    return s;
}

static void add_base(double *y, double s, const double *x, long n)
{
    for (long i = 0; i < n; i++) y[i] += s * x[i];
}

static void mix_base(double *x, double *y, double a, double b, double c, long n)
{
    for (long i = 0; i < n; i++) {
        double old = x[i];
        x[i] += a * old + b * y[i];
        y[i] += c * old;
    }
}
#endif

#ifdef SIMD_HAVE_AVX2
#define SIMD_WIDTH 4
#define SIMD_NAME(x) x##_avx2
#define SIMD_FUNCTION SIMD_AVX2_TARGET
#include "simd_width.h"
#include "vector_pass.h"
#include "simd_end.h"
#define BEST(call) (simd_level(SIMD_AVX2) == SIMD_AVX2 ? call##_avx2 : call##_base)
#else
#define BEST(call) call##_base
#endif

double vector_dot(const double *x, const double *y, long n) { return BEST(dot)(x, y, n); }

void vector_add(double *y, double s, const double *x, long n) { BEST(add)(y, s, x, n); }

void vector_mix(double *x, double *y, double a, double b, double c, long n) { BEST(mix)(x, y, a, b, c, n); }
