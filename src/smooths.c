/* Prior of the smooths (mathematics vignette, eq. 4): penalised coefficients b ~ N(0, tau_g^2) and
 * the priors of log_tau,
 *   log p = sum_i [-log(2 pi)/2 - log_tau_g(i) - exp(-2 log_tau_g(i)) b_i^2 / 2]
 *           + sum_g log p(log_tau_g).
 * Under a Gaussian for (b, log_tau), with m, v of log_tau_g, mean a and variance s of b_i, and c
 * the covariance of both (eq. 10),
 *   E exp(-2 log_tau) b^2 = exp(-2 m + 2 v) [(a - 2 c)^2 + s],
 * and derivatives with respect to (a, m) are expected gradient and Hessian. In the code `tau` is
 * the position of a log_tau in theta. */
#include "regression.h"
#include "prior.h"
#include "scalar.h"
#include <math.h>

static void clear(double *grad, double *hess, long dim)
{
    for (long i = 0; i < dim; i++) grad[i] = 0;
    for (long i = 0; i < dim * dim; i++) hess[i] = 0;
}

/* Adds the derivatives of f = -log(2 pi)/2 - w (shift^2 + extra) / 2 by coefficient i and its
 * log_tau, of which w is exp(-2 log_tau); hess is dim x dim. Returns f. */
static double add_coefficient(long i, long tau, long dim, double w, double shift, double extra,
                              double *grad, double *hess)
{
    double square = w * (shift * shift + extra);
    grad[i] -= w * shift;
    grad[tau] += square - 1;
    hess[i + dim * i] -= w;
    hess[i + dim * tau] += 2 * w * shift;
    hess[tau + dim * i] += 2 * w * shift;
    hess[tau + dim * tau] -= 2 * square;
    return -0.5 * LOG_2PI - 0.5 * square;
}

/* Adds derivatives by a log_tau; out: log density of its prior, first and second derivative. */
static double add_sd(long tau, long dim, const double *out, double *grad, double *hess)
{
    grad[tau] += out[1];
    hess[tau + dim * tau] += out[2];
    return out[0];
}

double smooths_hessian(const struct regression *r, const double *theta, double *grad, double *hess)
{
    long dim = r->d + r->n_smooths;
    double f = 0, out[3];
    clear(grad, hess, dim);
    for (long i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        long tau = log_tau_position(r, i);
        f += add_coefficient(i, tau, dim, exp(-2 * theta[tau]), theta[i], 0, grad, hess) -
             theta[tau];
    }
    for (long g = 0; g < r->n_smooths; g++) {
        long tau = r->d + g;
        prior_density(r->sd_family[g], r->sd_prior + 3 * g, theta[tau], out);
        f += add_sd(tau, dim, out, grad, hess);
    }
    return f;
}

double smooths_expect(const struct regression *r, const double *mean, const double *cov,
                      double *grad, double *hess)
{
    long dim = r->d + r->n_smooths;
    double f = 0, out[3];
    clear(grad, hess, dim);
    for (long i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        long tau = log_tau_position(r, i);
        double w = exp(-2 * mean[tau] + 2 * cov[tau + dim * tau]);
        double shift = mean[i] - 2 * cov[i + dim * tau];
        f += add_coefficient(i, tau, dim, w, shift, cov[i + dim * i], grad, hess) - mean[tau];
    }
    for (long g = 0; g < r->n_smooths; g++) {
        long tau = r->d + g;
        double v = cov[tau + dim * tau];
        prior_expect(r->sd_family[g], r->sd_prior + 3 * g, mean[tau], v > 0 ? sqrt(v) : 0, out);
        f += add_sd(tau, dim, out, grad, hess);
    }
    return f;
}
