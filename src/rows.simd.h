/* The stages of a block of rows (simd.h).
 *
 * Predictors and scores are held by predictor, so that the density works on neighbouring rows at
 * once. Rows in one interval of a term share its cubics, whose coefficients and sums then stay in
 * registers; rows in any order go to their interval one by one and are transposed. */
#include "simd_math.simd.h"
#include "rows_block.h"
#include <math.h>
#include <string.h>

/* Positions of rows in the intervals of a term */
static SIMD_FUNCTION void SIMD_NAME(find_intervals)(const struct rows_data *rows,
                                                    const struct rows_term *term, long from, int n,
                                                    double *t, long *offset)
{
    long interval = interval_size(rows);
    int i = 0;
    if (term->x) {
        const double *x = term->x + from;
        double inverse = term->grid.inverse_width, first = term->grid.first,
               most = term->grid.count - 1;
#if SIMD_WIDTH > 1
        for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) {
            SIMD_VEC u = SIMD_LOAD(x + i) * inverse - first,
                     at = SIMD_SELECT(u >= 0.0, u, SIMD_SET(0.0));
            at = SIMD_SELECT(at < most, at, SIMD_SET(most));
            SIMD_IVEC cell;
            SIMD_STORE(t + i, 2.0 * (u - SIMD_NAME(floor)(at, &cell)) - 1.0);
            for (int l = 0; l < SIMD_WIDTH; l++)
                offset[i + l] = interval * (long) SIMD_LANE(cell, l);
        }
#endif
        for (; i < n; i++) {
            double u = x[i] * inverse - first,
                   at = u >= 0 ? u : 0; /* the ends belong to the outer cells */
            long c = (long) (at < most ? at : most);
            t[i] = 2 * (u - (double) c) - 1;
            offset[i] = interval * c;
        }
    } else {
        for (; i < n; i++) t[i] = 0, offset[i] = 0;
    }
    if (term->group)
        for (i = 0; i < n; i++)
            offset[i] += interval * term->grid.count * (term->group[from + i] - 1);
}

/* Up to `most` rows: fewer where they begin a run in one interval of the first term. */
static SIMD_FUNCTION void SIMD_NAME(load_block)(const struct rows_data *rows, long from, int most,
                                                struct rows_block *b)
{
    int last = b->n, last_full = b->at.n;
    SIMD_NAME(find_intervals)(rows, rows->term, from, most, b->t[0], b->offset[0]);
    int n = most, run = run_length(b->offset[0], most);
    if (run >= ROWS_RUN) n = run;
    b->n = n;
    b->at.n = (n + 7) / 8 * 8;
    for (int j = 0; j < rows->n_terms; j++) {
        if (j > 0) SIMD_NAME(find_intervals)(rows, rows->term + j, from, n, b->t[j], b->offset[j]);
        b->one_interval[j] = n >= ROWS_RUN && (j == 0 ? run : run_length(b->offset[j], n)) >= n;
        for (int i = n; i < b->at.n; i++) b->t[j][i] = 0, b->offset[j][i] = b->offset[j][0];
    }
    for (int j = 0; j < rows->likelihood->k; j++) {
        const double *y = rows->y + from + rows->n * j;
        double c = rows->centre[j], r = 1 / rows->scale[j];
        int i = 0;
        for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH)
            SIMD_STORE(b->at.y[j] + i, (SIMD_LOAD(y + i) - c) * r);
        for (; i < n; i++) b->at.y[j][i] = (y[i] - c) * r;
        for (; i < b->at.n; i++) b->at.y[j][i] = 0;
    }
    if (rows->weights) memcpy(b->at.weight, rows->weights + from, sizeof(double) * n);
    else
        for (int i = last; i < last_full; i++) b->at.weight[i] = 1;
    for (int i = n; i < b->at.n; i++) b->at.weight[i] = 0;
}

#define HORNER(c3, c2, c1, c0, t) ((((c3) * (t) + (c2)) * (t) + (c1)) * (t) + (c0))

/* The first four predictors of SIMD_WIDTH rows, by predictor */
SIMD_INLINE void SIMD_NAME(cubics)(const double *c, const double *t, const long *offset,
                                   SIMD_VEC *out)
{
    SIMD_VEC row[SIMD_WIDTH][SIMD_ROW_VECTORS];
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
    for (int h = 0; h < SIMD_ROW_VECTORS; h++) {
        const double *p = c + offset[l] + SIMD_WIDTH * h;
        row[l][h] =
            HORNER(SIMD_LOAD(p + 12), SIMD_LOAD(p + 8), SIMD_LOAD(p + 4), SIMD_LOAD(p), t[l]);
    }
    SIMD_NAME(by_number)(row, out);
}

/* A later one, c: its powers in the first interval */
SIMD_INLINE SIMD_VEC SIMD_NAME(cubic)(const double *c, const double *t, const long *offset)
{
    SIMD_VEC row[SIMD_WIDTH][SIMD_ROW_VECTORS], power[4];
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
    for (int h = 0; h < SIMD_ROW_VECTORS; h++)
        row[l][h] = SIMD_LOAD(c + offset[l] + SIMD_WIDTH * h);
    SIMD_NAME(by_number)(row, power);
    return HORNER(power[3], power[2], power[1], power[0], SIMD_LOAD(t));
}

/* The predictors of a term, added to those before it */
SIMD_INLINE void SIMD_NAME(predict_term_as)(int q, const struct rows_data *rows, int term,
                                            struct rows_block *b)
{
    const double *c = rows->term[term].packed, *t = b->t[term];
    const long *offset = b->offset[term];
    if (b->one_interval[term]) {
        c += offset[0];
        for (int j = 0; j < q; j++) {
            SIMD_VEC c0 = SIMD_SET(c[packed_index(j, 0)]), c1 = SIMD_SET(c[packed_index(j, 1)]),
                     c2 = SIMD_SET(c[packed_index(j, 2)]), c3 = SIMD_SET(c[packed_index(j, 3)]);
            for (int i = 0; i < b->at.n; i += SIMD_WIDTH) {
                SIMD_VEC at = SIMD_LOAD(t + i), eta = HORNER(c3, c2, c1, c0, at);
                SIMD_STORE(b->at.eta[j] + i, term == 0 ? eta : SIMD_LOAD(b->at.eta[j] + i) + eta);
            }
        }
        return;
    }
    for (int i = 0; i < b->at.n; i += SIMD_WIDTH) {
        SIMD_VEC v[ROWS_TOGETHER];
        SIMD_NAME(cubics)(c, t + i, offset + i, v);
        for (int j = 0; j < q; j++) {
            SIMD_VEC eta = j < ROWS_TOGETHER
                               ? v[j]
                               : SIMD_NAME(cubic)(c + packed_index(j, 0), t + i, offset + i);
            SIMD_STORE(b->at.eta[j] + i, term == 0 ? eta : SIMD_LOAD(b->at.eta[j] + i) + eta);
        }
    }
}

/* Common numbers of predictors as constants: the loops over them unroll. */
static SIMD_FUNCTION void SIMD_NAME(predict_term)(const struct rows_data *rows, int term,
                                                  struct rows_block *b)
{
    int q = rows->likelihood->q;
    if (q == 2) SIMD_NAME(predict_term_as)(2, rows, term, b);
    else if (q == 5) SIMD_NAME(predict_term_as)(5, rows, term, b);
    else SIMD_NAME(predict_term_as)(q, rows, term, b);
}

static SIMD_FUNCTION void SIMD_NAME(predict)(const struct rows_data *rows, struct rows_block *b)
{
    int q = rows->likelihood->q;
    for (int term = 0; term < rows->n_terms; term++) SIMD_NAME(predict_term)(rows, term, b);
    for (int j = 0; j < q; j++) /* rows after the last have weight zero */
        for (int i = b->n; i < b->at.n; i++) b->at.eta[j][i] = 0;
}

/* Adds g (SIMD_WIDTH predictors of a row) times powers of t to the sums of its interval. */
SIMD_INLINE void SIMD_NAME(add_powers)(double *to, SIMD_VEC g, double t)
{
    SIMD_STORE(to, SIMD_LOAD(to) + g);
    g *= t;
    SIMD_STORE(to + 4, SIMD_LOAD(to + 4) + g);
    g *= t;
    SIMD_STORE(to + 8, SIMD_LOAD(to + 8) + g);
    SIMD_STORE(to + 12, SIMD_LOAD(to + 12) + g * t);
}

/* The scores of SIMD_WIDTH rows to the sums of their intervals */
SIMD_INLINE void SIMD_NAME(add_rows)(double *scores, const long *offset, int q,
                                     double (*eta)[ROWS_BLOCK], const double *t, int i)
{
    SIMD_VEC v[4], at = SIMD_LOAD(t + i), row[SIMD_WIDTH][SIMD_ROW_VECTORS];
    SIMD_UNROLL
    for (int j = 0; j < ROWS_TOGETHER; j++) v[j] = j < q ? SIMD_LOAD(eta[j] + i) : SIMD_SET(0.0);
    SIMD_NAME(by_row)(v, row);
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
    for (int h = 0; h < SIMD_ROW_VECTORS; h++)
        if (SIMD_WIDTH * h < q)
            SIMD_NAME(add_powers)(scores + offset[i + l] + SIMD_WIDTH * h, row[l][h], t[i + l]);
    for (int j = ROWS_TOGETHER; j < q; j++) {
        v[0] = SIMD_LOAD(eta[j] + i), v[1] = v[0] * at, v[2] = v[1] * at, v[3] = v[2] * at;
        SIMD_NAME(by_row)(v, row);
        SIMD_UNROLL
        for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
        for (int h = 0; h < SIMD_ROW_VECTORS; h++) {
            double *to = scores + offset[i + l] + packed_index(j, 0) + SIMD_WIDTH * h;
            SIMD_STORE(to, SIMD_LOAD(to) + row[l][h]);
        }
    }
}

/* Scores of the rows, in place of their predictors, to the sums of the terms */
SIMD_INLINE void SIMD_NAME(collect_as)(int q, const struct rows_data *rows, struct rows_block *b)
{
    int n = b->n;
    for (int term = 0; term < rows->n_terms; term++) {
        double *scores = b->scores[term];
        const double *t = b->t[term];
        const long *offset = b->offset[term];
        int i = 0;
        if (b->one_interval[term]) {
            scores += offset[0];
            for (int j = 0; j < q; j++) {
                SIMD_VEC zero = SIMD_SET(0.0), s0 = zero, s1 = zero, s2 = zero, s3 = zero;
                SIMD_VEC r0 = zero, r1 = zero, r2 = zero, r3 = zero;
                for (i = 0; i < b->at.n; i += 2 * SIMD_WIDTH) {
                    const double *g = b->at.eta[j] + i;
                    SIMD_VEC t1 = SIMD_LOAD(t + i), t2 = SIMD_LOAD(t + i + SIMD_WIDTH),
                             g1 = SIMD_LOAD(g), g2 = SIMD_LOAD(g + SIMD_WIDTH);
                    s0 += g1, r0 += g2, g1 *= t1, g2 *= t2;
                    s1 += g1, r1 += g2, g1 *= t1, g2 *= t2;
                    s2 += g1, r2 += g2;
                    s3 += g1 * t1, r3 += g2 * t2;
                }
                scores[packed_index(j, 0)] += SIMD_NAME(sum)(s0 + r0);
                scores[packed_index(j, 1)] += SIMD_NAME(sum)(s1 + r1);
                scores[packed_index(j, 2)] += SIMD_NAME(sum)(s2 + r2);
                scores[packed_index(j, 3)] += SIMD_NAME(sum)(s3 + r3);
            }
            continue;
        }
        for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH)
            SIMD_NAME(add_rows)(scores, offset, q, b->at.eta, t, i);
        for (; i < n; i++)
            for (int j = 0; j < q; j++) {
                double *to = scores + offset[i], g = b->at.eta[j][i];
                for (int d = 0; d < 4; d++, g *= t[i]) to[packed_index(j, d)] += g;
            }
    }
}

static SIMD_FUNCTION void SIMD_NAME(collect)(const struct rows_data *rows, struct rows_block *b)
{
    int q = rows->likelihood->q;
    if (q == 2) SIMD_NAME(collect_as)(2, rows, b);
    else if (q == 5) SIMD_NAME(collect_as)(5, rows, b);
    else SIMD_NAME(collect_as)(q, rows, b);
}

static SIMD_FUNCTION double SIMD_NAME(rows_partition)(const struct rows_data *rows, long from,
                                                      long to, int value, int level,
                                                      struct rows_block *b)
{
    double total = 0;
    for (long i = from; i < to; i += b->n) {
        SIMD_NAME(load_block)(rows, i, to - i < ROWS_BLOCK ? (int) (to - i) : ROWS_BLOCK, b);
        SIMD_NAME(predict)(rows, b);
        total += likelihood_score(rows->likelihood, &b->at, &b->cells, value, level);
        SIMD_NAME(collect)(rows, b);
    }
    return total;
}

static SIMD_FUNCTION void SIMD_NAME(exponentials)(const double *x, long n, double *out)
{
    long i = 0;
    for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH)
        SIMD_STORE(out + i, SIMD_NAME(exp_clamped)(SIMD_LOAD(x + i)));
    for (; i < n; i++) out[i] = exp(x[i]);
}

#undef HORNER
