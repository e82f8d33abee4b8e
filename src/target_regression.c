/* The regression model as a target: base part over all cells or some, smooths and their priors. */
#include "target.h"
#include "regression.h"
#include "prior.h"
#include "scalar.h"
#include <math.h>

/* log N(b | 0, tau^2) and log p(t), t = log tau (smooths.c has the same with Hessian) */
static double add_smooths(const struct regression *r, const double *theta, double *grad)
{
    double f = 0, out[3];
    for (int i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        int t = r->d + r->group[i] - 1;
        double z2 = exp(-2 * theta[t]) * theta[i] * theta[i];
        f += -0.5 * LOG_2PI - theta[t] - 0.5 * z2;
        if (!grad) continue;
        grad[i] -= exp(-2 * theta[t]) * theta[i];
        grad[t] += z2 - 1;
    }
    for (int g = 0; g < r->n_smooths; g++) {
        prior_density(r->sd_family[g], r->sd_prior + 3 * g, theta[r->d + g], out);
        f += out[0];
        if (grad) grad[r->d + g] += out[1];
    }
    return f;
}

static double batch(const struct target *t, const double *theta, const int *row, int n,
                    double scale, double *grad)
{
    const struct regression_target *data = t->data;
    const struct regression *r = data->model;
    double f;
    if (grad) for (int g = 0; g < r->n_smooths; g++) grad[r->d + g] = 0;
    if (row) f = base_rows(r, theta, row, n, scale, data->anchor, grad);
    else f = grad ? base_gradient(r, theta, grad) : base_value(r, theta);
    return f + add_smooths(r, theta, grad);
}

static double value(const struct target *t, const double *theta, double *grad)
{
    return batch(t, theta, NULL, 0, 1, grad);
}

struct target target_regression(const struct regression_target *r)
{
    struct target t = {r->model->d + r->model->n_smooths, r->model->m, r, value, batch};
    return t;
}
