#include "regression.h"
#include "prior.h"
#include "block_sums.h"
#include <math.h>
#include <string.h>

#if SUM_LENGTH != KERNEL_BLOCK
#error "products and kernels must work on equal blocks"
#endif

/* Columns of the design in a block of cells, one after the other, each a row of KERNEL_BLOCK in
 * `rows`. Columns that are zero in the whole block (smooths by factor, random effects) are left out. */
struct columns {
    int all;                     /* none is left out */
    int first[KERNEL_MAX_Q + 1]; /* predictor j: columns first[j] to first[j + 1] - 1 */
    const int *number;           /* of the coefficient */
    double *rows;
    double *part; /* d doubles of work */
};

long regression_work(int d) { return (long) (KERNEL_BLOCK + 1) * d + 1; }

static void clear(double *x, long n)
{
    for (long i = 0; i < n; i++) x[i] = 0;
}

static int zero_row(const double *row)
{
    for (int i = 0; i < KERNEL_BLOCK; i++)
        if (row[i] != 0) return 0;
    return 1;
}

/* Cells index[0..n-1], or from `from` on if index is NULL */
static struct columns load_columns(const struct regression *r, const int *index, int from, int n)
{
    struct columns x = {
        .number = r->column, .rows = r->work, .part = r->work + (long) KERNEL_BLOCK * r->d};
    int used = 0;
    for (int j = 0; j < r->kernel->q; j++) {
        int p = r->p[j];
        double *rows = x.rows + (long) KERNEL_BLOCK * used;
        x.first[j] = used;
        for (int i = 0; i < n; i++) {
            const double *cell = r->x[j] + (long) p * (index ? index[i] : from + i);
            for (int a = 0; a < p; a++) rows[i + (long) KERNEL_BLOCK * a] = cell[a];
        }
        for (int a = 0; a < p; a++) {
            double *row = rows + (long) KERNEL_BLOCK * a, *to = x.rows + (long) KERNEL_BLOCK * used;
            clear(row + n, KERNEL_BLOCK - n);
            if (zero_row(row)) continue;
            if (to != row) memcpy(to, row, KERNEL_BLOCK * sizeof(double));
            r->column[used++] = r->start[j] + a;
        }
    }
    x.first[r->kernel->q] = used;
    x.all = used == r->d;
    return x;
}

/* The entries of `of` (d numbers) that belong to columns from..to-1 */
static const double *entries(const struct columns *x, const double *of, int from, int to)
{
    if (x->all) return of + from;
    for (int a = from; a < to; a++) x->part[a - from] = of[x->number[a]];
    return x->part;
}

/* Statistics and predictors of cells */
static struct columns load_block(const struct regression *r, const double *beta, const int *index,
                                 int from, int n, struct kernel_block *b)
{
    int q = r->kernel->q;
    struct columns x = load_columns(r, index, from, n);
    for (int i = 0; i < n; i++) {
        long cell = index ? index[i] : from + i;
        kernel_put(r->kernel, b, i, r->cells + r->kernel->size * cell);
        for (int j = 0; j < q; j++) b->eta[j][i] = r->offset[j + q * cell];
    }
    kernel_clear(r->kernel, b, n);
    for (int j = 0; j < q; j++)
        sum_combined(entries(&x, beta, x.first[j], x.first[j + 1]),
                     x.rows + (long) KERNEL_BLOCK * x.first[j], x.first[j + 1] - x.first[j],
                     b->eta[j], r->level);
    return x;
}

static int block_length(int total, int from)
{
    return total - from < KERNEL_BLOCK ? total - from : KERNEL_BLOCK;
}

static const double ones[KERNEL_BLOCK] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                          1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* out += sum over the cells of u v x for columns from..to-1; out: d numbers */
static void add_dots(const struct regression *r, const struct columns *x, const double *u,
                     const double *v, int from, int to, double *out)
{
    const double *rows = x->rows + (long) KERNEL_BLOCK * from;
    if (x->all) {
        sum_dots(u, v, rows, to - from, out + from, r->level);
        return;
    }
    clear(x->part, to - from);
    sum_dots(u, v, rows, to - from, x->part, r->level);
    for (int a = from; a < to; a++) out[x->number[a]] += x->part[a - from];
}

static void add_gradient(const struct regression *r, const struct columns *x,
                         const struct kernel_block *b, double *grad)
{
    for (int j = 0; j < r->kernel->q; j++)
        add_dots(r, x, b->grad[j], ones, x->first[j], x->first[j + 1], grad);
}

/* Lower triangle of hess += x' h x */
static void add_hessian(const struct regression *r, const struct columns *x,
                        const struct kernel_block *b, double *hess)
{
    int q = r->kernel->q;
    for (int j = 0, pair = 0; j < q; j++)
        for (int l = j; l < q; l++, pair++)
            for (int a = x->first[j]; a < x->first[j + 1]; a++)
                add_dots(r, x, b->hess[pair], x->rows + (long) KERNEL_BLOCK * a,
                         l == j ? a : x->first[l], x->first[l + 1],
                         hess + (long) r->d * x->number[a]);
}

static void mirror(double *hess, int d)
{
    for (long j = 0; j < d; j++)
        for (long i = 0; i < j; i++) hess[i + d * j] = hess[j + d * i];
}

static double add_priors(const struct regression *r, const double *beta, double *grad, double *hess)
{
    double f = 0, out[3];
    for (long a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        prior_density(r->family[a], r->prior + 3 * a, beta[a], out);
        f += out[0];
        if (grad) grad[a] += out[1];
        if (hess) hess[a + r->d * a] += out[2];
    }
    for (int i = 0; i < r->n_joint; i++)
        f += joint_prior_density(r->joint + i, beta, 1, r->d, grad, hess);
    return f;
}

static double add_values(const struct kernel_block *b, int n)
{
    double f = 0;
    for (int i = 0; i < n; i++) f += b->value[i];
    return f;
}

/* Value, with order 1 the gradient, with order 2 the Hessian too; without priors */
static double likelihood(const struct regression *r, const double *beta, int order, double *grad,
                         double *hess)
{
    struct kernel_block b;
    double f = 0;
    if (order > 0) clear(grad, r->d);
    if (order > 1) clear(hess, (long) r->d * r->d);
    for (int from = 0; from < r->m; from += KERNEL_BLOCK) {
        int n = block_length(r->m, from);
        struct columns x = load_block(r, beta, NULL, from, n, &b);
        kernel_evaluate(r->kernel, &b, order, r->level);
        f += add_values(&b, n);
        if (order > 0) add_gradient(r, &x, &b, grad);
        if (order > 1) add_hessian(r, &x, &b, hess);
    }
    return f;
}

double base_value(const struct regression *r, const double *beta)
{
    return likelihood(r, beta, 0, NULL, NULL) + add_priors(r, beta, 0, 0);
}

double base_gradient(const struct regression *r, const double *beta, double *grad)
{
    return likelihood(r, beta, 1, grad, NULL) + add_priors(r, beta, grad, 0);
}

double base_hessian(const struct regression *r, const double *beta, double *grad, double *hess)
{
    double f = likelihood(r, beta, 2, grad, hess);
    mirror(hess, r->d);
    return f + add_priors(r, beta, grad, hess);
}

void base_predictors(const struct regression *r, const double *beta, int offsets, double *eta)
{
    int q = r->kernel->q;
    for (long i = 0; i < r->m; i++)
        for (int j = 0; j < q; j++) {
            const double *x = r->x[j] + (long) r->p[j] * i, *b = beta + r->start[j];
            double sum = offsets ? r->offset[j + q * i] : 0;
            for (int a = 0; a < r->p[j]; a++) sum += x[a] * b[a];
            eta[j + q * i] = sum;
        }
}

double base_at_predictors(const struct regression *r, const double *eta)
{
    struct kernel_block b;
    double f = 0;
    int q = r->kernel->q;
    for (int from = 0; from < r->m; from += KERNEL_BLOCK) {
        int n = block_length(r->m, from);
        for (int i = 0; i < n; i++) {
            kernel_put(r->kernel, &b, i, r->cells + (long) r->kernel->size * (from + i));
            for (int j = 0; j < q; j++) b.eta[j][i] = eta[j + (long) q * (from + i)];
        }
        kernel_clear(r->kernel, &b, n);
        kernel_evaluate(r->kernel, &b, 0, r->level);
        f += add_values(&b, n);
    }
    return f;
}

double base_priors(const struct regression *r, const double *beta)
{
    return add_priors(r, beta, NULL, NULL);
}

/* Covariances of the predictors of a block */
static void predictor_covariance(const struct regression *r, const struct columns *x,
                                 const double *cov, struct kernel_block *b)
{
    int q = r->kernel->q;
    clear(b->cov[0], (long) KERNEL_BLOCK * r->kernel->pairs);
    for (int l = 0, pair = 0; l < q; l++)
        for (int j = l; j < q; j++, pair++)
            for (int a = x->first[l]; a < x->first[l + 1]; a++)
                sum_combined_by(
                    entries(x, cov + (long) r->d * x->number[a], x->first[j], x->first[j + 1]),
                    x->rows + (long) KERNEL_BLOCK * x->first[j], x->first[j + 1] - x->first[j],
                    x->rows + (long) KERNEL_BLOCK * a, b->cov[pair], r->level);
}

double base_expect(const struct regression *r, const double *mean, const double *cov, double *grad,
                   double *hess)
{
    struct kernel_block b;
    double f = 0, out[3];
    clear(grad, r->d);
    clear(hess, (long) r->d * r->d);
    for (int from = 0; from < r->m; from += KERNEL_BLOCK) {
        int n = block_length(r->m, from);
        struct columns x = load_block(r, mean, NULL, from, n, &b);
        predictor_covariance(r, &x, cov, &b);
        kernel_expect(r->kernel, &b, r->level);
        f += add_values(&b, n);
        add_gradient(r, &x, &b, grad);
        add_hessian(r, &x, &b, hess);
    }
    mirror(hess, r->d);
    for (long a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        double variance = cov[a + r->d * a];
        prior_expect(r->family[a], r->prior + 3 * a, mean[a], variance > 0 ? sqrt(variance) : 0,
                     out);
        f += out[0];
        grad[a] += out[1];
        hess[a + r->d * a] += out[2];
    }
    for (int i = 0; i < r->n_joint; i++)
        f += joint_prior_expect(r->joint + i, mean, cov, r->d, grad, hess);
    return f;
}

/* Adds the log densities of KERNEL_BLOCK draws; block: d rows of them */
static void draw_block(const struct regression *r, const double *block, double *out)
{
    int q = r->kernel->q;
    double eta[KERNEL_MAX_Q * KERNEL_BLOCK], prior[3];
    for (long i = 0; i < r->m; i++) {
        for (int j = 0; j < q; j++) {
            double *e = eta + KERNEL_BLOCK * j, offset = r->offset[j + q * i];
            for (int s = 0; s < KERNEL_BLOCK; s++) e[s] = offset;
            sum_combined(r->x[j] + r->p[j] * i, block + (long) KERNEL_BLOCK * r->start[j], r->p[j],
                         e, r->level);
        }
        kernel_points(r->kernel, r->cells + r->kernel->size * i, eta, out, r->level);
    }
    for (long a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        for (int s = 0; s < KERNEL_BLOCK; s++) {
            prior_density(r->family[a], r->prior + 3 * a, block[s + KERNEL_BLOCK * a], prior);
            out[s] += prior[0];
        }
    }
    for (int i = 0; i < r->n_joint; i++)
        for (int s = 0; s < KERNEL_BLOCK; s++)
            out[s] += joint_prior_density(r->joint + i, block + s, KERNEL_BLOCK, r->d, NULL, NULL);
}

void base_draws(const struct regression *r, const double *draws, int n, double *out)
{
    double *block = r->work, density[KERNEL_BLOCK];
    clear(block, (long) KERNEL_BLOCK * r->d);
    for (int first = 0; first < n; first += KERNEL_BLOCK) {
        int count = block_length(n, first);
        for (long a = 0; a < r->d; a++)
            memcpy(block + KERNEL_BLOCK * a, draws + first + n * a, count * sizeof(double));
        clear(density, KERNEL_BLOCK);
        draw_block(r, block, density);
        memcpy(out + first, density, count * sizeof(double));
    }
}

/* Some cells only, their log likelihood times `scale`; grad may be NULL. */
double base_rows(const struct regression *r, const double *beta, const int *row, int n,
                 double scale, const struct anchor *anchor, double *grad)
{
    struct kernel_block b;
    double f = 0;
    int q = r->kernel->q;
    if (grad)
        for (int a = 0; a < r->d; a++) grad[a] = anchor ? anchor->gradient[a] : 0;
    for (int from = 0; from < n; from += KERNEL_BLOCK) {
        int count = block_length(n, from);
        struct columns x = load_block(r, beta, row + from, 0, count, &b);
        kernel_evaluate(r->kernel, &b, grad != NULL, r->level);
        f += add_values(&b, count);
        for (int i = 0; i < count; i++) {
            long cell = row[from + i];
            if (anchor) f -= anchor->value_of[cell];
            for (int j = 0; j < q && grad; j++)
                b.grad[j][i] = scale * (anchor ? b.grad[j][i] - anchor->gradient_of[j + q * cell]
                                               : b.grad[j][i]);
        }
        if (grad) add_gradient(r, &x, &b, grad);
    }
    return scale * f + (anchor ? anchor->value : 0) + add_priors(r, beta, grad, 0);
}

double base_anchor(const struct regression *r, const double *beta, double *value_of,
                   double *gradient_of, double *gradient)
{
    struct kernel_block b;
    double f = 0;
    int q = r->kernel->q;
    clear(gradient, r->d);
    for (int from = 0; from < r->m; from += KERNEL_BLOCK) {
        int n = block_length(r->m, from);
        struct columns x = load_block(r, beta, NULL, from, n, &b);
        kernel_evaluate(r->kernel, &b, 1, r->level);
        for (int i = 0; i < n; i++) {
            f += value_of[from + i] = b.value[i];
            for (int j = 0; j < q; j++) gradient_of[j + (long) q * (from + i)] = b.grad[j][i];
        }
        add_gradient(r, &x, &b, gradient);
    }
    return f;
}
