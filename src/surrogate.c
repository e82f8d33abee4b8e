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
    int info = cholesky(root, s->n);
    if (info == 0) solve_lower(root, s->n, x);
    return info;
}

double surrogate_marginal(const struct surrogate *s, const double *t, double *grad, double *work)
{
    long n = s->n;
    double *root = work, *scale = root + n * n, *x = scale + n, *mean = x + n;
    if (factorise(s, t, root, scale, x)) return NAN;
    double value = -log_diagonal_sum(root, s->n);
    for (long i = 0; i < n; i++) value += 0.5 * x[i] * x[i];
    if (grad) {
        /* d/dt_g: sum over its coefficients of E (beta / tau)^2 - 1 */
        for (long i = 0; i < n; i++) mean[i] = x[i];
        solve_lower_transposed(root, s->n, mean);
        invert_from_cholesky(root, s->n);
        for (long i = 0; i < n; i++)
            grad[s->group[i] - 1] += root[i + n * i] + mean[i] * mean[i] - 1;
    }
    return value;
}

int surrogate_condition(const struct surrogate *s, const double *t, double *work)
{
    long n = s->n;
    return factorise(s, t, work, work + n * n, work + n * n + n);
}

void surrogate_draw(const struct surrogate *s, const double *z, double *beta, const double *work)
{
    long n = s->n;
    const double *root = work, *scale = root + n * n, *x = scale + n;
    for (long i = 0; i < n; i++) beta[i] = x[i] + z[i];
    solve_lower_transposed(root, s->n, beta);
    for (long i = 0; i < n; i++) beta[i] *= scale[i];
}
