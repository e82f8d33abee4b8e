/* Two groups of Student-t observations (Kruschke 2013, "Bayesian estimation supersedes the t
 * test", J. Exp. Psychol. Gen. 142).
 *
 *   log p = sum_i log t(y_i | nu, mu_g, sigma_g) + log N(mu_g | m, s^2) + log U(sigma_g)
 *           + log Exp(nu - 1)
 * with sigma_g = low + (high - low) u_g, u_g = 1 / (1 + exp(-a_g)), log Jacobian
 * log(high - low) + log u + log(1 - u), uniform density 1 / (high - low), and nu = 1 + exp(c),
 * log Jacobian c. theta = (mu_1, mu_2, a_1, a_2, c). */
#include "target.h"
#include "scalar.h"
#include <math.h>

#define LOG_PI 1.144729885849400174143427351353

static double digamma_of(double x)
{
    double s = 0;
    while (x < 12) s -= 1 / x++;
    double y = 1 / (x * x);
    return s + log(x) - 0.5 / x -
           y * (1.0 / 12 - y * (1.0 / 120 - y * (1.0 / 252 - y * (1.0 / 240 - y / 132))));
}

/* Log likelihood of the n rows row[..], or of all n when row is NULL; d (5): its derivatives by
 * mu_1, mu_2, log sigma_1, log sigma_2, nu */
static double likelihood(const struct t_groups *g, const int *row, int n, const double *mu,
                         const double *sigma, double nu, double *d)
{
    double f = 0, count[2] = {0, 0};
    for (int j = 0; j < 5; j++) d[j] = 0;
    for (int s = 0; s < n; s++) {
        int i = row ? row[s] : s, k = g->group[i];
        double z = (g->y[i] - mu[k]) / sigma[k], q = z * z / nu, l = log1p(q);
        f -= 0.5 * (nu + 1) * l;
        count[k]++;
        double w = (nu + 1) / (nu * (1 + q));
        d[k] += w * z / sigma[k];
        d[2 + k] += w * z * z - 1;
        d[4] += -0.5 * l + 0.5 * w * q;
    }
    double c = lgamma(0.5 * (nu + 1)) - lgamma(0.5 * nu) - 0.5 * (log(nu) + LOG_PI);
    d[4] += n * 0.5 * (digamma_of(0.5 * (nu + 1)) - digamma_of(0.5 * nu) - 1 / nu);
    return f + n * c - count[0] * log(sigma[0]) - count[1] * log(sigma[1]);
}

static double batch(const struct target *t, const double *theta, const int *row, int n,
                    double scale, double *grad)
{
    const struct t_groups *g = t->data;
    double sigma[2], share[2], d[5], e = exp(theta[4]), nu = 1 + e;
    for (int k = 0; k < 2; k++) {
        share[k] = 1 / (1 + exp(-theta[2 + k]));
        sigma[k] = g->low + (g->high - g->low) * share[k];
    }
    double f = scale * likelihood(g, row, row ? n : g->n, theta, sigma, nu, d);
    for (int k = 0; k < 2; k++) {
        double z = (theta[k] - g->mean) / g->sd, a = theta[2 + k];
        f += -0.5 * LOG_2PI - log(g->sd) - 0.5 * z * z - fabs(a) - 2 * log1p(exp(-fabs(a)));
        if (!grad) continue;
        grad[k] = scale * d[k] - z / g->sd;
        double slope = (g->high - g->low) * share[k] * (1 - share[k]) / sigma[k];
        grad[2 + k] = scale * d[2 + k] * slope + 1 - 2 * share[k];
    }
    f += -log(g->nu_mean) - e / g->nu_mean + theta[4];
    if (grad) grad[4] = (scale * d[4] - 1 / g->nu_mean) * e + 1;
    return f;
}

static double value(const struct target *t, const double *theta, double *grad)
{
    return batch(t, theta, NULL, 0, 1, grad);
}

struct target target_t_groups(const struct t_groups *g)
{
    struct target t = {5, g->n, g, value, batch, NULL};
    return t;
}
