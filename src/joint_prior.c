#include "joint_prior.h"
#include "prior.h"
#include <math.h>

/* Element i of precision (b - location); beta[stride * a] is coefficient a */
static double pull(const struct joint_prior *p, const double *beta, long stride, int i)
{
    double sum = 0;
    for (int j = 0; j < p->n; j++)
        sum += p->precision[i + (long) p->n * j] * (beta[stride * p->at[j]] - p->location[j]);
    return sum;
}

static double quadratic(const struct joint_prior *p, const double *beta, long stride, long d,
                        double *grad, double *hess)
{
    double f = p->constant;
    for (int i = 0; i < p->n; i++) {
        double g = pull(p, beta, stride, i);
        f -= 0.5 * (beta[stride * p->at[i]] - p->location[i]) * g;
        if (grad) grad[p->at[i]] -= g;
        for (int j = 0; j < p->n && hess; j++)
            hess[p->at[i] + d * p->at[j]] -= p->precision[i + (long) p->n * j];
    }
    return f;
}

/* Adds the derivatives of log f(weights' b) by the coefficients; out: log f, its first and second
 * derivative */
static double combination(const struct joint_prior *p, const double *out, long d, double *grad,
                          double *hess)
{
    for (int i = 0; i < p->n; i++) {
        if (grad) grad[p->at[i]] += out[1] * p->weights[i];
        for (int j = 0; j < p->n && hess; j++)
            hess[p->at[i] + d * p->at[j]] += out[2] * p->weights[i] * p->weights[j];
    }
    return out[0];
}

static double combined(const struct joint_prior *p, const double *beta, long stride)
{
    double sum = 0;
    for (int i = 0; i < p->n; i++) sum += p->weights[i] * beta[stride * p->at[i]];
    return sum;
}

double joint_prior_density(const struct joint_prior *p, const double *beta, long stride, long d,
                           double *grad, double *hess)
{
    double out[3], f = quadratic(p, beta, stride, d, grad, hess);
    if (!p->weights) return f;
    prior_density(p->family, p->par, combined(p, beta, stride), out);
    return f + combination(p, out, d, grad, hess);
}

double joint_prior_expect(const struct joint_prior *p, const double *mean, const double *cov,
                          long d, double *grad, double *hess)
{
    double out[3], variance = 0, f = quadratic(p, mean, 1, d, grad, hess);
    for (int i = 0; i < p->n; i++)
        for (int j = 0; j < p->n; j++) {
            double c = cov[p->at[i] + d * p->at[j]];
            f -= 0.5 * p->precision[i + (long) p->n * j] * c;
            if (p->weights) variance += p->weights[i] * p->weights[j] * c;
        }
    if (!p->weights) return f;
    prior_expect(p->family, p->par, combined(p, mean, 1), variance > 0 ? sqrt(variance) : 0, out);
    return f + combination(p, out, d, grad, hess);
}
