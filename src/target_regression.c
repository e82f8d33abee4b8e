/* The regression model as a target: loglik_and_priors over all cells or some, smooths and their
 * priors (mathematics vignette, eq. 4). */
#include "target.h"
#include "regression.h"
#include "prior.h"
#include "scalar.h"
#include <math.h>

/* log N(b | 0, tau^2) of the penalised coefficients b (smooths.c has the same with Hessian) */
static double add_coefficients(const struct regression *r, const double *theta, double *grad)
{
    double f = 0;
    for (int i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        int tau = log_tau_position(r, i);
        double w = exp(-2 * theta[tau]), z2 = w * theta[i] * theta[i];
        f += -0.5 * LOG_2PI - theta[tau] - 0.5 * z2;
        if (!grad) continue;
        grad[i] -= w * theta[i];
        grad[tau] += z2 - 1;
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

/* Element i >= j of chol_cov chol_cov' */
static double covariance(const double *chol_cov, long dim, long i, long j, int diagonal)
{
    double s = 0;
    for (long k = diagonal ? j : 0; k <= j; k++) s += chol_cov[i + dim * k] * chol_cov[j + dim * k];
    return s;
}

/* The prior of smooths by eq. 10, as in smooths.c. At draws, the gradients of this
 * part would have no bound: where log_tau is small it is a funnel. */
static double expected_part(const struct target *target, const double *mean, const double *chol_cov,
                            int diagonal, const double *move, double *grad)
{
    const struct regression_target *data = target->data;
    const struct regression *r = data->model;
    long dim = target->dim, last = -1;
    double f = 0, v = 0;
    for (long i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        long tau = log_tau_position(r, i);
        if (tau != last) v = covariance(chol_cov, dim, tau, tau, diagonal);
        last = tau;
        double w = exp(-2 * mean[tau] + 2 * v);
        double shift = mean[i] - 2 * covariance(chol_cov, dim, tau, i, diagonal);
        double square = w * (shift * shift + covariance(chol_cov, dim, i, i, diagonal));
        f += -0.5 * LOG_2PI - mean[tau] - 0.5 * square;
        grad[i] += w * (2 * shift * move[tau] - shift - move[i]);
        grad[tau] += square - 1 + 2 * w * shift * move[i] - 2 * square * move[tau];
    }
    return f;
}

struct target target_regression(const struct regression_target *r)
{
    struct target t = {r->model->d + r->model->n_smooths, r->model->m, r, value, batch, NULL};
    if (r->analytic_prior) t.expected_part = expected_part;
    return t;
}
