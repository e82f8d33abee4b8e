/* K responses, each regressed on those before it: with d = y - m and coefficients c_ij (i > j),
 *   u_i = d_i - sum_(j < i) c_ij d_j,   log p = -K/2 log(2 pi) - sum s - sum exp(-2 s_i) u_i^2 / 2.
 * s_i is the log sd of response i given those before it; any c is valid. Residuals are those of
 * likelihood_residuals.h, d, not divided by an sd; w_i = exp(-2 s_i), and over residuals
 *   n = sum a g^2,  A_i = sum a g u_i,  E_j = sum a g d_j,  P_ij = sum a u_i d_j,
 *   Q_i = sum a u_i^2,  D_jl = sum a d_j d_l
 * with weights a and g what of a residual moves with the means. gamma_ij = d u_i / d m_j:
 * -1 for j = i, c_ij for j < i. */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"
#include "likelihood_residuals_observed.simd.h"
#include "scalar.h"

#define LOWER(q, i, j) ((i) >= (j) ? LIKELIHOOD_PAIR(q, i, j) : LIKELIHOOD_PAIR(q, j, i))

struct SIMD_NAME(regression_sums) {
    SIMD_VEC n, a[LIKELIHOOD_MOST_K], e[LIKELIHOOD_MOST_K], q[LIKELIHOOD_MOST_K];
    double *p, *d; /* pairs; lower triangle */
};

/* Residuals u in p->e; returns -sum w u^2 / 2 of residuals that are completed. */
SIMD_INLINE SIMD_VEC SIMD_NAME(regress)(struct residuals *p, const double *eta)
{
    int k = p->k;
    SIMD_VEC value = SIMD_SET(0.0);
    for (int c = 0; c < p->residuals; c++) {
        const double *d = p->z + SIMD_WIDTH * c * k;
        double *u = p->e + SIMD_WIDTH * c * k;
        SIMD_VEC squares = SIMD_SET(0.0);
        for (int i = 0; i < p->rows; i++) {
            SIMD_VEC sum = AT(d, i);
            for (int j = p->first[c]; j < i; j++)
                sum -= CELLS_LOAD(eta, 2 * k + pair_at(i, j)) * AT(d, j);
            PUT(u, i, sum);
            squares += AT(p->precision, i) * sum * sum;
        }
        if (c < p->completed) value -= 0.5 * AT(p->weight, c) * squares;
    }
    return value;
}

SIMD_INLINE void SIMD_NAME(sum_regression)(const struct residuals *p, SIMD_VEC n,
                                           struct SIMD_NAME(regression_sums) * s)
{
    int k = p->k;
    s->n = n;
    s->p = p->step;
    s->d = p->square;
    for (int i = 0; i < p->rows; i++) {
        s->a[i] = s->e[i] = s->q[i] = SIMD_SET(0.0);
        for (int j = 0; j <= i; j++) PUT(s->d, lower_at(i, j), SIMD_SET(0.0));
        for (int j = 0; j < i; j++) PUT(s->p, pair_at(i, j), SIMD_SET(0.0));
        for (int c = 0; c < p->residuals; c++) {
            const double *d = p->z + SIMD_WIDTH * c * k;
            SIMD_VEC a = AT(p->weight, c), u = AT(p->e, c * k + i), lead = a * AT(p->lead, c),
                     au = a * u, ad = a * AT(d, i);
            s->a[i] += lead * u;
            s->e[i] += lead * AT(d, i);
            s->q[i] += au * u;
            for (int j = 0; j <= i; j++) ADD(s->d, lower_at(i, j), ad * AT(d, j));
            for (int j = 0; j < i; j++) ADD(s->p, pair_at(i, j), au * AT(d, j));
        }
    }
}

/* gamma_ij, j <= i */
SIMD_INLINE SIMD_VEC SIMD_NAME(slope)(int k, const double *eta, int i, int j)
{
    return i == j ? SIMD_SET(-1.0) : CELLS_LOAD(eta, 2 * k + pair_at(i, j));
}

SIMD_INLINE void SIMD_NAME(regression_gradient)(const struct residuals *p, const double *eta,
                                                const struct SIMD_NAME(regression_sums) * s,
                                                double *grad)
{
    int k = p->k;
    for (int a = 0; a < p->q; a++) CELLS_STORE(grad, a, SIMD_SET(0.0));
    for (int i = 0; i < p->rows; i++) {
        SIMD_VEC w = AT(p->precision, i);
        CELLS_STORE(grad, k + i, w * s->q[i] - s->n);
        for (int j = 0; j <= i; j++)
            CELLS_STORE(grad, j,
                        CELLS_LOAD(grad, j) - w * s->a[i] * SIMD_NAME(slope)(k, eta, i, j));
        for (int j = 0; j < i; j++)
            CELLS_STORE(grad, 2 * k + pair_at(i, j), w * AT(s->p, pair_at(i, j)));
    }
}

SIMD_INLINE void SIMD_NAME(regression_hessian)(const struct residuals *p, const double *eta,
                                               const struct SIMD_NAME(regression_sums) * s,
                                               double *hess)
{
    int k = p->k, q = p->q;
    for (int pair = 0; pair < q * (q + 1) / 2; pair++) CELLS_STORE(hess, pair, SIMD_SET(0.0));
    for (int i = 0; i < p->rows; i++) {
        SIMD_VEC w = AT(p->precision, i);
        int first = 2 * k + pair_at(i, 0);
        CELLS_STORE(hess, LOWER(q, k + i, k + i), -2.0 * w * s->q[i]);
        for (int j = 0; j <= i; j++) {
            SIMD_VEC gamma = SIMD_NAME(slope)(k, eta, i, j);
            CELLS_STORE(hess, LOWER(q, k + i, j), 2.0 * w * s->a[i] * gamma);
            for (int l = 0; l <= j; l++) {
                int at = LOWER(q, j, l);
                CELLS_STORE(hess, at,
                            CELLS_LOAD(hess, at) -
                                w * s->n * gamma * SIMD_NAME(slope)(k, eta, i, l));
            }
            for (int l = 0; l < i; l++)
                CELLS_STORE(hess, LOWER(q, first + l, j),
                            w * (gamma * s->e[l] - (j == l ? s->a[i] : SIMD_SET(0.0))));
        }
        for (int j = 0; j < i; j++) {
            CELLS_STORE(hess, LOWER(q, first + j, k + i), -2.0 * w * AT(s->p, pair_at(i, j)));
            for (int l = 0; l <= j; l++)
                CELLS_STORE(hess, LOWER(q, first + j, first + l), -w * AT(s->d, lower_at(j, l)));
        }
    }
}

/* A Cholesky factor of d, rows in p->order: (I - C)^-1 exp(s) */
SIMD_INLINE void SIMD_NAME(load_regression_factor)(struct residuals *p, const double *eta)
{
    int k = p->k, rows = p->rows;
    for (int l = 0; l < rows; l++) {
        PUT(p->whole, lower_at(l, l), SIMD_NAME(exp_open)(CELLS_LOAD(eta, k + l)));
        for (int i = l + 1; i < rows; i++) {
            SIMD_VEC sum = SIMD_SET(0.0);
            for (int j = l; j < i; j++)
                sum += CELLS_LOAD(eta, 2 * k + pair_at(i, j)) * AT(p->whole, lower_at(j, l));
            PUT(p->whole, lower_at(i, l), sum);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            int at = p->order[i];
            PUT(p->factor, i * rows + j, j <= at ? AT(p->whole, lower_at(at, j)) : SIMD_SET(0.0));
        }
}

/* Scores as products: by s_i and c_ij of -u_i with -w_i u_i and -w_i d_j, by m_j of
 * -sum_i w_i u_i gamma_ij with g */
SIMD_INLINE void SIMD_NAME(load_scores)(struct residuals *p, const double *eta)
{
    int k = p->k, r = p->residuals;
    p->multipliers = 2 * k;
    for (int a = 0; a < p->q; a++) p->multiplier[a] = a < k ? k + a : p->row[a];
    for (int c = 0; c < r; c++) {
        const double *u = p->e + SIMD_WIDTH * c * k, *d = p->z + SIMD_WIDTH * c * k;
        for (int i = 0; i < p->rows; i++) {
            SIMD_VEC wu = AT(p->precision, i) * AT(u, i), mean = SIMD_SET(0.0);
            for (int j = i; j < p->rows; j++)
                mean -= AT(p->precision, j) * AT(u, j) * SIMD_NAME(slope)(k, eta, j, i);
            PUT(p->unit, i * r + c, -AT(u, i));
            PUT(p->unit, (k + i) * r + c, mean);
            PUT(p->phi, i * r + c, AT(p->lead, c));
            PUT(p->phi, (k + i) * r + c, -wu);
            for (int j = 0; j < i; j++)
                PUT(p->phi, (2 * k + pair_at(i, j)) * r + c, -AT(p->precision, i) * AT(d, j));
        }
    }
}

/* The residuals of cells whose responses are in p; returns -sum s - log(2 pi) / 2 a response. */
SIMD_INLINE SIMD_VEC SIMD_NAME(load_regression)(struct residuals *p, int observed,
                                                const double *cell, const double *eta)
{
    residuals_observe(p, observed);
    SIMD_VEC log_density = SIMD_SET(-0.5 * p->seen * LOG_2PI);
    for (int i = 0; i < p->rows; i++) {
        SIMD_VEC s = CELLS_LOAD(eta, p->k + i);
        PUT(p->scale, i, SIMD_SET(1.0));
        PUT(p->precision, i, SIMD_NAME(exp_open)(-2.0 * s));
        log_density -= s;
    }
    if (p->is_columns) SIMD_NAME(load_columns)(p, cell, eta);
    else SIMD_NAME(load_cell)(p, observed, cell, eta);
    p->completed = p->residuals;
    return log_density;
}

static SIMD_FUNCTION SIMD_VEC SIMD_NAME(regression_cells)(struct residuals *p, int observed,
                                                          const double *cell, const double *eta,
                                                          int order, double *grad, double *hess)
{
    SIMD_VEC log_density = SIMD_NAME(load_regression)(p, observed, cell, eta),
             n = SIMD_NAME(count_rows)(p);
    if (p->seen < p->rows) {
        SIMD_NAME(load_regression_factor)(p, eta);
        log_density += SIMD_NAME(complete)(p, n);
    }
    SIMD_VEC squares = SIMD_NAME(regress)(p, eta);
    if (order > 0) {
        struct SIMD_NAME(regression_sums) s;
        SIMD_NAME(sum_regression)(p, n, &s);
        SIMD_NAME(regression_gradient)(p, eta, &s, grad);
        if (order > 1) SIMD_NAME(regression_hessian)(p, eta, &s, hess);
    }
    if (order > 1 && p->seen < p->rows) {
        SIMD_NAME(load_scores)(p, eta);
        SIMD_NAME(add_score_covariance)(p, n, hess);
    }
    return n * log_density + squares;
}

static SIMD_FUNCTION void SIMD_NAME(evaluate_regression)(struct likelihood_block *b, int k,
                                                         int is_columns, int order)
{
    struct residuals p;
    SIMD_NAME(new_residuals)(k, is_columns, b->work, &p);
    SIMD_NAME(evaluate_cells)(b, &p, order, SIMD_NAME(regression_cells), regression_cells_plain);
}
