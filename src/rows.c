#include "rows.h"
#include "kernel.h"
#include "scalar.h"
#include "simd.h"
#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#define ROWS_BLOCK 128

struct rows_block {
    int n, full; /* rows, and rows up to the next multiple of 8 */
    double t[ROWS_MAX_TERMS][ROWS_BLOCK];
    long place[ROWS_MAX_TERMS][ROWS_BLOCK];
    double eta[8 * ROWS_BLOCK], y[2 * ROWS_BLOCK], weight[ROWS_BLOCK], tail[ROWS_BLOCK];
    double *scores[ROWS_MAX_TERMS];
};

static int padded(const struct rows_data *rows) { return rows->k == 1 ? 4 : 8; }

static long term_size(const struct rows_data *rows, int j)
{
    return (long) padded(rows) * 4 * rows->term[j].grid.count * rows->term[j].groups;
}

long rows_scores_size(const struct rows_data *rows)
{
    long size = 0;
    for (int j = 0; j < rows->n_terms; j++) size += term_size(rows, j);
    return size;
}

static void find_places(const struct rows_data *rows, const struct rows_term *term, long from, int n,
                        double *t, long *place)
{
    long piece = 4L * padded(rows);
    for (int i = 0; i < n; i++) {
        long c = 0;
        t[i] = 0;
        if (term->x) {
            double u = term->x[from + i] * term->grid.inverse - term->grid.first;
            double most = term->grid.count - 1;
            double at = u >= 0 ? u : 0; /* the ends belong to the outer cells */
            c = (long) (at < most ? at : most);
            t[i] = 2 * (u - (double) c) - 1;
        }
        if (term->group) c += (long) term->grid.count * (term->group[from + i] - 1);
        place[i] = piece * c;
    }
}

static void load_block(const struct rows_data *rows, long from, int n, struct rows_block *b)
{
    b->n = n;
    b->full = (n + 7) / 8 * 8;
    memset(b->eta, 0, sizeof(double) * padded(rows) * b->full);
    for (int j = 0; j < rows->k; j++) {
        const double *y = rows->y + from + rows->n * j;
        double c = rows->centre[j], r = 1 / rows->scale[j];
        for (int i = 0; i < n; i++) b->y[ROWS_BLOCK * j + i] = (y[i] - c) * r;
        for (int i = n; i < b->full; i++) b->y[ROWS_BLOCK * j + i] = 0;
    }
    for (int i = 0; i < n; i++) b->weight[i] = rows->weights ? rows->weights[from + i] : 1;
    for (int i = n; i < b->full; i++) b->weight[i] = 0;
    for (int j = 0; j < rows->n_terms; j++)
        find_places(rows, rows->term + j, from, n, b->t[j], b->place[j]);
}

/* Sum of weight log(1 + tail): without weights the factors, all in [1, 2], are multiplied. */
static double log_tails(const struct rows_data *rows, const struct rows_block *b)
{
    double total = 0, product = 1;
    if (rows->weights) {
        for (int i = 0; i < b->n; i++) total += b->weight[i] * log1p(b->tail[i]);
        return total;
    }
    for (int i = 0; i < b->n; i++) product *= 1 + b->tail[i];
    return log(product);
}

#ifdef SIMD_HAVE_VECTORS
#define SIMD_WIDTH 2
#define SIMD_NAME(x) x##_base
#define SIMD_FUNCTION
#include "simd_width.h"
#include "rows_pass.h"
#include "simd_end.h"
#endif

#ifdef SIMD_HAVE_AVX2
#define SIMD_WIDTH 4
#define SIMD_NAME(x) x##_avx2
#define SIMD_FUNCTION SIMD_AVX2_TARGET
#include "simd_width.h"
#include "rows_pass.h"
#include "simd_end.h"
#endif

/* The scalar kernel, without vectors. Constants are taken out, as the vector code leaves them. */
static double rows_block_plain(const struct rows_data *rows, struct rows_block *b)
{
    int p = padded(rows);
    const struct kernel *kernel = kernel_for(rows->k);
    double total = 0, cell[6] = {0}, g[KERNEL_MAX_Q];
    for (int j = 0; j < rows->n_terms; j++)
        for (int i = 0; i < b->n; i++) {
            const double *c = rows->term[j].coefficients + b->place[j][i];
            double t = b->t[j][i];
            for (int l = 0; l < kernel->q; l++)
                b->eta[p * i + l] += c[l] + t * (c[p + l] + t * (c[2 * p + l] + t * c[3 * p + l]));
        }
    for (int i = 0; i < b->n; i++) {
        cell[0] = b->weight[i];
        for (int j = 0; j < rows->k; j++) cell[1 + j] = b->y[ROWS_BLOCK * j + i];
        total += kernel->gradient(cell, b->eta + p * i, g);
        total += b->weight[i] * (rows->k == 1 ? 0.5 * LOG_2PI : LOG_2PI + LOG_2);
        for (int j = 0; j < rows->n_terms; j++) {
            double power = 1;
            for (int d = 0; d < 4; d++) {
                for (int l = 0; l < kernel->q; l++) b->scores[j][b->place[j][i] + p * d + l] += power * g[l];
                power *= b->t[j][i];
            }
        }
    }
    return total;
}

static double rows_stripe(const struct rows_data *rows, long from, long to, int value, int level,
                          double *scores)
{
    struct rows_block b;
    double total = 0;
    enum simd_level best = simd_level(level);
    for (int j = 0; j < rows->n_terms; j++) {
        b.scores[j] = scores;
        scores += term_size(rows, j);
    }
    for (long i = from; i < to; i += ROWS_BLOCK) {
        load_block(rows, i, to - i < ROWS_BLOCK ? (int) (to - i) : ROWS_BLOCK, &b);
        switch (best) {
#ifdef SIMD_HAVE_AVX2
        case SIMD_AVX2: total += rows_block_avx2(rows, &b, value); break;
#endif
#ifdef SIMD_HAVE_VECTORS
        case SIMD_BASE: total += rows_block_base(rows, &b, value); break;
#endif
        default: total += rows_block_plain(rows, &b);
        }
    }
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

double rows_curvature(struct rows_data *rows, int coarse, const double *variance, double *tables)
{
    const struct kernel *kernel = kernel_for(rows->k);
    int p = padded(rows), q = kernel->q, h = q * (q + 1) / 2;
    double cell[6] = {0}, g[KERNEL_MAX_Q], hess[KERNEL_MAX_Q * KERNEL_MAX_Q], v[KERNEL_MAX_Q * KERNEL_MAX_Q];
    double *scores = rows->term[0].scores, total = 0;
    long at[ROWS_MAX_TERMS * (ROWS_MAX_TERMS + 1) / 2];
    struct rows_block b;
    memset(tables, 0, (size_t) rows_curvature_size(rows, coarse) * sizeof(double));
    memset(scores, 0, (size_t) rows_scores_size(rows) * sizeof(double));
    for (int j = 0; j < rows->n_terms; j++) {
        b.scores[j] = scores;
        scores += term_size(rows, j);
    }
    for (long first = 0; first < rows->n; first += ROWS_BLOCK) {
        double block_total = 0;
        load_block(rows, first, rows->n - first < ROWS_BLOCK ? (int) (rows->n - first) : ROWS_BLOCK, &b);
        for (int i = 0; i < b.n; i++) {
            double *eta = b.eta + p * i;
            for (int j = 0; j < rows->n_terms; j++) {
                const double *c = rows->term[j].coefficients + b.place[j][i];
                double t = b.t[j][i];
                for (int l = 0; l < q; l++) eta[l] += c[l] + t * (c[p + l] + t * (c[2 * p + l] + t * c[3 * p + l]));
            }
            cell[0] = b.weight[i];
            for (int j = 0; j < rows->k; j++) cell[1 + j] = b.y[ROWS_BLOCK * j + i];
            int used = row_tables(rows, &b, i, coarse, h, at), n = 0;
            if (variance) {
                for (int c = 0; c < q; c++)
                    for (int r = c; r < q; r++) {
                        double sum = 0;
                        for (int u = 0; u < used; u++) sum += variance[at[u] + n];
                        v[r + q * c] = v[c + q * r] = sum;
                        n++;
                    }
                block_total += kernel->expect(cell, eta, v, g, hess);
            } else {
                block_total += kernel->hessian(cell, eta, g, hess);
            }
            double lower[KERNEL_MAX_Q * (KERNEL_MAX_Q + 1) / 2];
            n = 0;
            for (int c = 0; c < q; c++)
                for (int r = c; r < q; r++) lower[n++] = hess[r + q * c];
            for (int u = 0; u < used; u++)
                for (int l = 0; l < h; l++) tables[at[u] + l] += lower[l];
            for (int j = 0; j < rows->n_terms; j++) {
                double power = 1, t = b.t[j][i], *score = b.scores[j] + b.place[j][i];
                for (int d = 0; d < 4; d++) {
                    for (int l = 0; l < q; l++) score[p * d + l] += power * g[l];
                    power *= t;
                }
            }
        }
        total += block_total;
    }
    return total;
}

static double total_weight(const struct rows_data *rows)
{
    double total = 0;
    if (!rows->weights) return (double) rows->n;
    for (long i = 0; i < rows->n; i++) total += rows->weights[i];
    return total;
}

double rows_pass(struct rows_data *rows, int value, int level, int threads, double *stripes)
{
    long size = rows_scores_size(rows);
    int n_stripes = moments_stripes(rows->n, size);
    long width = (rows->n + n_stripes - 1) / n_stripes;
    double part[8], total = 0, *first = rows->term[0].scores; /* scores of all terms follow each other */
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
#else
    (void) threads;
#endif
    for (int s = 0; s < n_stripes; s++) {
        double *mine = s == 0 ? first : stripes + size * (s - 1);
        long from = width * s, to = from + width < rows->n ? from + width : rows->n;
        memset(mine, 0, (size_t) size * sizeof(double));
        part[s] = rows_stripe(rows, from, to, value, level, mine);
    }
    for (int s = 0; s < n_stripes; s++) {
        total += part[s];
        if (s > 0)
            for (long i = 0; i < size; i++) first[i] += stripes[size * (s - 1) + i];
    }
    return total - total_weight(rows) * (rows->k == 1 ? 0.5 * LOG_2PI : LOG_2PI + LOG_2);
}

void rows_exponential(const double *x, long n, int level, double *out)
{
    long done = 0;
    switch (simd_level(level)) {
#ifdef SIMD_HAVE_AVX2
    case SIMD_AVX2: exponentials_avx2(x, n, out); done = n / 4 * 4; break;
#endif
#ifdef SIMD_HAVE_VECTORS
    case SIMD_BASE: exponentials_base(x, n, out); done = n / 2 * 2; break;
#endif
    default: break;
    }
    for (; done < n; done++) out[done] = exp(x[done]);
}
