/* Cells that lack some of their responses, by the likelihood of those that they have: that of fewer
 * responses, where predictors of their own say all of it. With canonical partial correlations so
 * does one response alone. */
#include "likelihood.h"
#include <string.h>

/* Rows of statistics and of predictors, of one response, among those of all */
struct part {
    struct likelihood l;
    int stat[4], eta[2];
};

enum { PART_MEMORY = 32 * LIKELIHOOD_BLOCK }; /* likelihood_block_size() of one response */

int likelihood_knows(const struct likelihood *l, int observed)
{
    int all = (1 << l->k) - 1;
    return observed == all || (l->takes_observed && observed > 0 && observed < all) ||
           (strcmp(l->name, "normal") == 0 && l->k == 2 && observed >= 1 && observed < all);
}

/* Of the normal likelihoods (likelihood_normal.h): nodes have k sums before the scatter. */
static struct part part_of(const struct likelihood *l, int j)
{
    struct part p;
    int k = l->k, nodes = l->size == 1 + 2 * k + k * (k + 1) / 2, at = 0;
    likelihood_find(l->name, 1, nodes ? 4 : 3, &p.l);
    p.stat[at++] = 0;
    p.stat[at++] = 1 + j;
    if (nodes) p.stat[at++] = 1 + k + j;
    p.stat[at] = 1 + k + nodes * k + LIKELIHOOD_PAIR(k, j, j);
    p.eta[0] = j;
    p.eta[1] = k + j;
    return p;
}

/* The cells with the number `observed` of b as the first of `own`; returns how many they are. */
static int gather(const struct part *p, const struct likelihood *l,
                  const struct likelihood_block *b, int observed, struct likelihood_block *own)
{
    int n = 0;
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) {
        if (b->observed[i] != observed) continue;
        for (int s = 0; s < p->l.size; s++) own->cell[s][n] = b->cell[p->stat[s]][i];
        for (int r = 0, pair = 0; r < 2; r++) {
            own->eta[r][n] = b->eta[p->eta[r]][i];
            for (int c = r; c < 2; c++, pair++)
                own->cov[pair][n] = b->cov[LIKELIHOOD_PAIR(l->q, p->eta[c], p->eta[r])][i];
        }
        n++;
    }
    likelihood_clear(&p->l, own, n);
    return n;
}

/* The results of these cells back to b, where derivatives by other predictors are zero */
static void scatter(const struct part *p, const struct likelihood *l, struct likelihood_block *b,
                    int observed, const struct likelihood_block *own, int order)
{
    for (int i = 0, n = 0; i < LIKELIHOOD_BLOCK; i++) {
        if (b->observed[i] != observed) continue;
        b->value[i] = own->value[n];
        for (int j = 0; order > 0 && j < l->q; j++) b->grad[j][i] = 0;
        for (int j = 0; order > 1 && j < l->pairs; j++) b->hess[j][i] = 0;
        for (int r = 0, pair = 0; r < 2; r++) {
            if (order > 0) b->grad[p->eta[r]][i] = own->grad[r][n];
            for (int c = r; c < 2; c++, pair++)
                if (order > 1)
                    b->hess[LIKELIHOOD_PAIR(l->q, p->eta[c], p->eta[r])][i] = own->hess[pair][n];
        }
        n++;
    }
}

/* order < 0: expectations of all */
static void evaluate_parts(const struct likelihood *l, struct likelihood_block *b, int order,
                           int level)
{
    double memory[2][PART_MEMORY];
    struct part p[2] = {part_of(l, 0), part_of(l, 1)};
    struct likelihood_block own[2];
    int n[2], complete = LIKELIHOOD_BLOCK;
    for (int j = 0; j < 2; j++) {
        own[j] = likelihood_block(&p[j].l, memory[j]);
        n[j] = gather(p + j, l, b, 1 << j, own + j);
        complete -= n[j];
        if (n[j] == 0) continue;
        if (order < 0) likelihood_expect(&p[j].l, own + j, 2, level);
        else likelihood_evaluate(&p[j].l, own + j, order, level);
    }
    if (complete > 0) {
        if (order < 0) l->expect(l, b, level);
        else l->evaluate(l, b, order, level);
    }
    for (int j = 0; j < 2; j++)
        if (n[j] > 0) scatter(p + j, l, b, 1 << j, own + j, order < 0 ? 2 : order);
}

void likelihood_evaluate_observed(const struct likelihood *l, struct likelihood_block *b, int order,
                                  int level)
{
    evaluate_parts(l, b, order, level);
}

void likelihood_expect_observed(const struct likelihood *l, struct likelihood_block *b, int order,
                                int level)
{
    (void) order;
    evaluate_parts(l, b, -1, level);
}
