/* Expectations of cells under a Gaussian of their predictors (likelihood_normal_expect.h). */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"
#include "likelihood_normal_expect.h"
#include "scalar.h"
#include <math.h>

struct SIMD_NAME(cell_sums) { /* of a cell: sums of 1, y - c and their products around c */
    SIMD_VEC n, c[2], sum[2], scatter[3];
};

/* Adds the expectations of the terms to grad and hess; returns their value. */
SIMD_INLINE SIMD_VEC SIMD_NAME(expect_terms)(const struct exp_term *term, int n_terms, int k, int q,
                                             const struct SIMD_NAME(cell_sums) * sums,
                                             const double *mean, const double *cov, double *grad,
                                             double *hess)
{
#define COV(i, j) CELLS_LOAD(cov, (i) >= (j) ? LIKELIHOOD_PAIR(q, i, j) : LIKELIHOOD_PAIR(q, j, i))
#define ADD(first, j, v) CELLS_STORE(first, j, CELLS_LOAD(first, j) + (v))
    SIMD_VEC value = SIMD_SET(0.0);
    for (const struct exp_term *end = term + n_terms; term < end; term++) {
        int a = term->a, b = term->b;
        SIMD_VEC exponent = SIMD_SET(0.0), va = SIMD_SET(0.0), vb = SIMD_SET(0.0);
        for (int i = 0; i < term->n; i++) {
            SIMD_VEC v = SIMD_SET(0.0);
            for (int j = 0; j < term->n; j++) v += COV(term->at[i], term->at[j]) * term->t[j];
            exponent += (CELLS_LOAD(mean, term->at[i]) + 0.5 * v) * term->t[i];
            va += COV(term->at[i], a) * term->t[i];
            vb += COV(term->at[i], b) * term->t[i];
        }
        SIMD_VEC e = SIMD_NAME(exp_open)(exponent) * term->weight;
        SIMD_VEC da = sums->c[a] - CELLS_LOAD(mean, a) - va;
        SIMD_VEC db = sums->c[b] - CELLS_LOAD(mean, b) - vb;
        SIMD_VEC sum_a = sums->n * da + sums->sum[a], sum_b = sums->n * db + sums->sum[b];
        SIMD_VEC f = e * (sums->scatter[LIKELIHOOD_PAIR(k, b, a)] + da * sum_b + db * sums->sum[a] +
                          sums->n * COV(b, a));
        SIMD_VEC fa = -e * sum_b, fb = -e * sum_a; /* through m_a and through m_b */
        value += f;
        for (int i = 0; i < term->n; i++) {
            int at = term->at[i];
            SIMD_VEC ft = f * term->t[i];
            ADD(grad, at, ft);
            for (int j = 0; j <= i; j++)
                ADD(hess, LIKELIHOOD_PAIR(q, at, term->at[j]), ft * term->t[j]);
            ADD(hess, LIKELIHOOD_PAIR(q, at, a), fa * term->t[i]);
            ADD(hess, LIKELIHOOD_PAIR(q, at, b), fb * term->t[i]);
        }
        ADD(grad, a, fa);
        ADD(grad, b, fb);
        ADD(hess, LIKELIHOOD_PAIR(q, b, a), e * sums->n * (a == b ? 2.0 : 1.0));
    }
    return value;
#undef COV
#undef ADD
}

/* E log cosh(r / 2) and its two derivatives under N(mean, variance): the trapezoid rule over 7.5
 * sds either side in steps of 0.75 sds, which is 6e-16 off; the nearest pole of log cosh (r = i pi)
 * adds less than 1e-14 while a step in r is at most 0.6 (scalar.h). Wider Gaussians take
 * gauss_expect(), one by one. */
SIMD_INLINE void SIMD_NAME(expect_log_cosh)(SIMD_VEC mean, SIMD_VEC variance, SIMD_VEC *out)
{
    static const double weights[] = {/* exp(-z^2 / 2) at z = 0, 0.75, .. 7.5 */
                                     1,
                                     0.75483960198900735,
                                     0.32465246735834974,
                                     0.079559508718227687,
                                     0.011108996538242306,
                                     0.00088382630693504996,
                                     4.0065297392951069e-05,
                                     1.0348542111093753e-06,
                                     1.5229979744712629e-08,
                                     1.2771115545128334e-10,
                                     6.1019366776053239e-13};
    const double step = 0.75, widest = 0.6;
    enum { steps = 10 };
    SIMD_VEC sd = SIMD_SET(0.0);
    double total = 0;
    for (int l = 0; l < SIMD_WIDTH; l++) { /* rounding may have made a variance negative */
        double v = SIMD_LANE(variance, l);
        SIMD_LANE(sd, l) = v > 0 ? sqrt(v) : 0;
    }
    out[0] = out[1] = out[2] = SIMD_SET(0.0);
    for (int i = -steps; i <= steps; i++) {
        double z = i * step, w = weights[i < 0 ? -i : i];
        SIMD_VEC r = mean + sd * z, size = SIMD_ABS(r), tail = SIMD_NAME(exp_open)(-size);
        SIMD_VEC half = 1.0 / (1.0 + tail), slope = 0.5 * (1.0 - tail) * half;
        out[0] += w * (0.5 * size + SIMD_NAME(log1p)(tail));
        out[1] += w * SIMD_SELECT(r < 0.0, -slope, slope);
        out[2] += w * tail * half * half;
        total += w;
    }
    for (int j = 0; j < 3; j++) out[j] = out[j] / total;
    out[0] -= LOG_2;
    for (int l = 0; l < SIMD_WIDTH; l++) {
        double wide[3];
        if (SIMD_LANE(sd, l) * step <= widest) continue;
        gauss_expect(log_cosh_half, 0, SIMD_LANE(mean, l), SIMD_LANE(sd, l), widest, wide);
        for (int j = 0; j < 3; j++) SIMD_LANE(out[j], l) = wide[j];
    }
}
