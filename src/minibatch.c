#include "minibatch.h"
#include "prior.h"
#include "scalar.h"
#include "simd.h"
#include <math.h>
#include <string.h>

#define BLOCK 64
#define MOST_COLUMNS 128 /* of a matrix that all predictors share */

struct minibatch_block {
    int n, full;  /* cells, and cells up to the next multiple of 4 */
    int unit;     /* all weights are one */
    int scatter;  /* some cell holds more than one row */
    double cell[6 * BLOCK], eta[8 * BLOCK], tail[BLOCK];
};

static void load_cells(const struct regression *r, const int *row, int n, struct minibatch_block *b)
{
    b->n = n;
    b->full = (n + 3) / 4 * 4;
    b->unit = 1;
    b->scatter = 0;
    for (int i = 0; i < n; i++) {
        const double *cell = r->cells + 6L * row[i];
        for (int k = 0; k < 6; k++) b->cell[BLOCK * k + i] = cell[k];
        if (cell[0] != 1) b->unit = 0;
        if (cell[3] != 0 || cell[4] != 0 || cell[5] != 0) b->scatter = 1;
    }
    for (int i = n; i < b->full; i++) {
        for (int k = 0; k < 6; k++) b->cell[BLOCK * k + i] = 0;
        for (int j = 0; j < 8; j++) b->eta[8 * i + j] = 0;
    }
}

/* Sum of n (log(1 + tail) - log 2 - log 2 pi); factors of single rows, all in [1, 2], are multiplied first. */
static double log_tails(const struct minibatch_block *b)
{
    double total = 0, product = 1, weight = 0;
    for (int i = 0; i < b->n; i++) {
        if (b->unit) product *= 1 + b->tail[i];
        else total += b->cell[i] * log1p(b->tail[i]);
        weight += b->cell[i];
    }
    return total + log(product) - weight * (LOG_2 + LOG_2PI);
}

#ifdef SIMD_HAVE_VECTORS
#define SIMD_WIDTH 2
#define SIMD_NAME(x) x##_base
#define SIMD_FUNCTION
#include "simd_width.h"
#include "minibatch_pass.h"
#include "simd_end.h"
#endif

#ifdef SIMD_HAVE_AVX2
#define SIMD_WIDTH 4
#define SIMD_NAME(x) x##_avx2
#define SIMD_FUNCTION SIMD_AVX2_TARGET
#include "simd_width.h"
#include "minibatch_pass.h"
#include "simd_end.h"
#endif

static int one_matrix(const struct regression *r)
{
    for (int j = 1; j < 5; j++)
        if (r->x[j] != r->x[0] || r->p[j] != r->p[0]) return 0;
    return r->p[0] <= MOST_COLUMNS;
}

double minibatch_rows(const struct regression *r, const double *beta, const int *row, int n,
                      double scale, const struct anchor *anchor, double *grad)
{
    enum simd_level level = simd_level(SIMD_AVX2);
    if (r->kernel != kernel_for(2) || level == SIMD_PLAIN)
        return base_rows(r, beta, row, n, scale, anchor, grad);
    double from[8 * MOST_COLUMNS], to[8 * MOST_COLUMNS], f = 0, out[3];
    int shared = one_matrix(r), p = r->p[0];
    struct minibatch_block b;
    for (int a = 0; a < r->d; a++) grad[a] = anchor ? anchor->gradient[a] : 0;
    if (shared) {
        memset(from, 0, sizeof(double) * 8 * p);
        memset(to, 0, sizeof(double) * 8 * p);
        for (int j = 0; j < 5; j++)
            for (int a = 0; a < p; a++) from[8 * a + j] = beta[r->start[j] + a];
    }
    for (int i = 0; i < n; i += BLOCK) {
        load_cells(r, row + i, n - i < BLOCK ? n - i : BLOCK, &b);
        const double *coefficients = shared ? from : NULL;
        double *scores = shared ? to : NULL;
#ifdef SIMD_HAVE_AVX2
        if (level == SIMD_AVX2) {
            f += block_avx2(r, beta, row + i, &b, anchor, scale, coefficients, scores, grad);
            continue;
        }
#endif
#ifdef SIMD_HAVE_VECTORS
        f += block_base(r, beta, row + i, &b, anchor, scale, coefficients, scores, grad);
#endif
    }
    if (shared)
        for (int j = 0; j < 5; j++)
            for (int a = 0; a < p; a++) grad[r->start[j] + a] += to[8 * a + j];
    f = scale * f + (anchor ? anchor->value : 0);
    for (int a = 0; a < r->d; a++) {
        if (r->group[a]) continue;
        prior_density(r->family[a], r->prior + 3 * a, beta[a], out);
        f += out[0];
        grad[a] += out[1];
    }
    return f;
}
