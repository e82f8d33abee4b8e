/* The likelihoods over blocks of cells. */
#include "simd_ops.simd.h"
#define STAT(i) SIMD_LOAD(cell + LIKELIHOOD_BLOCK * (i))
#define ETA(j) SIMD_LOAD(eta + LIKELIHOOD_BLOCK * (j))
#define GRAD(j, v) SIMD_STORE(grad + LIKELIHOOD_BLOCK * (j), v)
#define HESS(q, i, j, v) SIMD_STORE(hess + LIKELIHOOD_BLOCK * PAIR(q, i, j), v)

#include "likelihood_normal1.simd.h"
#include "likelihood_normal2.simd.h"
#include "expectation.simd.h"

/* Each call below has k, nodes and order as constants, so that what they do not need is left out. */
SIMD_INLINE void SIMD_NAME(evaluate_as)(int k, int nodes, int order, int scatter,
                                        struct likelihood_block *b)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH) {
        const double *cell = b->cell[0] + i, *eta = b->eta[0] + i;
        double *grad = b->grad[0] + i, *hess = b->hess[0] + i;
        SIMD_STORE(b->value + i,
                   k == 1 ? SIMD_NAME(one)(cell, 0, nodes, eta, order, grad, hess)
                          : SIMD_NAME(two)(cell, 0, nodes, scatter, eta, order, grad, hess));
    }
}

#define EACH_ORDER(k, nodes)                                                                       \
    (order <= 0   ? SIMD_NAME(evaluate_as)(k, nodes, 0, scatter, b)                                \
     : order == 1 ? SIMD_NAME(evaluate_as)(k, nodes, 1, scatter, b)                                \
                  : SIMD_NAME(evaluate_as)(k, nodes, 2, scatter, b))

static SIMD_FUNCTION void SIMD_NAME(evaluate)(const struct likelihood *likelihood,
                                              struct likelihood_block *b, int order)
{
    int scatter = 0;
    if (likelihood->k == 1) {
        if (likelihood->nodes) EACH_ORDER(1, 1);
        else EACH_ORDER(1, 0);
        return;
    }
    if (likelihood->nodes) {
        EACH_ORDER(2, 1);
        return;
    }
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++)
        scatter |= b->cell[3][i] != 0 || b->cell[4][i] != 0 || b->cell[5][i] != 0;
    EACH_ORDER(2, 0);
}

SIMD_INLINE void SIMD_NAME(expect_as)(int k, int nodes, struct likelihood_block *b)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH) {
        const double *cell = b->cell[0] + i, *mean = b->eta[0] + i, *cov = b->cov[0] + i;
        double *grad = b->grad[0] + i, *hess = b->hess[0] + i;
        SIMD_STORE(b->value + i, k == 1
                                     ? SIMD_NAME(expect_one)(cell, nodes, mean, cov, grad, hess)
                                     : SIMD_NAME(expect_two)(cell, nodes, mean, cov, grad, hess));
    }
}

static SIMD_FUNCTION void SIMD_NAME(expect)(const struct likelihood *likelihood,
                                            struct likelihood_block *b)
{
    SIMD_NAME(expect_as)(likelihood->k, likelihood->nodes, b);
}

SIMD_INLINE void SIMD_NAME(points_as)(int k, int nodes, int scatter, const double *cell,
                                      const double *eta, double *value)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH)
        SIMD_STORE(value + i,
                   SIMD_LOAD(value + i) +
                       (k == 1 ? SIMD_NAME(one)(cell, 1, nodes, eta + i, 0, 0, 0)
                               : SIMD_NAME(two)(cell, 1, nodes, scatter, eta + i, 0, 0, 0)));
}

static SIMD_FUNCTION void SIMD_NAME(points)(const struct likelihood *likelihood, const double *cell,
                                            const double *eta, double *value)
{
    if (likelihood->k == 1) {
        if (likelihood->nodes) SIMD_NAME(points_as)(1, 1, 0, cell, eta, value);
        else SIMD_NAME(points_as)(1, 0, 0, cell, eta, value);
    } else if (likelihood->nodes) {
        SIMD_NAME(points_as)(2, 1, 0, cell, eta, value);
    } else {
        SIMD_NAME(points_as)(2, 0, cell[3] != 0 || cell[4] != 0 || cell[5] != 0, cell, eta, value);
    }
}

#undef STAT
#undef ETA
#undef GRAD
#undef HESS
#undef EACH_ORDER
