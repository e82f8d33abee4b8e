/* The regression model, block by block of its cells: predictors eta = offset + x' beta, the
 * likelihood of the block (likelihood.h), and with its derivatives g and h by eta
 *   gradient  sum over the cells of x g,   Hessian  sum over the cells of x h x'
 * (block_sums.h). */
#include "regression.h"
#include "dense.h"
#include "prior.h"
#include "block_sums.h"
#include <math.h>
#include <string.h>

#if SUM_LENGTH != LIKELIHOOD_BLOCK
#error "products and likelihoods must work on equal blocks"
#endif

/* Columns of the design in a block of cells, one after the other, each a row of LIKELIHOOD_BLOCK in
 * `rows`. Columns that are zero in the whole block (smooths by factor, random effects) are left
 * out. */
struct columns {
    int all;            /* none is left out */
    const int *first;   /* q + 1; predictor j: columns first[j] to first[j + 1] - 1 */
    const int *effects; /* q; from effects[j] on they are effects of levels */
    const int *number;  /* of the coefficient */
    const int *level;   /* of the effect that a column is, -1 of others */
    double *rows;
    double *part; /* d doubles of work */
};

long regression_work(int d) { return (long) (LIKELIHOOD_BLOCK + 1) * d + 1; }

static void clear(double *x, long n)
{
    for (long i = 0; i < n; i++) x[i] = 0;
}

static int zero_row(const double *row)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++)
        if (row[i] != 0) return 0;
    return 1;
}

/* A row of `rows` that holds something goes to its place among the columns that are used. */
static void use_column(const struct regression *r, double *row, int coefficient, int level,
                       int *used)
{
    double *to = r->work + (long) LIKELIHOOD_BLOCK * *used;
    if (zero_row(row)) return;
    if (to != row) memcpy(to, row, LIKELIHOOD_BLOCK * sizeof(double));
    r->column_level[*used] = level;
    r->column[(*used)++] = coefficient;
}

/* Effects of predictor j at the levels of the cells, in the order of the levels */
static void load_levels(const struct regression *r, int j, const int *index, int from, int n,
                        int *used)
{
    int level[LIKELIHOOD_BLOCK];
    for (int i = 0; i < n; i++) level[i] = r->level_of[index ? index[i] : from + i];
    for (int last = -1;;) {
        int next = -1;
        for (int i = 0; i < n; i++)
            if (level[i] > last && (next < 0 || level[i] < next)) next = level[i];
        if (next < 0) return;
        double *row = r->work + (long) LIKELIHOOD_BLOCK * *used;
        for (int i = 0; i < LIKELIHOOD_BLOCK; i++) row[i] = i < n && level[i] == next;
        use_column(r, row, r->level_place[j][next], next, used);
        last = next;
    }
}

/* Cells index[0..n-1], or from `from` on if index is NULL */
static struct columns load_columns(const struct regression *r, const int *index, int from, int n)
{
    struct columns x = {.first = r->first,
                        .effects = r->first_level,
                        .number = r->column,
                        .level = r->column_level,
                        .rows = r->work,
                        .part = r->work + (long) LIKELIHOOD_BLOCK * r->d};
    int used = 0;
    for (int j = 0; j < r->likelihood->q; j++) {
        int p = r->p[j];
        double *rows = x.rows + (long) LIKELIHOOD_BLOCK * used;
        r->first[j] = used;
        for (int i = 0; i < n; i++) {
            const double *cell = r->x[j] + (long) p * (index ? index[i] : from + i);
            for (int a = 0; a < p; a++) rows[i + (long) LIKELIHOOD_BLOCK * a] = cell[a];
        }
        for (int a = 0; a < p; a++) {
            double *row = rows + (long) LIKELIHOOD_BLOCK * a;
            clear(row + n, LIKELIHOOD_BLOCK - n);
            use_column(r, row, r->place[j][a], -1, &used);
        }
        r->first_level[j] = used;
        if (r->level_place[j]) load_levels(r, j, index, from, n, &used);
    }
    r->first[r->likelihood->q] = used;
    x.all = used == r->d && !r->level_of;
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
                                 int from, int n, struct likelihood_block *b)
{
    int q = r->likelihood->q;
    struct columns x = load_columns(r, index, from, n);
    for (int i = 0; i < n; i++) {
        long cell = index ? index[i] : from + i;
        likelihood_put(r->likelihood, b, i, r->cells + r->likelihood->size * cell);
        for (int j = 0; j < q; j++) b->eta[j][i] = r->offset[j + q * cell];
    }
    likelihood_clear(r->likelihood, b, n);
    likelihood_observe(r->likelihood, b, r->observed, index, from, n);
    for (int j = 0; j < q; j++)
        sum_combined(entries(&x, beta, x.first[j], x.first[j + 1]),
                     x.rows + (long) LIKELIHOOD_BLOCK * x.first[j], x.first[j + 1] - x.first[j],
                     b->eta[j], r->level);
    return x;
}

/* Cells from number `from` on in the order in which they are summed */
static struct columns load_cells(const struct regression *r, const double *beta, int from, int n,
                                 struct likelihood_block *b)
{
    if (r->order) return load_block(r, beta, r->order + from, 0, n, b);
    return load_block(r, beta, NULL, from, n, b);
}

static int block_length(int total, int from)
{
    return total - from < LIKELIHOOD_BLOCK ? total - from : LIKELIHOOD_BLOCK;
}

static const double ones[LIKELIHOOD_BLOCK] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                              1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

/* out += sum over the cells of u v x for columns from..to-1; out: d numbers */
static void add_dots(const struct regression *r, const struct columns *x, const double *u,
                     const double *v, int from, int to, double *out)
{
    const double *rows = x->rows + (long) LIKELIHOOD_BLOCK * from;
    if (x->all) {
        sum_dots(u, v, rows, to - from, out + from, r->level);
        return;
    }
    clear(x->part, to - from);
    sum_dots(u, v, rows, to - from, x->part, r->level);
    for (int a = from; a < to; a++) out[x->number[a]] += x->part[a - from];
}

static void add_gradient(const struct regression *r, const struct columns *x,
                         const struct likelihood_block *b, double *grad)
{
    for (int j = 0; j < r->likelihood->q; j++)
        add_dots(r, x, b->grad[j], ones, x->first[j], x->first[j + 1], grad);
}

/* Where a Hessian is summed or a covariance stands: d x d, or an arrow */
struct place {
    double *dense;
    const struct arrow *arrow;
};

static double *entry(const struct regression *r, const struct place *h, int i, int j)
{
    if (h->arrow) return arrow_entry(h->arrow, i, j);
    return h->dense + (i > j ? i + (long) r->d * j : j + (long) r->d * i);
}

static void clear_place(const struct regression *r, const struct place *h)
{
    const struct arrow_shape *s = r->shape;
    if (!h->arrow) {
        clear(h->dense, (long) r->d * r->d);
        return;
    }
    clear(h->arrow->head, (long) s->head * s->head);
    clear(h->arrow->border, s->head * arrow_effects(s));
    clear(h->arrow->block, s->size * arrow_effects(s));
}

/* Lower triangle += sum over the cells of u x[a] x, for columns from..to-1 */
static void add_products(const struct regression *r, const struct columns *x, const double *u,
                         int a, int from, int to, const struct place *hess)
{
    const double *row = x->rows + (long) LIKELIHOOD_BLOCK * a,
                 *rows = x->rows + (long) LIKELIHOOD_BLOCK * from;
    if (x->all) {
        sum_dots(u, row, rows, to - from, hess->dense + (long) r->d * a + from, r->level);
        return;
    }
    clear(x->part, to - from);
    sum_dots(u, row, rows, to - from, x->part, r->level);
    for (int b = from; b < to; b++)
        if (x->level[a] < 0 || x->level[b] < 0 || x->level[a] == x->level[b])
            *entry(r, hess, x->number[a], x->number[b]) += x->part[b - from];
}

/* Which products of columns are summed: all, those with an effect of a level, or those without */
enum part { ALL_COLUMNS, WITH_LEVELS, WITHOUT_LEVELS };

/* Lower triangle of hess += sum over the cells of x h x' */
static void add_hessian(const struct regression *r, const struct columns *x,
                        const struct likelihood_block *b, enum part part, const struct place *hess)
{
    int q = r->likelihood->q;
    for (int j = 0, pair = 0; j < q; j++)
        for (int l = j; l < q; l++, pair++) {
            int start = part == WITH_LEVELS ? x->effects[j] : x->first[j],
                end = part == WITHOUT_LEVELS ? x->effects[j] : x->first[j + 1],
                last = part == WITHOUT_LEVELS ? x->effects[l] : x->first[l + 1];
            for (int a = start; a < end; a++)
                add_products(r, x, b->hess[pair], a,
                             l == j && part != WITH_LEVELS ? a : x->first[l],
                             l == j && part == WITH_LEVELS ? a + 1 : last, hess);
            if (part != WITH_LEVELS || l == j) continue;
            for (int c = x->effects[l]; c < x->first[l + 1]; c++)
                add_products(r, x, b->hess[pair], c, x->first[j], x->effects[j], hess);
        }
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

static double add_values(const struct likelihood_block *b, int n)
{
    double f = 0;
    for (int i = 0; i < n; i++) f += b->value[i];
    return f;
}

static int cell_at(const struct regression *r, int i) { return r->order ? r->order[i] : i; }

static void clear_shared(const struct regression *r)
{
    if (r->shared) clear(r->shared->sums, (long) r->shared->n * r->likelihood->pairs);
}

/* What the cells from number `from` on add to the Hessian, but for the products of columns that are
 * shared: their factors are kept. */
static void add_cells(const struct regression *r, const struct columns *x,
                      const struct likelihood_block *b, int from, int n, const struct place *hess)
{
    add_hessian(r, x, b, r->shared ? WITH_LEVELS : ALL_COLUMNS, hess);
    for (int i = 0; i < n && r->shared; i++) {
        double *sums =
            r->shared->sums + (long) r->likelihood->pairs * r->shared->of[cell_at(r, from + i)];
        for (int pair = 0; pair < r->likelihood->pairs; pair++) sums[pair] += b->hess[pair][i];
    }
}

/* The products of columns that are shared */
static void add_shared(const struct regression *r, const struct place *hess)
{
    struct likelihood_block b = r->block;
    for (int from = 0; r->shared && from < r->shared->n; from += LIKELIHOOD_BLOCK) {
        int n = block_length(r->shared->n, from), pairs = r->likelihood->pairs;
        struct columns x = load_columns(r, r->shared->first + from, 0, n);
        for (int pair = 0; pair < pairs; pair++)
            for (int i = 0; i < LIKELIHOOD_BLOCK; i++)
                b.hess[pair][i] = i < n ? r->shared->sums[pair + (long) pairs * (from + i)] : 0;
        add_hessian(r, &x, &b, WITHOUT_LEVELS, hess);
    }
}

/* Predictors of the shared columns, without offsets and levels */
static void keep_shared_predictors(const struct regression *r, const double *beta)
{
    int q = r->likelihood->q;
    for (int u = 0; u < r->shared->n; u++)
        for (int j = 0; j < q; j++) {
            const double *x = r->x[j] + (long) r->p[j] * r->shared->first[u];
            double sum = 0;
            for (int a = 0; a < r->p[j]; a++) sum += x[a] * beta[r->place[j][a]];
            r->shared->predictors[j + (long) q * u] = sum;
        }
}

/* Statistics and predictors of cells from `from` on */
static void load_shared(const struct regression *r, const double *beta, int from, int n,
                        struct likelihood_block *b)
{
    int q = r->likelihood->q;
    for (int i = 0; i < n; i++) {
        long cell = from + i;
        const double *own = r->shared->predictors + (long) q * r->shared->of[cell];
        likelihood_put(r->likelihood, b, i, r->cells + r->likelihood->size * cell);
        for (int j = 0; j < q; j++) {
            double sum = r->offset[j + q * cell] + own[j];
            if (r->level_place[j] && r->level_of[cell] >= 0)
                sum += beta[r->level_place[j][r->level_of[cell]]];
            b->eta[j][i] = sum;
        }
    }
    likelihood_clear(r->likelihood, b, n);
    likelihood_observe(r->likelihood, b, r->observed, NULL, from, n);
}

/* The gradient of these cells: that of levels to grad, that of shared columns is kept. */
static void add_shared_gradient(const struct regression *r, const struct likelihood_block *b,
                                int from, int n, double *grad)
{
    int q = r->likelihood->q;
    for (int i = 0; i < n; i++) {
        long cell = from + i;
        double *sums = r->shared->gradient + (long) q * r->shared->of[cell];
        for (int j = 0; j < q; j++) {
            sums[j] += b->grad[j][i];
            if (r->level_place[j] && r->level_of[cell] >= 0)
                grad[r->level_place[j][r->level_of[cell]]] += b->grad[j][i];
        }
    }
}

/* Log likelihood of all cells, and its gradient unless NULL, by shared columns */
static double likelihood_by_shared(const struct regression *r, const double *beta, double *grad)
{
    struct likelihood_block b = r->block;
    int q = r->likelihood->q;
    double f = 0;
    keep_shared_predictors(r, beta);
    if (grad) clear(grad, r->d);
    if (grad) clear(r->shared->gradient, (long) q * r->shared->n);
    for (int from = 0; from < r->m; from += LIKELIHOOD_BLOCK) {
        int n = block_length(r->m, from);
        load_shared(r, beta, from, n, &b);
        likelihood_evaluate(r->likelihood, &b, grad != NULL, r->level);
        f += add_values(&b, n);
        if (grad) add_shared_gradient(r, &b, from, n, grad);
    }
    for (int u = 0; grad && u < r->shared->n; u++)
        for (int j = 0; j < q; j++) {
            const double *x = r->x[j] + (long) r->p[j] * r->shared->first[u];
            double own = r->shared->gradient[j + (long) q * u];
            for (int a = 0; a < r->p[j]; a++) grad[r->place[j][a]] += own * x[a];
        }
    return f;
}

/* Log likelihood of all cells; with order 1 its gradient, with order 2 its Hessian too */
static double log_likelihood(const struct regression *r, const double *beta, int order,
                             double *grad, const struct place *hess)
{
    if (r->shared && order < 2) return likelihood_by_shared(r, beta, grad);
    struct likelihood_block b = r->block;
    double f = 0;
    if (order > 0) clear(grad, r->d);
    if (order > 1) clear_place(r, hess);
    if (order > 1) clear_shared(r);
    for (int from = 0; from < r->m; from += LIKELIHOOD_BLOCK) {
        int n = block_length(r->m, from);
        struct columns x = load_cells(r, beta, from, n, &b);
        likelihood_evaluate(r->likelihood, &b, order, r->level);
        f += add_values(&b, n);
        if (order > 0) add_gradient(r, &x, &b, grad);
        if (order > 1) add_cells(r, &x, &b, from, n, hess);
    }
    if (order > 1) add_shared(r, hess);
    return f;
}

double loglik_and_priors_value(const struct regression *r, const double *beta)
{
    return log_likelihood(r, beta, 0, NULL, NULL) + add_priors(r, beta, 0, 0);
}

double loglik_and_priors_gradient(const struct regression *r, const double *beta, double *grad)
{
    return log_likelihood(r, beta, 1, grad, NULL) + add_priors(r, beta, grad, 0);
}

double loglik_and_priors_hessian(const struct regression *r, const double *beta, double *grad,
                                 double *hess)
{
    struct place to = {hess, NULL};
    double f = log_likelihood(r, beta, 2, grad, &to);
    dense_mirror_lower(r->d, hess);
    return f + add_priors(r, beta, grad, hess);
}

long regression_head_work(const struct regression *r) { return 2L * r->shape->head; }

/* Those of the head among the d entries of `of` */
static void take_head(const struct regression *r, const double *of, double *head)
{
    for (int i = 0; i < r->shape->head; i++) head[i] = of[r->shape->at[i]];
}

static void add_head(const struct regression *r, const double *head, double *to)
{
    for (int i = 0; i < r->shape->head; i++) to[r->shape->at[i]] += head[i];
}

double loglik_and_priors_arrow(const struct regression *r, const double *beta, double *grad,
                               const struct arrow *hess, double *work)
{
    struct place to = {NULL, hess};
    double f = log_likelihood(r, beta, 2, grad, &to), *own = work + r->shape->head;
    arrow_mirror(hess);
    take_head(r, beta, work);
    clear(own, r->shape->head);
    f += add_priors(r->head, work, own, hess->head);
    add_head(r, own, grad);
    return f;
}

void predictors_at(const struct regression *r, const double *beta, int offsets, double *eta)
{
    int q = r->likelihood->q;
    for (long i = 0; i < r->m; i++)
        for (int j = 0; j < q; j++) {
            const double *x = r->x[j] + (long) r->p[j] * i;
            double sum = offsets ? r->offset[j + q * i] : 0;
            for (int a = 0; a < r->p[j]; a++) sum += x[a] * beta[r->place[j][a]];
            if (r->level_place[j] && r->level_of[i] >= 0)
                sum += beta[r->level_place[j][r->level_of[i]]];
            eta[j + q * i] = sum;
        }
}

double loglik_at_predictors(const struct regression *r, const double *eta)
{
    struct likelihood_block b = r->block;
    double f = 0;
    int q = r->likelihood->q;
    for (int from = 0; from < r->m; from += LIKELIHOOD_BLOCK) {
        int n = block_length(r->m, from);
        for (int i = 0; i < n; i++) {
            likelihood_put(r->likelihood, &b, i,
                           r->cells + (long) r->likelihood->size * (from + i));
            for (int j = 0; j < q; j++) b.eta[j][i] = eta[j + (long) q * (from + i)];
        }
        likelihood_clear(r->likelihood, &b, n);
        likelihood_observe(r->likelihood, &b, r->observed, NULL, from, n);
        likelihood_evaluate(r->likelihood, &b, 0, r->level);
        f += add_values(&b, n);
    }
    return f;
}

double log_priors_at(const struct regression *r, const double *beta)
{
    return add_priors(r, beta, NULL, NULL);
}

/* Covariances of the coefficient of column a with those of columns from..to-1 */
static const double *covariances(const struct regression *r, const struct columns *x,
                                 const struct place *cov, int a, int from, int to)
{
    if (!cov->arrow) return entries(x, cov->dense + (long) r->d * x->number[a], from, to);
    for (int b = from; b < to; b++) {
        int apart = x->level[a] >= 0 && x->level[b] >= 0 && x->level[a] != x->level[b];
        x->part[b - from] = apart ? 0 : *entry(r, cov, x->number[a], x->number[b]);
    }
    return x->part;
}

/* out += the covariances of columns from..to-1 with column a, times both columns */
static void add_covariance(const struct regression *r, const struct columns *x,
                           const struct place *cov, int a, int from, int to, double *out)
{
    sum_combined_by(covariances(r, x, cov, a, from, to), x->rows + (long) LIKELIHOOD_BLOCK * from,
                    to - from, x->rows + (long) LIKELIHOOD_BLOCK * a, out, r->level);
}

/* Covariances of the predictors of a block under beta ~ N(., cov), or a part of the sums over pairs
 * of columns that they are */
static void predictor_covariance(const struct regression *r, const struct columns *x,
                                 const struct place *cov, enum part part,
                                 struct likelihood_block *b)
{
    int q = r->likelihood->q;
    clear(b->cov[0], (long) LIKELIHOOD_BLOCK * r->likelihood->pairs);
    for (int l = 0, pair = 0; l < q; l++)
        for (int j = l; j < q; j++, pair++) {
            int start = part == WITH_LEVELS ? x->effects[l] : x->first[l],
                end = part == WITHOUT_LEVELS ? x->effects[l] : x->first[l + 1],
                last = part == WITHOUT_LEVELS ? x->effects[j] : x->first[j + 1];
            for (int a = start; a < end; a++)
                add_covariance(r, x, cov, a, x->first[j], last, b->cov[pair]);
            for (int c = x->effects[j]; part == WITH_LEVELS && c < x->first[j + 1]; c++)
                add_covariance(r, x, cov, c, x->first[l], x->effects[l], b->cov[pair]);
        }
}

/* Keeps the part that shared columns have, by column. */
static void keep_shared_covariance(const struct regression *r, const struct place *cov)
{
    struct likelihood_block b = r->block;
    int pairs = r->likelihood->pairs;
    for (int from = 0; r->shared && from < r->shared->n; from += LIKELIHOOD_BLOCK) {
        int n = block_length(r->shared->n, from);
        struct columns x = load_columns(r, r->shared->first + from, 0, n);
        predictor_covariance(r, &x, cov, WITHOUT_LEVELS, &b);
        for (int pair = 0; pair < pairs; pair++)
            for (int i = 0; i < n; i++)
                r->shared->covariances[pair + (long) pairs * (from + i)] = b.cov[pair][i];
    }
}

/* Of the cells from number `from` on, with that part where there is one */
static void cell_covariance(const struct regression *r, const struct columns *x,
                            const struct place *cov, int from, int n, struct likelihood_block *b)
{
    predictor_covariance(r, x, cov, r->shared ? WITH_LEVELS : ALL_COLUMNS, b);
    for (int i = 0; i < n && r->shared; i++) {
        const double *own = r->shared->covariances +
                            (long) r->likelihood->pairs * r->shared->of[cell_at(r, from + i)];
        for (int pair = 0; pair < r->likelihood->pairs; pair++) b->cov[pair][i] += own[pair];
    }
}

/* Weights may be signed (nodes); what counts is how much of the rows a cell speaks for. */
static double weight_of(const struct regression *r, int cell)
{
    return fabs(r->cells[(long) r->likelihood->size * cell]);
}

void regression_sample(const struct regression *r, int every, struct cell_sample *out)
{
    int picks = r->m / every + (r->m % every > 0);
    if (picks < LIKELIHOOD_BLOCK) picks = r->m < LIKELIHOOD_BLOCK ? r->m : LIKELIHOOD_BLOCK;
    double total = 0, passed = 0;
    for (int i = 0; i < r->m; i++) total += weight_of(r, i);
    out->n = 0;
    for (int i = 0, done = 0; i < r->m; i++) {
        int before = done;
        passed += weight_of(r, i);
        while (done < picks && (done + 0.5) * total < passed * picks) done++;
        if (done == before) continue;
        out->cell[out->n] = i;
        out->times[out->n++] = (done - before) * total / (picks * weight_of(r, i));
    }
}

/* Adds to the Hessian what expectations change at the cells of the sample. */
static void add_sample(const struct regression *r, const double *mean, const struct place *cov,
                       const struct cell_sample *sample, const struct place *hess)
{
    struct likelihood_block b = r->block;
    for (int from = 0; from < sample->n; from += LIKELIHOOD_BLOCK) {
        int n = block_length(sample->n, from);
        struct columns x = load_block(r, mean, sample->cell + from, 0, n, &b);
        predictor_covariance(r, &x, cov, ALL_COLUMNS, &b);
        for (int side = 1; side >= -1; side -= 2) {
            if (side > 0) likelihood_expect(r->likelihood, &b, 2, r->level);
            else likelihood_evaluate(r->likelihood, &b, 2, r->level);
            for (int pair = 0; pair < r->likelihood->pairs; pair++)
                for (int i = 0; i < n; i++) b.hess[pair][i] *= side * sample->times[from + i];
            add_hessian(r, &x, &b, ALL_COLUMNS, hess);
        }
    }
}

/* The expected log likelihood with its derivatives */
static double expected_likelihood(const struct regression *r, const double *mean,
                                  const struct place *cov, const struct cell_sample *sample,
                                  double *grad, const struct place *hess)
{
    struct likelihood_block b = r->block;
    double f = 0;
    clear(grad, r->d);
    clear_place(r, hess);
    clear_shared(r);
    keep_shared_covariance(r, cov);
    for (int from = 0; from < r->m; from += LIKELIHOOD_BLOCK) {
        int n = block_length(r->m, from);
        struct columns x = load_cells(r, mean, from, n, &b);
        cell_covariance(r, &x, cov, from, n, &b);
        likelihood_expect(r->likelihood, &b, sample ? 1 : 2, r->level);
        f += add_values(&b, n);
        add_gradient(r, &x, &b, grad);
        add_cells(r, &x, &b, from, n, hess);
    }
    add_shared(r, hess);
    if (sample) add_sample(r, mean, cov, sample, hess);
    return f;
}

double expect_loglik_and_priors(const struct regression *r, const double *mean, const double *cov,
                                const struct cell_sample *sample, double *grad, double *hess)
{
    struct place from = {(double *) cov, NULL}, to = {hess, NULL};
    double f = expected_likelihood(r, mean, &from, sample, grad, &to);
    dense_mirror_lower(r->d, hess);
    return f + expect_log_priors(r, mean, cov, grad, hess);
}

double expect_loglik_and_priors_arrow(const struct regression *r, const double *mean,
                                      const struct arrow *cov, const struct cell_sample *sample,
                                      double *grad, const struct arrow *hess, double *work)
{
    struct place from = {NULL, cov}, to = {NULL, hess};
    double f = expected_likelihood(r, mean, &from, sample, grad, &to), *own = work + r->shape->head;
    arrow_mirror(hess);
    take_head(r, mean, work);
    clear(own, r->shape->head);
    f += expect_log_priors(r->head, work, cov->head, own, hess->head);
    add_head(r, own, grad);
    return f;
}

double expect_log_priors(const struct regression *r, const double *mean, const double *cov,
                         double *grad, double *hess)
{
    double f = 0, out[3];
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

static int position(const struct regression *r, long a) { return r->position ? r->position[a] : a; }

/* e += what the columns of predictor j at a cell, but for levels, make at the draws of a block */
static void add_draws_of_cell(const struct regression *r, const double *block, int j, long cell,
                              double *e)
{
    if (r->p[j] == 0) return;
    sum_combined(r->x[j] + r->p[j] * cell,
                 block + (long) LIKELIHOOD_BLOCK * position(r, r->place[j][0]), r->p[j], e,
                 r->level);
}

/* Predictor j of shared column u at the draws of a block */
static double *shared_draws(const struct regression *r, int u, int j)
{
    return r->shared->draws + (long) LIKELIHOOD_BLOCK * (j + r->likelihood->q * u);
}

static void keep_shared_draws(const struct regression *r, const double *block)
{
    for (int u = 0; r->shared && u < r->shared->n; u++)
        for (int j = 0; j < r->likelihood->q; j++) {
            clear(shared_draws(r, u, j), LIKELIHOOD_BLOCK);
            add_draws_of_cell(r, block, j, r->shared->first[u], shared_draws(r, u, j));
        }
}

/* Adds the log densities of LIKELIHOOD_BLOCK draws; block: d rows of them, the coefficient a at
 * position(r, a) */
static void draw_block(const struct regression *r, const double *block, double *out)
{
    int q = r->likelihood->q;
    struct likelihood_block b = r->block;
    keep_shared_draws(r, block);
    for (long i = 0; i < r->m; i++) {
        for (int j = 0; j < q; j++) {
            double *e = b.eta[j], offset = r->offset[j + q * i];
            for (int s = 0; s < LIKELIHOOD_BLOCK; s++) e[s] = offset;
            if (r->shared) sum_combined(ones, shared_draws(r, r->shared->of[i], j), 1, e, r->level);
            else add_draws_of_cell(r, block, j, i, e);
            if (r->level_place[j] && r->level_of[i] >= 0)
                sum_combined(ones,
                             block + (long) LIKELIHOOD_BLOCK *
                                         position(r, r->level_place[j][r->level_of[i]]),
                             1, e, r->level);
        }
        if (r->observed) likelihood_observe_all(r->likelihood, &b, r->observed[i]);
        likelihood_points(r->likelihood, r->cells + r->likelihood->size * i, &b, out, r->level);
    }
}

/* Their log priors; draws: n x d, from draw `first` on */
static void add_draw_priors(const struct regression *r, const double *draws, int n, int first,
                            int count, double *out)
{
    double prior[3];
    for (long a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        for (int s = 0; s < count; s++) {
            prior_density(r->family[a], r->prior + 3 * a, draws[first + s + n * a], prior);
            out[s] += prior[0];
        }
    }
    for (int i = 0; i < r->n_joint; i++)
        for (int s = 0; s < count; s++)
            out[s] += joint_prior_density(r->joint + i, draws + first + s, n, r->d, NULL, NULL);
}

void loglik_and_priors_draws(const struct regression *r, const double *draws, int n, double *out)
{
    double *block = r->work, density[LIKELIHOOD_BLOCK];
    clear(block, (long) LIKELIHOOD_BLOCK * r->d);
    for (int first = 0; first < n; first += LIKELIHOOD_BLOCK) {
        int count = block_length(n, first);
        for (long a = 0; a < r->d; a++)
            memcpy(block + (long) LIKELIHOOD_BLOCK * position(r, a), draws + first + n * a,
                   count * sizeof(double));
        clear(density, LIKELIHOOD_BLOCK);
        draw_block(r, block, density);
        add_draw_priors(r, draws, n, first, count, density);
        memcpy(out + first, density, count * sizeof(double));
    }
}

/* Some cells only, their log likelihood times `scale`; grad may be NULL. */
double loglik_and_priors_rows(const struct regression *r, const double *beta, const int *row, int n,
                              double scale, const struct snapshot *snapshot, double *grad)
{
    struct likelihood_block b = r->block;
    double f = 0;
    int q = r->likelihood->q;
    if (grad)
        for (int a = 0; a < r->d; a++) grad[a] = snapshot ? snapshot->gradient[a] : 0;
    for (int from = 0; from < n; from += LIKELIHOOD_BLOCK) {
        int count = block_length(n, from);
        struct columns x = load_block(r, beta, row + from, 0, count, &b);
        likelihood_evaluate(r->likelihood, &b, grad != NULL, r->level);
        f += add_values(&b, count);
        for (int i = 0; i < count; i++) {
            long cell = row[from + i];
            if (snapshot) f -= snapshot->value_of[cell];
            for (int j = 0; j < q && grad; j++)
                b.grad[j][i] =
                    scale *
                    (snapshot ? b.grad[j][i] - snapshot->gradient_of[j + q * cell] : b.grad[j][i]);
        }
        if (grad) add_gradient(r, &x, &b, grad);
    }
    return scale * f + (snapshot ? snapshot->value : 0) + add_priors(r, beta, grad, 0);
}

double loglik_and_priors_snapshot(const struct regression *r, const double *beta, double *value_of,
                                  double *gradient_of, double *gradient)
{
    struct likelihood_block b = r->block;
    double f = 0;
    int q = r->likelihood->q;
    clear(gradient, r->d);
    for (int from = 0; from < r->m; from += LIKELIHOOD_BLOCK) {
        int n = block_length(r->m, from);
        struct columns x = load_block(r, beta, NULL, from, n, &b);
        likelihood_evaluate(r->likelihood, &b, 1, r->level);
        for (int i = 0; i < n; i++) {
            f += value_of[from + i] = b.value[i];
            for (int j = 0; j < q; j++) gradient_of[j + (long) q * (from + i)] = b.grad[j][i];
        }
        add_gradient(r, &x, &b, gradient);
    }
    return f;
}
