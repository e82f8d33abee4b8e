/* Expectations of likelihood_regression.simd.h under eta ~ N(mean, V), exact: row i is
 * exp(-2 s_i) P / 2 with P a polynomial of the means and of c_i, and under the tilt by the
 * exponential, mean - 2 V[, s_i], P has with u, its derivatives g by (m, c_i) and
 * t = sum_j V[m_j, c_ij], over residuals of weight a that move by `lead` with the means,
 *   E P = sum a {(u + lead t)^2 + g' V g + lead^2 sum_jl (V[c_j, c_l] V[m_j, m_l] +
 *         V[c_j, m_l] V[m_j, c_l])}
 * and derivatives of it by the mean; d2u / dm_j dc_ij = lead is all there is of second order. */
#include "likelihood_regression.simd.h"

#define COV(a, b) CELLS_LOAD(cov, LOWER(q, a, b))

/* Row i at the tilted mean: sums as in likelihood_regression.simd.h, of this row */
struct SIMD_NAME(tilted) {
    int i, c;          /* the row, and the number of its first coefficient */
    SIMD_VEC scale, t; /* E exp(-2 s_i) */
    SIMD_VEC n, a, q;
    SIMD_VEC gamma[LIKELIHOOD_MOST_K], e[LIKELIHOOD_MOST_K], p[LIKELIHOOD_MOST_K];
    SIMD_VEC vm[LIKELIHOOD_MOST_K], vc[LIKELIHOOD_MOST_K]; /* V sum a lead g, by m_j and c_j */
    double *d;                                             /* lower triangle */
};

SIMD_INLINE void SIMD_NAME(tilt_row)(const struct residuals *p, const double *mean,
                                     const double *cov, struct SIMD_NAME(tilted) * x)
{
    int k = p->k, q = p->q, i = x->i, s = k + i;
    SIMD_VEC shift[LIKELIHOOD_MOST_K], d[LIKELIHOOD_MOST_K];
    x->scale = SIMD_NAME(exp_open)(2.0 * (COV(s, s) - CELLS_LOAD(mean, s)));
    x->t = x->a = x->q = SIMD_SET(0.0);
    for (int j = 0; j <= i; j++) {
        shift[j] = 2.0 * COV(j, s);
        x->e[j] = x->p[j] = SIMD_SET(0.0);
        x->gamma[j] = SIMD_SET(-1.0);
        if (j < i) {
            x->gamma[j] = CELLS_LOAD(mean, x->c + j) - 2.0 * COV(x->c + j, s);
            x->t += COV(j, x->c + j);
        }
        for (int l = 0; l <= j; l++) PUT(x->d, lower_at(j, l), SIMD_SET(0.0));
    }
    for (int c = 0; c < p->residuals; c++) {
        SIMD_VEC weight = AT(p->weight, c), lead = AT(p->lead, c), u = SIMD_SET(0.0);
        for (int j = 0; j <= i; j++) {
            d[j] = AT(p->z, c * k + j) + lead * shift[j];
            u -= x->gamma[j] * d[j];
        }
        x->a += weight * lead * u;
        x->q += weight * u * u;
        for (int j = 0; j < i; j++) {
            x->e[j] += weight * lead * d[j];
            x->p[j] += weight * u * d[j];
            for (int l = 0; l <= j; l++) ADD(x->d, lower_at(j, l), weight * d[j] * d[l]);
        }
    }
}

/* E P, and vm and vc */
SIMD_INLINE SIMD_VEC SIMD_NAME(expect_row)(int q, const double *cov, struct SIMD_NAME(tilted) * x)
{
    int i = x->i, c = x->c;
    SIMD_VEC value = x->q + x->t * (2.0 * x->a + x->n * x->t);
    for (int j = 0; j <= i; j++) {
        SIMD_VEC vm = SIMD_SET(0.0), vc = SIMD_SET(0.0);
        for (int l = 0; l <= i; l++) {
            vm += COV(j, l) * x->n * x->gamma[l];
            if (j < i) vc += COV(c + j, l) * x->n * x->gamma[l];
        }
        for (int l = 0; l < i; l++) {
            vm -= COV(j, c + l) * x->e[l];
            if (j < i) vc -= COV(c + j, c + l) * x->e[l];
        }
        value += x->gamma[j] * vm;
        if (j < i) {
            /* g' V g of the coefficients: not through the sums, of which products are no sums */
            for (int l = 0; l <= i; l++) value -= COV(c + j, l) * x->gamma[l] * x->e[j];
            for (int l = 0; l < i; l++) {
                int low = j > l ? lower_at(j, l) : lower_at(l, j);
                value += COV(c + j, c + l) * AT(x->d, low);
                value += x->n * (COV(c + j, c + l) * COV(j, l) + COV(c + j, l) * COV(j, c + l));
            }
        }
        x->vm[j] = vm;
        x->vc[j] = vc;
    }
    return value;
}

#define ADD_TO(to, at, v) CELLS_STORE(to, at, CELLS_LOAD(to, at) + (v))

/* Derivatives of -scale E P / 2 by the mean, added to grad and hess */
SIMD_INLINE void SIMD_NAME(add_row)(int k, int q, const double *cov, SIMD_VEC value,
                                    const struct SIMD_NAME(tilted) * x, double *grad, double *hess)
{
    int i = x->i, s = k + i;
    SIMD_VEC moved = x->a + x->n * x->t, half = -0.5 * x->scale;
    ADD_TO(grad, s, x->scale * value);
    ADD_TO(hess, LOWER(q, s, s), -2.0 * x->scale * value);
    for (int j = 0; j <= i; j++) {
        SIMD_VEC by_m = 2.0 * (moved * x->gamma[j] + (j < i ? x->vc[j] : SIMD_SET(0.0)));
        ADD_TO(grad, j, half * by_m);
        ADD_TO(hess, LOWER(q, s, j), x->scale * by_m);
        for (int l = 0; l <= j; l++) {
            SIMD_VEC both = x->gamma[j] * x->gamma[l];
            if (j < i) both += COV(x->c + j, x->c + l);
            ADD_TO(hess, LOWER(q, j, l), 2.0 * half * x->n * both);
        }
        for (int l = 0; l < i; l++) {
            SIMD_VEC both = -x->gamma[j] * x->e[l];
            if (j == l) both += moved;
            if (j < i) both += x->n * COV(x->c + j, l);
            ADD_TO(hess, LOWER(q, x->c + l, j), 2.0 * half * both);
        }
        if (j == i) continue;
        SIMD_VEC by_c = 2.0 * (x->vm[j] - x->p[j] - x->t * x->e[j]);
        ADD_TO(grad, x->c + j, half * by_c);
        ADD_TO(hess, LOWER(q, x->c + j, s), x->scale * by_c);
        for (int l = 0; l <= j; l++)
            ADD_TO(hess, LOWER(q, x->c + j, x->c + l),
                   2.0 * half * (AT(x->d, lower_at(j, l)) + x->n * COV(j, l)));
    }
}

SIMD_INLINE SIMD_VEC SIMD_NAME(expect_cells)(struct residuals *p, const double *cell,
                                             const double *mean, const double *cov, double *grad,
                                             double *hess)
{
    int k = p->k, q = p->q;
    SIMD_VEC log_density = SIMD_NAME(load_regression)(p, (1 << k) - 1, cell, mean),
             n = SIMD_NAME(count_rows)(p), total = SIMD_SET(0.0);
    for (int a = 0; a < q; a++) CELLS_STORE(grad, a, SIMD_SET(0.0));
    for (int pair = 0; pair < q * (q + 1) / 2; pair++) CELLS_STORE(hess, pair, SIMD_SET(0.0));
    for (int i = 0; i < k; i++) {
        struct SIMD_NAME(tilted) x = {.i = i, .c = 2 * k + pair_at(i, 0), .n = n, .d = p->square};
        SIMD_NAME(tilt_row)(p, mean, cov, &x);
        SIMD_VEC value = SIMD_NAME(expect_row)(q, cov, &x);
        SIMD_NAME(add_row)(k, q, cov, value, &x, grad, hess);
        ADD_TO(grad, k + i, -n);
        total -= 0.5 * x.scale * value;
    }
    return n * log_density + total;
}

static SIMD_FUNCTION void SIMD_NAME(expect_regression)(struct likelihood_block *b, int k,
                                                       int is_columns)
{
    struct residuals p;
    SIMD_NAME(new_residuals)(k, is_columns, b->work, &p);
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH)
        SIMD_STORE(b->value + i,
                   SIMD_NAME(expect_cells)(&p, b->cell[0] + i, b->eta[0] + i, b->cov[0] + i,
                                           b->grad[0] + i, b->hess[0] + i));
}

#undef COV
#undef ADD_TO
