#include "surrogate_levels.h"
#include "scalar.h"
#include <math.h>
#include <string.h>
#include "simd.h"

#define SIMD_WIDTH 1
#include "surrogate_levels.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "surrogate_levels.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "surrogate_levels.simd.h"
#undef SIMD_WIDTH
#endif

/* Each is where the polynomial with roots at those before it is largest on [-1, 1]. */
static const double leja[LEVELS_DEGREE + 1] = {0, 1, -1, 0.577350269189626, -0.659};

long levels_terms(int variables, int degree)
{
    double terms = 1;
    for (int k = 1; k <= degree; k++) terms *= (variables + k) / (double) k;
    return (long) (terms + 0.5);
}

int levels_variables(const struct surrogate_arrow *s)
{
    const int *own = s->group + s->a.shape->head;
    int count = 0;
    for (int k = 0; k < s->a.shape->size; k++) {
        int j = 0;
        while (own[j] != own[k]) j++;
        count += j == k;
    }
    return count;
}

static struct surrogate head_of(const struct surrogate_arrow *s)
{
    struct surrogate head = {s->a.shape->head, s->groups, NULL, NULL, s->group};
    return head;
}

/* Entries of the head by panels, whole blocks */
static long blocks_of(int head)
{
    return (surrogate_panel_start(head / 3 + 1) + LEVELS_BLOCK - 1) / LEVELS_BLOCK;
}

/* The shape of an arrow whose head has b as one more coefficient */
static struct arrow_shape with_b(const struct arrow_shape *s)
{
    struct arrow_shape wider = {s->d + 1, s->head + 1, s->size, s->levels, NULL, NULL};
    return wider;
}

long surrogate_levels_size(const struct surrogate_arrow *s, int degree)
{
    const struct arrow_shape *shape = s->a.shape;
    struct arrow_shape wider = with_b(shape);
    struct surrogate head = head_of(s);
    long m = levels_variables(s), terms = levels_terms(m, degree), n = shape->size,
         entries = blocks_of(shape->head) * LEVELS_BLOCK;
    return surrogate_batch_own_size(&head) + 3 * m + terms * (entries + SURROGATE_LANES) +
           n * (n + 2) * SURROGATE_LANES + arrow_doubles(&wider) + arrow_factor_work(&wider);
}

long surrogate_levels_integers(const struct surrogate_arrow *s, int degree)
{
    long m = levels_variables(s);
    return m + s->a.shape->size + levels_terms(m, degree) * (m + 2);
}

static double variable_at(double a, double log_tau) { return 1 / (a + exp(-2 * log_tau)); }

/* The scale exp(log_tau) at which that is u */
static double scale_at(double a, double u) { return 1 / sqrt(fmax(1 / u - a, 1e-300)); }

/* Which sds the effects of a level have, and a: their mean curvature */
static void find_variables(struct surrogate_levels *p)
{
    const struct arrow_shape *shape = p->s->a.shape;
    const int *own = p->s->group + shape->head;
    int n = shape->size, count = 0;
    for (int k = 0; k < n; k++) {
        int j = 0;
        while (own[j] != own[k]) j++;
        p->variable[k] = j < k ? p->variable[j] : count;
        if (j == k) p->sd[count++] = own[k] - 1;
    }
    for (int v = 0; v < p->variables; v++) {
        double sum = 0;
        long terms = 0;
        for (int k = 0; k < n; k++) {
            if (p->variable[k] != v) continue;
            for (long l = 0; l < shape->levels; l++) sum += p->s->a.block[k + n * (k + n * l)];
            terms += shape->levels;
        }
        p->typical[v] = fmax(sum / terms, 1e-10);
    }
}

/* The range of u where log_tau goes from low to high */
static void find_range(struct surrogate_levels *p, int v, double low, double high)
{
    double from = variable_at(p->typical[v], low), to = variable_at(p->typical[v], high);
    p->middle[v] = 0.5 * (from + to);
    p->half[v] = fmax(0.5 * (to - from), 1e-12 * to);
}

void surrogate_levels_start(struct surrogate_levels *p, const struct surrogate_arrow *s, int degree,
                            const double *low, const double *high, double *work, int *integers)
{
    const struct arrow_shape *shape = s->a.shape;
    struct arrow_shape wider = with_b(shape);
    int m = levels_variables(s), n = shape->size;
    memset(p, 0, sizeof(*p));
    p->s = s;
    p->head = head_of(s);
    p->variables = m;
    p->degree = -1;
    p->most = (int) levels_terms(m, degree);
    p->sd = integers;
    p->variable = p->sd + m;
    p->parent = p->variable + n;
    p->factor = p->parent + p->most;
    p->power = p->factor + p->most;
    p->batch = surrogate_batch_own(&p->head, s->vectors, work);
    p->typical = work + surrogate_batch_own_size(&p->head);
    p->middle = p->typical + m;
    p->half = p->middle + m;
    p->coefficients = p->half + m;
    p->basis = p->coefficients + p->most * blocks_of(shape->head) * LEVELS_BLOCK;
    p->scale = p->basis + p->most * SURROGATE_LANES;
    p->level = p->scale + n * SURROGATE_LANES;
    p->extended = p->level + n * (n + 1) * SURROGATE_LANES;
    p->more = p->extended + arrow_doubles(&wider);
    find_variables(p);
    for (int k = 0; k < m; k++) find_range(p, k, low[p->sd[k]], high[p->sd[k]]);
}

/* Powers of the term `t`: those of the parent and one more of `variable`, whose own come last. */
static void add_term(struct surrogate_levels *p, int parent, int variable)
{
    int m = p->variables, *power = p->power + (long) m * p->terms;
    if (parent < 0) memset(power, 0, sizeof(int) * m);
    else memcpy(power, p->power + (long) m * parent, sizeof(int) * m);
    if (parent >= 0) power[variable]++;
    p->parent[p->terms] = parent;
    p->factor[p->terms] = variable;
    p->terms++;
}

/* Values of all terms at x (variables) */
static void terms_at(const struct surrogate_levels *p, const double *x, int stride, double *value)
{
    value[0] = 1;
    for (int t = 1; t < p->terms; t++) {
        int parent = p->parent[t], k = p->factor[t];
        double root = leja[p->power[(long) p->variables * parent + k]];
        value[(long) stride * t] = value[(long) stride * parent] * (x[k] - root);
    }
}

static double *coefficient(const struct surrogate_levels *p, long entry, int term)
{
    return p->coefficients + LEVELS_BLOCK * (p->most * (entry / LEVELS_BLOCK) + term) +
           entry % LEVELS_BLOCK;
}

/* The head that elimination leaves at scales of the levels (size), with b as its last row: lower
 * triangle of an h + 1 x h + 1 matrix. NULL where a level is not positive definite. */
static const double *eliminated_head(const struct surrogate_levels *p, const double *scale)
{
    const struct surrogate_arrow *s = p->s;
    const struct arrow_shape *shape = s->a.shape;
    long h = shape->head, n = shape->size, effects = arrow_effects(shape), rows = h + 1;
    struct arrow_shape wider = with_b(shape);
    struct arrow a = {&wider, p->extended, p->extended + rows * rows,
                      p->extended + rows * (rows + effects)};
    for (long j = 0; j < h; j++) {
        memcpy(a.head + rows * j, s->a.head + h * j, sizeof(double) * h);
        a.head[h + rows * j] = s->b[j];
    }
    for (long e = 0; e < effects; e++) {
        double own = scale[e % n], *border = a.border + rows * e;
        for (long i = 0; i < h; i++) border[i] = own * s->a.border[i + h * e];
        border[h] = own * s->b[h + e];
        for (long k = 0; k < n; k++)
            a.block[k + n * e] = own * scale[k] * s->a.block[k + n * e] + (k == e % n);
    }
    return arrow_eliminate(&a, s->vectors, p->more) ? NULL : a.head;
}

/* The coefficient of term t: what the polynomial before it misses at its own point, where it is
 * the first that does not vanish of those that come after. */
static int fit_term(struct surrogate_levels *p, int t)
{
    const struct arrow_shape *shape = p->s->a.shape;
    int m = p->variables, h = shape->head;
    double x[LEVELS_VARIABLES], *value = p->basis, *scale = p->scale;
    for (int k = 0; k < m; k++) x[k] = leja[p->power[(long) m * t + k]];
    terms_at(p, x, 1, value);
    for (int k = 0; k < shape->size; k++) {
        int v = p->variable[k];
        scale[k] = scale_at(p->typical[v], p->middle[v] + p->half[v] * x[v]);
    }
    const double *head = eliminated_head(p, scale);
    if (head == NULL) return 1;
    for (long i = 0; i <= h; i++)
        for (long j = 0; j < (i < h ? i + 1 : h); j++) {
            long entry = surrogate_batch_entry(&p->batch, i, j);
            double miss = head[i + (h + 1L) * j] - (i == j && p->s->group[i] == 0);
            for (int u = 0; u < t; u++) miss -= value[u] * *coefficient(p, entry, u);
            *coefficient(p, entry, t) = miss / value[t];
        }
    return 0;
}

int surrogate_levels_extend(struct surrogate_levels *p)
{
    int from = p->terms;
    if (++p->degree == 0) {
        memset(p->coefficients, 0, sizeof(double) * (p->basis - p->coefficients));
        add_term(p, -1, 0);
    } else {
        for (int t = 0; t < from; t++) {
            int sum = 0;
            for (int k = 0; k < p->variables; k++) sum += p->power[(long) p->variables * t + k];
            if (sum < p->degree - 1) continue;
            for (int k = t ? p->factor[t] : 0; k < p->variables; k++) add_term(p, t, k);
        }
    }
    for (int t = from; t < p->terms; t++)
        if (fit_term(p, t)) return 1;
    return 0;
}

void surrogate_levels_factor(struct surrogate_levels *p, const double *const *log_tau,
                             double *value, double *constant)
{
    const struct arrow_shape *shape = p->s->a.shape;
    struct surrogate_batch *batch = &p->batch;
    int lanes = batch->lanes;
    for (int l = 0; l < lanes; l++) {
        double x[LEVELS_VARIABLES];
        for (int v = 0; v < p->variables; v++)
            x[v] = (variable_at(p->typical[v], log_tau[l][p->sd[v]]) - p->middle[v]) / p->half[v];
        terms_at(p, x, lanes, p->basis + l);
        for (int k = 0; k < shape->size; k++)
            p->scale[k * lanes + l] = exp(log_tau[l][p->sd[p->variable[k]]]);
    }
    SIMD_CALL(batch->level, combine,
              ((int) blocks_of(shape->head), p->terms, p->most, p->coefficients, p->basis,
               batch->packed));
    surrogate_batch_factor(batch, log_tau);
    double pivots[SURROGATE_LANES], square[SURROGATE_LANES];
    SIMD_CALL(batch->level, sum_levels, (p->s, p->scale, p->level, pivots, square));
    for (int l = 0; l < lanes; l++) {
        value[l] = surrogate_batch_marginal(batch, l) - pivots[l] + 0.5 * square[l];
        constant[l] = surrogate_batch_constant(batch, l, log_tau[l]) + pivots[l];
        for (int k = 0; k < shape->size; k++)
            constant[l] -= shape->levels * log_tau[l][p->sd[p->variable[k]]];
    }
}

void surrogate_levels_draw(struct surrogate_levels *p, double *x)
{
    struct surrogate_batch *batch = &p->batch;
    long doubles = (long) p->s->a.shape->head * batch->lanes;
    memcpy(batch->draw, x, sizeof(double) * doubles);
    surrogate_batch_draw(batch);
    memcpy(x, batch->draw, sizeof(double) * doubles);
    SIMD_CALL(batch->level, draw_levels, (p->s, p->scale, p->level, x));
}
