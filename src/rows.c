#include "rows_block.h"
#include "scalar.h"
#include "partitions.h"
#include <math.h>
#include <string.h>
#include "simd.h"

static long term_intervals(const struct rows_term *term)
{
    return (long) term->grid.count * term->groups;
}

static long all_intervals(const struct rows_data *rows)
{
    long intervals = 0;
    for (int j = 0; j < rows->n_terms; j++) intervals += term_intervals(rows->term + j);
    return intervals;
}

long rows_scores_size(const struct rows_data *rows)
{
    return all_intervals(rows) * 4 * rows->likelihood->q;
}

static long packed_size(const struct rows_data *rows)
{
    return all_intervals(rows) * interval_size(rows);
}

/* What a block of rows keeps in memory that is handed down: its rows and a block of cells */
static long block_size(const struct rows_data *rows)
{
    const struct likelihood *l = rows->likelihood;
    return (long) (l->k + 1 + l->q) * ROWS_BLOCK + likelihood_block_size(l);
}

long rows_work(const struct rows_data *rows)
{
    long size = packed_size(rows);
    return 2 * size + partitions_work(rows->n, size) + PARTITIONS_MOST * block_size(rows);
}

/* Packs the coefficients into work; returns what is left of it behind the packed scores. */
static double *pack_terms(struct rows_data *rows, double *work)
{
    int q = rows->likelihood->q;
    long size = packed_size(rows), interval = interval_size(rows);
    memset(work, 0, (size_t) size * sizeof(double));
    for (int j = 0; j < rows->n_terms; j++) {
        struct rows_term *term = rows->term + j;
        long intervals = term_intervals(term);
        for (long i = 0; i < intervals; i++)
            for (int d = 0; d < 4; d++)
                for (int e = 0; e < q; e++)
                    work[interval * i + packed_index(e, d)] =
                        term->coefficients[(4 * i + d) * q + e];
        term->packed = work;
        term->packed_scores = work + size;
        work += interval * intervals;
    }
    return work + size;
}

static void unpack_scores(const struct rows_data *rows)
{
    int q = rows->likelihood->q;
    long interval = interval_size(rows);
    double *out = rows->term[0].scores; /* those of all terms follow each other */
    for (int j = 0; j < rows->n_terms; j++) {
        const double *scores = rows->term[j].packed_scores;
        for (long i = term_intervals(rows->term + j); i > 0; i--, scores += interval)
            for (int d = 0; d < 4; d++)
                for (int e = 0; e < q; e++) *out++ = scores[packed_index(e, d)];
    }
}

/* A block for all rows whose packed scores are added to `scores`, in block_size() doubles of
 * memory; rows without weights have weight one. */
static void new_block(const struct rows_data *rows, double *scores, double *memory,
                      struct rows_block *b)
{
    const struct likelihood *l = rows->likelihood;
    b->at.y = (double(*)[ROWS_BLOCK]) memory;
    b->at.eta = b->at.y + l->k;
    b->at.weight = memory + (long) (l->k + l->q) * ROWS_BLOCK;
    b->cells = likelihood_block(l, b->at.weight + ROWS_BLOCK);
    for (int j = 0; j < rows->n_terms; j++) {
        b->scores[j] = scores;
        scores += term_intervals(rows->term + j) * interval_size(rows);
    }
    for (int i = 0; i < ROWS_BLOCK; i++) b->at.weight[i] = 1;
    b->at.weighted = rows->weights != NULL;
    b->n = 0;
    b->at.n = 0;
}

#define SIMD_WIDTH 1
#include "rows.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "rows.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "rows.simd.h"
#undef SIMD_WIDTH
#endif

struct pass {
    const struct rows_data *rows;
    int value, level;
    double part[PARTITIONS_MOST]; /* log likelihoods of the partitions */
    double *blocks;               /* block_size() a partition */
};

static void add_partition(void *data, int partition, long from, long to, double *scores)
{
    struct pass *p = data;
    const struct rows_data *rows = p->rows;
    struct rows_block b;
    new_block(rows, scores, p->blocks + partition * block_size(rows), &b);
    p->part[partition] =
        SIMD_CALL(simd_level(p->level), rows_partition, (rows, from, to, p->value, p->level, &b));
}

double rows_pass(struct rows_data *rows, int value, int level, int threads, double *work)
{
    double total = 0, *blocks = pack_terms(rows, work),
           *rest = blocks + PARTITIONS_MOST * block_size(rows);
    struct pass pass = {rows, value, level, {0}, blocks};
    int partitions = partitions_run(add_partition, &pass, rows->n, threads, packed_size(rows),
                                    rows->term[0].packed_scores, rest);
    for (int s = 0; s < partitions; s++) total += pass.part[s];
    unpack_scores(rows);
    return total;
}

int rows_bins(const struct rows_term *term, int coarse)
{
    return (term->grid.count + coarse - 1) / coarse * term->groups;
}

long rows_curvature_size(const struct rows_data *rows, int coarse)
{
    long size = 0;
    for (int j = 0; j < rows->n_terms; j++) {
        size += rows_bins(rows->term + j, coarse);
        for (int i = 0; i < j; i++)
            size += (long) rows_bins(rows->term + i, coarse) * rows_bins(rows->term + j, coarse);
    }
    return size * rows->likelihood->pairs;
}

/* Where the tables of a row start: one for each term, then one for each pair. */
static int row_tables(const struct rows_data *rows, const struct rows_block *b, int row, int coarse,
                      int h, long *at)
{
    int used = 0, bin[ROWS_MAX_TERMS], bins[ROWS_MAX_TERMS];
    long start = 0;
    for (int j = 0; j < rows->n_terms; j++) {
        const struct rows_term *term = rows->term + j;
        long cell = b->offset[j][row] / interval_size(rows);
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

/* Covariances of the predictors of n rows from the tables that hold their parts; `used` tables a
 * row, where they start in `at` */
static void set_covariance(const double *variance, const long *at, int used, int n, int pairs,
                           struct likelihood_block *cells)
{
    for (int i = 0; i < n; i++)
        for (int p = 0; p < pairs; p++) {
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

/* Rows `from` to from + n - 1 of a block with its predictors: adds to tables and total and leaves
 * scores in place of the predictors. */
static void add_curvature(const struct rows_data *rows, struct rows_block *b, int from, int n,
                          struct curvature *out)
{
    const struct likelihood *likelihood = rows->likelihood;
    long at[LIKELIHOOD_BLOCK * ROWS_MAX_TERMS * (ROWS_MAX_TERMS + 1) / 2];
    struct likelihood_block cells = b->cells;
    int used = 0;
    for (int i = 0; i < n; i++)
        used = row_tables(rows, b, from + i, out->coarse, likelihood->pairs, at + (long) used * i);
    likelihood_load_rows(likelihood, &b->at, from, n, &cells);
    if (out->variance) set_covariance(out->variance, at, used, n, likelihood->pairs, &cells);
    if (out->variance) likelihood_expect(likelihood, &cells, 2, out->level);
    else likelihood_evaluate(likelihood, &cells, 2, out->level);
    for (int i = 0; i < n; i++) {
        out->total += cells.value[i];
        for (int u = 0; u < used; u++)
            for (int p = 0; p < likelihood->pairs; p++)
                out->tables[at[u + (long) used * i] + p] += cells.hess[p][i];
    }
    for (int j = 0; j < likelihood->q; j++)
        memcpy(b->at.eta[j] + from, cells.grad[j], sizeof(double) * n);
}

double rows_curvature(struct rows_data *rows, int coarse, const double *variance, int level,
                      double *tables, double *work)
{
    struct curvature out = {coarse, level, variance, tables, 0};
    struct rows_block b;
    double *memory = pack_terms(rows, work);
    memset(tables, 0, (size_t) rows_curvature_size(rows, coarse) * sizeof(double));
    memset(rows->term[0].packed_scores, 0, (size_t) packed_size(rows) * sizeof(double));
    new_block(rows, rows->term[0].packed_scores, memory, &b);
    for (long first = 0; first < rows->n; first += b.n) {
        int most = rows->n - first < ROWS_BLOCK ? (int) (rows->n - first) : ROWS_BLOCK;
        SIMD_CALL(simd_level(level), load_block, (rows, first, most, &b));
        SIMD_CALL(simd_level(level), predict, (rows, &b));
        for (int from = 0; from < b.n; from += LIKELIHOOD_BLOCK)
            add_curvature(rows, &b, from,
                          b.n - from < LIKELIHOOD_BLOCK ? b.n - from : LIKELIHOOD_BLOCK, &out);
        SIMD_CALL(simd_level(level), collect, (rows, &b));
    }
    unpack_scores(rows);
    return out.total;
}

void rows_exponential(const double *x, long n, int level, double *out)
{
    SIMD_CALL(simd_level(level), exponentials, (x, n, out));
}
