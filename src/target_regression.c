/* The regression model as a target: loglik_and_priors over all cells or some, smooths and their
 * priors (mathematics vignette, eq. 4). */
#include "target.h"
#include "regression.h"
#include "prior.h"
#include "scalar.h"
#include <math.h>

/* log N(b | 0, tau^2), t = log tau (smooths.c has the same with Hessian) */
static double add_coefficients(const struct regression *r, const double *theta, double *grad)
{
    double f = 0;
    for (int i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        int t = r->d + r->group[i] - 1;
        double w = exp(-2 * theta[t]), z2 = w * theta[i] * theta[i];
        f += -0.5 * LOG_2PI - theta[t] - 0.5 * z2;
        if (!grad) continue;
        grad[i] -= w * theta[i];
        grad[t] += z2 - 1;
    }
    return f;
}

static double add_sds(const struct regression *r, const double *theta, double *grad)
{
    double f = 0, out[3];
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
    if (grad)
        for (int g = 0; g < r->n_smooths; g++) grad[r->d + g] = 0;
    if (row) f = loglik_and_priors_rows(r, theta, row, n, scale, data->snapshot, grad);
    else f = grad ? loglik_and_priors_gradient(r, theta, grad) : loglik_and_priors_value(r, theta);
    if (!data->analytic_prior) f += add_coefficients(r, theta, grad);
    return f + add_sds(r, theta, grad);
}

static double value(const struct target *t, const double *theta, double *grad)
{
    return batch(t, theta, NULL, 0, 1, grad);
}

/* Element i >= j of root root' */
static double covariance(const double *root, long dim, long i, long j, int diagonal)
{
    double s = 0;
    for (long k = diagonal ? j : 0; k <= j; k++) s += root[i + dim * k] * root[j + dim * k];
    return s;
}

/* eq. 10 of smooths.c. Draws of this part would be those of a funnel, with gradients without
 * bound. */
static double expected_part(const struct target *target, const double *mean, const double *root,
                            int diagonal, const double *move, double *grad)
{
    const struct regression_target *data = target->data;
    const struct regression *r = data->model;
    long dim = target->dim, last = -1;
    double f = 0, v = 0;
    for (long i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        long t = r->d + r->group[i] - 1;
        if (t != last) v = covariance(root, dim, t, t, diagonal);
        last = t;
        double w = exp(-2 * mean[t] + 2 * v);
        double shift = mean[i] - 2 * covariance(root, dim, t, i, diagonal);
        double square = w * (shift * shift + covariance(root, dim, i, i, diagonal));
        f += -0.5 * LOG_2PI - mean[t] - 0.5 * square;
        grad[i] += w * (2 * shift * move[t] - shift - move[i]);
        grad[t] += square - 1 + 2 * w * shift * move[i] - 2 * square * move[t];
    }
    return f;
}

struct target target_regression(const struct regression_target *r)
{
    struct target t = {r->model->d + r->model->n_smooths, r->model->m, r, value, batch, NULL};
    if (r->analytic_prior) t.expected_part = expected_part;
    return t;
}
