#include "likelihood.h"
#include "likelihood_normal.h"
#include <stddef.h>
#include <string.h>

static const struct likelihood *const likelihoods[] = {
    &likelihood_normal1, &likelihood_normal1_nodes, &likelihood_normal2, &likelihood_normal2_nodes,
    &likelihood_normal3};

const struct likelihood *likelihood_find(const char *name, int k, long size)
{
    for (size_t i = 0; i < sizeof likelihoods / sizeof likelihoods[0]; i++) {
        const struct likelihood *l = likelihoods[i];
        if (l->k == k && (size == 0 || l->size == size) && strcmp(l->name, name) == 0) return l;
    }
    return NULL;
}

void likelihood_put(const struct likelihood *l, struct likelihood_block *b, int column,
                    const double *cell)
{
    for (int s = 0; s < l->size; s++) b->cell[s][column] = cell[s];
}

void likelihood_clear(const struct likelihood *l, struct likelihood_block *b, int n)
{
    for (int i = n; i < LIKELIHOOD_BLOCK; i++) {
        for (int s = 0; s < l->size; s++) b->cell[s][i] = 0;
        for (int j = 0; j < l->q; j++) b->eta[j][i] = 0;
        for (int p = 0; p < l->pairs; p++) b->cov[p][i] = 0;
    }
}

void likelihood_evaluate(const struct likelihood *l, struct likelihood_block *b, int order,
                         int level)
{
    l->evaluate(b, order, level);
}

void likelihood_expect(const struct likelihood *l, struct likelihood_block *b, int level)
{
    if (l->expect) l->expect(b, level);
    else likelihood_cubature(l, b, level);
}

void likelihood_points(const struct likelihood *l, const double *cell, const double *eta,
                       double *value, int level)
{
    if (l->points) {
        l->points(cell, eta, value, level);
        return;
    }
    struct likelihood_block b;
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) likelihood_put(l, &b, i, cell);
    memcpy(b.eta, eta, sizeof(double) * LIKELIHOOD_BLOCK * (size_t) l->q);
    l->evaluate(&b, 0, level);
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) value[i] += b.value[i];
}

double likelihood_score(const struct likelihood *l, struct likelihood_rows *rows, int value,
                        int level)
{
    if (l->score) return l->score(rows, value, level);
    struct likelihood_block b;
    double total = 0;
    for (int from = 0; from < rows->n; from += LIKELIHOOD_BLOCK) {
        int n = rows->n - from < LIKELIHOOD_BLOCK ? rows->n - from : LIKELIHOOD_BLOCK;
        likelihood_load_rows(l, rows, from, n, &b);
        l->evaluate(&b, 1, level);
        for (int i = 0; i < n; i++) total += b.value[i];
        for (int j = 0; j < l->q; j++)
            memcpy(rows->eta[j] + from, b.grad[j], sizeof(double) * (size_t) n);
    }
    return total;
}

void likelihood_load_rows(const struct likelihood *l, const struct likelihood_rows *rows, int from,
                          int n, struct likelihood_block *b)
{
    size_t bytes = sizeof(double) * (size_t) n;
    memset(b->cell, 0, sizeof(double) * LIKELIHOOD_BLOCK * (size_t) l->size);
    memcpy(b->cell[0], rows->weight + from, bytes);
    for (int j = 0; j < l->k; j++) memcpy(b->cell[1 + j], rows->y[j] + from, bytes);
    for (int j = 0; j < l->q; j++) memcpy(b->eta[j], rows->eta[j] + from, bytes);
    likelihood_clear(l, b, n);
}
