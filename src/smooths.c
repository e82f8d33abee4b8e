/* Prior of the smooths: penalised coefficients b ~ N(0, tau_g^2) and priors of t = log tau.
 *   log p = sum_i [-log(2 pi)/2 - t_g(i) - exp(-2 t_g(i)) b_i^2 / 2] + sum_g log p(t_g)   (eq. 4)
 * Under a Gaussian for (b, t), with m, v of t_g, mean a, variance s and covariance c of
 * b_i with t_g:
 *   E exp(-2 t) b^2 = exp(-2 m + 2 v) [(a - 2 c)^2 + s]                                    (eq. 10)
 * and derivatives with respect to (a, m) are expected gradient and Hessian. */
#include "regression.h"
#include "prior.h"
#include "scalar.h"
#include <math.h>

static void clear(double *grad, double *hess, long dim)
{
    for (long i = 0; i < dim; i++) grad[i] = 0;
    for (long i = 0; i < dim * dim; i++) hess[i] = 0;
}

/* Adds w * (square of shifted mean + extra) terms: f = -w (shift^2 + extra) / 2 */
static double add_coefficient(long i, long t, long dim, double w, double shift, double extra,
                              double *grad, double *hess)
{
    double square = w * (shift * shift + extra);
    grad[i] -= w * shift;
    grad[t] += square - 1;
    hess[i + dim * i] -= w;
    hess[i + dim * t] += 2 * w * shift;
    hess[t + dim * i] += 2 * w * shift;
    hess[t + dim * t] -= 2 * square;
    return -0.5 * LOG_2PI - 0.5 * square;
}

/* out: log density of the prior of an sd, first and second derivative */
static double add_sd(long t, long dim, const double *out, double *grad, double *hess)
{
    grad[t] += out[1];
    hess[t + dim * t] += out[2];
    return out[0];
}

double smooths_hessian(const struct regression *r, const double *theta, double *grad, double *hess)
{
    long dim = r->d + r->n_smooths;
    double f = 0, out[3];
    clear(grad, hess, dim);
    for (long i = 0; i < r->d; i++) {
        if (!r->group[i]) continue;
        long t = r->d + r->group[i] - 1;
        f += add_coefficient(i, t, dim, exp(-2 * theta[t]), theta[i], 0, grad, hess) - theta[t];
    }
    for (long g = 0; g < r->n_smooths; g++) {
        long t = r->d + g;
        prior_density(r->sd_family[g], r->sd_prior + 3 * g, theta[t], out);
        f += add_sd(t, dim, out, grad, hess);
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
        long t = r->d + r->group[i] - 1;
        double w = exp(-2 * mean[t] + 2 * cov[t + dim * t]);
        double shift = mean[i] - 2 * cov[i + dim * t];
        f += add_coefficient(i, t, dim, w, shift, cov[i + dim * i], grad, hess) - mean[t];
    }
    for (long g = 0; g < r->n_smooths; g++) {
        long t = r->d + g;
        double v = cov[t + dim * t];
        prior_expect(r->sd_family[g], r->sd_prior + 3 * g, mean[t], v > 0 ? sqrt(v) : 0, out);
        f += add_sd(t, dim, out, grad, hess);
    }
    return f;
}
