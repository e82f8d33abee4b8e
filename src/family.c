/* The ELBO (mathematics vignette, eq. 5) and its derivatives by par, as expectations over noise z:
 *   ELBO = E[log p(theta(z))] + H(q),
 *   d mu = E[g],  d L = tril(E[g z']) + diag(1 / L_ii),  g = grad log p at theta(z)
 *   (Kucukelbir et al. 2017, JMLR 18; Titsias and Lazaro-Gredilla 2014)
 * STL replaces g by g + Sigma^-1 (theta - mu) and drops the gradient of the entropy.
 * Low-rank: Sigma = S^2 + B B', by Woodbury through K = I + B' S^-2 B (Ong, Nott, Smith 2018). */
#include "family.h"
#include "dense.h"
#include "scalar.h"
#include "vector.h"
#include <math.h>

long family_parameters(const struct family *q)
{
    long d = q->dim;
    if (q->kind == FAMILY_FULL_RANK) return d + d * (d + 1) / 2;
    return 2 * d + (q->kind == FAMILY_LOW_RANK ? d * q->rank : 0);
}

int family_noise(const struct family *q)
{
    return q->dim + (q->kind == FAMILY_LOW_RANK ? q->rank : 0);
}

long family_work(const struct family *q)
{
    long d = q->dim, r = q->rank;
    return 4 * d + (q->kind == FAMILY_LOW_RANK ? r * r + r + 2 * d * r : 0) + 1;
}

static double softplus(double x) { return x > 30 ? x : log1p(exp(x)); }
static double softplus_slope(double x) { return 1 / (1 + exp(-x)); }

/* Scales (d): softplus(rho), or the diagonal of L */
static void scales(const struct family *q, const double *par, double *s)
{
    long d = q->dim, at = d;
    for (long i = 0; i < d; i++) {
        s[i] = softplus(par[at]);
        at += q->kind == FAMILY_FULL_RANK ? d - i : 1;
    }
}

/* theta <- the draw of q with noise z; s as scales() gives them */
static void draw(const struct family *q, const double *par, const double *s, const double *z,
                 double *theta)
{
    long d = q->dim;
    for (long i = 0; i < d; i++) theta[i] = par[i] + s[i] * z[i];
    if (q->kind == FAMILY_FULL_RANK) {
        const double *l = par + d;
        for (long j = 0; j < d; l += d - j, j++) vector_add(theta + j + 1, z[j], l + 1, d - j - 1);
    }
    if (q->kind == FAMILY_LOW_RANK)
        for (long k = 0; k < q->rank; k++)
            for (long i = 0; i < d; i++) theta[i] += par[2 * d + i + d * k] * z[d + k];
}

/* Of the low-rank family: the Cholesky factor of K (r x r), W = Sigma^-1 B = S^-2 B K^-1 (d x r)
 * and, in `inverse`, the diagonal of Sigma^-1. half: r x d of work, first (S^-1 B)'. Returns
 * log det Sigma / 2. */
static double low_rank(const struct family *q, const double *par, const double *s, double *chol,
                       double *w, double *inverse, double *half)
{
    long d = q->dim, r = q->rank;
    const double *b = par + 2 * d;
    double f = 0;
    for (long i = 0; i < d; i++)
        for (long k = 0; k < r; k++) half[k + r * i] = b[i + d * k] / s[i];
    for (long k = 0; k < r; k++)
        for (long l = 0; l < r; l++) chol[k + r * l] = k == l;
    dense_add_cross_product(q->rank, q->dim, half, chol);
    if (dense_cholesky(q->rank, chol) != 0) return NAN;
    dense_solve_lower(q->rank, chol, q->dim, half);
    for (long i = 0; i < d; i++) {
        double sum = 0;
        for (long k = 0; k < r; k++) sum += half[k + r * i] * half[k + r * i];
        inverse[i] = (1 - sum) / (s[i] * s[i]);
        f += log(s[i]);
    }
    dense_solve_lower_transposed(q->rank, chol, q->dim, half);
    for (long i = 0; i < d; i++)
        for (long k = 0; k < r; k++) w[i + d * k] = half[k + r * i] / s[i];
    return f + dense_log_diagonal(q->rank, chol);
}

/* x <- Sigma^-1 x by Woodbury; W as above: Sigma^-1 x = S^-2 x - W B' S^-2 x */
static void low_rank_solve(const struct family *q, const double *par, const double *s,
                           const double *w, double *x)
{
    long d = q->dim;
    for (long i = 0; i < d; i++) x[i] /= s[i] * s[i];
    double c[FAMILY_MOST_RANK];
    for (long k = 0; k < q->rank; k++) {
        c[k] = 0;
        for (long i = 0; i < d; i++) c[k] += par[2 * d + i + d * k] * x[i];
    }
    for (long k = 0; k < q->rank; k++)
        for (long i = 0; i < d; i++) x[i] -= w[i + d * k] * c[k];
}

/* g <- g + Sigma^-1 (theta - mu); x: d of work */
static void add_score(const struct family *q, const double *par, const double *s, const double *z,
                      const double *w, const double *theta, double *x, double *g)
{
    long d = q->dim;
    for (long i = 0; i < d; i++) x[i] = z[i] / s[i];
    if (q->kind == FAMILY_FULL_RANK) { /* L'^-1 z, from the last row up */
        for (long j = d - 1; j >= 0; j--) {
            const double *l = par + d + j * d - j * (j - 1) / 2;
            x[j] = (z[j] - vector_dot(l + 1, x + j + 1, d - j - 1)) / s[j];
        }
    }
    if (q->kind == FAMILY_LOW_RANK) {
        for (long i = 0; i < d; i++) x[i] = theta[i] - par[i];
        low_rank_solve(q, par, s, w, x);
    }
    for (long i = 0; i < d; i++) g[i] += x[i];
}

/* grad += d theta / d par' g of one draw, scales without the slope of softplus */
static void add_path(const struct family *q, const double *z, const double *g, double *grad)
{
    long d = q->dim;
    for (long i = 0; i < d; i++) grad[i] += g[i];
    grad += d;
    if (q->kind == FAMILY_FULL_RANK) {
        for (long j = 0; j < d; grad += d - j, j++) vector_add(grad, z[j], g + j, d - j);
        return;
    }
    for (long i = 0; i < d; i++) grad[i] += g[i] * z[i];
    if (q->kind == FAMILY_LOW_RANK)
        for (long k = 0; k < q->rank; k++)
            for (long i = 0; i < d; i++) grad[d + i + d * k] += g[i] * z[d + k];
}

/* From sums over n draws to their means, with the slope of softplus and the gradient of the entropy
 * (without stl); w, inverse: as low_rank() gives them */
static void finish_gradient(const struct family *q, const struct estimate *how, const double *par,
                            const double *s, const double *w, const double *inverse, int n,
                            double *grad)
{
    long d = q->dim, at = d, all = family_parameters(q);
    for (long i = 0; i < all; i++) grad[i] /= n;
    for (long i = 0; i < d; i++) {
        if (!how->stl) grad[at] += q->kind == FAMILY_LOW_RANK ? s[i] * inverse[i] : 1 / s[i];
        grad[at] *= softplus_slope(par[at]);
        at += q->kind == FAMILY_FULL_RANK ? d - i : 1;
    }
    if (q->kind == FAMILY_LOW_RANK && !how->stl)
        for (long i = 0; i < d * q->rank; i++) grad[2 * d + i] += w[i];
}

double elbo_estimate(const struct family *q, const struct target *t, const struct batch *b,
                     const struct estimate *how, const double *par, const double *noise, int n,
                     double *grad, double *work)
{
    long d = q->dim, r = q->rank, width = family_noise(q);
    double *s = work, *theta = s + d, *g = theta + d, *inverse = g + d;
    double *chol = inverse + d, *w = chol + r * r + r, *half = w + d * r;
    double f = 0, log_scale = 0;
    scales(q, par, s);
    if (q->kind == FAMILY_LOW_RANK) log_scale = low_rank(q, par, s, chol, w, inverse, half);
    else
        for (long i = 0; i < d; i++) log_scale += log(s[i]);
    if (grad)
        for (long i = 0; i < family_parameters(q); i++) grad[i] = 0;
    for (int m = 0; m < n; m++) {
        const double *z = noise + width * m;
        double z2 = 0;
        draw(q, par, s, z, theta);
        f += target_at(t, theta, b, grad ? g : NULL);
        for (long i = 0; i < width; i++) z2 += z[i] * z[i];
        /* low-rank noise has d + r numbers for d coordinates, so log q keeps its closed form */
        f += 0.5 * (how->entropy || q->kind == FAMILY_LOW_RANK ? d : z2);
        if (!grad) continue;
        if (how->stl) add_score(q, par, s, z, w, theta, inverse, g);
        add_path(q, z, g, grad);
    }
    if (grad) {
        if (how->stl && q->kind == FAMILY_LOW_RANK) low_rank(q, par, s, chol, w, inverse, half);
        finish_gradient(q, how, par, s, w, inverse, n, grad);
    }
    return f / n + log_scale + 0.5 * d * LOG_2PI;
}
