#include "dense.h"
#include "product.h"
#include "scalar.h"
#include "simd.h"
#include <math.h>
#include <string.h>

#define CELLS 128 /* of a block */
#define DRAWS 128

static int smaller(int x, int y) { return x < y ? x : y; }

static const double *columns(const struct regression *r, int j, int cell) { return r->x[j] + (long) r->p[j] * cell; }

int dense_pays(const struct regression *r)
{
    long used = 0, step = r->m / 64 + 1, seen = 0;
    for (long i = 0; i < r->m; i += step, seen += r->d)
        for (int j = 0; j < r->kernel->q; j++) {
            const double *x = columns(r, j, (int) i);
            for (int a = 0; a < r->p[j]; a++) used += x[a] != 0;
        }
    return r->d >= 60 && r->m >= 64 && 4 * used > seen;
}

/* Covariances of the predictors of n cells from `first`: v is q x q x n; t: d x CELLS of work. */
static void predictor_covariances(const struct regression *r, const double *cov, int first, int n,
                                  double *v, double *t)
{
    int q = r->kernel->q;
    for (int j = 0; j < q; j++) {
        int last = r->start[j] + r->p[j];
        struct strided c = {cov + (long) r->d * r->start[j], 1, r->d}, x = {columns(r, j, first), r->p[j], 1};
        memset(t, 0, sizeof(double) * last * n);
        product_add(PRODUCT_ALL, last, n, r->p[j], 1, c, x, t, last);
        for (int i = 0; i < n; i++)
            for (int l = 0; l <= j; l++) {
                double *to = v + q * q * i;
                to[j + q * l] = to[l + q * j] =
                    product_dot(columns(r, l, first + i), t + (long) last * i + r->start[l], r->p[l]);
            }
    }
}

/* Lower block triangle of hess += x' h x; h is q x q x n, t: d x CELLS of work. */
static void add_hessians(const struct regression *r, const double *h, int first, int n, double *hess, double *t)
{
    int q = r->kernel->q;
    for (int j = 0; j < q; j++)
        for (int l = j; l < q; l++) {
            int p = r->p[l];
            for (int i = 0; i < n; i++) {
                const double *x = columns(r, l, first + i);
                double w = h[l + q * j + q * q * i];
                for (int a = 0; a < p; a++) t[a + (long) p * i] = w * x[a];
            }
            struct strided left = {t, 1, p}, right = {columns(r, j, first), 1, r->p[j]};
            product_add(j == l ? PRODUCT_LOWER : PRODUCT_ALL, p, r->p[j], n, 1, left, right,
                        hess + r->start[l] + (long) r->d * r->start[j], r->d);
        }
}

long dense_hessian_work(const struct regression *r)
{
    long q = r->kernel->q;
    return CELLS * (r->d + 2 * q * q);
}

double dense_hessian(const struct regression *r, const double *beta, const double *cov,
                     double *grad, double *hess, double *work)
{
    int q = r->kernel->q;
    double *t = work, *h = t + (long) CELLS * r->d, *v = h + CELLS * q * q;
    double f = 0, eta[KERNEL_MAX_Q], g[KERNEL_MAX_Q];
    memset(grad, 0, sizeof(double) * r->d);
    memset(hess, 0, sizeof(double) * r->d * r->d);
    for (int first = 0; first < r->m; first += CELLS) {
        int n = smaller(CELLS, r->m - first);
        if (cov) predictor_covariances(r, cov, first, n, v, t);
        for (int i = 0; i < n; i++) {
            const double *cell = r->cells + (long) r->kernel->size * (first + i);
            for (int j = 0; j < q; j++)
                eta[j] = r->offset[j + (long) q * (first + i)] +
                         product_dot(columns(r, j, first + i), beta + r->start[j], r->p[j]);
            f += cov ? r->kernel->expect(cell, eta, v + q * q * i, g, h + q * q * i)
                     : r->kernel->hessian(cell, eta, g, h + q * q * i);
            for (int j = 0; j < q; j++)
                product_axpy(g[j], columns(r, j, first + i), grad + r->start[j], r->p[j]);
        }
        add_hessians(r, h, first, n, hess, t);
    }
    for (long j = 0; j < r->d; j++)
        for (long i = 0; i < j; i++) hess[i + r->d * j] = hess[j + r->d * i];
    return f + (cov ? base_priors_expect(r, beta, cov, grad, hess) : base_priors(r, beta, grad, hess));
}

#ifdef SIMD_HAVE_VECTORS
#define SIMD_WIDTH 2
#define SIMD_NAME(x) x##_base
#define SIMD_FUNCTION
#include "simd_width.h"
#include "dense_width.h"
#include "simd_end.h"
#endif

#ifdef SIMD_HAVE_AVX2
#define SIMD_WIDTH 4
#define SIMD_NAME(x) x##_avx2
#define SIMD_FUNCTION SIMD_AVX2_TARGET
#include "simd_width.h"
#include "dense_width.h"
#include "simd_end.h"
#endif

/* Adds the log density of a cell at `count` draws; eta: q x DRAWS, CELLS * DRAWS apart. */
static void add_values(const struct regression *r, const double *cell, const double *eta, int count,
                       double *out, double *product)
{
    double at[KERNEL_MAX_Q];
    long next = (long) CELLS * DRAWS;
    int single = r->kernel == &kernel_two && cell[0] == 1 && cell[3] == 0 && cell[4] == 0 && cell[5] == 0;
    switch (single ? simd_level(SIMD_AVX2) : SIMD_PLAIN) {
#ifdef SIMD_HAVE_AVX2
    case SIMD_AVX2: row_values_avx2(cell[1], cell[2], eta, next, out, product); return;
#endif
#ifdef SIMD_HAVE_VECTORS
    case SIMD_BASE: row_values_base(cell[1], cell[2], eta, next, out, product); return;
#endif
    default: break;
    }
    for (int s = 0; s < count; s++) {
        for (int j = 0; j < r->kernel->q; j++) at[j] = eta[s + next * j];
        out[s] += r->kernel->value(cell, at);
    }
}

long dense_draws_work(const struct regression *r) { return (long) r->kernel->q * CELLS * DRAWS; }

/* Predictors of all cells of a block at all draws of a block: q x CELLS x DRAWS. */
static void draw_predictors(const struct regression *r, const double *draws, int n, int count, int first, int cells,
                            double *eta)
{
    int q = r->kernel->q;
    for (int j = 0; j < q; j++, eta += (long) CELLS * DRAWS) {
        for (int i = 0; i < cells; i++)
            for (int s = 0; s < count; s++) eta[s + DRAWS * i] = r->offset[j + (long) q * (first + i)];
        struct strided beta = {draws + (long) n * r->start[j], 1, n}, x = {columns(r, j, first), r->p[j], 1};
        product_add(PRODUCT_ALL, count, cells, r->p[j], 1, beta, x, eta, DRAWS);
    }
}

void dense_draws(const struct regression *r, const double *draws, int n, double *out, double *work)
{
    memset(out, 0, sizeof(double) * n);
    memset(work, 0, sizeof(double) * dense_draws_work(r)); /* whole blocks of draws are read */
    for (int from = 0; from < n; from += DRAWS)
        for (int first = 0; first < r->m; first += CELLS) {
            int count = smaller(DRAWS, n - from), cells = smaller(CELLS, r->m - first);
            double sum[DRAWS], product[DRAWS];
            for (int s = 0; s < DRAWS; s++) {
                sum[s] = 0;
                product[s] = 1;
            }
            draw_predictors(r, draws + from, n, count, first, cells, work);
            for (int i = 0; i < cells; i++)
                add_values(r, r->cells + (long) r->kernel->size * (first + i), work + DRAWS * i, count, sum, product);
            for (int s = 0; s < count; s++) out[from + s] += sum[s] + log(product[s]);
        }
    base_priors_draws(r, draws, n, out);
}
