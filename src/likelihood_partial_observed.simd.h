/* Cells that lack some of the responses (likelihood_partial.simd.h), by what the others say of them.
 *
 * With the observed responses o first, the Cholesky factor of the correlations is (C_oo 0; C_uo
 * C_uu), up to signs of columns, a row permutation of that of all turned back into a triangle. Given
 * o, each of n rows has residuals z_u = C_uo C_oo^-1 z_o + C_uu (standard normals): the residuals
 * are completed by the mean, and the columns of C_uu enter as residuals of weight n. Then
 *   log p(o)  = expected log density of all + entropy of u given o,
 *   gradient  = that of the completed residuals, held fixed                  (Fisher's identity),
 *   Hessian   = theirs + covariance of the score of all given o              (Louis 1982).
 * A score is a sum over rows of lambda_i phi_a, both linear in z, so that its covariance is made of
 * the same sums, over completed residuals (S) and over the columns of C_uu (X), for a of row i and
 * b of row l:
 *   S_li X_ab + S_ib X_la + S_la X_ib + S_ab X_li + n (X_li X_ab + X_ib X_la),
 * where an index of a row stands for lambda and one of a predictor for phi. */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"
#include "likelihood_partial.h"
#include "scalar.h"

#define AT(p, i) SIMD_LOAD((p) + SIMD_WIDTH * (i))
#define PUT(p, i, v) SIMD_STORE((p) + SIMD_WIDTH * (i), v)

/* Element (i, j) of the factor, with `rows` columns */
#define FACTOR(i, j) ((i) *rows + (j))

/* Turns columns r and c so that element (r, c) is zero. */
SIMD_INLINE void SIMD_NAME(rotate)(double *factor, int rows, int r, int c)
{
    SIMD_VEC a = AT(factor, FACTOR(r, r)), b = AT(factor, FACTOR(r, c)), cosine = SIMD_SET(1.0),
             sine = SIMD_SET(0.0);
    for (int l = 0; l < SIMD_WIDTH; l++) {
        double x = SIMD_LANE(a, l), y = SIMD_LANE(b, l), size = sqrt(x * x + y * y);
        if (size > 0) SIMD_LANE(cosine, l) = x / size, SIMD_LANE(sine, l) = y / size;
    }
    for (int i = r; i < rows; i++) {
        SIMD_VEC x = AT(factor, FACTOR(i, r)), y = AT(factor, FACTOR(i, c));
        PUT(factor, FACTOR(i, r), cosine * x + sine * y);
        PUT(factor, FACTOR(i, c), cosine * y - sine * x);
    }
}

/* The Cholesky factor of the correlations of responses in the order of p->order */
SIMD_INLINE void SIMD_NAME(factor_ordered)(struct partial *p)
{
    int rows = p->rows;
    for (int i = 0; i < rows; i++) {
        int at = p->order[i];
        for (int j = 0; j < rows; j++) {
            SIMD_VEC value = SIMD_SET(j == at ? 1.0 : 0.0);
            if (j < at) {
                SIMD_VEC up = AT(p->up, pair_at(at, j)), down = AT(p->down, pair_at(at, j));
                value = (up - down) / (up + down);
            }
            if (j <= at) value = value / AT(p->before, lower_at(at, j));
            PUT(p->factor, FACTOR(i, j), value);
        }
    }
    for (int i = 0; i < rows; i++)
        for (int c = i + 1; c < rows; c++) SIMD_NAME(rotate)(p->factor, rows, i, c);
}

/* Fills the residuals (p->residuals of them, of observed responses so far) and appends those of
 * what the others vary by; returns the entropy of one row less the part of the log sds and log 2 pi.
 * n: rows of the cells */
SIMD_INLINE SIMD_VEC SIMD_NAME(complete)(struct partial *p, SIMD_VEC n)
{
    int k = p->k, rows = p->rows, seen = p->seen;
    SIMD_VEC known[LIKELIHOOD_MOST_K], logs = SIMD_SET(0.0);
    SIMD_NAME(factor_ordered)(p);
    for (int c = 0; c < p->residuals; c++) {
        double *z = p->z + SIMD_WIDTH * c * k;
        p->first[c] = 0;
        for (int i = 0; i < rows; i++) {
            SIMD_VEC sum = i < seen ? AT(z, p->order[i]) : SIMD_SET(0.0);
            for (int j = 0; j < (i < seen ? i : seen); j++) {
                SIMD_VEC part = AT(p->factor, FACTOR(i, j)) * known[j];
                sum = i < seen ? sum - part : sum + part;
            }
            if (i < seen) known[i] = sum / AT(p->factor, FACTOR(i, i));
            else PUT(z, p->order[i], sum);
        }
    }
    p->completed = p->residuals;
    for (int c = seen; c < rows; c++) {
        double *z = p->z + SIMD_WIDTH * p->residuals * k;
        SIMD_VEC scale = AT(p->factor, FACTOR(c, c));
        for (int l = 0; l < SIMD_WIDTH; l++) SIMD_LANE(logs, l) += log(fabs(SIMD_LANE(scale, l)));
        p->first[p->residuals] = 0;
        PUT(p->weight, p->residuals, n);
        PUT(p->lead, p->residuals, SIMD_SET(0.0));
        for (int i = 0; i < rows; i++)
            PUT(z, p->order[i], i < c ? SIMD_SET(0.0) : AT(p->factor, FACTOR(i, c)));
        p->residuals++;
    }
    return logs;
}

/* Sum over residuals from .. to - 1 of x y, times their weights if weight is not NULL */
SIMD_INLINE SIMD_VEC SIMD_NAME(sum_between)(const double *x, const double *y, const double *weight,
                                            int from, int to)
{
    SIMD_VEC sum = SIMD_SET(0.0);
    for (int c = from; c < to; c++) {
        SIMD_VEC product = AT(x, c) * AT(y, c);
        sum += weight ? AT(weight, c) * product : product;
    }
    return sum;
}

/* The sums S (u: 0) and X (u: 1) of lambda_i with phi_a, rows x q, and with lambda_l, rows x rows */
SIMD_INLINE void SIMD_NAME(sum_scores)(const struct partial *p)
{
    int q = p->q, r = p->residuals, rows = p->rows;
    for (int u = 0; u < 2; u++) {
        int from = u ? p->completed : 0, to = u ? r : p->completed;
        const double *weight = u ? 0 : p->weight;
        for (int i = 0; i < rows; i++) {
            const double *x = p->unit + SIMD_WIDTH * (i * r);
            for (int a = 0; a < q; a++)
                if (p->row[a] < rows)
                    PUT(p->with_phi[u], i * q + a,
                        SIMD_NAME(sum_between)(x, p->phi + SIMD_WIDTH * (a * r), weight, from, to));
            for (int l = 0; l < rows; l++)
                PUT(p->with_lambda[u], i * rows + l,
                    SIMD_NAME(sum_between)(x, p->unit + SIMD_WIDTH * (l * r), weight, from, to));
        }
    }
}

/* Adds the covariance of the score to the Hessian. */
SIMD_INLINE void SIMD_NAME(add_score_covariance)(const struct partial *p, SIMD_VEC n, double *hess)
{
    int q = p->q, r = p->residuals, rows = p->rows;
    const double *s = p->with_phi[0], *x = p->with_phi[1];
    SIMD_NAME(sum_scores)(p);
    for (int b = 0, pair = 0; b < q; b++)
        for (int a = b; a < q; a++, pair++) {
            int i = p->row[a], l = p->row[b];
            if (i >= rows || l >= rows) continue;
            const double *phi_a = p->phi + SIMD_WIDTH * (a * r),
                         *phi_b = p->phi + SIMD_WIDTH * (b * r);
            SIMD_VEC x_ab = SIMD_NAME(sum_between)(phi_a, phi_b, 0, p->completed, r);
            SIMD_VEC s_ab = SIMD_NAME(sum_between)(phi_a, phi_b, p->weight, 0, p->completed);
            SIMD_VEC x_il = AT(p->with_lambda[1], i * rows + l);
            SIMD_VEC x_ib = AT(x, i * q + b), x_la = AT(x, l * q + a);
            SIMD_VEC sum = AT(p->with_lambda[0], i * rows + l) * x_ab + s_ab * x_il +
                           AT(s, i * q + b) * x_la + AT(s, l * q + a) * x_ib +
                           n * (x_il * x_ab + x_ib * x_la);
            CELLS_STORE(hess, pair, CELLS_LOAD(hess, pair) + sum);
        }
}

#undef AT
#undef PUT
#undef FACTOR
