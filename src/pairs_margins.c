/* What it means for a correlation that the sds of its margins are estimates (mathematics vignette,
 * eq. 46).
 *
 * Per row the expected information of (s_1, s_2, eta) is, with w = rho^2 / (1 - rho^2),
 *   s_k, s_k: 2 + w     s_1, s_2: -w     s_k, eta: -rho / 2     eta, eta: (1 + rho^2) / 4,
 * and that of a margin alone 2; means are orthogonal to all of them. With C_k the posterior
 * covariance of the coefficients of s_k from the margin's own rows, X the columns of the log sds,
 * D = X' diag(n w) X and R = X' diag(n rho / 2) x, the coefficients of both log sds and of eta have
 * the joint information
 *   [ C_1^-1 + D,  -D,  -R;   -D,  C_2^-1 + D,  -R;   -R', -R', A ].
 * Eliminating the log sds leaves A - R' (u_1 + u_2), where (u_1; u_2) solves the upper left block
 * for (R; R): with E = C_1 + C_2 and F = C_1 - C_2,
 *   delta = u_1 - u_2 = (I + E D)^-1 F R,    u_1 + u_2 = E R - F D delta.
 * With E = K K' the inverse is K (I + K' D K)^-1 K^-1. The score of eta that takes the place of its
 * own is u_1' g_1 + u_2' g_2 added, g_k the gradient by the log sds that the pair adds to that of
 * the margins. */
#include "pairs.h"
#include "dense.h"
#include <math.h>

static long square(long n) { return n * n; }

long pair_margins_work(const struct pair_model *model)
{
    long ps = model->ps, p = model->p;
    return 6 * square(ps) + 5 * ps * p + 2 * ps + 3 * (long) model->m;
}

/* c (rows x columns) <- or += scale * a b, a: rows x inner, b: inner x columns */
static void multiply(long rows, long inner, long columns, double scale, const double *a,
                     const double *b, double *c, int add)
{
    for (long j = 0; j < columns; j++) {
        double *out = c + rows * j;
        if (!add)
            for (long i = 0; i < rows; i++) out[i] = 0;
        for (long l = 0; l < inner; l++) {
            double f = scale * b[l + inner * j];
            const double *from = a + rows * l;
            for (long i = 0; i < rows; i++) out[i] += f * from[i];
        }
    }
}

static void unpack(long n, const double *triangle, double scale, double *full)
{
    for (long j = 0, at = 0; j < n; j++)
        for (long i = j; i < n; i++, at++) {
            full[i + n * j] += scale * triangle[at];
            if (i != j) full[j + n * i] += scale * triangle[at];
        }
}

static void clear(double *x, long n)
{
    for (long i = 0; i < n; i++) x[i] = 0;
}

/* sum over bins of weight[b] times the mean products of the columns of the log sds */
static void weigh_products(const struct pair_model *model, const double *weight, double *full)
{
    long ps = model->ps, size = ps * (ps + 1) / 2;
    clear(full, ps * ps);
    for (int b = 0; b < model->m; b++)
        if (weight[b] != 0) unpack(ps, model->spread_products + size * b, weight[b], full);
}

/* X' diag(weight) x (ps x p) */
static void cross(const struct pair_model *model, const double *weight, double *out)
{
    long ps = model->ps, p = model->p;
    clear(out, ps * p);
    for (int b = 0; b < model->m; b++) {
        const double *s = model->spread + ps * b, *x = model->x + p * b;
        for (long j = 0; j < p; j++) {
            double f = weight[b] * x[j];
            for (long i = 0; i < ps; i++) out[i + ps * j] += f * s[i];
        }
    }
}

/* X' weight (ps) */
static void along(const struct pair_model *model, const double *weight, double *out)
{
    clear(out, model->ps);
    for (int b = 0; b < model->m; b++)
        for (long i = 0; i < model->ps; i++)
            out[i] += weight[b] * model->spread[i + (long) model->ps * b];
}

/* Weights of the bins: of D and R, and the gradients by the two log sds that the pair adds,
 * (z_1, d log p / d z_1) less z_1^2, summed. */
struct bin_weights {
    double *product, *cross, *gradient;
};

static double gradient_of(double up, double down, double own, double both)
{
    /* sum of a z_1 - z_1^2, a = ((1 + 1/E) v + (1 + E) u) / 4, u = z_1 - z_2, v = z_1 + z_2 */
    return (0.25 * (up + down) - 0.5) * own + 0.25 * (down - up) * both;
}

static void weigh_bins(const struct pair_model *model, const double *sums, const double *eta,
                       struct bin_weights *w)
{
    for (int b = 0; b < model->m; b++) {
        double n = sums[PAIR_SUMS * b], rho = tanh(eta[b] / 2), sinh_half = sinh(eta[b] / 2);
        w->product[b] = n * sinh_half * sinh_half; /* rho^2 / (1 - rho^2) */
        w->cross[b] = 0.5 * n * rho;
    }
}

static void gradients(const struct pair_model *model, const double *sums, const double *eta,
                      double *weight, double *first, double *second)
{
    for (int k = 0; k < 2; k++) {
        for (int b = 0; b < model->m; b++) {
            const double *s = sums + PAIR_SUMS * b;
            double up = exp(eta[b]), down = exp(-eta[b]);
            weight[b] = gradient_of(up, down, s[k ? 3 : 1], s[2]);
        }
        along(model, weight, k ? second : first);
    }
}

/* x (ps x columns) <- (I + E D)^-1 x, by E = K K'; k and inner: ps x ps work, of which k holds the
 * lower triangle K */
static int solve_shared(long ps, const double *k, const double *d, int columns, double *inner,
                        double *product, double *x)
{
    for (long j = 0; j < ps; j++) /* product <- D K, K is lower */
        for (long i = 0; i < ps; i++) {
            double sum = 0;
            for (long l = j; l < ps; l++) sum += d[i + ps * l] * k[l + ps * j];
            product[i + ps * j] = sum;
        }
    for (long j = 0; j < ps; j++)
        for (long i = 0; i < ps; i++) {
            double sum = i == j;
            for (long l = i; l < ps; l++) sum += k[l + ps * i] * product[l + ps * j];
            inner[i + ps * j] = sum;
        }
    if (dense_cholesky((int) ps, inner)) return 1;
    dense_solve_lower((int) ps, k, columns, x);
    dense_solve_lower((int) ps, inner, columns, x);
    dense_solve_lower_transposed((int) ps, inner, columns, x);
    for (long c = 0; c < columns; c++) /* x <- K x, from the last row up */
        for (long i = ps - 1; i >= 0; i--) {
            double sum = 0;
            for (long l = 0; l <= i; l++) sum += k[i + ps * l] * x[l + ps * c];
            x[i + ps * c] = sum;
        }
    return 0;
}

int pair_margins_effect(const struct pair_model *model, const struct pair_margins *margins,
                        const double *sums, const double *eta, double *removed, double *score,
                        double *work)
{
    long ps = model->ps, p = model->p;
    clear(removed, p * p);
    clear(score, p);
    if (ps == 0) return 0;
    double *d = work, *e = d + ps * ps, *f = e + ps * ps, *k = f + ps * ps, *inner = k + ps * ps;
    double *product = inner + ps * ps, *r = product + ps * ps, *delta = r + ps * p;
    double *sum = delta + ps * p, *help = sum + ps * p, *u = help + ps * p;
    double *g1 = u + ps * p, *g2 = g1 + ps;
    struct bin_weights w = {g2 + ps, g2 + ps + model->m, g2 + ps + 2 * (long) model->m};
    weigh_bins(model, sums, eta, &w);
    weigh_products(model, w.product, d);
    cross(model, w.cross, r);
    clear(e, 2 * ps * ps);
    unpack(ps, margins->first, 1, e);
    unpack(ps, margins->second, 1, e);
    unpack(ps, margins->first, 1, f);
    unpack(ps, margins->second, -1, f);
    for (long i = 0; i < ps * ps; i++) k[i] = e[i];
    if (dense_cholesky((int) ps, k)) return 1;
    multiply(ps, ps, p, 1, f, r, delta, 0);
    if (solve_shared(ps, k, d, (int) p, inner, product, delta)) return 1;
    multiply(ps, ps, p, 1, d, delta, help, 0);
    multiply(ps, ps, p, 1, e, r, sum, 0);
    multiply(ps, ps, p, -1, f, help, sum, 1); /* u_1 + u_2 */
    gradients(model, sums, eta, w.gradient, g1, g2);
    for (long j = 0; j < p; j++) {
        for (long i = 0; i < p; i++) {
            double dot = 0;
            for (long l = 0; l < ps; l++) dot += r[l + ps * i] * sum[l + ps * j];
            removed[i + p * j] = dot;
        }
        for (long l = 0; l < ps; l++) {
            double first = 0.5 * (sum[l + ps * j] + delta[l + ps * j]);
            double second = 0.5 * (sum[l + ps * j] - delta[l + ps * j]);
            score[j] += first * g1[l] + second * g2[l];
        }
    }
    for (long j = 0; j < p; j++) /* symmetric but for rounding */
        for (long i = 0; i < j; i++) {
            double mean = 0.5 * (removed[i + p * j] + removed[j + p * i]);
            removed[i + p * j] = removed[j + p * i] = mean;
        }
    return 0;
}
