/* Partial standardisation of smooths (Papaspiliopoulos, Roberts and Skold 2007, Stat. Sci. 22):
 * coefficients that the data determine keep their form, those that the prior determines are
 * standardised, so that neither funnels nor ridges are left.
 *   d z_i = exp(c_i t) d b_i,  d t += c_i (b_i d b_i + 1) */
#include "target.h"
#include <math.h>

static double batch(const struct target *t, const double *theta, const int *row, int n,
                    double scale, double *grad)
{
    const struct partial *p = t->data;
    double *at = p->work, *g = grad ? at + t->dim : NULL, f = 0;
    for (int i = 0; i < t->dim; i++) at[i] = theta[i];
    for (int i = 0; i < p->d; i++) {
        if (!p->group[i]) continue;
        double s = theta[p->d + p->group[i] - 1];
        at[i] = theta[i] * exp(p->share[i] * s);
        f += p->share[i] * s;
    }
    struct batch b = {row, n, scale};
    f += target_at(p->inner, at, &b, g);
    if (!grad) return f;
    for (int i = 0; i < t->dim; i++) grad[i] = g[i];
    for (int i = 0; i < p->d; i++) {
        if (!p->group[i]) continue;
        int s = p->d + p->group[i] - 1;
        grad[i] = g[i] * exp(p->share[i] * theta[s]);
        grad[s] += p->share[i] * (at[i] * g[i] + 1);
    }
    return f;
}

static double value(const struct target *t, const double *theta, double *grad)
{
    return batch(t, theta, NULL, 0, 1, grad);
}

struct target target_partial(struct partial *p)
{
    struct target t = {p->inner->dim, p->inner->rows, p, value, batch};
    return t;
}
