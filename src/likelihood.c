#include "likelihood.h"
#include "expectation.h"
#include "scalar.h"
#include <math.h>
#include <stddef.h>
#include "simd.h"

#define PAIR(q, i, j) ((j) * (q) - (j) * ((j) -1) / 2 + (i) - (j)) /* i >= j */

/* Trapezoid rule for E log cosh(r / 2) over 7.5 sds either side: its own error is 6e-16, that of the
 * nearest pole of log cosh (r = i pi) less than 1e-14 while a step in r is at most 0.6 (scalar.h). */
#define COSH_STEP 0.75
#define COSH_STEPS 10
#define COSH_WIDTH 0.6
static const double cosh_weights[COSH_STEPS + 1] = {/* exp(-z^2 / 2) at z = 0, 0.75, .. */
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

/* log cosh(r / 2) and two derivatives */
static void log_cosh_half(double r, const double *par, double *out)
{
    (void) par;
    out[0] = log_cosh(r / 2);
    out[1] = tanh(r / 2) / 2;
    out[2] = sech_squared(r / 2) / 4;
}

#define SIMD_WIDTH 1
#include "likelihood_blocks.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "likelihood_blocks.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "likelihood_blocks.simd.h"
#undef SIMD_WIDTH
#endif

static const struct likelihood likelihoods[] = {
    {1, 2, 3, 3, 0}, {1, 2, 3, 4, 1}, {2, 5, 15, 6, 0}, {2, 5, 15, 8, 1}};

const struct likelihood *likelihood_for(int k)
{
    for (int i = 0; i < 4; i++)
        if (likelihoods[i].k == k && !likelihoods[i].nodes) return likelihoods + i;
    return NULL;
}

const struct likelihood *likelihood_for_size(int k, long size)
{
    for (int i = 0; i < 4; i++)
        if (likelihoods[i].k == k && likelihoods[i].size == size) return likelihoods + i;
    return NULL;
}

void likelihood_put(const struct likelihood *likelihood, struct likelihood_block *b, int place,
                    const double *cell)
{
    for (int s = 0; s < likelihood->size; s++) b->cell[s][place] = cell[s];
}

void likelihood_clear(const struct likelihood *likelihood, struct likelihood_block *b, int n)
{
    for (int i = n; i < LIKELIHOOD_BLOCK; i++) {
        for (int s = 0; s < likelihood->size; s++) b->cell[s][i] = 0;
        for (int j = 0; j < likelihood->q; j++) b->eta[j][i] = 0;
        for (int p = 0; p < likelihood->pairs; p++) b->cov[p][i] = 0;
    }
}

void likelihood_evaluate(const struct likelihood *likelihood, struct likelihood_block *b, int order,
                         int level)
{
    SIMD_CALL(simd_level(level), evaluate, (likelihood, b, order));
}

void likelihood_expect(const struct likelihood *likelihood, struct likelihood_block *b, int level)
{
    SIMD_CALL(simd_level(level), expect, (likelihood, b));
}

void likelihood_points(const struct likelihood *likelihood, const double *cell, const double *eta,
                       double *value, int level)
{
    SIMD_CALL(simd_level(level), points, (likelihood, cell, eta, value));
}
