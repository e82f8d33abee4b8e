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
