/* Vector code of dense.c; included once a vector width (simd_width.h). */

/* Adds the log density of a single row (y1, y2) at DRAWS predictors (5 x DRAWS, `next` apart) to out,
 * but for log(1 + min(E, 1/E)): those factors, between 1 and 2, are multiplied (kernel_two.c). */
static SIMD_FUNCTION void SIMD_NAME(row_values)(double y1, double y2, const double *eta, long next,
                                                double *out, double *product)
{
    for (int s = 0; s < DRAWS; s += SIMD_WIDTH) {
        VEC s1 = LOAD(eta + 2 * next + s), s2 = LOAD(eta + 3 * next + s), r = LOAD(eta + 4 * next + s);
        VEC up = SIMD_NAME(exponential)(r), down = 1.0 / up;
        VEC z1 = (y1 - LOAD(eta + s)) * SIMD_NAME(exponential)(-s1);
        VEC z2 = (y2 - LOAD(eta + next + s)) * SIMD_NAME(exponential)(-s2);
        VEC u = z1 - z2, v = z1 + z2, size = PICK(r < 0.0, -r, r);
        VEC squares = (1.0 + up) * u * u + (1.0 + down) * v * v;
        STORE(out + s, LOAD(out + s) + (size * 0.5 - (LOG_2PI + LOG_2) - s1 - s2 - squares * 0.125));
        STORE(product + s, LOAD(product + s) * (1.0 + PICK(up < down, up, down)));
    }
}
