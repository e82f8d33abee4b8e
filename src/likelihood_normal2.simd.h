/* Two responses, rho = tanh(r / 2), E = exp(r), z_k = (y_k - m_k) exp(-s_k),
 * u = z_1 - z_2, v = z_1 + z_2:
 *   log p = -log(2 pi) - s_1 - s_2 + log cosh(r/2) - [(1 + E) u^2 + (1 + 1/E) v^2] / 8
 * (eq. 2). A sum of non-negative squares: 1 - rho^2 is never formed, nothing cancels
 * as |rho| -> 1, and no value is clipped. Predictors eta = (m_1, m_2, s_1, s_2, r).
 *
 * The scatter of a cell enters as two more residuals, the columns of its Cholesky factor, so that
 * squares stay squares. A node has only sums of residuals and of their products, from which
 * products with u and v are differences. A row is a cell without scatter.
 *
 * With alpha = (2 + E + 1/E)/4, beta = (1/E - E)/4 the derivatives need, summed over the rows,
 *   a = alpha z_1 + beta z_2, b = beta z_1 + alpha z_2   (d/dz of the bracket over two)
 * and their products with z, formed from u and v as well. */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"
#include "likelihood_normal.h"
#include "likelihood_normal_expect.simd.h"
#include "scalar.h"
#include <math.h>

/* Predictors of spread and what is made of them: w_k = exp(-s_k), tail = exp(-|r|) = min(E, 1/E) */
struct SIMD_NAME(spread) {
    SIMD_VEC s1, s2, r, w1, w2, tail;
};

/* Over the rows of a cell: sum of the weights, of z, u, v and (pairs) of their products, p_kl those
 * of z_k z_l */
struct SIMD_NAME(sums2) {
    SIMD_VEC n, z1, z2, u, v, uu, vv, uz1, uz2, vz1, vz2, p11, p12, p22;
    SIMD_VEC one1, one2; /* z_k of a row */
};

SIMD_INLINE struct SIMD_NAME(sums2) SIMD_NAME(sum_row)(SIMD_VEC n, SIMD_VEC z1, SIMD_VEC z2)
{
    struct SIMD_NAME(sums2) s;
    SIMD_VEC u = z1 - z2, v = z1 + z2;
    s.n = n;
    s.one1 = z1;
    s.one2 = z2;
    s.z1 = n * z1;
    s.z2 = n * z2;
    s.u = n * u;
    s.v = n * v;
    s.uu = n * u * u;
    s.vv = n * v * v;
    s.uz1 = u * s.z1;
    s.uz2 = u * s.z2;
    s.vz1 = v * s.z1;
    s.vz2 = v * s.z2;
    s.p11 = s.z1 * z1;
    s.p12 = s.z1 * z2;
    s.p22 = s.z2 * z2;
    return s;
}

/* A residual (z1, z2) of the scatter: products only */
SIMD_INLINE void SIMD_NAME(add_residual)(SIMD_VEC z1, SIMD_VEC z2, struct SIMD_NAME(sums2) * s)
{
    SIMD_VEC u = z1 - z2, v = z1 + z2;
    s->uu += u * u;
    s->vv += v * v;
    s->uz1 += u * z1;
    s->uz2 += u * z2;
    s->vz1 += v * z1;
    s->vz2 += v * z2;
    s->p11 += z1 * z1;
    s->p12 += z1 * z2;
    s->p22 += z2 * z2;
}

SIMD_INLINE struct SIMD_NAME(sums2)
    SIMD_NAME(sum_node)(const double *cell, SIMD_VEC d1, SIMD_VEC d2, SIMD_VEC w1, SIMD_VEC w2)
{
    SIMD_VEC n = CELLS_LOAD(cell, 0), sum1 = CELLS_LOAD(cell, 3), sum2 = CELLS_LOAD(cell, 4);
    struct SIMD_NAME(sums2) s;
    s.n = n;
    s.z1 = w1 * (sum1 + n * d1);
    s.z2 = w2 * (sum2 + n * d2);
    s.p11 = w1 * w1 * (CELLS_LOAD(cell, 5) + d1 * (2.0 * sum1 + n * d1));
    s.p12 = w1 * w2 * (CELLS_LOAD(cell, 6) + d1 * sum2 + d2 * (sum1 + n * d1));
    s.p22 = w2 * w2 * (CELLS_LOAD(cell, 7) + d2 * (2.0 * sum2 + n * d2));
    s.uz1 = s.p11 - s.p12;
    s.uz2 = s.p12 - s.p22;
    s.vz1 = s.p11 + s.p12;
    s.vz2 = s.p12 + s.p22;
    s.uu = s.uz1 - s.uz2;
    s.vv = s.vz1 + s.vz2;
    s.u = s.z1 - s.z2;
    s.v = s.z1 + s.z2;
    return s;
}

SIMD_INLINE struct SIMD_NAME(sums2)
    SIMD_NAME(sum_cell2)(const double *cell, int kind, SIMD_VEC m1, SIMD_VEC m2,
                         const struct SIMD_NAME(spread) * at)
{
    SIMD_VEC d1 = CELLS_LOAD(cell, 1) - m1, d2 = CELLS_LOAD(cell, 2) - m2, w1 = at->w1, w2 = at->w2;
    if (kind == NORMAL2_NODE) return SIMD_NAME(sum_node)(cell, d1, d2, w1, w2);
    struct SIMD_NAME(sums2) s = SIMD_NAME(sum_row)(CELLS_LOAD(cell, 0), d1 * w1, d2 * w2);
    if (kind == NORMAL2_CELL) {
        SIMD_NAME(add_residual)(CELLS_LOAD(cell, 3) * w1, CELLS_LOAD(cell, 4) * w2, &s);
        SIMD_NAME(add_residual)(SIMD_SET(0.0), CELLS_LOAD(cell, 5) * w2, &s);
    }
    return s;
}

/* Value; with order 1 grad (5), a row every `stride` doubles, with order 2 hess (15) of the block
 * too. `row`: of single rows, whose one residual gives its products with a and b at once; the term
 * log(1 + tail) of log cosh is then left to the caller. */
SIMD_INLINE SIMD_VEC SIMD_NAME(density2)(const struct SIMD_NAME(spread) * at,
                                         const struct SIMD_NAME(sums2) * s, int row, int order,
                                         double *grad, int stride, double *hess)
{
    SIMD_VEC n = s->n, w1 = at->w1, w2 = at->w2, r = at->r, size = SIMD_ABS(r), tail = at->tail;
    SIMD_VEC large = 1.0 / tail;
    SIMD_VEC up = SIMD_SELECT(r > 0.0, large, tail), down = SIMD_SELECT(r > 0.0, tail, large);
    SIMD_VEC pu = 0.25 * (1.0 + up), pv = 0.25 * (1.0 + down), up4 = 0.25 * up, down4 = 0.25 * down;
    SIMD_VEC a = pv * s->v + pu * s->u, b = pv * s->v - pu * s->u;
    SIMD_VEC az1 = pv * s->vz1 + pu * s->uz1, bz2 = pv * s->vz2 - pu * s->uz2;
    if (row) az1 = a * s->one1, bz2 = b * s->one2;
    SIMD_VEC inverse = 1.0 / (1.0 + tail);
    if (order > 0) {
        SIMD_VEC tanh = (1.0 - tail) * inverse; /* of |r| / 2 */
        SIMD_STORE(grad, w1 * a);
        SIMD_STORE(grad + stride, w2 * b);
        SIMD_STORE(grad + stride * 2, az1 - n);
        SIMD_STORE(grad + stride * 3, bz2 - n);
        SIMD_STORE(grad + stride * 4, 0.5 * n * SIMD_SELECT(r < 0.0, -tanh, tanh) -
                                          0.5 * (up4 * s->uu - down4 * s->vv));
    }
    if (order > 1) {
#define HESS(i, j, v) CELLS_STORE(hess, LIKELIHOOD_PAIR(5, i, j), v)
        SIMD_VEC alpha = 0.5 + up4 + down4, beta = down4 - up4;
        HESS(0, 0, -n * alpha * w1 * w1);
        HESS(1, 0, -n * beta * w1 * w2);
        HESS(1, 1, -n * alpha * w2 * w2);
        HESS(2, 0, -w1 * (alpha * s->z1 + a));
        HESS(3, 0, -w1 * beta * s->z2);
        HESS(2, 1, -w2 * beta * s->z1);
        HESS(3, 1, -w2 * (alpha * s->z2 + b));
        HESS(4, 0, w1 * (up4 * s->u - down4 * s->v));
        HESS(4, 1, -w2 * (up4 * s->u + down4 * s->v));
        HESS(2, 2, -(alpha * s->p11 + az1));
        HESS(3, 2, -beta * s->p12);
        HESS(3, 3, -(alpha * s->p22 + bz2));
        HESS(4, 2, up4 * s->uz1 - down4 * s->vz1);
        HESS(4, 3, -(up4 * s->uz2 + down4 * s->vz2));
        HESS(4, 4, n * tail * inverse * inverse - 0.5 * (up4 * s->uu + down4 * s->vv));
#undef HESS
    }
    SIMD_VEC log_cosh = 0.5 * size; /* of r / 2 */
    if (!row) log_cosh += SIMD_NAME(log1p)(tail);
    log_cosh -= LOG_2;
    return n * (log_cosh - LOG_2PI - at->s1 - at->s2) - 0.5 * (pu * s->uu + pv * s->vv);
}

/* eta: a row every LIKELIHOOD_BLOCK doubles */
SIMD_INLINE SIMD_VEC SIMD_NAME(cells2)(const double *cell, const double *eta, int kind, int order,
                                       double *grad, double *hess)
{
    SIMD_VEC s1 = CELLS_LOAD(eta, 2), s2 = CELLS_LOAD(eta, 3), r = CELLS_LOAD(eta, 4);
    struct SIMD_NAME(spread) at = {s1,
                                   s2,
                                   r,
                                   SIMD_NAME(exp_open)(-s1),
                                   SIMD_NAME(exp_open)(-s2),
                                   SIMD_NAME(exp_open)(-SIMD_ABS(r))};
    struct SIMD_NAME(sums2) s =
        SIMD_NAME(sum_cell2)(cell, kind, CELLS_LOAD(eta, 0), CELLS_LOAD(eta, 1), &at);
    return SIMD_NAME(density2)(&at, &s, 0, order, grad, LIKELIHOOD_BLOCK, hess);
}

SIMD_INLINE void SIMD_NAME(evaluate2_as)(struct likelihood_block *b, int kind, int order)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH)
        SIMD_STORE(b->value + i, SIMD_NAME(cells2)(b->cell[0] + i, b->eta[0] + i, kind, order,
                                                   b->grad[0] + i, b->hess[0] + i));
}

/* Each call has kind and order as constants, so that what they do not need is left out. */
SIMD_INLINE void SIMD_NAME(evaluate2_order)(struct likelihood_block *b, int kind, int order)
{
    if (order <= 0) SIMD_NAME(evaluate2_as)(b, kind, 0);
    else if (order == 1) SIMD_NAME(evaluate2_as)(b, kind, 1);
    else SIMD_NAME(evaluate2_as)(b, kind, 2);
}

static SIMD_FUNCTION void SIMD_NAME(evaluate2)(struct likelihood_block *b, int kind, int order)
{
    if (kind == NORMAL2_ROW) SIMD_NAME(evaluate2_order)(b, NORMAL2_ROW, order);
    else if (kind == NORMAL2_CELL) SIMD_NAME(evaluate2_order)(b, NORMAL2_CELL, order);
    else SIMD_NAME(evaluate2_order)(b, NORMAL2_NODE, order);
}

SIMD_INLINE void SIMD_NAME(points2_as)(const double *cells, int kind, const double *eta,
                                       double *value)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH)
        SIMD_STORE(value + i,
                   SIMD_LOAD(value + i) + SIMD_NAME(cells2)(cells, eta + i, kind, 0, 0, 0));
}

/* One cell (or node) in all lanes, LIKELIHOOD_BLOCK points eta */
static SIMD_FUNCTION void SIMD_NAME(points2)(const double *cell, int kind, const double *eta,
                                             double *value)
{
    double cells[8][LIKELIHOOD_BLOCK];
    for (int j = 0; j < (kind == NORMAL2_NODE ? 8 : 6); j++)
        for (int i = 0; i < SIMD_WIDTH; i++) cells[j][i] = cell[j];
    if (kind == NORMAL2_ROW) SIMD_NAME(points2_as)(cells[0], NORMAL2_ROW, eta, value);
    else if (kind == NORMAL2_CELL) SIMD_NAME(points2_as)(cells[0], NORMAL2_CELL, eta, value);
    else SIMD_NAME(points2_as)(cells[0], NORMAL2_NODE, eta, value);
}

/* The logarithms of 1 + tail, in [1, 2], are left out unless `value`; where weights are one, the
 * factors are multiplied first. The exponentials have a loop of their own: the processor overlaps
 * more of these short iterations. */
static SIMD_FUNCTION double SIMD_NAME(score2)(struct likelihood_rows *rows, int value)
{
    double w1[LIKELIHOOD_ROWS], w2[LIKELIHOOD_ROWS], tail[LIKELIHOOD_ROWS], logs = 0;
    SIMD_VEC total = SIMD_SET(0.0), product = SIMD_SET(1.0);
    for (int i = 0; i < rows->n; i += SIMD_WIDTH) {
        SIMD_VEC r = SIMD_LOAD(rows->eta[4] + i);
        SIMD_STORE(w1 + i, SIMD_NAME(exp_open)(-SIMD_LOAD(rows->eta[2] + i)));
        SIMD_STORE(w2 + i, SIMD_NAME(exp_open)(-SIMD_LOAD(rows->eta[3] + i)));
        SIMD_STORE(tail + i, SIMD_NAME(exp_open)(-SIMD_ABS(r)));
    }
    for (int i = 0; i < rows->n; i += SIMD_WIDTH) {
        struct SIMD_NAME(spread) at = {SIMD_LOAD(rows->eta[2] + i), SIMD_LOAD(rows->eta[3] + i),
                                       SIMD_LOAD(rows->eta[4] + i), SIMD_LOAD(w1 + i),
                                       SIMD_LOAD(w2 + i),           SIMD_LOAD(tail + i)};
        SIMD_VEC n = SIMD_LOAD(rows->weight + i);
        struct SIMD_NAME(sums2) s =
            SIMD_NAME(sum_row)(n, (SIMD_LOAD(rows->y[0] + i) - SIMD_LOAD(rows->eta[0] + i)) * at.w1,
                               (SIMD_LOAD(rows->y[1] + i) - SIMD_LOAD(rows->eta[1] + i)) * at.w2);
        total += SIMD_NAME(density2)(&at, &s, 1, 1, rows->eta[0] + i, LIKELIHOOD_ROWS, 0);
        if (!value) continue;
        if (rows->weighted) total += n * SIMD_NAME(log1p)(at.tail);
        else product *= 1.0 + n * at.tail;
    }
    for (int l = 0; l < SIMD_WIDTH; l++) logs += log(SIMD_LANE(product, l));
    return SIMD_NAME(sum)(total) + logs;
}

/* -1/2 of the quadratic forms, multiplied out into exponentials of the predictors (eq. 9) */
SIMD_INLINE SIMD_VEC SIMD_NAME(expect2_cells)(const double *cell, int nodes, const double *mean,
                                              const double *cov, double *grad, double *hess)
{
    static const struct exp_term terms[] = {{0, 0, -0.25, 1, {2}, {-2}},
                                            {1, 1, -0.25, 1, {3}, {-2}},
                                            {0, 0, -0.125, 2, {2, 4}, {-2, 1}},
                                            {1, 1, -0.125, 2, {3, 4}, {-2, 1}},
                                            {0, 1, 0.25, 3, {2, 3, 4}, {-1, -1, 1}},
                                            {0, 0, -0.125, 2, {2, 4}, {-2, -1}},
                                            {1, 1, -0.125, 2, {3, 4}, {-2, -1}},
                                            {0, 1, -0.25, 3, {2, 3, 4}, {-1, -1, -1}}};
    SIMD_VEC zero = SIMD_SET(0.0), n = CELLS_LOAD(cell, 0), l[3];
    struct SIMD_NAME(cell_sums)
        sums = {n, {CELLS_LOAD(cell, 1), CELLS_LOAD(cell, 2)}, {zero, zero}, {zero, zero, zero}};
    if (nodes) {
        for (int j = 0; j < 2; j++) sums.sum[j] = CELLS_LOAD(cell, 3 + j);
        for (int p = 0; p < 3; p++) sums.scatter[p] = CELLS_LOAD(cell, 5 + p);
    } else {
        SIMD_VEC l11 = CELLS_LOAD(cell, 3), l21 = CELLS_LOAD(cell, 4), l22 = CELLS_LOAD(cell, 5);
        sums.scatter[0] = l11 * l11;
        sums.scatter[1] = l11 * l21;
        sums.scatter[2] = l21 * l21 + l22 * l22;
    }
    SIMD_NAME(expect_log_cosh)
    (CELLS_LOAD(mean, 4), CELLS_LOAD(cov, LIKELIHOOD_PAIR(5, 4, 4)), l);
    for (int p = 0; p < 15; p++) CELLS_STORE(hess, p, zero);
    CELLS_STORE(grad, 0, zero);
    CELLS_STORE(grad, 1, zero);
    CELLS_STORE(grad, 2, -n);
    CELLS_STORE(grad, 3, -n);
    CELLS_STORE(grad, 4, n * l[1]);
    CELLS_STORE(hess, LIKELIHOOD_PAIR(5, 4, 4), n * l[2]);
    return n * (l[0] - LOG_2PI - CELLS_LOAD(mean, 2) - CELLS_LOAD(mean, 3)) +
           SIMD_NAME(expect_terms)(terms, 8, 2, 5, &sums, mean, cov, grad, hess);
}

static SIMD_FUNCTION void SIMD_NAME(expect2)(struct likelihood_block *b, int nodes)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH)
        SIMD_STORE(b->value + i,
                   SIMD_NAME(expect2_cells)(b->cell[0] + i, nodes, b->eta[0] + i, b->cov[0] + i,
                                            b->grad[0] + i, b->hess[0] + i));
}
