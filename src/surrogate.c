#include "surrogate.h"
#include "dense.h"
#include <math.h>

/* chol <- L with L L' = B = I + D A D, scale <- diag D, x <- L^-1 D b */
static int factorise(const struct surrogate *s, const double *log_tau, double *chol, double *scale,
                     double *x)
{
    long n = s->n;
    for (long i = 0; i < n; i++) {
        scale[i] = exp(log_tau[s->group[i] - 1]);
        x[i] = scale[i] * s->b[i];
    }
    for (long j = 0; j < n; j++)
        for (long i = j; i < n; i++)
            chol[i + n * j] = scale[i] * scale[j] * s->a[i + n * j] + (i == j);
    int status = dense_cholesky(s->n, chol);
    if (status == 0) dense_solve_lower(s->n, chol, 1, x);
    return status;
}

/* d log p / d log_tau_g: sum over the coefficients of g of E (beta / tau)^2 - 1. With S = B^-1 and
 * m = S D b the Hessian is, summed over i in g and j in h (eq. 12, derivatives below it),
 *   2 S_ij^2 + 4 m_i S_ij m_j - 2 [g = h, i = j] (S_ii + m_i^2). */
static void add_hessian(const struct surrogate *s, const double *cov, const double *mean,
                        double *hess)
{
    long n = s->n, groups = s->groups;
    for (long j = 0; j < n; j++) {
        double *column = hess + groups * (s->group[j] - 1);
        for (long i = j; i < n; i++) {
            double c = cov[i + n * j], x = 2 * c * (c + 2 * mean[i] * mean[j]);
            if (i == j) x -= 2 * (c + mean[i] * mean[i]);
            column[s->group[i] - 1] += x;
            if (i != j) hess[s->group[j] - 1 + groups * (s->group[i] - 1)] += x;
        }
    }
}

double surrogate_marginal(const struct surrogate *s, const double *log_tau, double *grad,
                          double *hess, double *work)
{
    long n = s->n;
    double *chol = work, *scale = chol + n * n, *mean = scale + n;
    if (factorise(s, log_tau, chol, scale, mean)) return NAN;
    double value = -dense_log_diagonal(s->n, chol);
    for (long i = 0; i < n; i++) value += 0.5 * mean[i] * mean[i];
    dense_solve_lower_transposed(s->n, chol, 1, mean);
    double *cov = chol;
    dense_invert_cholesky(s->n, cov);
    for (long i = 0; i < n; i++) grad[s->group[i] - 1] += cov[i + n * i] + mean[i] * mean[i] - 1;
    if (hess) add_hessian(s, cov, mean, hess);
    return value;
}
