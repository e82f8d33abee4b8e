#include "prior.h"
#include "scalar.h"
#include <math.h>

static void normal(double x, const double *par, double *out)
{
    double s = par[1], z = (x - par[0]) / s;
    out[0] = -0.5 * LOG_2PI - log(s) - 0.5 * z * z;
    out[1] = -z / s;
    out[2] = -1 / (s * s);
}

static double log_t_constant(double df, double s)
{
    return lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * 3.14159265358979323846) - log(s);
}

static void student_t(double x, const double *par, double *out)
{
    double s = par[1], df = par[2], z = (x - par[0]) / s, q = df + z * z;
    out[0] = log_t_constant(df, s) - 0.5 * (df + 1) * log1p(z * z / df);
    out[1] = -(df + 1) * z / q / s;
    out[2] = -(df + 1) * (df - z * z) / (q * q) / (s * s);
}

static void logistic(double x, const double *par, double *out)
{
    double s = par[1], z = (x - par[0]) / s;
    out[0] = -log(s) - 2 * (log_cosh(z / 2) + LOG_2);
    out[1] = -tanh(z / 2) / s;
    out[2] = -0.5 * sech_squared(z / 2) / (s * s);
}

/* Log odds of a beta variable (mathematics vignette, eq. 34); logistic() where the shape is 1 */
static void lkj(double x, const double *par, double *out)
{
    double s = par[1], a = par[2], z = (x - par[0]) / s;
    out[0] = lgamma(2 * a) - 2 * lgamma(a) - log(s) - 2 * a * (log_cosh(z / 2) + LOG_2);
    out[1] = -a * tanh(z / 2) / s;
    out[2] = -0.5 * a * sech_squared(z / 2) / (s * s);
}

/* Densities of tau = exp(t), with log tau added for the change of variable. */

static void half_t(double t, const double *par, double *out)
{
    double s = par[1], df = par[2], w = exp(2 * t) / (df * s * s); /* z^2 / df */
    double share = isinf(w) ? 1 : w / (1 + w);
    double log1w = isinf(w) ? 2 * (t - log(s)) - log(df) : log1p(w);
    out[0] = LOG_2 + log_t_constant(df, s) - 0.5 * (df + 1) * log1w + t;
    out[1] = 1 - (df + 1) * share;
    out[2] = -2 * (df + 1) * share * (1 - share);
}

static void half_normal(double t, const double *par, double *out)
{
    double z2 = exp(2 * (t - log(par[1])));
    out[0] = LOG_2 - 0.5 * LOG_2PI - log(par[1]) - 0.5 * z2 + t;
    out[1] = 1 - z2;
    out[2] = -2 * z2;
}

static void exponential(double t, const double *par, double *out)
{
    double z = exp(t - log(par[1]));
    out[0] = -log(par[1]) - z + t;
    out[1] = 1 - z;
    out[2] = -z;
}

static void gamma_sd(double t, const double *par, double *out)
{
    double a = par[0], z = exp(t - log(par[1]));
    out[0] = -lgamma(a) + a * (t - log(par[1])) - z;
    out[1] = a - z;
    out[2] = -z;
}

static void inv_gamma(double t, const double *par, double *out)
{
    double a = par[0], z = exp(log(par[1]) - t);
    out[0] = -lgamma(a) + a * (log(par[1]) - t) - z;
    out[1] = -a + z;
    out[2] = -z;
}

static scalar_function density_of(int family)
{
    switch (family) {
    case PRIOR_NORMAL: return normal;
    case PRIOR_STUDENT_T: return student_t;
    case PRIOR_LOGISTIC: return logistic;
    case PRIOR_LKJ: return lkj;
    case PRIOR_HALF_T: return half_t;
    case PRIOR_HALF_NORMAL: return half_normal;
    case PRIOR_EXPONENTIAL: return exponential;
    case PRIOR_GAMMA: return gamma_sd;
    case PRIOR_INV_GAMMA: return inv_gamma;
    }
    return 0;
}

int prior_known(int family) { return family == PRIOR_NONE || density_of(family) != 0; }

void prior_density(int family, const double *par, double x, double *out)
{
    scalar_function f = density_of(family);
    if (f) f(x, par, out);
    else out[0] = out[1] = out[2] = 0;
}

/* Families with log p = constant + slope t - c exp(rate t); rate 0 for the others. */
static double exponential_rate(int family, const double *par, double *slope)
{
    *slope = 1;
    switch (family) {
    case PRIOR_HALF_NORMAL: return 2;
    case PRIOR_EXPONENTIAL: return 1;
    case PRIOR_GAMMA: *slope = par[0]; return 1;
    case PRIOR_INV_GAMMA: *slope = -par[0]; return -1;
    }
    return 0;
}

void prior_expect(int family, const double *par, double mean, double sd, double *out)
{
    double slope, rate = exponential_rate(family, par, &slope);
    if (rate != 0) { /* exact: E exp(rate t) = exp(rate (mean + shift)) */
        double shift = 0.5 * rate * sd * sd;
        prior_density(family, par, mean + shift, out);
        out[0] -= slope * shift;
        return;
    }
    double width = 0.3; /* half-t: poles pi / 2 from the real line */
    if (family == PRIOR_NONE || family == PRIOR_NORMAL) { /* a quadratic: exact */
        prior_density(family, par, mean, out);
        out[0] += 0.5 * sd * sd * out[2];
        return;
    }
    if (family == PRIOR_STUDENT_T) width = 0.2 * par[1] * sqrt(par[2]);
    if (family == PRIOR_LOGISTIC || family == PRIOR_LKJ) width = 0.6 * par[1];
    gauss_expect(density_of(family), par, mean, sd, width, out);
}
