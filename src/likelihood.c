#include "likelihood.h"
#include "likelihood_normal.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static int fits(const struct likelihood *l, int k, long size)
{
    return l->k == k && (size == 0 || l->size == size);
}

int likelihood_find(const char *name, int k, long size, struct likelihood *out)
{
    static const struct likelihood *const fast[] = {&likelihood_normal1, &likelihood_normal1_nodes,
                                                    &likelihood_normal2, &likelihood_normal2_nodes};
    int normal = strcmp(name, "normal") == 0;
    if (k > LIKELIHOOD_MOST_K) return 0;
    for (size_t i = 0; normal && i < sizeof fast / sizeof fast[0]; i++) {
        *out = *fast[i];
        if (fits(out, k, size)) return 1;
    }
    for (int columns = 0; columns <= 1; columns++) {
        *out = likelihood_partial(k, columns);
        if ((normal || strcmp(name, "partial") == 0) && fits(out, k, size)) return 1;
        *out = likelihood_regression(k, columns);
        if (strcmp(name, out->name) == 0 && fits(out, k, size)) return 1;
    }
    return 0;
}

static double *take(double **memory, long rows)
{
    double *out = *memory;
    *memory += rows * LIKELIHOOD_BLOCK;
    return out;
}

enum { ALIGNMENT = 64 / sizeof(double) }; /* rows of a block begin with a line of the cache */

/* Value, grad and hess of a block as rows one after the other */
static long result_rows(const struct likelihood *l) { return 1 + l->q + (long) l->pairs; }

/* b->rule: nothing where all expectations are closed forms */
static long rule_size(const struct likelihood *l)
{
    if (!l->expect) return likelihood_cubature_work(l);
    return l->takes_observed ? likelihood_cubature_work(l) + LIKELIHOOD_BLOCK * result_rows(l) : 0;
}

long likelihood_block_size(const struct likelihood *l)
{
    return (l->size + 1 + 2 * l->q + 2 * (long) l->pairs) * LIKELIHOOD_BLOCK + l->work +
           rule_size(l) + ALIGNMENT;
}

struct likelihood_block likelihood_block(const struct likelihood *l, double *memory)
{
    struct likelihood_block b;
    memory += (ALIGNMENT - (uintptr_t) memory / sizeof(double) % ALIGNMENT) % ALIGNMENT;
    b.cell = (double(*)[LIKELIHOOD_BLOCK]) take(&memory, l->size);
    b.eta = (double(*)[LIKELIHOOD_BLOCK]) take(&memory, l->q);
    b.value = take(&memory, 1);
    b.grad = (double(*)[LIKELIHOOD_BLOCK]) take(&memory, l->q);
    b.cov = (double(*)[LIKELIHOOD_BLOCK]) take(&memory, l->pairs);
    b.hess = (double(*)[LIKELIHOOD_BLOCK]) take(&memory, l->pairs);
    b.work = memory;
    b.rule = memory + l->work;
    b.incomplete = 0;
    return b;
}

void likelihood_put(const struct likelihood *l, struct likelihood_block *b, int column,
                    const double *cell)
{
    for (int s = 0; s < l->size; s++) b->cell[s][column] = cell[s];
}

void likelihood_observe(const struct likelihood *l, struct likelihood_block *b, const int *observed,
                        const int *index, int from, int n)
{
    int all = (1 << l->k) - 1;
    b->incomplete = 0;
    if (!observed) return;
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) {
        b->observed[i] = i < n ? observed[index ? index[i] : from + i] : all;
        if (b->observed[i] != all) b->incomplete = 1;
    }
}

void likelihood_observe_all(const struct likelihood *l, struct likelihood_block *b, int observed)
{
    b->incomplete = observed != (1 << l->k) - 1;
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) b->observed[i] = observed;
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
    if (b->incomplete && !l->takes_observed) likelihood_evaluate_observed(l, b, order, level);
    else l->evaluate(l, b, order, level);
}

static void copy_results(const struct likelihood *l, const struct likelihood_block *b, double *out)
{
    memcpy(out, b->value, sizeof *b->grad);
    memcpy(out += LIKELIHOOD_BLOCK, b->grad[0], sizeof *b->grad * (size_t) l->q);
    memcpy(out + LIKELIHOOD_BLOCK * l->q, b->hess[0], sizeof *b->hess * (size_t) l->pairs);
}

/* Closed forms for cells with all responses, cubature for the others */
static void expect_both(const struct likelihood *l, struct likelihood_block *b, int order,
                        int level)
{
    double *exact = b->rule + likelihood_cubature_work(l);
    l->expect(l, b, level);
    copy_results(l, b, exact);
    likelihood_cubature(l, b, order, level);
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) {
        const double *from = exact + i;
        if (b->observed[i] != (1 << l->k) - 1) continue;
        b->value[i] = *from;
        for (int j = 0; j < l->q; j++) b->grad[j][i] = *(from += LIKELIHOOD_BLOCK);
        for (int p = 0; p < l->pairs; p++) b->hess[p][i] = *(from += LIKELIHOOD_BLOCK);
    }
}

void likelihood_expect(const struct likelihood *l, struct likelihood_block *b, int order, int level)
{
    if (b->incomplete && !l->takes_observed) likelihood_expect_observed(l, b, order, level);
    else if (!l->expect) likelihood_cubature(l, b, order, level);
    else if (!b->incomplete) l->expect(l, b, level);
    else expect_both(l, b, order, level);
}

void likelihood_points(const struct likelihood *l, const double *cell, struct likelihood_block *b,
                       double *value, int level)
{
    if (l->points && !b->incomplete) {
        l->points(cell, b->eta[0], value, level);
        return;
    }
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) likelihood_put(l, b, i, cell);
    likelihood_evaluate(l, b, 0, level);
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++) value[i] += b->value[i];
}

double likelihood_score(const struct likelihood *l, struct likelihood_rows *rows,
                        struct likelihood_block *b, int value, int level)
{
    if (l->score) return l->score(rows, value, level);
    double total = 0;
    for (int from = 0; from < rows->n; from += LIKELIHOOD_BLOCK) {
        int n = rows->n - from < LIKELIHOOD_BLOCK ? rows->n - from : LIKELIHOOD_BLOCK;
        likelihood_load_rows(l, rows, from, n, b);
        l->evaluate(l, b, 1, level);
        for (int i = 0; i < n; i++) total += b->value[i];
        for (int j = 0; j < l->q; j++)
            memcpy(rows->eta[j] + from, b->grad[j], sizeof(double) * (size_t) n);
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
