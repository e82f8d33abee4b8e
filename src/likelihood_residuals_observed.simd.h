/* Cells that lack some of the responses, by what the others say of them, for likelihoods whose
 * scores are sums of products of two functions linear in residuals (likelihood_partial.simd.h,
 * likelihood_regression.simd.h).
 *
 * With the observed responses o first, a Cholesky factor of the residuals is (C_oo 0; C_uo C_uu),
 * up to signs of columns, a permutation by rows of that of all turned back into a triangle. Given
 * o, each of n rows has residuals z_u = C_uo C_oo^-1 z_o + C_uu (standard normals): the residuals
 * are completed by the mean, and the columns of C_uu enter as residuals of weight n. Then
 *   log p(o)  = expected log density of all + entropy of u given o,
 *   gradient  = that of the completed residuals, held fixed                  (Fisher's identity),
 *   Hessian   = theirs + covariance of the score of all given o              (Louis 1982).
 * A score is a sum over rows of lambda_i phi_a, both linear in z, so that its covariance is made of
 * the same sums, over completed residuals (S) and over the columns of C_uu (X), for a with lambda_i
 * and b with lambda_l:
 *   S_li X_ab + S_ib X_la + S_la X_ib + S_ab X_li + n (X_li X_ab + X_ib X_la),
 * where i, l stand for lambda and a, b for phi. */
#include "likelihood_residuals.simd.h"
#include "scalar.h"

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

/* Fills the residuals (p->residuals of them, of observed responses so far) and appends those of
 * what the others vary by, by the Cholesky factor of residuals in p->factor, rows in p->order;
 * returns log |C_uu|. n: rows of the cells */
SIMD_INLINE SIMD_VEC SIMD_NAME(complete)(struct residuals *p, SIMD_VEC n)
{
    int k = p->k, rows = p->rows, seen = p->seen;
    SIMD_VEC known[LIKELIHOOD_MOST_K], logs = SIMD_SET(0.0);
    for (int i = 0; i < rows; i++)
        for (int c = i + 1; c < rows; c++) SIMD_NAME(rotate)(p->factor, rows, i, c);
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

/* The sums S (u: 0) and X (u: 1) of each lambda with each phi and with each lambda */
SIMD_INLINE void SIMD_NAME(sum_scores)(const struct residuals *p)
{
    int q = p->q, r = p->residuals, many = p->multipliers;
    for (int u = 0; u < 2; u++) {
        int from = u ? p->completed : 0, to = u ? r : p->completed;
        const double *weight = u ? 0 : p->weight;
        for (int i = 0; i < many; i++) {
            const double *x = p->unit + SIMD_WIDTH * (i * r);
            if (i % p->k >= p->rows) continue;
            for (int a = 0; a < q; a++)
                if (p->row[a] < p->rows)
                    PUT(p->with_phi[u], i * q + a,
                        SIMD_NAME(sum_between)(x, p->phi + SIMD_WIDTH * (a * r), weight, from, to));
            for (int l = 0; l < many; l++)
                if (l % p->k < p->rows)
                    PUT(p->with_lambda[u], i * many + l,
                        SIMD_NAME(sum_between)(x, p->unit + SIMD_WIDTH * (l * r), weight, from,
                                               to));
        }
    }
}

/* Adds the covariance of the score to the Hessian. */
SIMD_INLINE void SIMD_NAME(add_score_covariance)(const struct residuals *p, SIMD_VEC n,
                                                 double *hess)
{
    int q = p->q, r = p->residuals, rows = p->rows, many = p->multipliers;
    const double *s = p->with_phi[0], *x = p->with_phi[1];
    SIMD_NAME(sum_scores)(p);
    for (int b = 0, pair = 0; b < q; b++)
        for (int a = b; a < q; a++, pair++) {
            int i = p->multiplier[a], l = p->multiplier[b];
            if (p->row[a] >= rows || p->row[b] >= rows) continue;
            const double *phi_a = p->phi + SIMD_WIDTH * (a * r),
                         *phi_b = p->phi + SIMD_WIDTH * (b * r);
            SIMD_VEC x_ab = SIMD_NAME(sum_between)(phi_a, phi_b, 0, p->completed, r);
            SIMD_VEC s_ab = SIMD_NAME(sum_between)(phi_a, phi_b, p->weight, 0, p->completed);
            SIMD_VEC x_il = AT(p->with_lambda[1], i * many + l);
            SIMD_VEC x_ib = AT(x, i * q + b), x_la = AT(x, l * q + a);
            SIMD_VEC sum = AT(p->with_lambda[0], i * many + l) * x_ab + s_ab * x_il +
                           AT(s, i * q + b) * x_la + AT(s, l * q + a) * x_ib +
                           n * (x_il * x_ab + x_ib * x_la);
            CELLS_STORE(hess, pair, CELLS_LOAD(hess, pair) + sum);
        }
}
