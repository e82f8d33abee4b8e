#include "regression.h"
#include "prior.h"
#include <math.h>

static double dot(const double *x, const double *y, int n)
{
    /* four sums at once: additions need not wait for each other */
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    int i = 0;
    for (; i + 3 < n; i += 4) {
        s0 += x[i] * y[i];
        s1 += x[i + 1] * y[i + 1];
        s2 += x[i + 2] * y[i + 2];
        s3 += x[i + 3] * y[i + 3];
    }
    for (; i < n; i++) s0 += x[i] * y[i];
    return (s0 + s1) + (s2 + s3);
}

static void predictors(const struct regression *r, const double *beta, int i, double *eta)
{
    int q = r->kernel->q;
    for (int j = 0; j < q; j++)
        eta[j] = r->offset[j + (long) q * i]
                 + dot(r->x[j] + (long) r->p[j] * i, beta + r->start[j], r->p[j]);
}

static void clear(double *x, long n)
{
    for (long i = 0; i < n; i++) x[i] = 0;
}

/* grad += x' g of one cell */
static void add_gradient(const struct regression *r, int i, const double *g, double *grad)
{
    for (int j = 0; j < r->kernel->q; j++) {
        const double *x = r->x[j] + (long) r->p[j] * i;
        double *out = grad + r->start[j];
        for (int a = 0; a < r->p[j]; a++) out[a] += g[j] * x[a];
    }
}

/* Lower block triangle of hess += x' h x of one cell */
static void add_hessian(const struct regression *r, int i, const double *h, double *hess)
{
    int q = r->kernel->q;
    for (int j = 0; j < q; j++) {
        const double *xj = r->x[j] + (long) r->p[j] * i;
        for (int l = j; l < q; l++) {
            const double *xl = r->x[l] + (long) r->p[l] * i;
            double w = h[l + q * j];
            for (int a = 0; a < r->p[j]; a++) {
                double wx = w * xj[a];
                if (wx == 0) continue; /* smooths by factor, random effects */
                double *out = hess + r->start[l] + (long) r->d * (r->start[j] + a);
                for (int b = 0; b < r->p[l]; b++) out[b] += wx * xl[b];
            }
        }
    }
}

static void mirror(double *hess, int d)
{
    for (long j = 0; j < d; j++)
        for (long i = 0; i < j; i++) hess[i + d * j] = hess[j + d * i];
}

double base_priors(const struct regression *r, const double *beta, double *grad, double *hess)
{
    double f = 0, out[3];
    for (long a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        prior_density(r->family[a], r->prior + 3 * a, beta[a], out);
        f += out[0];
        if (grad) grad[a] += out[1];
        if (hess) hess[a + r->d * a] += out[2];
    }
    return f;
}

double base_value(const struct regression *r, const double *beta)
{
    double f = 0, eta[KERNEL_MAX_Q];
    for (int i = 0; i < r->m; i++) {
        predictors(r, beta, i, eta);
        f += r->kernel->value(r->cells + (long) r->kernel->size * i, eta);
    }
    return f + base_priors(r, beta, 0, 0);
}

double base_gradient(const struct regression *r, const double *beta, double *grad)
{
    double f = 0, eta[KERNEL_MAX_Q], g[KERNEL_MAX_Q];
    clear(grad, r->d);
    for (int i = 0; i < r->m; i++) {
        predictors(r, beta, i, eta);
        f += r->kernel->gradient(r->cells + (long) r->kernel->size * i, eta, g);
        add_gradient(r, i, g, grad);
    }
    return f + base_priors(r, beta, grad, 0);
}

double base_hessian(const struct regression *r, const double *beta, double *grad, double *hess)
{
    double f = 0, eta[KERNEL_MAX_Q], g[KERNEL_MAX_Q], h[KERNEL_MAX_Q * KERNEL_MAX_Q];
    clear(grad, r->d);
    clear(hess, (long) r->d * r->d);
    for (int i = 0; i < r->m; i++) {
        predictors(r, beta, i, eta);
        f += r->kernel->hessian(r->cells + (long) r->kernel->size * i, eta, g, h);
        add_gradient(r, i, g, grad);
        add_hessian(r, i, h, hess);
    }
    mirror(hess, r->d);
    return f + base_priors(r, beta, grad, hess);
}

/* v (q x q) = covariance of the predictors of cell i; c: d doubles of work */
static void predictor_covariance(const struct regression *r, const double *cov, int i,
                                 double *v, double *c)
{
    int q = r->kernel->q;
    for (int j = 0; j < q; j++) {
        const double *xj = r->x[j] + (long) r->p[j] * i;
        int last = r->start[j] + r->p[j];
        clear(c, last);
        for (int a = 0; a < r->p[j]; a++) {
            const double *column = cov + (long) r->d * (r->start[j] + a);
            for (int b = 0; b < last; b++) c[b] += xj[a] * column[b];
        }
        for (int l = 0; l <= j; l++)
            v[j + q * l] = v[l + q * j] =
                dot(r->x[l] + (long) r->p[l] * i, c + r->start[l], r->p[l]);
    }
}

double base_expect(const struct regression *r, const double *mean, const double *cov,
                   double *grad, double *hess, double *work)
{
    double f = 0, eta[KERNEL_MAX_Q], g[KERNEL_MAX_Q];
    double h[KERNEL_MAX_Q * KERNEL_MAX_Q], v[KERNEL_MAX_Q * KERNEL_MAX_Q];
    clear(grad, r->d);
    clear(hess, (long) r->d * r->d);
    for (int i = 0; i < r->m; i++) {
        predictors(r, mean, i, eta);
        predictor_covariance(r, cov, i, v, work);
        f += r->kernel->expect(r->cells + (long) r->kernel->size * i, eta, v, g, h);
        add_gradient(r, i, g, grad);
        add_hessian(r, i, h, hess);
    }
    mirror(hess, r->d);
    return f + base_priors_expect(r, mean, cov, grad, hess);
}

double base_priors_expect(const struct regression *r, const double *mean, const double *cov, double *grad, double *hess)
{
    double f = 0, out[3];
    for (long a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        double variance = cov[a + r->d * a];
        prior_expect(r->family[a], r->prior + 3 * a, mean[a],
                     variance > 0 ? sqrt(variance) : 0, out);
        f += out[0];
        grad[a] += out[1];
        hess[a + r->d * a] += out[2];
    }
    return f;
}

/* e += x b over one block. The fixed length lets compilers use vector instructions at -O2. */
static void add_scaled(double *restrict e, const double *restrict b, double x)
{
    for (int s = 0; s < DRAW_BLOCK; s++) e[s] += x * b[s];
}

/* One block of draws at a time, copied together so that it stays in cache.
 * block: d x DRAW_BLOCK by coefficient, padded with zeros; eta: q x DRAW_BLOCK. */
static void draw_block(const struct regression *r, const double *block, int count, double *out,
                       double *eta)
{
    int q = r->kernel->q;
    double at[KERNEL_MAX_Q];
    for (int i = 0; i < r->m; i++) {
        for (int j = 0; j < q; j++) {
            double *e = eta + (long) DRAW_BLOCK * j;
            const double *x = r->x[j] + (long) r->p[j] * i;
            for (int s = 0; s < DRAW_BLOCK; s++) e[s] = r->offset[j + (long) q * i];
            for (int a = 0; a < r->p[j]; a++)
                if (x[a] != 0) add_scaled(e, block + (long) DRAW_BLOCK * (r->start[j] + a), x[a]);
        }
        for (int s = 0; s < count; s++) {
            for (int j = 0; j < q; j++) at[j] = eta[s + (long) DRAW_BLOCK * j];
            out[s] += r->kernel->value(r->cells + (long) r->kernel->size * i, at);
        }
    }
}

void base_priors_draws(const struct regression *r, const double *draws, int n, double *out)
{
    double prior[3];
    for (long a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        for (int s = 0; s < n; s++) {
            prior_density(r->family[a], r->prior + 3 * a, draws[s + n * a], prior);
            out[s] += prior[0];
        }
    }
}

long base_draws_work(const struct regression *r)
{
    return (long) DRAW_BLOCK * (r->d + r->kernel->q);
}

void base_draws(const struct regression *r, const double *draws, int n, double *out, double *work)
{
    double *block = work, *eta = work + (long) DRAW_BLOCK * r->d;
    clear(out, n);
    clear(work, base_draws_work(r));
    for (int first = 0; first < n; first += DRAW_BLOCK) {
        int count = n - first < DRAW_BLOCK ? n - first : DRAW_BLOCK;
        for (long a = 0; a < r->d; a++)
            for (int s = 0; s < count; s++) block[s + DRAW_BLOCK * a] = draws[first + s + n * a];
        draw_block(r, block, count, out + first, eta);
    }
    base_priors_draws(r, draws, n, out);
}

/* Some cells only, their log likelihood times `scale`; grad may be NULL. */
double base_rows(const struct regression *r, const double *beta, const int *row, int n,
                 double scale, const struct anchor *anchor, double *grad)
{
    double f = 0, eta[KERNEL_MAX_Q], g[KERNEL_MAX_Q];
    int q = r->kernel->q;
    if (grad) for (int a = 0; a < r->d; a++) grad[a] = anchor ? anchor->gradient[a] : 0;
    for (int s = 0; s < n; s++) {
        int i = row[s];
        const double *cell = r->cells + (long) r->kernel->size * i;
        predictors(r, beta, i, eta);
        f += grad ? r->kernel->gradient(cell, eta, g) : r->kernel->value(cell, eta);
        if (anchor) f -= anchor->value_of[i];
        if (!grad) continue;
        for (int j = 0; j < q; j++)
            g[j] = scale * (anchor ? g[j] - anchor->gradient_of[j + (long) q * i] : g[j]);
        add_gradient(r, i, g, grad);
    }
    return scale * f + (anchor ? anchor->value : 0) + base_priors(r, beta, grad, 0);
}

double base_anchor(const struct regression *r, const double *beta, double *value_of,
                   double *gradient_of, double *gradient)
{
    double f = 0, eta[KERNEL_MAX_Q];
    clear(gradient, r->d);
    for (int i = 0; i < r->m; i++) {
        double *g = gradient_of + (long) r->kernel->q * i;
        predictors(r, beta, i, eta);
        f += value_of[i] = r->kernel->gradient(r->cells + (long) r->kernel->size * i, eta, g);
        add_gradient(r, i, g, gradient);
    }
    return f;
}
