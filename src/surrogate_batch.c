#include "surrogate_batch.h"
#include <math.h>
#include <string.h>
#include "simd.h"

#define SIMD_WIDTH 1
#include "surrogate_batch.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "surrogate_batch.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "surrogate_batch.simd.h"
#undef SIMD_WIDTH
#endif

static int panels_of(int n) { return n / 3 + 1; }

/* Doubles of one A, of the lanes of a factor with its vectors */
static long packed_size(const struct surrogate *s)
{
    return surrogate_panel_start(panels_of(s->n));
}

static long factor_size(const struct surrogate *s)
{
    return (packed_size(s) + 9L * panels_of(s->n)) * SURROGATE_LANES;
}

long surrogate_batch_size(const struct surrogate *s) { return packed_size(s) + factor_size(s); }

long surrogate_batch_own_size(const struct surrogate *s)
{
    return (packed_size(s) + SURROGATE_ROOM) * SURROGATE_LANES + factor_size(s);
}

long surrogate_batch_entry(const struct surrogate_batch *batch, long i, long j)
{
    if (i == batch->s->n) i = 3L * batch->panels - 1;
    return surrogate_panel_start(i / 3) + 3 * j + i % 3;
}

static struct surrogate_batch new_batch(const struct surrogate *s, int level, int own, double *work)
{
    struct surrogate_batch batch = {
        s, simd_level(level), 1, panels_of(s->n), own, work, NULL, NULL, NULL, NULL};
    long size = packed_size(s), rows = 3L * batch.panels;
    batch.lanes = batch.level == SIMD_AVX2 ? 4 : batch.level == SIMD_BASE ? 2 : 1;
    batch.chol = work + (own ? (size + SURROGATE_ROOM) * SURROGATE_LANES : size);
    batch.scale = batch.chol + size * SURROGATE_LANES;
    batch.inverse = batch.scale + rows * SURROGATE_LANES;
    batch.draw = batch.inverse + rows * SURROGATE_LANES;
    memset(batch.packed, 0, sizeof(double) * (batch.chol - batch.packed));
    return batch;
}

struct surrogate_batch surrogate_batch_own(const struct surrogate *s, int level, double *work)
{
    return new_batch(s, level, 1, work);
}

struct surrogate_batch surrogate_batch(const struct surrogate *s, int level, double *work)
{
    struct surrogate_batch batch = new_batch(s, level, 0, work);
    for (long i = 0, n = s->n; i < n; i++)
        for (long j = 0; j <= i; j++)
            batch.packed[surrogate_batch_entry(&batch, i, j)] = s->a[i + n * j];
    for (long j = 0; j < s->n; j++) batch.packed[surrogate_batch_entry(&batch, s->n, j)] = s->b[j];
    return batch;
}

static double log_tau_of(const struct surrogate *s, int i, const double *log_tau)
{
    return s->group[i] ? log_tau[s->group[i] - 1] : 0;
}

void surrogate_batch_factor(struct surrogate_batch *batch, const double *const *log_tau)
{
    const struct surrogate *s = batch->s;
    int lanes = batch->lanes, rows = 3 * batch->panels;
    for (int l = 0; l < lanes; l++) {
        for (int i = 0; i < s->n; i++) /* coefficients of a smooth are neighbours */
            batch->scale[i * lanes + l] = i > 0 && s->group[i] == s->group[i - 1]
                                              ? batch->scale[(i - 1) * lanes + l]
                                              : exp(log_tau_of(s, i, log_tau[l]));
        for (int i = s->n; i < rows; i++) batch->scale[i * lanes + l] = i == rows - 1;
    }
    if (batch->own)
        SIMD_CALL(batch->level, factor_own,
                  (batch->panels, batch->packed, batch->scale, batch->chol, batch->inverse));
    else
        SIMD_CALL(batch->level, factor_shared,
                  (batch->panels, batch->packed, batch->scale, batch->chol, batch->inverse));
}

static double element(const struct surrogate_batch *batch, long i, long j, int lane)
{
    return batch->chol[surrogate_batch_entry(batch, i, j) * batch->lanes + lane];
}

static double log_diagonal(const struct surrogate_batch *batch, int lane)
{
    double sum = 0;
    for (int i = 0; i < batch->s->n; i++) sum += log(element(batch, i, i, lane));
    return sum;
}

double surrogate_batch_marginal(const struct surrogate_batch *batch, int lane)
{
    double value = -log_diagonal(batch, lane);
    for (int i = 0; i < batch->s->n; i++) {
        double x = element(batch, batch->s->n, i, lane);
        value += 0.5 * x * x;
    }
    return value;
}

double surrogate_batch_constant(const struct surrogate_batch *batch, int lane,
                                const double *log_tau)
{
    double sum = log_diagonal(batch, lane);
    for (int i = 0; i < batch->s->n; i++) sum -= log_tau_of(batch->s, i, log_tau);
    return sum;
}

void surrogate_batch_draw(struct surrogate_batch *batch)
{
    int lanes = batch->lanes, n = batch->s->n, rows = 3 * batch->panels;
    for (int i = 0; i < n; i++)
        for (int l = 0; l < lanes; l++) batch->draw[i * lanes + l] += element(batch, n, i, l);
    /* The last row, b, belongs to no coefficient, nor do the rows of zeros before it. */
    memset(batch->draw + n * lanes, 0, sizeof(double) * (rows - n) * lanes);
    memset(batch->inverse + (rows - 1) * lanes, 0, sizeof(double) * lanes);
    SIMD_CALL(batch->level, back_solve, (batch->panels, batch->chol, batch->inverse, batch->draw));
    for (int i = 0; i < n * lanes; i++) batch->draw[i] *= batch->scale[i];
}
