/* The loops of vector.h (simd.h). */
#include "simd_math.simd.h"

static SIMD_FUNCTION double SIMD_NAME(dot)(const double *x, const double *y, long n)
{
    SIMD_VEC a = {0}, b = {0}, c = {0}, d = {0}; /* sums that need not wait for each other */
    long i = 0;
    for (; i + 4 * SIMD_WIDTH <= n; i += 4 * SIMD_WIDTH) {
        a += SIMD_LOAD(x + i) * SIMD_LOAD(y + i);
        b += SIMD_LOAD(x + i + SIMD_WIDTH) * SIMD_LOAD(y + i + SIMD_WIDTH);
        c += SIMD_LOAD(x + i + 2 * SIMD_WIDTH) * SIMD_LOAD(y + i + 2 * SIMD_WIDTH);
        d += SIMD_LOAD(x + i + 3 * SIMD_WIDTH) * SIMD_LOAD(y + i + 3 * SIMD_WIDTH);
    }
    SIMD_VEC sum = (a + b) + (c + d);
    double out = 0;
    for (int p = 0; p < SIMD_WIDTH; p++) out += SIMD_LANE(sum, p);
    for (; i < n; i++) out += x[i] * y[i];
    return out;
}

static SIMD_FUNCTION void SIMD_NAME(add)(double *y, double s, const double *x, long n)
{
    long i = 0;
    for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH)
        SIMD_STORE(y + i, SIMD_LOAD(y + i) + s * SIMD_LOAD(x + i));
    for (; i < n; i++) y[i] += s * x[i];
}

static SIMD_FUNCTION void SIMD_NAME(mix)(double *x, double *y, double a, double b, double c, long n)
{
    long i = 0;
    for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) {
        SIMD_VEC old = SIMD_LOAD(x + i), other = SIMD_LOAD(y + i);
        SIMD_STORE(x + i, old + a * old + b * other);
        SIMD_STORE(y + i, other + c * old);
    }
    for (; i < n; i++) {
        double old = x[i];
        x[i] += a * old + b * y[i];
        y[i] += c * old;
    }
}
