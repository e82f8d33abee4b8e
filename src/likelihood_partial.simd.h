/* K responses, by canonical partial correlations: with w_ij = c_ij / 2 (i > j) and residuals
 * z_i = (y_i - m_i) exp(-s_i), the whitened residuals e are made by hyperbolic rotations,
 *   f = z_i,   f <- cosh(w_ij) f - sinh(w_ij) e_j  for j < i in turn,   e_i = f,
 *   log p = -K/2 log(2 pi) - sum s + sum log cosh w - |e|^2 / 2.
 * tanh(w_ij) is the correlation of responses i and j given those before j: any w is valid, and two
 * responses have the density of likelihood_normal2.c. A rotation is formed as
 * (E (f - e) + (f + e) / E) / 2, E = exp(w), so that nothing cancels as a correlation goes to one.
 *
 * Everything is linear in the residual, so the scatter of a cell enters as more residuals, the
 * columns of its root. Row i of the rotations is e_i = alpha_i z_i - sum_j beta_ij e_j, with
 * alpha_i = prod_j cosh w_ij and beta_ij = sinh w_ij prod_(l > j) cosh w_il, and no other row knows
 * its predictors (m_i, s_i, c_i1, ..). With phi_a = d e_i / d eta_a of that row alone,
 * T = (I + B)^-1 and multipliers lambda = -T' e times the weight of the residual, the sums over
 * residuals are
 *   gradient  g_a  = sum lambda_i phi_a
 *   Hessian   h_ab = -(T' T)_il sum phi_a phi_b + sum lambda_i d2 e_i / d eta_a d eta_b  (i = l)
 *                    + sum_j (-d beta_ij / d eta_a) T_jl sum lambda_i phi_b              (i > l)
 * for a of row i and b of row l <= i, because e moves along b by T_.l phi_b. Along w_ij and w_il,
 * j > l, the second derivative of e_i is tanh(w_ij) times the first by w_il. */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"
#include "likelihood_normal.h"
#include "likelihood_residuals_observed.simd.h"
#include "scalar.h"

/* What the residuals of a cell share; returns sum log cosh w - sum s. */
SIMD_INLINE SIMD_VEC SIMD_NAME(load_rotations)(struct residuals *p, const double *eta)
{
    int k = p->k;
    SIMD_VEC log_density = SIMD_SET(0.0);
    for (int i = 0; i < p->rows; i++) {
        SIMD_VEC s = CELLS_LOAD(eta, k + i), product = SIMD_SET(1.0);
        PUT(p->scale, i, SIMD_NAME(exp_open)(-s));
        PUT(p->before, lower_at(i, 0), product);
        log_density -= s;
        for (int j = 0; j < i; j++) {
            int a = pair_at(i, j);
            SIMD_VEC c = CELLS_LOAD(eta, 2 * k + a), size = SIMD_ABS(c);
            SIMD_VEC large = SIMD_NAME(exp_open)(0.5 * size), small = 1.0 / large;
            SIMD_VEC up = 0.5 * SIMD_SELECT(c > 0.0, large, small),
                     down = 0.5 * SIMD_SELECT(c > 0.0, small, large);
            PUT(p->up, a, up);
            PUT(p->down, a, down);
            PUT(p->swept, a, product * (up - down));
            product *= up + down;
            PUT(p->before, lower_at(i, j + 1), product);
            log_density += 0.5 * size - LOG_2 + SIMD_NAME(log1p)(small * small);
        }
    }
    return log_density;
}

/* What only derivatives need of them */
SIMD_INLINE void SIMD_NAME(load_products)(struct residuals *p)
{
    for (int i = 1; i < p->rows; i++) {
        SIMD_VEC product = SIMD_SET(1.0);
        for (int j = i - 1; j >= 0; j--) {
            int a = pair_at(i, j);
            SIMD_VEC up = AT(p->up, a), down = AT(p->down, a), cosh = up + down, sinh = up - down;
            PUT(p->after, a, 0.5 * product);
            PUT(p->beta, a, product * sinh);
            PUT(p->tanh, a, sinh / cosh);
            product *= cosh;
        }
    }
}

/* Whitens residual c; returns its part of -|e|^2 / 2. Leaves with `order` the derivatives of the
 * rotations by w in phi. */
SIMD_INLINE SIMD_VEC SIMD_NAME(whiten)(struct residuals *p, int c, int order)
{
    int k = p->k, first = p->first[c], r = p->residuals;
    const double *z = p->z + SIMD_WIDTH * c * k;
    double *e = p->e + SIMD_WIDTH * c * k, *turn = p->phi + SIMD_WIDTH * (2 * k * r + c);
    SIMD_VEC squares = SIMD_SET(0.0);
    for (int i = first; i < p->rows; i++) {
        int a = pair_at(i, 0);
        SIMD_VEC zi = AT(z, i), f = zi * AT(p->before, lower_at(i, first));
        for (int j = 0; j < first && order > 0; j++)
            PUT(turn, (a + j) * r, zi * AT(p->swept, a + j));
        for (int j = first; j < i; j++) {
            SIMD_VEC ej = AT(e, j), u = AT(p->up, a + j) * (f - ej),
                     v = AT(p->down, a + j) * (f + ej);
            if (order > 0) PUT(turn, (a + j) * r, u - v);
            f = u + v;
        }
        PUT(e, i, f);
        squares += f * f;
    }
    return -0.5 * AT(p->weight, c) * squares;
}

/* Multipliers of residual c, and its part of `step` */
SIMD_INLINE void SIMD_NAME(multiply)(struct residuals *p, int c, int order)
{
    int k = p->k, first = p->first[c];
    const double *z = p->z + SIMD_WIDTH * c * k, *e = p->e + SIMD_WIDTH * c * k;
    double *unit = p->unit + SIMD_WIDTH * c, *lambda = p->lambda + SIMD_WIDTH * c;
    int r = p->residuals, rows = p->rows;
    SIMD_VEC weight = AT(p->weight, c);
    for (int i = first; i < rows; i++) PUT(unit, i * r, -AT(e, i));
    for (int i = rows - 1; i >= first; i--) {
        SIMD_VEC ui = AT(unit, i * r);
        for (int j = first; j < i; j++) ADD(unit, j * r, -AT(p->beta, pair_at(i, j)) * ui);
        PUT(lambda, i * r, weight * ui);
    }
    if (order < 2) return;
    for (int i = first; i < rows; i++) {
        int a = pair_at(i, 0);
        SIMD_VEC li = AT(lambda, i * r), f = AT(z, i);
        for (int j = 0; j < i; j++) {
            SIMD_VEC ej = j < first ? SIMD_SET(0.0) : AT(e, j);
            f = AT(p->up, a + j) * (f - ej) + AT(p->down, a + j) * (f + ej);
            ADD(p->step, a + j, li * f);
        }
    }
}

/* Makes phi of all predictors from the derivatives of the rotations. */
SIMD_INLINE void SIMD_NAME(finish_phi)(struct residuals *p)
{
    int k = p->k, r = p->residuals;
    for (int i = 0; i < p->rows; i++) {
        SIMD_VEC alpha = AT(p->before, lower_at(i, i)), slope = -alpha * AT(p->scale, i);
        for (int c = 0; c < r; c++) {
            PUT(p->phi, i * r + c, slope * AT(p->lead, c));
            if (p->first[c] <= i) PUT(p->phi, (k + i) * r + c, -alpha * AT(p->z, c * k + i));
        }
    }
    for (int a = 0; a < pair_at(p->rows, 0); a++)
        for (int c = 0; c < r; c++)
            PUT(p->phi, (2 * k + a) * r + c, AT(p->phi, (2 * k + a) * r + c) * AT(p->after, a));
}

/* Sum over the first n residuals of x y, both contiguous */
SIMD_INLINE SIMD_VEC SIMD_NAME(dot)(const double *x, const double *y, int n)
{
    SIMD_VEC sum = SIMD_SET(0.0);
    for (int c = 0; c < n; c++) sum += AT(x, c) * AT(y, c);
    return sum;
}

/* Sums of lambda_i phi_a into p->sum: of the row of a alone, or of all rows below it too */
SIMD_INLINE void SIMD_NAME(sum_products)(const struct residuals *p, int all)
{
    int q = p->q, r = p->residuals;
    for (int a = 0; a < q; a++)
        for (int i = p->row[a]; i < p->rows && (all || i == p->row[a]); i++)
            PUT(p->sum, i * q + a,
                SIMD_NAME(dot)(p->lambda + SIMD_WIDTH * (i * r), p->phi + SIMD_WIDTH * (a * r),
                               p->span[a]));
}

/* T, T' T, and what bends e by moving a w of a row above which e moves */
SIMD_INLINE void SIMD_NAME(solve_rows)(const struct residuals *p)
{
    int k = p->k, rows = p->rows;
    for (int l = 0; l < rows; l++) {
        PUT(p->whole, lower_at(l, l), SIMD_SET(1.0));
        for (int i = l + 1; i < rows; i++) {
            SIMD_VEC sum = SIMD_SET(0.0);
            for (int j = l; j < i; j++) {
                int a = pair_at(i, j);
                SIMD_VEC t = AT(p->whole, lower_at(j, l)), cosh = AT(p->up, a) + AT(p->down, a);
                PUT(p->bend, a * k + l, -0.5 * AT(p->tanh, a) * sum - AT(p->after, a) * cosh * t);
                sum += AT(p->beta, a) * t;
            }
            PUT(p->whole, lower_at(i, l), -sum);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int l = 0; l <= i; l++) {
            SIMD_VEC sum = SIMD_SET(0.0);
            for (int j = i; j < rows; j++)
                sum += AT(p->whole, lower_at(j, i)) * AT(p->whole, lower_at(j, l));
            PUT(p->square, lower_at(i, l), sum);
        }
}

/* Sum over residuals of lambda times the second derivative of e by predictors a >= b of one row */
SIMD_INLINE SIMD_VEC SIMD_NAME(within_row)(const struct residuals *p, int a, int b)
{
    int k = p->k, pair = a - 2 * k;
    SIMD_VEC first = AT(p->sum, p->row[b] * p->q + b);
    if (a < k) return SIMD_SET(0.0);
    if (a < 2 * k) return -first;
    if (a > b) return 0.5 * AT(p->tanh, pair) * first;
    return 0.5 * AT(p->after, pair) * AT(p->step, pair);
}

SIMD_INLINE void SIMD_NAME(partial_hessian)(const struct residuals *p, SIMD_VEC n, double *hess)
{
    int k = p->k, q = p->q, r = p->residuals;
    SIMD_VEC weighted[LIKELIHOOD_MOST_K + 1];
    for (int b = 0, pair = 0; b < q; b++) {
        int row = p->row[b], span = p->span[b];
        const double *phi = p->phi + SIMD_WIDTH * (b * r);
        for (int c = 0; c < span; c++) weighted[c] = AT(p->weight, c) * AT(phi, c);
        for (int a = b; a < q; a++, pair++) {
            int low = p->row[a];
            if (low >= p->rows || row >= p->rows) {
                CELLS_STORE(hess, pair, SIMD_SET(0.0));
                continue;
            }
            int most = p->span[a] < span ? p->span[a] : span;
            const double *other = p->phi + SIMD_WIDTH * (a * r);
            SIMD_VEC sum = SIMD_SET(0.0), h;
            for (int c = 0; c < most; c++) sum += AT(other, c) * weighted[c];
            h = -sum * AT(p->square, low > row ? lower_at(low, row) : lower_at(row, low));
            if (low == row) h += SIMD_NAME(within_row)(p, a, b);
            else if (low > row && a >= 2 * k && p->column[a] >= row)
                h += AT(p->bend, (a - 2 * k) * k + row) * AT(p->sum, low * q + b);
            else if (row > low && b >= 2 * k && p->column[b] >= low)
                h += AT(p->bend, (b - 2 * k) * k + low) * AT(p->sum, row * q + a);
            if (a == b && a >= 2 * k) {
                SIMD_VEC cosh = AT(p->up, a - 2 * k) + AT(p->down, a - 2 * k);
                h += 0.25 * n / (cosh * cosh);
            }
            CELLS_STORE(hess, pair, h);
        }
    }
}

SIMD_INLINE void SIMD_NAME(partial_gradient)(const struct residuals *p, SIMD_VEC n, double *grad)
{
    int k = p->k, q = p->q;
    for (int a = 0; a < q; a++) {
        if (p->row[a] >= p->rows) {
            CELLS_STORE(grad, a, SIMD_SET(0.0));
            continue;
        }
        SIMD_VEC g = AT(p->sum, p->row[a] * q + a);
        if (a >= 2 * k) g += 0.5 * n * AT(p->tanh, a - 2 * k);
        else if (a >= k) g -= n;
        CELLS_STORE(grad, a, g);
    }
}

/* The Cholesky factor of standardised residuals by partial correlations, rows in p->order */
SIMD_INLINE void SIMD_NAME(load_factor)(struct residuals *p)
{
    int rows = p->rows;
    for (int i = 0; i < rows; i++) {
        int at = p->order[i];
        for (int j = 0; j < rows; j++) {
            SIMD_VEC value = SIMD_SET(j == at ? 1.0 : 0.0);
            if (j < at) {
                SIMD_VEC up = AT(p->up, pair_at(at, j)), down = AT(p->down, pair_at(at, j));
                value = (up - down) / (up + down);
            }
            if (j <= at) value = value / AT(p->before, lower_at(at, j));
            PUT(p->factor, i * rows + j, value);
        }
    }
}

/* n: rows of the cells */
SIMD_INLINE void SIMD_NAME(partial_derivatives)(struct residuals *p, SIMD_VEC n, int order,
                                                double *grad, double *hess)
{
    residuals_spans(p);
    SIMD_NAME(load_products)(p);
    for (int a = 0; a < pair_at(p->rows, 0) && order > 1; a++) PUT(p->step, a, SIMD_SET(0.0));
    for (int c = 0; c < p->residuals; c++) SIMD_NAME(multiply)(p, c, order);
    SIMD_NAME(finish_phi)(p);
    SIMD_NAME(sum_products)(p, order > 1);
    SIMD_NAME(partial_gradient)(p, n, grad);
    if (order < 2) return;
    SIMD_NAME(solve_rows)(p);
    SIMD_NAME(partial_hessian)(p, n, hess);
    if (p->seen < p->rows) SIMD_NAME(add_score_covariance)(p, n, hess);
}

/* Cells with the same responses; bit i of `observed` is set where response i is observed. */
static SIMD_FUNCTION SIMD_VEC SIMD_NAME(partial_cells)(struct residuals *p, int observed,
                                                       const double *cell, const double *eta,
                                                       int order, double *grad, double *hess)
{
    residuals_observe(p, observed);
    SIMD_VEC log_density = SIMD_NAME(load_rotations)(p, eta) - 0.5 * p->seen * LOG_2PI,
             squares = SIMD_SET(0.0);
    if (p->is_columns) SIMD_NAME(load_columns)(p, cell, eta);
    else SIMD_NAME(load_cell)(p, observed, cell, eta);
    SIMD_VEC n = SIMD_NAME(count_rows)(p);
    p->completed = p->residuals;
    if (p->seen < p->rows) {
        SIMD_NAME(load_factor)(p);
        log_density += SIMD_NAME(complete)(p, n);
        for (int i = p->seen; i < p->rows; i++) log_density += CELLS_LOAD(eta, p->k + p->order[i]);
    }
    for (int c = 0; c < p->residuals; c++) {
        SIMD_VEC part = SIMD_NAME(whiten)(p, c, order);
        if (c < p->completed) squares += part; /* those of the others are what entropy takes off */
    }
    if (order > 0) SIMD_NAME(partial_derivatives)(p, n, order, grad, hess);
    return n * log_density + squares;
}

static SIMD_FUNCTION void SIMD_NAME(evaluate_partial)(struct likelihood_block *b, int k,
                                                      int is_columns, int order)
{
    struct residuals p;
    SIMD_NAME(new_residuals)(k, is_columns, b->work, &p);
    SIMD_NAME(evaluate_cells)(b, &p, order, SIMD_NAME(partial_cells), partial_cells_plain);
}
