/* Two responses at a node (layout in kernel.h): eq. 2 summed over signed weights.
 *
 * With r the sums of y - m and R their products, W = diag(exp(-s)), everything is linear in
 * (n, r, R):  P11 = w1^2 R11, P12 = w1 w2 R12, P22 = w2^2 R22,
 *   U = sum u^2 = P11 - 2 P12 + P22,  V = sum v^2 = P11 + 2 P12 + P22,
 *   sum log p = n (log cosh(r/2) - log 2 pi - s1 - s2) - [(1 + E) U + (1 + 1/E) V] / 8.
 */
#include "expectation.h"
#include "scalar.h"
#include "kernel_two.h"
#include <math.h>

enum { M1, M2, S1, S2, R };

struct sums { /* of a node at its predictors */
    double n, w1, w2, up, down, alpha, beta;
    double z1, z2;          /* sums of z */
    double p11, p12, p22;   /* sums of z z' */
    double log_cosh;
};

static struct sums new_sums(const double *cell, const double *eta)
{
    double size = fabs(eta[R]), small = exp(-size), large = 1 / small;
    struct sums s = {.n = cell[0], .w1 = exp(-eta[S1]), .w2 = exp(-eta[S2])};
    double d1 = cell[1] - eta[M1], d2 = cell[2] - eta[M2];
    s.up = eta[R] > 0 ? large : small;
    s.down = eta[R] > 0 ? small : large;
    s.log_cosh = size / 2 + log1p(small) - LOG_2;
    s.alpha = (2 + s.up + s.down) / 4;
    s.beta = (s.down - s.up) / 4;
    s.z1 = s.w1 * (cell[3] + s.n * d1);
    s.z2 = s.w2 * (cell[4] + s.n * d2);
    s.p11 = s.w1 * s.w1 * (cell[5] + d1 * (2 * cell[3] + s.n * d1));
    s.p12 = s.w1 * s.w2 * (cell[6] + d1 * cell[4] + d2 * cell[3] + s.n * d1 * d2);
    s.p22 = s.w2 * s.w2 * (cell[7] + d2 * (2 * cell[4] + s.n * d2));
    return s;
}

static double value_of(const struct sums *s, const double *eta)
{
    double u = s->p11 - 2 * s->p12 + s->p22, v = s->p11 + 2 * s->p12 + s->p22;
    return s->n * (s->log_cosh - LOG_2PI - eta[S1] - eta[S2])
           - ((1 + s->up) * u + (1 + s->down) * v) / 8;
}

static double gradient_of(const struct sums *s, const double *eta, double *grad)
{
    double u = s->p11 - 2 * s->p12 + s->p22, v = s->p11 + 2 * s->p12 + s->p22;
    grad[M1] = s->w1 * (s->alpha * s->z1 + s->beta * s->z2);
    grad[M2] = s->w2 * (s->beta * s->z1 + s->alpha * s->z2);
    grad[S1] = s->alpha * s->p11 + s->beta * s->p12 - s->n;
    grad[S2] = s->beta * s->p12 + s->alpha * s->p22 - s->n;
    grad[R] = s->n * tanh(eta[R] / 2) / 2 - (s->up * u - s->down * v) / 8;
    return value_of(s, eta);
}

static double value(const double *cell, const double *eta)
{
    struct sums s = new_sums(cell, eta);
    return value_of(&s, eta);
}

static double gradient(const double *cell, const double *eta, double *grad)
{
    struct sums s = new_sums(cell, eta);
    return gradient_of(&s, eta, grad);
}

static double hessian(const double *cell, const double *eta, double *grad, double *h)
{
    struct sums s = new_sums(cell, eta);
    double f = gradient_of(&s, eta, grad);
    double a = s.alpha, b = s.beta;
    double a_r = (s.up - s.down) / 4, b_r = -(s.up + s.down) / 4; /* d/dr of alpha, beta */
    h[M1 + 5 * M1] = -s.n * a * s.w1 * s.w1;
    h[M1 + 5 * M2] = -s.n * b * s.w1 * s.w2;
    h[M2 + 5 * M2] = -s.n * a * s.w2 * s.w2;
    h[M1 + 5 * S1] = -s.w1 * (2 * a * s.z1 + b * s.z2);
    h[M1 + 5 * S2] = -s.w1 * b * s.z2;
    h[M2 + 5 * S1] = -s.w2 * b * s.z1;
    h[M2 + 5 * S2] = -s.w2 * (2 * a * s.z2 + b * s.z1);
    h[M1 + 5 * R] = s.w1 * (a_r * s.z1 + b_r * s.z2);
    h[M2 + 5 * R] = s.w2 * (b_r * s.z1 + a_r * s.z2);
    h[S1 + 5 * S1] = -2 * a * s.p11 - b * s.p12;
    h[S1 + 5 * S2] = -b * s.p12;
    h[S2 + 5 * S2] = -2 * a * s.p22 - b * s.p12;
    h[S1 + 5 * R] = a_r * s.p11 + b_r * s.p12;
    h[S2 + 5 * R] = b_r * s.p12 + a_r * s.p22;
    h[R + 5 * R] = s.n * sech_squared(eta[R] / 2) / 4
                   - (s.up * (s.p11 - 2 * s.p12 + s.p22) + s.down * (s.p11 + 2 * s.p12 + s.p22)) / 8;
    for (int j = 0; j < 5; j++)
        for (int i = 0; i < j; i++) h[j + 5 * i] = h[i + 5 * j];
    return f;
}

static double expect(const double *cell, const double *mean, const double *cov,
                     double *grad, double *hess)
{
    double n = cell[0], variance = cov[R + 5 * R], l[3];
    double scatter[4] = {cell[5], cell[6], cell[6], cell[7]};
    gauss_expect(kernel_two_log_cosh, 0, mean[R], variance > 0 ? sqrt(variance) : 0, 0.6, l);
    for (int i = 0; i < 25; i++) hess[i] = 0;
    grad[M1] = grad[M2] = 0;
    grad[S1] = grad[S2] = -n;
    grad[R] = n * l[1];
    hess[R + 5 * R] = n * l[2];
    return n * (l[0] - LOG_2PI - mean[S1] - mean[S2])
           + expect_terms(2, 5, 8, kernel_two_terms, n, cell + 1, scatter, cell + 3, mean, cov, grad, hess);
}

const struct kernel kernel_two_nodes = {2, 5, 8, value, gradient, hessian, expect};
