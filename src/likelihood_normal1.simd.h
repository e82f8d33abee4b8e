/* One response: log p = -log(2 pi)/2 - s - z^2/2, z = (y - m) exp(-s)                     (eq. 1)
 * through the sums over the rows of y - m and of its squares. Predictors eta = (m, s). */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"
#include "likelihood_normal.h"
#include "likelihood_normal_expect.simd.h"
#include "scalar.h"

/* Sums over the rows of a cell: weights, y - m and its square */
struct SIMD_NAME(sums1) {
    SIMD_VEC n, r, rr;
};

SIMD_INLINE struct SIMD_NAME(sums1) SIMD_NAME(sum_cell1)(const double *cell, SIMD_VEC m, int nodes)
{
    SIMD_VEC n = CELLS_LOAD(cell, 0), d = CELLS_LOAD(cell, 1) - m, third = CELLS_LOAD(cell, 2);
    struct SIMD_NAME(sums1) s = {n, n * d, third * third + n * d * d};
    if (!nodes) return s;
    s.r = third + n * d;
    s.rr = CELLS_LOAD(cell, 3) + d * (2.0 * third + n * d);
    return s;
}

/* Value; with order 1 grad (2), a row every `stride` doubles, with order 2 hess (3) of the block
 * too */
SIMD_INLINE SIMD_VEC SIMD_NAME(density1)(struct SIMD_NAME(sums1) sums, SIMD_VEC s, int order,
                                         double *grad, int stride, double *hess)
{
    SIMD_VEC w = SIMD_NAME(exp_open)(-2.0 * s), c = w * sums.rr;
    if (order > 0) {
        SIMD_STORE(grad, w * sums.r);
        SIMD_STORE(grad + stride, c - sums.n);
    }
    if (order > 1) {
        CELLS_STORE(hess, LIKELIHOOD_PAIR(2, 0, 0), -sums.n * w);
        CELLS_STORE(hess, LIKELIHOOD_PAIR(2, 1, 0), -2.0 * w * sums.r);
        CELLS_STORE(hess, LIKELIHOOD_PAIR(2, 1, 1), -2.0 * c);
    }
    return -sums.n * (0.5 * LOG_2PI + s) - 0.5 * c;
}

SIMD_INLINE void SIMD_NAME(evaluate1_as)(struct likelihood_block *b, int nodes, int order)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH)
        SIMD_STORE(b->value + i,
                   SIMD_NAME(density1)(
                       SIMD_NAME(sum_cell1)(b->cell[0] + i, SIMD_LOAD(b->eta[0] + i), nodes),
                       SIMD_LOAD(b->eta[1] + i), order, b->grad[0] + i, LIKELIHOOD_BLOCK,
                       b->hess[0] + i));
}

/* Each call has nodes and order as constants, so that what they do not need is left out. */
SIMD_INLINE void SIMD_NAME(evaluate1_order)(struct likelihood_block *b, int nodes, int order)
{
    if (order <= 0) SIMD_NAME(evaluate1_as)(b, nodes, 0);
    else if (order == 1) SIMD_NAME(evaluate1_as)(b, nodes, 1);
    else SIMD_NAME(evaluate1_as)(b, nodes, 2);
}

static SIMD_FUNCTION void SIMD_NAME(evaluate1)(struct likelihood_block *b, int nodes, int order)
{
    if (nodes) SIMD_NAME(evaluate1_order)(b, 1, order);
    else SIMD_NAME(evaluate1_order)(b, 0, order);
}

/* One cell (or node) in all lanes, LIKELIHOOD_BLOCK points eta */
static SIMD_FUNCTION void SIMD_NAME(points1)(const double *cell, int nodes, const double *eta,
                                             double *value)
{
    double cells[4][LIKELIHOOD_BLOCK];
    for (int j = 0; j < 3 + nodes; j++)
        for (int i = 0; i < SIMD_WIDTH; i++) cells[j][i] = cell[j];
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH) {
        SIMD_VEC m = SIMD_LOAD(eta + i), s = CELLS_LOAD(eta + i, 1);
        struct SIMD_NAME(sums1) sums =
            nodes ? SIMD_NAME(sum_cell1)(cells[0], m, 1) : SIMD_NAME(sum_cell1)(cells[0], m, 0);
        SIMD_STORE(value + i, SIMD_LOAD(value + i) + SIMD_NAME(density1)(sums, s, 0, 0, 0, 0));
    }
}

static SIMD_FUNCTION double SIMD_NAME(score1)(struct likelihood_rows *rows)
{
    SIMD_VEC total = SIMD_SET(0.0);
    for (int i = 0; i < rows->n; i += SIMD_WIDTH) {
        SIMD_VEC n = SIMD_LOAD(rows->weight + i);
        SIMD_VEC d = SIMD_LOAD(rows->y[0] + i) - SIMD_LOAD(rows->eta[0] + i);
        struct SIMD_NAME(sums1) sums = {n, n * d, n * d * d};
        total += SIMD_NAME(density1)(sums, SIMD_LOAD(rows->eta[1] + i), 1, rows->eta[0] + i,
                                     LIKELIHOOD_ROWS, 0);
    }
    return SIMD_NAME(sum)(total);
}

/* -1/2 of the quadratic form as an exponential of the predictors (eq. 9) */
SIMD_INLINE SIMD_VEC SIMD_NAME(expect1_cells)(const double *cell, int nodes, const double *mean,
                                              const double *cov, double *grad, double *hess)
{
    static const struct exp_term terms[] = {{0, 0, -0.5, 1, {1}, {-2}}};
    SIMD_VEC zero = SIMD_SET(0.0), n = CELLS_LOAD(cell, 0);
    struct SIMD_NAME(cell_sums)
        sums = {n, {CELLS_LOAD(cell, 1), zero}, {zero, zero}, {zero, zero, zero}};
    if (nodes) sums.sum[0] = CELLS_LOAD(cell, 2);
    sums.scatter[0] = nodes ? CELLS_LOAD(cell, 3) : CELLS_LOAD(cell, 2) * CELLS_LOAD(cell, 2);
    CELLS_STORE(grad, 0, zero);
    CELLS_STORE(grad, 1, -n);
    for (int p = 0; p < 3; p++) CELLS_STORE(hess, p, zero);
    return -n * (0.5 * LOG_2PI + CELLS_LOAD(mean, 1)) +
           SIMD_NAME(expect_terms)(terms, 1, 1, 2, &sums, mean, cov, grad, hess);
}

static SIMD_FUNCTION void SIMD_NAME(expect1)(struct likelihood_block *b, int nodes)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH)
        SIMD_STORE(b->value + i,
                   SIMD_NAME(expect1_cells)(b->cell[0] + i, nodes, b->eta[0] + i, b->cov[0] + i,
                                            b->grad[0] + i, b->hess[0] + i));
}
