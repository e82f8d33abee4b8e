/* The loops of vector.h; included once a vector width (simd_width.h). */

static SIMD_FUNCTION double SIMD_NAME(dot)(const double *x, const double *y, long n)
{
    VEC one = ALL(0.0), two = ALL(0.0); /* two sums need not wait for each other */
    double total = 0;
    long i = 0;
    for (; i + 2 * SIMD_WIDTH <= n; i += 2 * SIMD_WIDTH) {
        one += LOAD(x + i) * LOAD(y + i);
        two += LOAD(x + i + SIMD_WIDTH) * LOAD(y + i + SIMD_WIDTH);
    }
    for (; i < n; i++) total += x[i] * y[i];
    one += two;
    for (int l = 0; l < SIMD_WIDTH; l++) total += one[l];
    return total;
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
