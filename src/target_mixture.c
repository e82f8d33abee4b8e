/* Mixture of k normals, as a density of x itself or as a likelihood of its unknown parameters.
 *
 * With data: log p = sum_i log sum_c w_c N(y_i | m_c, s_c^2) + priors of what is unknown:
 *   weights  Dirichlet(concentration); sticks v_c = 1 / (1 + exp(-(a_c - log(k - c)))), c = 1..k-1,
 *            w_c = v_c (1 - w_1 - ... - w_(c-1)); log Jacobian sum log w_c + log(1 - v_c)
 *            (as in the Stan reference manual, "unit simplex")
 *   means    N(location, scale^2), ordered: m_1 = b_1, m_c = m_(c-1) + exp(b_c),
 *            log Jacobian b_2 + ... + b_k; the density is that of the ordered vector times k!
 *            left out, as is usual
 *   sds      half-normal(sd_scale), s_c = exp(e_c), log Jacobian e_c
 * theta = (a, b, e), each part only where unknown. */
#include "target.h"
#include "scalar.h"
#include <math.h>

struct components {
    double w[MIXTURE_MOST], m[MIXTURE_MOST], s[MIXTURE_MOST];
    double v[MIXTURE_MOST], rest[MIXTURE_MOST]; /* sticks, and what is left before each */
    double lw[MIXTURE_MOST];
};

int mixture_dim(const struct mixture *m)
{
    if (m->n == 0) return 1;
    return (m->weight ? 0 : m->k - 1) + (m->mean ? 0 : m->k) + (m->sd ? 0 : m->k);
}

/* log(1 / (1 + exp(-x))) */
static double log_logistic(double x) { return x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x)); }

static double read_weights(const struct mixture *x, const double *a, struct components *c)
{
    double f = 0, log_rest = 0;
    int k = x->k;
    for (int j = 0; j < k - 1; j++) {
        double u = a[j] - log((double) (k - 1 - j));
        c->v[j] = 1 / (1 + exp(-u));
        c->rest[j] = exp(log_rest);
        c->lw[j] = log_rest + log_logistic(u);
        f += c->lw[j] + log_logistic(-u);
        log_rest += log_logistic(-u);
    }
    c->lw[k - 1] = log_rest;
    f += lgamma(k * x->concentration) - k * lgamma(x->concentration);
    for (int j = 0; j < k; j++) {
        c->w[j] = exp(c->lw[j]);
        f += (x->concentration - 1) * c->lw[j];
    }
    return f;
}

/* grad (k - 1) by a from the derivatives lw_bar (k) of the log likelihood by log w; adds those of
 * prior and Jacobian */
static void weights_gradient(const struct mixture *x, const struct components *c,
                             const double *lw_bar, double *grad)
{
    int k = x->k;
    double after = lw_bar[k - 1] + x->concentration - 1; /* by log(1 - v) of earlier sticks */
    for (int j = k - 2; j >= 0; j--) {
        double own = lw_bar[j] + x->concentration - 1 + 1;
        /* log(1 - v_j) enters its own Jacobian, and log w and Jacobian of all that follow */
        grad[j] = own * (1 - c->v[j]) - (after + 1) * c->v[j];
        after += own;
    }
}

static double read_components(const struct mixture *x, const double *theta, struct components *c)
{
    double f = 0;
    int k = x->k;
    if (x->weight) {
        for (int j = 0; j < k; j++) c->lw[j] = log(c->w[j] = x->weight[j]);
    } else {
        f += read_weights(x, theta, c);
        theta += k - 1;
    }
    for (int j = 0; j < k; j++) {
        if (x->mean) {
            c->m[j] = x->mean[j];
            continue;
        }
        c->m[j] = j ? c->m[j - 1] + exp(theta[j]) : theta[0];
        if (j) f += theta[j];
        double z = (c->m[j] - x->mean_location) / x->mean_scale;
        f += -0.5 * LOG_2PI - log(x->mean_scale) - 0.5 * z * z;
    }
    if (!x->mean) theta += k;
    for (int j = 0; j < k; j++) {
        c->s[j] = x->sd ? x->sd[j] : exp(theta[j]);
        if (x->sd) continue;
        double z = c->s[j] / x->sd_scale;
        f += LOG_2 - 0.5 * LOG_2PI - log(x->sd_scale) - 0.5 * z * z + theta[j];
    }
    return f;
}

/* log density of one observation and the shares of the components */
static double mix(const struct mixture *x, const struct components *c, double y, double *share)
{
    double top = -INFINITY, total = 0;
    for (int j = 0; j < x->k; j++) {
        double z = (y - c->m[j]) / c->s[j];
        share[j] = c->lw[j] - log(c->s[j]) - 0.5 * z * z - 0.5 * LOG_2PI;
        if (share[j] > top) top = share[j];
    }
    if (!(top > -INFINITY)) return top;
    for (int j = 0; j < x->k; j++) total += share[j] = exp(share[j] - top);
    for (int j = 0; j < x->k; j++) share[j] /= total;
    return top + log(total);
}

static double density(const struct target *t, const double *theta, double *grad)
{
    const struct mixture *x = t->data;
    struct components c;
    double share[MIXTURE_MOST];
    read_components(x, NULL, &c);
    double f = mix(x, &c, theta[0], share);
    if (!grad) return f;
    grad[0] = 0;
    for (int j = 0; j < x->k; j++) grad[0] -= share[j] * (theta[0] - c.m[j]) / (c.s[j] * c.s[j]);
    return f;
}

static void chain_gradient(const struct mixture *x, const struct components *c, const double *theta,
                           const double *w_bar, double *m_bar, const double *s_bar, double *grad)
{
    int k = x->k;
    if (!x->weight) {
        weights_gradient(x, c, w_bar, grad);
        grad += k - 1;
        theta += k - 1;
    }
    if (!x->mean) {
        for (int j = 0; j < k; j++)
            m_bar[j] -= (c->m[j] - x->mean_location) / (x->mean_scale * x->mean_scale);
        for (int j = k - 2; j >= 0; j--) m_bar[j] += m_bar[j + 1];
        grad[0] = m_bar[0];
        for (int j = 1; j < k; j++) grad[j] = m_bar[j] * exp(theta[j]) + 1;
        grad += k;
    }
    if (!x->sd)
        for (int j = 0; j < k; j++) {
            double z = c->s[j] / x->sd_scale;
            grad[j] = s_bar[j] - z * z + 1;
        }
}

static double batch(const struct target *t, const double *theta, const int *row, int n,
                    double scale, double *grad)
{
    const struct mixture *x = t->data;
    struct components c;
    double share[MIXTURE_MOST], w_bar[MIXTURE_MOST], m_bar[MIXTURE_MOST], s_bar[MIXTURE_MOST];
    double f = read_components(x, theta, &c), g = 0;
    for (int j = 0; j < x->k; j++) w_bar[j] = m_bar[j] = s_bar[j] = 0;
    if (!row) n = x->n;
    for (int s = 0; s < n; s++) {
        double y = x->y[row ? row[s] : s];
        g += mix(x, &c, y, share);
        if (!grad) continue;
        for (int j = 0; j < x->k; j++) {
            double z = (y - c.m[j]) / c.s[j];
            w_bar[j] += scale * share[j];
            m_bar[j] += scale * share[j] * z / c.s[j];
            s_bar[j] += scale * share[j] * (z * z - 1);
        }
    }
    if (grad) chain_gradient(x, &c, theta, w_bar, m_bar, s_bar, grad);
    return f + scale * g;
}

static double value(const struct target *t, const double *theta, double *grad)
{
    return batch(t, theta, NULL, 0, 1, grad);
}

struct target target_mixture(const struct mixture *m)
{
    struct target t = {mixture_dim(m), m->n, m, value, batch, NULL};
    if (m->n == 0) {
        t.value = density;
        t.batch = NULL;
    }
    return t;
}
