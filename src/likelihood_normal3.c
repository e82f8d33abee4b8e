/* Three normal responses, by canonical partial correlations: with w_kj = c_kj / 2 (k > j) and
 * residuals z_k = (y_k - m_k) exp(-s_k), the whitened residuals e_k are
 *   f_k = z_k,   f_k <- cosh(w_kj) f_k - sinh(w_kj) e_j  for j < k in turn,   e_k = f_k,
 *   log p = -K/2 log(2 pi) - sum s + sum log cosh w - |e|^2 / 2.
 * tanh(w_kj) is the correlation of responses k and j given those before j: any w is valid, and two
 * responses have the density of likelihood_normal2.c. A step of f is formed as
 * (E (f - e) + (f + e) / E) / 2, E = exp(w), so that nothing cancels as a correlation goes to one.
 *
 * Everything is linear in the residual, so the scatter of a cell enters as K more residuals, the
 * columns of its root. Derivatives run the steps backwards (bars: derivatives of the log density by
 * f and e); the Hessian differentiates both sweeps along one predictor at a time. */
#include "likelihood_normal.h"
#include "scalar.h"
#include <math.h>
#include <stddef.h>

enum { K = 3, PAIRS = K * (K - 1) / 2, Q = 2 * K + PAIRS };

static const double half_log_2pi = 0.91893853320467274178;

/* The pair of responses k > j, row by row */
static int pair_at(int k, int j) { return k * (k - 1) / 2 + j; }

/* What the residuals of a cell share */
struct partial {
    double up[PAIRS], down[PAIRS]; /* exp(w), exp(-w) */
    double cosh[PAIRS], sinh[PAIRS], scale[K];
};

struct residual {
    double weight, z[K], e[K], zbar[K];
    double f[PAIRS];    /* before the step of the pair */
    double turn[PAIRS]; /* derivative of that step by w */
    double bar[PAIRS];  /* of f after the step */
};

static void whiten(const struct partial *p, struct residual *r)
{
    for (int k = 0; k < K; k++) {
        double f = r->z[k];
        for (int j = 0; j < k; j++) {
            int a = pair_at(k, j);
            double u = p->up[a] * (f - r->e[j]), v = p->down[a] * (f + r->e[j]);
            r->f[a] = f;
            r->turn[a] = 0.5 * (u - v);
            f = 0.5 * (u + v);
        }
        r->e[k] = f;
    }
}

/* Adds the derivatives by s and c of -weight |e|^2 / 2 to grad (Q); leaves bar and zbar. */
static void unwind(const struct partial *p, struct residual *r, double *grad)
{
    double ebar[K];
    for (int k = 0; k < K; k++) ebar[k] = -r->weight * r->e[k];
    for (int k = K - 1; k >= 0; k--) {
        double bar = ebar[k];
        for (int j = k - 1; j >= 0; j--) {
            int a = pair_at(k, j);
            grad[2 * K + a] += 0.5 * bar * r->turn[a];
            ebar[j] -= p->sinh[a] * bar;
            r->bar[a] = bar;
            bar *= p->cosh[a];
        }
        r->zbar[k] = bar;
        grad[K + k] -= bar * r->z[k];
    }
}

/* Derivatives along one predictor: zdot (K), `moved` the pair whose c it is (-1: none). out (Q)
 * gains the derivative of the gradient by s and c, zbar_dot (K) is that of zbar. */
static void along(const struct partial *p, const struct residual *r, const double *zdot, int moved,
                  double *out, double *zbar_dot)
{
    double edot[K], ebar_dot[K], fdot[PAIRS];
    for (int k = 0; k < K; k++) {
        double f = zdot[k];
        for (int j = 0; j < k; j++) {
            int a = pair_at(k, j);
            fdot[a] = f;
            f = p->cosh[a] * f - p->sinh[a] * edot[j];
            if (a == moved) f += 0.5 * r->turn[a];
        }
        edot[k] = f;
        ebar_dot[k] = -r->weight * f;
    }
    for (int k = K - 1; k >= 0; k--) {
        double bar_dot = ebar_dot[k];
        for (int j = k - 1; j >= 0; j--) {
            int a = pair_at(k, j);
            double turn_dot = p->sinh[a] * fdot[a] - p->cosh[a] * edot[j];
            /* the second derivative of the step by w is the step itself */
            if (a == moved) turn_dot += 0.5 * (p->cosh[a] * r->f[a] - p->sinh[a] * r->e[j]);
            out[2 * K + a] += 0.5 * (bar_dot * r->turn[a] + r->bar[a] * turn_dot);
            ebar_dot[j] -= p->sinh[a] * bar_dot;
            if (a == moved) ebar_dot[j] -= 0.5 * p->cosh[a] * r->bar[a];
            bar_dot *= p->cosh[a];
            if (a == moved) bar_dot += 0.5 * p->sinh[a] * r->bar[a];
        }
        zbar_dot[k] = bar_dot;
        out[K + k] -= bar_dot * r->z[k] + r->zbar[k] * zdot[k];
    }
}

/* The partial correlations and scales of a cell, and K + 1 residuals: that of the mean, and the
 * columns of the root */
static void load_cell(const struct likelihood_block *b, int i, struct partial *p,
                      struct residual *r)
{
    for (int a = 0; a < PAIRS; a++) {
        double w = 0.5 * b->eta[2 * K + a][i];
        p->up[a] = exp(w);
        p->down[a] = exp(-w);
        p->cosh[a] = 0.5 * (p->up[a] + p->down[a]);
        p->sinh[a] = sinh(w);
    }
    for (int k = 0; k < K; k++) {
        p->scale[k] = exp(-b->eta[K + k][i]);
        r[0].z[k] = (b->cell[1 + k][i] - b->eta[k][i]) * p->scale[k];
    }
    r[0].weight = b->cell[0][i];
    for (int c = 0, at = 1 + K; c < K; c++) {
        r[1 + c].weight = 1;
        for (int k = 0; k < K; k++) r[1 + c].z[k] = k < c ? 0 : b->cell[at++][i] * p->scale[k];
    }
}

/* Column j of the Hessian */
static void hessian_column(const struct partial *p, const struct residual *r, int j, double *out)
{
    for (int l = 0; l < Q; l++) out[l] = 0;
    for (int c = 0; c <= K; c++) {
        double zdot[K] = {0}, zbar_dot[K];
        if (j < K) zdot[j] = c == 0 ? -p->scale[j] : 0;
        else if (j < 2 * K) zdot[j - K] = -r[c].z[j - K];
        along(p, r + c, zdot, j < 2 * K ? -1 : j - 2 * K, out, zbar_dot);
        if (c > 0) continue;
        for (int k = 0; k < K; k++) out[k] -= p->scale[k] * zbar_dot[k];
        if (j >= K && j < 2 * K) out[j - K] += p->scale[j - K] * r[0].zbar[j - K];
    }
    if (j >= 2 * K) {
        double cosh = p->cosh[j - 2 * K];
        out[j] += 0.25 * r[0].weight / (cosh * cosh);
    }
}

static void evaluate_cell(struct likelihood_block *b, int i, int order)
{
    struct partial p;
    struct residual r[K + 1];
    double n = b->cell[0][i], value = -n * K * half_log_2pi, grad[Q] = {0};
    load_cell(b, i, &p, r);
    for (int k = 0; k < K; k++) value -= n * b->eta[K + k][i];
    for (int a = 0; a < PAIRS; a++) value += n * log_cosh(0.5 * b->eta[2 * K + a][i]);
    for (int c = 0; c <= K; c++) {
        whiten(&p, r + c);
        for (int k = 0; k < K; k++) value -= 0.5 * r[c].weight * r[c].e[k] * r[c].e[k];
        if (order > 0) unwind(&p, r + c, grad);
    }
    b->value[i] = value;
    if (order == 0) return;
    for (int k = 0; k < K; k++) {
        b->grad[k][i] = -p.scale[k] * r[0].zbar[k];
        b->grad[K + k][i] = grad[K + k] - n;
    }
    for (int a = 0; a < PAIRS; a++)
        b->grad[2 * K + a][i] = grad[2 * K + a] + 0.5 * n * p.sinh[a] / p.cosh[a];
    for (int j = 0, pair = 0; j < Q && order > 1; j++) {
        double column[Q];
        hessian_column(&p, r, j, column);
        for (int l = j; l < Q; l++, pair++) b->hess[pair][i] = column[l];
    }
}

static void evaluate(struct likelihood_block *b, int order, int level)
{
    (void) level;
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) evaluate_cell(b, i, order);
}

const struct likelihood likelihood_normal3 = {.name = "normal",
                                              .k = K,
                                              .q = Q,
                                              .pairs = Q * (Q + 1) / 2,
                                              .size = 1 + K + K * (K + 1) / 2,
                                              .evaluate = evaluate};
