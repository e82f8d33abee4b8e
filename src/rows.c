#include "rows.h"
#include "kernel.h"
#include "scalar.h"
#include "stripes.h"
#include <math.h>
#include <string.h>

#define ROWS_BLOCK 128
#define ROWS_RUN 32   /* rows in one piece that make a block of their own */

struct rows_block {
    int n, full; /* rows, and rows up to the next multiple of 8 */
    int one_piece[ROWS_MAX_TERMS];
    double t[ROWS_MAX_TERMS][ROWS_BLOCK];
    long place[ROWS_MAX_TERMS][ROWS_BLOCK];
    double eta[KERNEL_MAX_Q][ROWS_BLOCK], y[2][ROWS_BLOCK], weight[ROWS_BLOCK];
    double *scores[ROWS_MAX_TERMS];
};

static int padded(const struct rows_data *rows) { return rows->k == 1 ? 4 : 8; }

static long term_size(const struct rows_data *rows, int j)
{
    return 4L * padded(rows) * rows->term[j].grid.count * rows->term[j].groups;
}

long rows_scores_size(const struct rows_data *rows)
{
    long size = 0;
    for (int j = 0; j < rows->n_terms; j++) size += term_size(rows, j);
    return size;
}

static int run_length(const long *place, int n)
{
    int i = 1;
    while (i < n && place[i] == place[0]) i++;
    return i;
}

static void share_scores(const struct rows_data *rows, double *scores, struct rows_block *b)
{
    for (int j = 0; j < rows->n_terms; j++) {
        b->scores[j] = scores;
        scores += term_size(rows, j);
    }
}

#define SIMD_SOURCE "rows_pass.h"
#include "simd_each.h"

struct pass {
    const struct rows_data *rows;
    int value, level;
    double part[STRIPES_MOST]; /* log likelihoods of the stripes */
};

static void add_stripe(void *data, int stripe, long from, long to, double *scores)
{
    struct pass *p = data;
    const struct rows_data *rows = p->rows;
    struct rows_block b;
    double weight = rows->weights ? 0 : (double) (to - from);
    double constant = rows->k == 1 ? 0.5 * LOG_2PI : LOG_2PI + LOG_2;
    for (long i = from; i < to && rows->weights; i++) weight += rows->weights[i];
    share_scores(rows, scores, &b);
    p->part[stripe] = SIMD_CALL(simd_level(p->level), rows_stripe, (rows, from, to, p->value, &b)) - weight * constant;
}

double rows_pass(struct rows_data *rows, int value, int level, int threads, double *work)
{
    struct pass pass = {rows, value, level, {0}};
    double total = 0, *scores = rows->term[0].scores; /* those of all terms follow each other */
    int stripes = stripes_run(add_stripe, &pass, rows->n, threads, rows_scores_size(rows), scores, work);
    for (int s = 0; s < stripes; s++) total += pass.part[s];
    return total;
}

int rows_bins(const struct rows_term *term, int coarse)
{
    return (term->grid.count + coarse - 1) / coarse * term->groups;
}

long rows_curvature_size(const struct rows_data *rows, int coarse)
{
    int q = kernel_for(rows->k)->q;
    long size = 0;
    for (int j = 0; j < rows->n_terms; j++) {
        size += rows_bins(rows->term + j, coarse);
        for (int i = 0; i < j; i++)
            size += (long) rows_bins(rows->term + i, coarse) * rows_bins(rows->term + j, coarse);
    }
    return size * (q * (q + 1) / 2);
}

/* Where the tables of a row start: one for each term, then one for each pair. */
static int row_tables(const struct rows_data *rows, const struct rows_block *b, int row, int coarse, int h,
                      long *at)
{
    int used = 0, bin[ROWS_MAX_TERMS], bins[ROWS_MAX_TERMS];
    long start = 0;
    for (int j = 0; j < rows->n_terms; j++) {
        const struct rows_term *term = rows->term + j;
        long cell = b->place[j][row] / (4L * padded(rows));
        int per_group = (term->grid.count + coarse - 1) / coarse;
        bins[j] = rows_bins(term, coarse);
        bin[j] = (int) (cell % term->grid.count / coarse + per_group * (cell / term->grid.count));
        at[used++] = (start + bin[j]) * h;
        start += bins[j];
    }
    for (int j = 0; j < rows->n_terms; j++)
        for (int i = 0; i < j; i++) {
            at[used++] = (start + bin[i] + (long) bins[i] * bin[j]) * h;
            start += (long) bins[i] * bins[j];
        }
    return used;
}

/* Rows `from` to from + n - 1 of the block as cells of one row, with the covariance of their predictors */
static void load_cells(const struct rows_data *rows, const struct kernel *kernel, const struct rows_block *b, int from,
                       int n, const double *variance, const long *at, int used, struct kernel_block *cells)
{
    size_t size = sizeof(double) * n;
    memset(cells->cell, 0, sizeof cells->cell);
    memcpy(cells->cell[0], b->weight + from, size);
    for (int j = 0; j < rows->k; j++) memcpy(cells->cell[1 + j], b->y[j] + from, size);
    for (int j = 0; j < kernel->q; j++) memcpy(cells->eta[j], b->eta[j] + from, size);
    kernel_clear(kernel, cells, n);
    for (int i = 0; i < n && variance; i++)
        for (int p = 0; p < kernel->pairs; p++) {
            double sum = 0;
            for (int u = 0; u < used; u++) sum += variance[at[u + (long) used * i] + p];
            cells->cov[p][i] = sum;
        }
}

struct curvature {
    int coarse, level;
    const double *variance; /* or NULL */
    double *tables, total;
};

/* Rows `from` to from + n - 1 of a block with its predictors: adds to tables and total and leaves scores in the
 * place of the predictors. */
static void add_curvature(const struct rows_data *rows, struct rows_block *b, int from, int n, struct curvature *out)
{
    const struct kernel *kernel = kernel_for(rows->k);
    long at[KERNEL_BLOCK * ROWS_MAX_TERMS * (ROWS_MAX_TERMS + 1) / 2];
    struct kernel_block cells;
    int used = 0;
    for (int i = 0; i < n; i++)
        used = row_tables(rows, b, from + i, out->coarse, kernel->pairs, at + (long) used * i);
    load_cells(rows, kernel, b, from, n, out->variance, at, used, &cells);
    if (out->variance) kernel_expect(kernel, &cells, out->level);
    else kernel_evaluate(kernel, &cells, 2, out->level);
    for (int i = 0; i < n; i++) {
        out->total += cells.value[i];
        for (int u = 0; u < used; u++)
            for (int p = 0; p < kernel->pairs; p++) out->tables[at[u + (long) used * i] + p] += cells.hess[p][i];
    }
    for (int j = 0; j < kernel->q; j++) memcpy(b->eta[j] + from, cells.grad[j], sizeof(double) * n);
}

double rows_curvature(struct rows_data *rows, int coarse, const double *variance, int level, double *tables)
{
    struct curvature out = {coarse, level, variance, tables, 0};
    double *scores = rows->term[0].scores;
    struct rows_block b;
    memset(tables, 0, (size_t) rows_curvature_size(rows, coarse) * sizeof(double));
    memset(scores, 0, (size_t) rows_scores_size(rows) * sizeof(double));
    share_scores(rows, scores, &b);
    for (long first = 0; first < rows->n; first += b.n) {
        int most = rows->n - first < ROWS_BLOCK ? (int) (rows->n - first) : ROWS_BLOCK;
        SIMD_CALL(simd_level(level), load_block, (rows, first, most, &b));
        SIMD_CALL(simd_level(level), predict, (rows, &b));
        for (int from = 0; from < b.n; from += KERNEL_BLOCK)
            add_curvature(rows, &b, from, b.n - from < KERNEL_BLOCK ? b.n - from : KERNEL_BLOCK, &out);
        SIMD_CALL(simd_level(level), collect, (rows, &b));
    }
    return out.total;
}

void rows_exponential(const double *x, long n, int level, double *out)
{
    SIMD_CALL(simd_level(level), exponentials, (x, n, out));
}
