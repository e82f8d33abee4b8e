/* Two responses, rho = tanh(r / 2), E = exp(r), z_k = (y_k - m_k) exp(-s_k),
 * u = z_1 - z_2, v = z_1 + z_2:
 *   log p = -log(2 pi) - s_1 - s_2 + log cosh(r/2) - [(1 + E) u^2 + (1 + 1/E) v^2] / 8
 * (eq. 2). A sum of non-negative squares: 1 - rho^2 is never formed, nothing cancels
 * as |rho| -> 1, and no value is clipped.
 *
 * The scatter of a cell enters as two more residuals, the columns of its Cholesky root,
 * so that squares stay squares. With alpha = (2 + E + 1/E)/4, beta = (1/E - E)/4,
 *   a = alpha z_1 + beta z_2, b = beta z_1 + alpha z_2   (d/dz of the bracket over two)
 * are formed from u and v as well.
 */
#include "kernel_two.h"
#include "scalar.h"
#include <math.h>

enum { M1, M2, S1, S2, R };

struct state { /* what the predictors give once a cell */
    double n, w1, w2, up, down, alpha, beta, log_cosh, tanh;
};

struct whitened { /* one residual */
    double z1, z2, u, v, a, b;
};

static struct state new_state(const double *cell, const double *eta)
{
    double size = fabs(eta[R]), small = exp(-size), large = 1 / small;
    struct state s = {.n = cell[0], .w1 = exp(-eta[S1]), .w2 = exp(-eta[S2])};
    s.up = eta[R] > 0 ? large : small;
    s.down = eta[R] > 0 ? small : large;
    s.log_cosh = size / 2 + log1p(small) - LOG_2; /* of r / 2, as the next */
    s.tanh = (1 - small) / (1 + small);
    if (eta[R] < 0) s.tanh = -s.tanh;
    s.alpha = (2 + s.up + s.down) / 4;
    s.beta = (s.down - s.up) / 4;
    return s;
}

static struct whitened whiten(const struct state *s, double d1, double d2)
{
    struct whitened x = {.z1 = d1 * s->w1, .z2 = d2 * s->w2};
    x.u = x.z1 - x.z2;
    x.v = x.z1 + x.z2;
    double pu = (1 + s->up) * x.u / 4, pv = (1 + s->down) * x.v / 4;
    x.a = pv + pu;
    x.b = pv - pu;
    return x;
}

static double half_square(const struct state *s, const struct whitened *x)
{
    return ((1 + s->up) * x->u * x->u + (1 + s->down) * x->v * x->v) / 8;
}

/* The residuals of a cell: its mean with weight n, then its root columns with weight 1. */
static int residuals(const double *cell, const double *eta, double d[3][2], double weight[3])
{
    d[0][0] = cell[1] - eta[M1];
    d[0][1] = cell[2] - eta[M2];
    weight[0] = cell[0];
    if (cell[3] == 0 && cell[4] == 0 && cell[5] == 0) return 1;
    d[1][0] = cell[3];
    d[1][1] = cell[4];
    d[2][0] = 0;
    d[2][1] = cell[5];
    weight[1] = weight[2] = 1;
    return 3;
}

static double constant(const struct state *s, const double *eta)
{
    return s->n * (s->log_cosh - LOG_2PI - eta[S1] - eta[S2]);
}

static double value(const double *cell, const double *eta)
{
    double d[3][2], weight[3];
    struct state s = new_state(cell, eta);
    double f = constant(&s, eta);
    int rows = residuals(cell, eta, d, weight);
    for (int i = 0; i < rows; i++) {
        struct whitened x = whiten(&s, d[i][0], d[i][1]);
        f -= weight[i] * half_square(&s, &x);
    }
    return f;
}

static double gradient(const double *cell, const double *eta, double *grad)
{
    double d[3][2], weight[3];
    struct state s = new_state(cell, eta);
    double f = constant(&s, eta);
    int rows = residuals(cell, eta, d, weight);
    grad[M1] = grad[M2] = 0;
    grad[S1] = grad[S2] = -s.n;
    grad[R] = s.n * s.tanh / 2;
    for (int i = 0; i < rows; i++) {
        struct whitened x = whiten(&s, d[i][0], d[i][1]);
        f -= weight[i] * half_square(&s, &x);
        if (i == 0) {
            grad[M1] = s.n * x.a * s.w1;
            grad[M2] = s.n * x.b * s.w2;
        }
        grad[S1] += weight[i] * x.a * x.z1;
        grad[S2] += weight[i] * x.b * x.z2;
        grad[R] -= weight[i] * (s.up * x.u * x.u - s.down * x.v * x.v) / 8;
    }
    return f;
}

/* Only the mean row (i = 0) depends on m. Upper triangle; mirrored by the caller. */
static void add_hessian_means(const struct state *s, const struct whitened *x, double *h)
{
    double ar = (s->up * x->u - s->down * x->v) / 4;
    double br = -(s->up * x->u + s->down * x->v) / 4;
    h[M1 + 5 * M1] = -s->n * s->alpha * s->w1 * s->w1;
    h[M1 + 5 * M2] = -s->n * s->beta * s->w1 * s->w2;
    h[M2 + 5 * M2] = -s->n * s->alpha * s->w2 * s->w2;
    h[M1 + 5 * S1] = -s->n * (s->alpha * x->z1 + x->a) * s->w1;
    h[M1 + 5 * S2] = -s->n * s->beta * x->z2 * s->w1;
    h[M2 + 5 * S1] = -s->n * s->beta * x->z1 * s->w2;
    h[M2 + 5 * S2] = -s->n * (s->alpha * x->z2 + x->b) * s->w2;
    h[M1 + 5 * R] = s->n * ar * s->w1;
    h[M2 + 5 * R] = s->n * br * s->w2;
}

static void add_hessian_scales(const struct state *s, const struct whitened *x, double weight,
                               double *h)
{
    double ar = (s->up * x->u - s->down * x->v) / 4;
    double br = -(s->up * x->u + s->down * x->v) / 4;
    h[S1 + 5 * S1] -= weight * (s->alpha * x->z1 + x->a) * x->z1;
    h[S1 + 5 * S2] -= weight * s->beta * x->z1 * x->z2;
    h[S2 + 5 * S2] -= weight * (s->alpha * x->z2 + x->b) * x->z2;
    h[S1 + 5 * R] += weight * ar * x->z1;
    h[S2 + 5 * R] += weight * br * x->z2;
    h[R + 5 * R] -= weight * (s->up * x->u * x->u + s->down * x->v * x->v) / 8;
}

static double hessian(const double *cell, const double *eta, double *grad, double *hess)
{
    double d[3][2], weight[3];
    struct state s = new_state(cell, eta);
    double f = gradient(cell, eta, grad);
    int rows = residuals(cell, eta, d, weight);
    for (int i = 0; i < 25; i++) hess[i] = 0;
    hess[R + 5 * R] = s.n * sech_squared(eta[R] / 2) / 4;
    for (int i = 0; i < rows; i++) {
        struct whitened x = whiten(&s, d[i][0], d[i][1]);
        if (i == 0) add_hessian_means(&s, &x, hess);
        add_hessian_scales(&s, &x, weight[i], hess);
    }
    for (int j = 0; j < 5; j++)
        for (int i = 0; i < j; i++) hess[j + 5 * i] = hess[i + 5 * j];
    return f;
}

/* -1/2 of the quadratic form, multiplied out into exponentials of the predictors (eq. 9). */
const struct exp_term kernel_two_terms[8] = {
    {0, 0, -0.25,  {0, 0, -2,  0,  0}},
    {1, 1, -0.25,  {0, 0,  0, -2,  0}},
    {0, 0, -0.125, {0, 0, -2,  0,  1}},
    {1, 1, -0.125, {0, 0,  0, -2,  1}},
    {0, 1,  0.25,  {0, 0, -1, -1,  1}},
    {0, 0, -0.125, {0, 0, -2,  0, -1}},
    {1, 1, -0.125, {0, 0,  0, -2, -1}},
    {0, 1, -0.25,  {0, 0, -1, -1, -1}}
};

void kernel_two_log_cosh(double r, const double *par, double *out)
{
    (void) par;
    out[0] = log_cosh(r / 2);
    out[1] = tanh(r / 2) / 2;
    out[2] = sech_squared(r / 2) / 4;
}

static double expect(const double *cell, const double *mean, const double *cov,
                     double *grad, double *hess)
{
    double n = cell[0], variance = cov[R + 5 * R], l[3];
    double scatter[4] = {cell[3] * cell[3], cell[3] * cell[4], cell[3] * cell[4],
                         cell[4] * cell[4] + cell[5] * cell[5]};
    double sd = variance > 0 ? sqrt(variance) : 0; /* rounding may have made it negative */
    gauss_expect(kernel_two_log_cosh, 0, mean[R], sd, 0.6, l);
    for (int i = 0; i < 25; i++) hess[i] = 0;
    grad[M1] = grad[M2] = 0;
    grad[S1] = grad[S2] = -n;
    grad[R] = n * l[1];
    hess[R + 5 * R] = n * l[2];
    return n * (l[0] - LOG_2PI - mean[S1] - mean[S2])
           + expect_terms(2, 5, 8, kernel_two_terms, n, cell + 1, scatter, 0, mean, cov, grad, hess);
}

const struct kernel kernel_two = {2, 5, 6, value, gradient, hessian, expect};
