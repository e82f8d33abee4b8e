#include "surrogate.h"
#include "linalg.h"
#include <math.h>

/* root <- Cholesky of I + D A D, scale <- diag D, x <- L^-1 D b */
static int factorise(const struct surrogate *s, const double *t, double *root, double *scale,
                     double *x)
{
    long n = s->n;
    for (long i = 0; i < n; i++) {
        scale[i] = exp(t[s->group[i] - 1]);
        x[i] = scale[i] * s->b[i];
    }
    for (long j = 0; j < n; j++)
        for (long i = j; i < n; i++)
            root[i + n * j] = scale[i] * scale[j] * s->a[i + n * j] + (i == j);
    int status = cholesky(root, s->n);
    if (status == 0) solve_lower(root, s->n, x);
    return status;
}

/* d log p / dt_g: sum over the coefficients of g of E (beta / tau)^2 - 1. With S = B^-1 and
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

double surrogate_marginal(const struct surrogate *s, const double *t, double *grad, double *hess,
                          double *work)
{
    long n = s->n;
    double *root = work, *scale = root + n * n, *x = scale + n, *mean = x + n, *cov = mean + n;
    if (factorise(s, t, root, scale, x)) return NAN;
    double value = -log_diagonal_sum(root, s->n);
    for (long i = 0; i < n; i++) value += 0.5 * x[i] * x[i];
    for (long i = 0; i < n; i++) mean[i] = x[i];
    solve_lower_transposed(root, s->n, mean);
    invert_lower(root, s->n);
    for (long i = 0; i < n; i++) {
        double variance = 0;
        for (long j = i; j < n; j++) variance += root[j + n * i] * root[j + n * i];
        grad[s->group[i] - 1] += variance + mean[i] * mean[i] - 1;
    }
    if (hess) {
        cross_lower(root, s->n, cov);
        add_hessian(s, cov, mean, hess);
    }
    return value;
}
