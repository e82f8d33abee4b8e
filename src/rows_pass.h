/* Rows from `from` to `to`; included once a vector width (simd_width.h). */

#define LANES(p, stride) SIMD_NAME(lanes)((p), (stride))

static inline SIMD_FUNCTION VEC SIMD_NAME(lanes)(const double *p, int stride)
{
    VEC v = {0};
    for (int l = 0; l < SIMD_WIDTH; l++) v[l] = p[stride * l];
    return v;
}

static inline SIMD_FUNCTION __attribute__((always_inline)) void
SIMD_NAME(add_predictors)(const struct rows_term *term, const double *t, const long *place, int n,
                          int padded, double *eta)
{
    for (int i = 0; i < n; i++) {
        const double *c = term->coefficients + place[i];
        VEC ti = ALL(t[i]);
        for (int j = 0; j < padded; j += SIMD_WIDTH) {
            VEC e = LOAD(c + 3 * padded + j);
            e = e * ti + LOAD(c + 2 * padded + j);
            e = e * ti + LOAD(c + padded + j);
            e = e * ti + LOAD(c + j);
            STORE(eta + padded * i + j, LOAD(eta + padded * i + j) + e);
        }
    }
}

static inline SIMD_FUNCTION __attribute__((always_inline)) void
SIMD_NAME(add_scores)(double *scores, const double *t, const long *place, int n, int padded,
                      const double *g)
{
    for (int i = 0; i < n; i++) {
        double *c = scores + place[i];
        VEC ti = ALL(t[i]);
        for (int j = 0; j < padded; j += SIMD_WIDTH) {
            VEC v = LOAD(g + padded * i + j);
            for (int d = 0; d < 4; d++) {
                STORE(c + padded * d + j, LOAD(c + padded * d + j) + v);
                v *= ti;
            }
        }
    }
}

/* Two responses: eta in, score out (both n x 8 by rows); z: n x 2 by columns. The block is
 * padded with rows of weight zero. Returns the sum without its logarithms; tail[i] is
 * min(E, 1/E) of a row, so that log cosh(r/2) = |r|/2 + log(1 + tail) - log 2. */
static inline SIMD_FUNCTION VEC SIMD_NAME(score_two)(double *eta, const double *y1, const double *y2,
                                                      const double *weight, int n, double *tail)
{
    VEC total = ALL(0.0);
    for (int i = 0; i < n; i += SIMD_WIDTH) {
        double *e = eta + 8 * i;
        VEC w = LOAD(weight + i), r = LANES(e + 4, 8), s1 = LANES(e + 2, 8), s2 = LANES(e + 3, 8);
        VEC w1 = SIMD_NAME(exponential)(-s1), w2 = SIMD_NAME(exponential)(-s2);
        VEC up = SIMD_NAME(exponential)(r), down = 1.0 / up;
        VEC z1 = (LOAD(y1 + i) - LANES(e, 8)) * w1, z2 = (LOAD(y2 + i) - LANES(e + 1, 8)) * w2;
        VEC u = z1 - z2, v = z1 + z2, pu = (1.0 + up) * u, pv = (1.0 + down) * v;
        VEC a = w * (pu + pv) * 0.25, b = w * (pv - pu) * 0.25;
        VEC half_tanh = 0.5 - 1.0 / (1.0 + up);
        VEC g[5] = {a * w1, b * w2, a * z1 - w, b * z2 - w,
                    w * (half_tanh - (up * u * u - down * v * v) * 0.125)};
        VEC size = PICK(r < 0.0, -r, r);
        STORE(tail + i, PICK(up < down, up, down));
        total += w * (size * 0.5 - s1 - s2 - (pu * u + pv * v) * 0.125);
        for (int l = 0; l < SIMD_WIDTH; l++)
            for (int j = 0; j < 5; j++) e[8 * l + j] = g[j][l];
    }
    return total;
}

static inline SIMD_FUNCTION VEC SIMD_NAME(score_one)(double *eta, const double *y, const double *weight, int n)
{
    VEC total = ALL(0.0);
    for (int i = 0; i < n; i += SIMD_WIDTH) {
        double *e = eta + 4 * i;
        VEC w = LOAD(weight + i), s = LANES(e + 1, 4), p = SIMD_NAME(exponential)(-s);
        VEC z = (LOAD(y + i) - LANES(e, 4)) * p, a = w * z * p, b = w * (z * z - 1.0);
        total -= w * (s + 0.5 * z * z);
        for (int l = 0; l < SIMD_WIDTH; l++) {
            e[4 * l] = a[l];
            e[4 * l + 1] = b[l];
        }
    }
    return total;
}

static SIMD_FUNCTION double SIMD_NAME(rows_block)(const struct rows_data *rows, struct rows_block *b, int value)
{
    double total = 0;
    VEC sum;
    int n = b->n;
    if (rows->k == 2) {
        for (int j = 0; j < rows->n_terms; j++)
            SIMD_NAME(add_predictors)(rows->term + j, b->t[j], b->place[j], n, 8, b->eta);
        sum = SIMD_NAME(score_two)(b->eta, b->y, b->y + ROWS_BLOCK, b->weight, b->full, b->tail);
        for (int j = 0; j < rows->n_terms; j++)
            SIMD_NAME(add_scores)(b->scores[j], b->t[j], b->place[j], n, 8, b->eta);
        total = value ? log_tails(rows, b) : 0;
    } else {
        for (int j = 0; j < rows->n_terms; j++)
            SIMD_NAME(add_predictors)(rows->term + j, b->t[j], b->place[j], n, 4, b->eta);
        sum = SIMD_NAME(score_one)(b->eta, b->y, b->weight, b->full);
        for (int j = 0; j < rows->n_terms; j++)
            SIMD_NAME(add_scores)(b->scores[j], b->t[j], b->place[j], n, 4, b->eta);
    }
    for (int l = 0; l < SIMD_WIDTH; l++) total += sum[l];
    return total;
}

static SIMD_FUNCTION void SIMD_NAME(exponentials)(const double *x, long n, double *out)
{
    for (long i = 0; i + SIMD_WIDTH <= n; i += SIMD_WIDTH) STORE(out + i, SIMD_NAME(exponential)(LOAD(x + i)));
}

#undef LANES
