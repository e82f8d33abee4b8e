/* Expectations of a likelihood without closed forms: for eta ~ N(m, C), C = L L',
 *   E f(eta) = sum_j w_j f(m + L x_j)
 * with the nodes x_j and weights w_j of a product of Gauss-Hermite rules, one a predictor, for
 * f the value, gradient and Hessian. Rules of three points (degree 5) make 3^q nodes; up to three
 * predictors take rules of five points (degree 9). From six predictors on the product is cut to the
 * axes, 2 q + 1 nodes (degree 3):
 *   E f(eta) = f(m) + sum_j (f(m + sqrt(3) L_j) + f(m - sqrt(3) L_j) - 2 f(m)) / 6. */
#include "likelihood.h"
#include <math.h>
#include <string.h>

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

/* cov of each cell <- its lower Cholesky factor; a direction without variance has a column of
 * zeros. */
static void factor_covariances(int q, struct likelihood_block *b)
{
#define AT(i, j) b->cov[LIKELIHOOD_PAIR(q, i, j)][cell]
    for (int cell = 0; cell < LIKELIHOOD_BLOCK; cell++)
        for (int j = 0; j < q; j++) {
            double whole = AT(j, j), pivot = whole;
            for (int k = 0; k < j; k++) pivot -= AT(j, k) * AT(j, k);
            double root = pivot > 1e-14 * whole ? sqrt(pivot) : 0;
            for (int i = j + 1; i < q; i++) {
                double x = AT(i, j);
                for (int k = 0; k < j; k++) x -= AT(i, k) * AT(j, k);
                AT(i, j) = root > 0 ? x / root : 0;
            }
            AT(j, j) = root;
        }
#undef AT
}

/* Predictors m + L x of all cells; m: q x LIKELIHOOD_BLOCK */
static void move_predictors(int q, double (*m)[LIKELIHOOD_BLOCK], const double *x,
                            struct likelihood_block *b)
{
    for (int i = 0; i < q; i++) {
        memcpy(b->eta[i], m[i], sizeof b->eta[i]);
        for (int j = 0; j <= i; j++)
            for (int cell = 0; cell < LIKELIHOOD_BLOCK; cell++)
                b->eta[i][cell] += b->cov[LIKELIHOOD_PAIR(q, i, j)][cell] * x[j];
    }
}

static void add_weighted(double w, const double *from, double *to)
{
    for (int cell = 0; cell < LIKELIHOOD_BLOCK; cell++) to[cell] += w * from[cell];
}

/* Sums over the nodes, and the mean; in b->rule */
struct sums {
    double *value, (*grad)[LIKELIHOOD_BLOCK], (*hess)[LIKELIHOOD_BLOCK], (*mean)[LIKELIHOOD_BLOCK];
};

long likelihood_cubature_work(const struct likelihood *l)
{
    return (1 + 2 * l->q + (long) l->pairs) * LIKELIHOOD_BLOCK;
}

static struct sums new_sums(const struct likelihood *l, const struct likelihood_block *b)
{
    double(*row)[LIKELIHOOD_BLOCK] = (double(*)[LIKELIHOOD_BLOCK]) b->rule;
    struct sums s = {row[0], row + 1, row + 1 + l->q, row + 1 + l->q + l->pairs};
    memset(b->rule, 0, sizeof(double) * (size_t) likelihood_cubature_work(l));
    memcpy(s.mean[0], b->eta[0], sizeof *b->eta * (size_t) l->q);
    return s;
}

static void add_node(const struct likelihood *l, const struct likelihood_block *b, double w,
                     const struct sums *s)
{
    add_weighted(w, b->value, s->value);
    for (int j = 0; j < l->q; j++) add_weighted(w, b->grad[j], s->grad[j]);
    for (int p = 0; p < l->pairs; p++) add_weighted(w, b->hess[p], s->hess[p]);
}

/* The axes alone */
static void cut_rule(const struct likelihood *l, struct likelihood_block *b, const struct sums *s,
                     int level)
{
    double x[LIKELIHOOD_MOST_Q] = {0};
    l->evaluate(l, b, 2, level);
    add_node(l, b, 1 - l->q / 3.0, s);
    for (int j = 0; j < l->q; j++) {
        for (int side = 1; side <= 2; side++) {
            x[j] = three.node[side];
            move_predictors(l->q, s->mean, x, b);
            l->evaluate(l, b, 2, level);
            add_node(l, b, three.weight[side], s);
        }
        x[j] = 0;
    }
}

static void product_rule(const struct likelihood *l, struct likelihood_block *b,
                         const struct sums *s, int level)
{
    const struct rule *rule = l->q <= 3 ? &five : &three;
    int q = l->q, digit[MOST_AXES] = {0}, last = 0; /* node: a number of q digits */
    while (last < q) {
        double x[MOST_AXES], w = 1;
        for (int j = 0; j < q; j++) {
            x[j] = rule->node[digit[j]];
            w *= rule->weight[digit[j]];
        }
        move_predictors(q, s->mean, x, b);
        l->evaluate(l, b, 2, level);
        add_node(l, b, w, s);
        for (last = 0; last < q && ++digit[last] == rule->points; last++) digit[last] = 0;
    }
}

void likelihood_cubature(const struct likelihood *l, struct likelihood_block *b, int level)
{
    struct sums s = new_sums(l, b);
    factor_covariances(l->q, b);
    if (l->q <= MOST_AXES) product_rule(l, b, &s, level);
    else cut_rule(l, b, &s, level);
    memcpy(b->value, s.value, sizeof *b->eta);
    memcpy(b->grad[0], s.grad[0], sizeof *b->grad * (size_t) l->q);
    memcpy(b->hess[0], s.hess[0], sizeof *b->hess * (size_t) l->pairs);
}
