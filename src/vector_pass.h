/* The loops of vector.h; included once a vector width (simd_width.h). */

static SIMD_FUNCTION double SIMD_NAME(dot)(const double *x, const double *y, long n)
{
    VEC a = {0}, b = {0}, c = {0}, d = {0}; /* sums that need not wait for each other */
    long i = 0;
    for (; i + 4 * SIMD_WIDTH <= n; i += 4 * SIMD_WIDTH) {
        a += LOAD(x + i) * LOAD(y + i);
        b += LOAD(x + i + SIMD_WIDTH) * LOAD(y + i + SIMD_WIDTH);
        c += LOAD(x + i + 2 * SIMD_WIDTH) * LOAD(y + i + 2 * SIMD_WIDTH);
        d += LOAD(x + i + 3 * SIMD_WIDTH) * LOAD(y + i + 3 * SIMD_WIDTH);
    }
    VEC sum = (a + b) + (c + d);
    double out = 0;
    for (int p = 0; p < SIMD_WIDTH; p++) out += sum[p];
    for (; i < n; i++) out += x[i] * y[i];
    return out;
}

static SIMD_FUNCTION void SIMD_NAME(add)(double *y, double s, const double *x, long n)
{
    long i = 0;
    for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) STORE(y + i, LOAD(y + i) + s * LOAD(x + i));
    for (; i < n; i++) y[i] += s * x[i];
}

static SIMD_FUNCTION void SIMD_NAME(mix)(double *x, double *y, double a, double b, double c, long n)
{
    long i = 0;
    for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) {
        VEC old = LOAD(x + i), other = LOAD(y + i);
        STORE(x + i, old + a * old + b * other);
        STORE(y + i, other + c * old);
    }
    for (; i < n; i++) {
        double old = x[i];
        x[i] += a * old + b * y[i];
        y[i] += c * old;
    }
}
