/* The stages of a block of rows; included once a vector width (simd_ops.simd.h).
 *
 * Predictors and scores are held by predictor, so that the density works on neighbouring rows at
 * once. Rows in one piece of a term share its cubics, whose coefficients and sums then stay in
 * registers; rows in any order go to their piece one by one and are turned. */
#include "simd_ops.simd.h"
#include "rows_block.h"
#include <math.h>
#include <string.h>

/* Places of rows in the pieces of a term */
static SIMD_FUNCTION void SIMD_NAME(find_places)(const struct rows_data *rows,
                                                 const struct rows_term *term, long from, int n,
                                                 double *t, long *place)
{
    long piece = piece_size(rows);
    int i = 0;
    if (term->x) {
        const double *x = term->x + from;
        double inverse = term->grid.inverse, first = term->grid.first, most = term->grid.count - 1;
#if SIMD_WIDTH > 1
        for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) {
            SIMD_VEC u = SIMD_LOAD(x + i) * inverse - first,
                     at = SIMD_SELECT(u >= 0.0, u, SIMD_SET(0.0));
            at = SIMD_SELECT(at < most, at, SIMD_SET(most));
            SIMD_IVEC cell;
            SIMD_STORE(t + i, 2.0 * (u - SIMD_NAME(floor)(at, &cell)) - 1.0);
            for (int l = 0; l < SIMD_WIDTH; l++) place[i + l] = piece * (long) SIMD_LANE(cell, l);
        }
#endif
        for (; i < n; i++) {
            double u = x[i] * inverse - first,
                   at = u >= 0 ? u : 0; /* the ends belong to the outer cells */
            long c = (long) (at < most ? at : most);
            t[i] = 2 * (u - (double) c) - 1;
            place[i] = piece * c;
        }
    } else {
        for (; i < n; i++) t[i] = 0, place[i] = 0;
    }
    if (term->group)
        for (i = 0; i < n; i++) place[i] += piece * term->grid.count * (term->group[from + i] - 1);
}

/* Up to `most` rows: fewer where they begin a run in one piece of the first term. */
static SIMD_FUNCTION void SIMD_NAME(load_block)(const struct rows_data *rows, long from, int most,
                                                struct rows_block *b)
{
    int last = b->n, last_full = b->full;
    SIMD_NAME(find_places)(rows, rows->term, from, most, b->t[0], b->place[0]);
    int n = most, run = run_length(b->place[0], most);
    if (run >= ROWS_RUN) n = run;
    b->n = n;
    b->full = (n + 7) / 8 * 8;
    for (int j = 0; j < rows->n_terms; j++) {
        if (j > 0) SIMD_NAME(find_places)(rows, rows->term + j, from, n, b->t[j], b->place[j]);
        b->one_piece[j] = n >= ROWS_RUN && (j == 0 ? run : run_length(b->place[j], n)) >= n;
        for (int i = n; i < b->full; i++) b->t[j][i] = 0, b->place[j][i] = b->place[j][0];
    }
    for (int j = 0; j < rows->k; j++) {
        const double *y = rows->y + from + rows->n * j;
        double c = rows->centre[j], r = 1 / rows->scale[j];
        int i = 0;
        for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH)
            SIMD_STORE(b->y[j] + i, (SIMD_LOAD(y + i) - c) * r);
        for (; i < n; i++) b->y[j][i] = (y[i] - c) * r;
        for (; i < b->full; i++) b->y[j][i] = 0;
    }
    if (rows->weights) memcpy(b->weight, rows->weights + from, sizeof(double) * n);
    else
        for (int i = last; i < last_full; i++) b->weight[i] = 1;
    for (int i = n; i < b->full; i++) b->weight[i] = 0;
}

#define HORNER(c3, c2, c1, c0, t) ((((c3) * (t) + (c2)) * (t) + (c1)) * (t) + (c0))

/* The first four predictors of SIMD_WIDTH rows, by predictor */
SIMD_INLINE void SIMD_NAME(cubics)(const double *c, const double *t, const long *place,
                                   SIMD_VEC *out)
{
    SIMD_VEC row[SIMD_WIDTH][SIMD_ROW_VECTORS];
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
    for (int h = 0; h < SIMD_ROW_VECTORS; h++) {
        const double *p = c + place[l] + SIMD_WIDTH * h;
        row[l][h] =
            HORNER(SIMD_LOAD(p + 12), SIMD_LOAD(p + 8), SIMD_LOAD(p + 4), SIMD_LOAD(p), t[l]);
    }
    SIMD_NAME(by_number)(row, out);
}

/* The fifth */
SIMD_INLINE SIMD_VEC SIMD_NAME(fifth)(const double *c, const double *t, const long *place)
{
    SIMD_VEC row[SIMD_WIDTH][SIMD_ROW_VECTORS], power[4];
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
    for (int h = 0; h < SIMD_ROW_VECTORS; h++)
        row[l][h] = SIMD_LOAD(c + place[l] + FIFTH + SIMD_WIDTH * h);
    SIMD_NAME(by_number)(row, power);
    return HORNER(power[3], power[2], power[1], power[0], SIMD_LOAD(t));
}

/* The predictors of a term, added to those before it */
static SIMD_FUNCTION void SIMD_NAME(predict_term)(const struct rows_data *rows, int term,
                                                  struct rows_block *b)
{
    int q = rows->k == 1 ? 2 : 5;
    const double *c = rows->term[term].packed, *t = b->t[term];
    const long *place = b->place[term];
    if (b->one_piece[term]) {
        c += place[0];
        for (int j = 0; j < q; j++) {
            SIMD_VEC c0 = SIMD_SET(c[grid_place(j, 0)]), c1 = SIMD_SET(c[grid_place(j, 1)]),
                     c2 = SIMD_SET(c[grid_place(j, 2)]), c3 = SIMD_SET(c[grid_place(j, 3)]);
            for (int i = 0; i < b->full; i += SIMD_WIDTH) {
                SIMD_VEC at = SIMD_LOAD(t + i), eta = HORNER(c3, c2, c1, c0, at);
                SIMD_STORE(b->eta[j] + i, term == 0 ? eta : SIMD_LOAD(b->eta[j] + i) + eta);
            }
        }
        return;
    }
    for (int i = 0; i < b->full; i += SIMD_WIDTH) {
        SIMD_VEC v[5];
        SIMD_NAME(cubics)(c, t + i, place + i, v);
        if (q == 5) v[4] = SIMD_NAME(fifth)(c, t + i, place + i);
        for (int j = 0; j < q; j++)
            SIMD_STORE(b->eta[j] + i, term == 0 ? v[j] : SIMD_LOAD(b->eta[j] + i) + v[j]);
    }
}

static SIMD_FUNCTION void SIMD_NAME(predict)(const struct rows_data *rows, struct rows_block *b)
{
    int q = rows->k == 1 ? 2 : 5;
    for (int term = 0; term < rows->n_terms; term++) SIMD_NAME(predict_term)(rows, term, b);
    for (int j = 0; j < q; j++) /* rows behind the last are harmless */
        for (int i = b->n; i < b->full; i++) b->eta[j][i] = 0;
}

/* Adds g (SIMD_WIDTH predictors of a row) times powers of t to the sums of its piece. */
SIMD_INLINE void SIMD_NAME(add_powers)(double *to, SIMD_VEC g, double t)
{
    SIMD_STORE(to, SIMD_LOAD(to) + g);
    g *= t;
    SIMD_STORE(to + 4, SIMD_LOAD(to + 4) + g);
    g *= t;
    SIMD_STORE(to + 8, SIMD_LOAD(to + 8) + g);
    SIMD_STORE(to + 12, SIMD_LOAD(to + 12) + g * t);
}

/* The scores of SIMD_WIDTH rows to the sums of their pieces */
SIMD_INLINE void SIMD_NAME(add_rows)(double *scores, const long *place, int q,
                                     double (*eta)[ROWS_BLOCK], const double *t, int i)
{
    SIMD_VEC v[4] = {SIMD_LOAD(eta[0] + i), SIMD_LOAD(eta[1] + i), SIMD_SET(0.0), SIMD_SET(0.0)},
             at = SIMD_LOAD(t + i), row[SIMD_WIDTH][SIMD_ROW_VECTORS];
    if (q == 5) v[2] = SIMD_LOAD(eta[2] + i), v[3] = SIMD_LOAD(eta[3] + i);
    SIMD_NAME(by_row)(v, row);
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
    for (int h = 0; h < SIMD_ROW_VECTORS; h++)
        if (SIMD_WIDTH * h < q)
            SIMD_NAME(add_powers)(scores + place[i + l] + SIMD_WIDTH * h, row[l][h], t[i + l]);
    if (q == 2) return;
    v[0] = SIMD_LOAD(eta[4] + i), v[1] = v[0] * at, v[2] = v[1] * at, v[3] = v[2] * at;
    SIMD_NAME(by_row)(v, row);
    SIMD_UNROLL
    for (int l = 0; l < SIMD_WIDTH; l++) SIMD_UNROLL
    for (int h = 0; h < SIMD_ROW_VECTORS; h++) {
        double *to = scores + place[i + l] + FIFTH + SIMD_WIDTH * h;
        SIMD_STORE(to, SIMD_LOAD(to) + row[l][h]);
    }
}

/* Scores of the rows, in the place of their predictors, to the sums of the terms */
static SIMD_FUNCTION void SIMD_NAME(collect)(const struct rows_data *rows, struct rows_block *b)
{
    int q = rows->k == 1 ? 2 : 5, n = b->n;
    for (int term = 0; term < rows->n_terms; term++) {
        double *scores = b->scores[term];
        const double *t = b->t[term];
        const long *place = b->place[term];
        int i = 0;
        if (b->one_piece[term]) {
            scores += place[0];
            for (int j = 0; j < q; j++) {
                SIMD_VEC zero = SIMD_SET(0.0), s0 = zero, s1 = zero, s2 = zero, s3 = zero;
                SIMD_VEC r0 = zero, r1 = zero, r2 = zero, r3 = zero;
                for (i = 0; i < b->full; i += 2 * SIMD_WIDTH) {
                    const double *g = b->eta[j] + i;
                    SIMD_VEC t1 = SIMD_LOAD(t + i), t2 = SIMD_LOAD(t + i + SIMD_WIDTH),
                             g1 = SIMD_LOAD(g), g2 = SIMD_LOAD(g + SIMD_WIDTH);
                    s0 += g1, r0 += g2, g1 *= t1, g2 *= t2;
                    s1 += g1, r1 += g2, g1 *= t1, g2 *= t2;
                    s2 += g1, r2 += g2;
                    s3 += g1 * t1, r3 += g2 * t2;
                }
                scores[grid_place(j, 0)] += SIMD_NAME(sum)(s0 + r0);
                scores[grid_place(j, 1)] += SIMD_NAME(sum)(s1 + r1);
                scores[grid_place(j, 2)] += SIMD_NAME(sum)(s2 + r2);
                scores[grid_place(j, 3)] += SIMD_NAME(sum)(s3 + r3);
            }
            continue;
        }
        for (; i + SIMD_WIDTH <= n; i += SIMD_WIDTH)
            SIMD_NAME(add_rows)(scores, place, q, b->eta, t, i);
        for (; i < n; i++)
            for (int j = 0; j < q; j++) {
                double *to = scores + place[i], g = b->eta[j][i];
                for (int d = 0; d < 4; d++, g *= t[i]) to[grid_place(j, d)] += g;
            }
    }
}

/* Two responses: predictors in, scores out. Returns the sum of log densities less constants, with
 * `value`; without it the logarithms are left out: log cosh(r/2) = |r|/2 + log(1 + tail) - log 2 with
 * tail = min(E, 1/E). Factors 1 + tail, in [1, 2], are multiplied where weights are one. The exponentials
 * have a loop of their own: the processor overlaps more of these short iterations. */
static SIMD_FUNCTION double SIMD_NAME(score_two)(struct rows_block *b, int value, int weighted)
{
    SIMD_VEC total = SIMD_SET(0.0), product = SIMD_SET(1.0);
    for (int i = 0; i < b->full; i += SIMD_WIDTH) {
        SIMD_VEC s1 = SIMD_LOAD(b->eta[2] + i), s2 = SIMD_LOAD(b->eta[3] + i),
                 r = SIMD_LOAD(b->eta[4] + i);
        total += SIMD_LOAD(b->weight + i) * (SIMD_ABS(r) * 0.5 - s1 - s2);
        SIMD_STORE(b->eta[2] + i, SIMD_NAME(exp_clamped)(-s1));
        SIMD_STORE(b->eta[3] + i, SIMD_NAME(exp_clamped)(-s2));
        SIMD_STORE(b->eta[4] + i, SIMD_NAME(exp_clamped)(r));
    }
    for (int i = 0; i < b->full; i += SIMD_WIDTH) {
        SIMD_VEC w = SIMD_LOAD(b->weight + i), w1 = SIMD_LOAD(b->eta[2] + i),
                 w2 = SIMD_LOAD(b->eta[3] + i), up = SIMD_LOAD(b->eta[4] + i);
        SIMD_VEC more = 1.0 + up, both = 1.0 / (up * more),
                 down = both * more; /* an overflow makes them 0 */
        SIMD_VEC z1 = (SIMD_LOAD(b->y[0] + i) - SIMD_LOAD(b->eta[0] + i)) * w1,
                 z2 = (SIMD_LOAD(b->y[1] + i) - SIMD_LOAD(b->eta[1] + i)) * w2;
        SIMD_VEC u = z1 - z2, v = z1 + z2, pu = more * u, pv = (1.0 + down) * v, quarter = 0.25 * w;
        SIMD_VEC a = quarter * (pu + pv), c = quarter * (pv - pu),
                 tail = SIMD_SELECT(up < down, up, down);
        SIMD_STORE(b->eta[0] + i, a * w1);
        SIMD_STORE(b->eta[1] + i, c * w2);
        SIMD_STORE(b->eta[2] + i, a * z1 - w);
        SIMD_STORE(b->eta[3] + i, c * z2 - w);
        SIMD_STORE(b->eta[4] + i, w * (0.5 - both * up - 0.125 * (up * u * u - down * v * v)));
        total -= w * (pu * u + pv * v) * 0.125;
        if (!value) continue;
        if (weighted) total += w * SIMD_NAME(log1p)(tail);
        else product *= 1.0 + w * tail;
    }
    double logs = 0;
    for (int l = 0; l < SIMD_WIDTH; l++) logs += log(SIMD_LANE(product, l));
    return SIMD_NAME(sum)(total) + logs;
}

static SIMD_FUNCTION double SIMD_NAME(score_one)(struct rows_block *b)
{
    SIMD_VEC total = SIMD_SET(0.0);
    for (int i = 0; i < b->full; i += SIMD_WIDTH) {
        SIMD_VEC w = SIMD_LOAD(b->weight + i), s = SIMD_LOAD(b->eta[1] + i),
                 p = SIMD_NAME(exp_clamped)(-s);
        SIMD_VEC z = (SIMD_LOAD(b->y[0] + i) - SIMD_LOAD(b->eta[0] + i)) * p;
        SIMD_STORE(b->eta[0] + i, w * z * p);
        SIMD_STORE(b->eta[1] + i, w * (z * z - 1.0));
        total -= w * (s + 0.5 * z * z);
    }
    return SIMD_NAME(sum)(total);
}

static SIMD_FUNCTION double SIMD_NAME(rows_partition)(const struct rows_data *rows, long from,
                                                      long to, int value, struct rows_block *b)
{
    double total = 0;
    for (long i = from; i < to; i += b->n) {
        SIMD_NAME(load_block)(rows, i, to - i < ROWS_BLOCK ? (int) (to - i) : ROWS_BLOCK, b);
        SIMD_NAME(predict)(rows, b);
        total += rows->k == 1 ? SIMD_NAME(score_one)(b)
                              : SIMD_NAME(score_two)(b, value, rows->weights != NULL);
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
