/* Expectations of a likelihood without closed forms: for eta ~ N(m, C) and a root L of C,
 *   E f(eta) = sum_j w_j f(m + L x_j)
 * for f the value, gradient and Hessian.
 *
 * Up to five predictors take products of Gauss-Hermite rules, one a predictor: rules of three
 * points (degree 5), or five (degree 9) for up to three predictors. From six predictors on the
 * product is cut to the axes, 2 q + 1 nodes (degree 3, and 5 along each axis):
 *   E f(eta) = f(m) + sum_j (f(m + sqrt(3) L_j) + f(m - sqrt(3) L_j) - 2 f(m)) / 6.
 * What it misses, terms of fourth order in two axes or more, is least where axes are the
 * eigenvectors of the correlations of eta. Those of the mean correlations of the block serve all
 * its cells: with R the root of these by eigenvectors and K their Cholesky factor, Q = K^-1 R is
 * orthogonal, and the Cholesky factor of a cell times Q is a root of its covariance. */
#include "likelihood.h"
#include "dense.h"
#include "simd.h"
#include <math.h>
#include <string.h>

#define SIMD_WIDTH 1
#include "likelihood_cubature.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "likelihood_cubature.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "likelihood_cubature.simd.h"
#undef SIMD_WIDTH
#endif

#define MOST_POINTS 5
#define MOST_AXES 5 /* of products */

struct rule {
    int points;
    double node[MOST_POINTS], weight[MOST_POINTS];
};

static const struct rule three = {
    3, {0, -1.7320508075688772935, 1.7320508075688772935}, {2.0 / 3, 1.0 / 6, 1.0 / 6}};
static const struct rule five = {5,
                                 {0, -1.3556261799742658658, 1.3556261799742658658,
                                  -2.8569700138728056542, 2.8569700138728056542},
                                 {8.0 / 15, 0.22207592200561264440, 0.22207592200561264440,
                                  0.011257411327720688933, 0.011257411327720688933}};

/* Sums over the nodes, the mean, a step from it, and the axes; in b->rule */
struct sums {
    double *value, (*grad)[LIKELIHOOD_BLOCK], (*hess)[LIKELIHOOD_BLOCK], (*mean)[LIKELIHOOD_BLOCK],
        (*step)[LIKELIHOOD_BLOCK];
    double *axes; /* q x q by columns, then work */
};

long likelihood_cubature_work(const struct likelihood *l)
{
    long q = l->q;
    return (1 + 3 * q + l->pairs) * LIKELIHOOD_BLOCK + 2 * q * q + 4 * q;
}

static struct sums new_sums(const struct likelihood *l, const struct likelihood_block *b)
{
    double(*row)[LIKELIHOOD_BLOCK] = (double(*)[LIKELIHOOD_BLOCK]) b->rule;
    struct sums s = {.value = row[0], .grad = row + 1, .hess = row + 1 + l->q};
    s.mean = s.hess + l->pairs;
    s.step = s.mean + l->q;
    s.axes = s.step[l->q];
    memset(b->rule, 0, sizeof *row * (size_t) (1 + l->q + l->pairs));
    memcpy(s.mean[0], b->eta[0], sizeof *row * (size_t) l->q);
    return s;
}

static void add_weighted(double w, const double *from, double *to, long rows)
{
    for (long i = 0; i < LIKELIHOOD_BLOCK * rows; i++) to[i] += w * from[i];
}

/* Evaluates the block where it is moved by `side` steps and adds to the sums; up to `order`. */
static void add_node(const struct likelihood *l, struct likelihood_block *b, struct sums *s,
                     double side, double weight, int order, int level)
{
    double *eta = b->eta[0];
    const double *mean = s->mean[0], *step = s->step[0];
    for (long i = 0; i < (long) LIKELIHOOD_BLOCK * l->q; i++) eta[i] = mean[i] + side * step[i];
    l->evaluate(l, b, order, level);
    add_weighted(weight, b->value, s->value, 1);
    add_weighted(weight, b->grad[0], s->grad[0], l->q);
    if (order > 1) add_weighted(weight, b->hess[0], s->hess[0], l->pairs);
}

/* Predictors that vary in a cell or more, the last first: their Cholesky factor is then U. */
static int find_varying(int q, const struct likelihood_block *b, int *varying)
{
    int n = 0;
    for (int j = q - 1; j >= 0; j--) {
        const double *variance = b->cov[LIKELIHOOD_PAIR(q, j, j)];
        int varies = 0;
        for (int cell = 0; cell < LIKELIHOOD_BLOCK; cell++) varies |= variance[cell] > 0;
        if (varies) varying[n++] = j;
    }
    return n;
}

/* The mean correlation over the cells where both predictors i > j vary */
static double mean_correlation(int q, const struct likelihood_block *b, int i, int j)
{
    const double *vi = b->cov[LIKELIHOOD_PAIR(q, i, i)], *vj = b->cov[LIKELIHOOD_PAIR(q, j, j)],
                 *both = b->cov[LIKELIHOOD_PAIR(q, i, j)];
    double sum = 0;
    int n = 0;
    for (int cell = 0; cell < LIKELIHOOD_BLOCK; cell++) {
        if (!(vi[cell] > 0 && vj[cell] > 0)) continue;
        sum += both[cell] / sqrt(vi[cell] * vj[cell]);
        n++;
    }
    return n > 0 ? sum / n : 0;
}

/* Q (n x n, of the varying predictors) from their covariances before these are factored. Where
 * correlations are singular, the axes are those of the Cholesky factors: Q = I. */
static void turn_axes(int q, const struct likelihood_block *b, const int *varying, int n,
                      double *axes)
{
    double *chol = axes + (long) n * n, *values = chol + (long) n * n;
    for (long j = 0; j < n; j++)
        for (long i = j; i < n; i++)
            axes[i + n * j] = i == j ? 1 : mean_correlation(q, b, varying[j], varying[i]);
    memcpy(chol, axes, sizeof(double) * (size_t) n * (size_t) n);
    int singular = dense_cholesky(n, chol) != 0;
    for (long i = 0; i < n && !singular; i++) singular = chol[i + n * i] < 1e-5;
    if (singular || dense_eigen(n, axes, values, values + n) != 0) {
        memset(axes, 0, sizeof(double) * (size_t) n * (size_t) n);
        for (long i = 0; i < n; i++) axes[i + n * i] = 1;
        return;
    }
    for (long j = 0; j < n; j++)
        for (long i = 0; i < n; i++) axes[i + n * j] *= sqrt(values[j] > 0 ? values[j] : 0);
    dense_solve_lower(n, chol, n, axes);
}

static int is_zero(const double *x, long n)
{
    for (long i = 0; i < n; i++)
        if (x[i] != 0) return 0;
    return 1;
}

static void cut_rule(const struct likelihood *l, struct likelihood_block *b, struct sums *s,
                     int order, int level)
{
    int q = l->q, varying[LIKELIHOOD_MOST_Q], n = find_varying(q, b, varying), used = 0;
    double x[LIKELIHOOD_MOST_Q] = {0};
    turn_axes(q, b, varying, n, s->axes);
    SIMD_CALL(simd_level(level), factor, (q, b->cov[0]));
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < n; i++) x[varying[i]] = s->axes[i + (long) n * j];
        SIMD_CALL(simd_level(level), combine_root, (q, b->cov[0], x, s->step[0]));
        if (is_zero(s->step[0], (long) LIKELIHOOD_BLOCK * q)) continue;
        used++;
        for (int side = 1; side <= 2; side++)
            add_node(l, b, s, three.node[side], three.weight[side], order, level);
    }
    add_node(l, b, s, 0, 1 - used / 3.0, 2, level);
    if (order == 1) memcpy(s->hess[0], b->hess[0], sizeof *b->hess * (size_t) l->pairs);
}

static void product_rule(const struct likelihood *l, struct likelihood_block *b, struct sums *s,
                         int level)
{
    const struct rule *rule = l->q <= 3 ? &five : &three;
    int q = l->q, digit[MOST_AXES] = {0}, last = 0; /* node: a number of q digits */
    SIMD_CALL(simd_level(level), factor, (q, b->cov[0]));
    while (last < q) {
        double x[MOST_AXES], w = 1;
        for (int j = 0; j < q; j++) {
            x[j] = rule->node[digit[j]];
            w *= rule->weight[digit[j]];
        }
        SIMD_CALL(simd_level(level), combine_root, (q, b->cov[0], x, s->step[0]));
        add_node(l, b, s, 1, w, 2, level);
        for (last = 0; last < q && ++digit[last] == rule->points; last++) digit[last] = 0;
    }
}

void likelihood_cubature(const struct likelihood *l, struct likelihood_block *b, int order,
                         int level)
{
    struct sums s = new_sums(l, b);
    if (l->q <= MOST_AXES) product_rule(l, b, &s, level);
    else cut_rule(l, b, &s, order, level);
    memcpy(b->eta[0], s.mean[0], sizeof *b->eta * (size_t) l->q);
    memcpy(b->value, s.value, sizeof *b->eta);
    memcpy(b->grad[0], s.grad[0], sizeof *b->grad * (size_t) l->q);
    memcpy(b->hess[0], s.hess[0], sizeof *b->hess * (size_t) l->pairs);
}
