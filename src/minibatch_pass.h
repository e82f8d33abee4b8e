/* One block of cells; included once a vector width (simd_width.h). */

#define LANES(p) SIMD_NAME(lanes)(p)

/* every eighth number */
static inline SIMD_FUNCTION VEC SIMD_NAME(lanes)(const double *p)
{
    VEC v = {0};
    for (int l = 0; l < SIMD_WIDTH; l++) v[l] = p[8 * l];
    return v;
}

static inline SIMD_FUNCTION double SIMD_NAME(dot)(const double *x, const double *y, int n)
{
    VEC sum = ALL(0.0);
    double total = 0;
    int a = 0;
    for (; a + SIMD_WIDTH <= n; a += SIMD_WIDTH) sum += LOAD(x + a) * LOAD(y + a);
    for (; a < n; a++) total += x[a] * y[a];
    for (int l = 0; l < SIMD_WIDTH; l++) total += sum[l];
    return total;
}

static inline SIMD_FUNCTION void SIMD_NAME(add_scaled)(double *y, const double *x, double s, int n)
{
    int a = 0;
    for (; a + SIMD_WIDTH <= n; a += SIMD_WIDTH) STORE(y + a, LOAD(y + a) + s * LOAD(x + a));
    for (; a < n; a++) y[a] += s * x[a];
}

/* eta: 8 x n, predictors of a cell together. With one matrix for all predictors `table` holds their
 * coefficients side by side (8 x p). */
static SIMD_FUNCTION void SIMD_NAME(predict)(const struct regression *r, const double *beta, const int *row,
                                             int n, const double *table, double *eta)
{
    for (int i = 0; i < n; i++) {
        const double *offset = r->offset + 5L * row[i];
        double *e = eta + 8 * i;
        if (table) {
            const double *x = r->x[0] + (long) r->p[0] * row[i];
            for (int h = 0; h < 8; h += 4) {
                VEC sum[4 / SIMD_WIDTH];
                for (int l = 0; l < 4 / SIMD_WIDTH; l++) sum[l] = ALL(0.0);
                for (int a = 0; a < r->p[0]; a++)
                    for (int l = 0; l < 4 / SIMD_WIDTH; l++)
                        sum[l] += x[a] * LOAD(table + 8 * a + h + SIMD_WIDTH * l);
                for (int l = 0; l < 4 / SIMD_WIDTH; l++) STORE(e + h + SIMD_WIDTH * l, sum[l]);
            }
            for (int j = 0; j < 5; j++) e[j] += offset[j];
        } else
            for (int j = 0; j < 5; j++)
                e[j] = offset[j]
                       + SIMD_NAME(dot)(r->x[j] + (long) r->p[j] * row[i], beta + r->start[j], r->p[j]);
    }
}

/* The bracket of one residual with weight w (kernel_two.c): its half square, and what it adds to the scores of
 * s_1, s_2, r; a and b for those of the means. */
static inline SIMD_FUNCTION __attribute__((always_inline)) VEC
SIMD_NAME(residual)(VEC z1, VEC z2, VEC up, VEC down, VEC w, VEC *a, VEC *b, VEC g[3])
{
    VEC u = z1 - z2, v = z1 + z2, pu = (1.0 + up) * u, pv = (1.0 + down) * v;
    *a = w * (pu + pv) * 0.25;
    *b = w * (pv - pu) * 0.25;
    g[0] += *a * z1;
    g[1] += *b * z2;
    g[2] -= w * (up * u * u - down * v * v) * 0.125;
    return w * (pu * u + pv * v) * 0.125;
}

/* eta in, score by the predictors out. cell: 6 x BLOCK, a statistic after the other. Returns the value
 * without constant and without n log(1 + tail), tail = min(E, 1/E). */
static SIMD_FUNCTION double SIMD_NAME(score)(double *eta, const double *cell, int n, int scatter, double *tail)
{
    VEC total = ALL(0.0);
    double sum = 0;
    for (int i = 0; i < n; i += SIMD_WIDTH) {
        double *e = eta + 8 * i;
        const double *c = cell + i;
        VEC weight = LOAD(c), s1 = LANES(e + 2), s2 = LANES(e + 3), r = LANES(e + 4), a, b, other;
        VEC w1 = SIMD_NAME(exponential)(-s1), w2 = SIMD_NAME(exponential)(-s2);
        VEC up = SIMD_NAME(exponential)(r), down = 1.0 / up;
        VEC g[3] = {-weight, -weight, weight * (0.5 - 1.0 / (1.0 + up))};
        total += weight * (PICK(r < 0.0, -r, r) * 0.5 - s1 - s2);
        total -= SIMD_NAME(residual)((LOAD(c + BLOCK) - LANES(e)) * w1, (LOAD(c + 2 * BLOCK) - LANES(e + 1)) * w2, up, down,
                                     weight, &a, &b, g);
        VEC g1 = a * w1, g2 = b * w2;
        if (scatter) {
            VEC one = ALL(1.0);
            total -= SIMD_NAME(residual)(LOAD(c + 3 * BLOCK) * w1, LOAD(c + 4 * BLOCK) * w2, up, down, one, &a, &other, g);
            total -= SIMD_NAME(residual)(ALL(0.0), LOAD(c + 5 * BLOCK) * w2, up, down, one, &a, &other, g);
        }
        STORE(tail + i, PICK(up < down, up, down));
        for (int l = 0; l < SIMD_WIDTH; l++) {
            e[8 * l] = g1[l];
            e[8 * l + 1] = g2[l];
            for (int j = 0; j < 3; j++) e[8 * l + 2 + j] = g[j][l];
        }
    }
    for (int l = 0; l < SIMD_WIDTH; l++) sum += total[l];
    return sum;
}

/* grad += x' g; with one matrix into a table as above, 8 x p */
static SIMD_FUNCTION void SIMD_NAME(collect)(const struct regression *r, const int *row, int n, const double *eta,
                                             double *table, double *grad)
{
    for (int i = 0; i < n; i++) {
        const double *g = eta + 8 * i;
        if (table) {
            const double *x = r->x[0] + (long) r->p[0] * row[i];
            for (int a = 0; a < r->p[0]; a++) {
                double *to = table + 8 * a;
                for (int l = 0; l < 4; l += SIMD_WIDTH) STORE(to + l, LOAD(to + l) + x[a] * LOAD(g + l));
                to[4] += x[a] * g[4];
            }
        } else
            for (int j = 0; j < 5; j++)
                SIMD_NAME(add_scaled)(grad + r->start[j], r->x[j] + (long) r->p[j] * row[i], g[j], r->p[j]);
    }
}

static SIMD_FUNCTION double SIMD_NAME(block)(const struct regression *r, const double *beta, const int *row,
                                             struct minibatch_block *b, const struct anchor *anchor,
                                             double scale, const double *from, double *to, double *grad)
{
    SIMD_NAME(predict)(r, beta, row, b->n, from, b->eta);
    double f = SIMD_NAME(score)(b->eta, b->cell, b->full, b->scatter, b->tail) + log_tails(b);
    for (int i = 0; i < b->n; i++) {
        double *e = b->eta + 8 * i;
        const double *g = anchor ? anchor->gradient_of + 5L * row[i] : NULL;
        for (int j = 0; j < 5; j++) e[j] = scale * (g ? e[j] - g[j] : e[j]);
        if (anchor) f -= anchor->value_of[row[i]];
    }
    SIMD_NAME(collect)(r, row, b->n, b->eta, to, grad);
    return f;
}

#undef LANES
