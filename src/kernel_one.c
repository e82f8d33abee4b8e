/* One response: log p = -log(2 pi)/2 - s - z^2/2, z = (y - m) exp(-s)   (eq. 1). */
#include "expectation.h"
#include "scalar.h"
#include <math.h>

static double square_sum(const double *cell, double m)
{
    double d = cell[1] - m;
    return cell[2] * cell[2] + cell[0] * d * d;
}

static double value(const double *cell, const double *eta)
{
    return -cell[0] * (0.5 * LOG_2PI + eta[1])
           - 0.5 * exp(-2 * eta[1]) * square_sum(cell, eta[0]);
}

static double gradient(const double *cell, const double *eta, double *grad)
{
    double n = cell[0], w = exp(-2 * eta[1]), c = w * square_sum(cell, eta[0]);
    grad[0] = n * w * (cell[1] - eta[0]);
    grad[1] = c - n;
    return -n * (0.5 * LOG_2PI + eta[1]) - 0.5 * c;
}

static double hessian(const double *cell, const double *eta, double *grad, double *hess)
{
    double f = gradient(cell, eta, grad);
    hess[0] = -cell[0] * exp(-2 * eta[1]);
    hess[1] = hess[2] = -2 * grad[0];
    hess[3] = -2 * (grad[1] + cell[0]);
    return f;
}

static const struct exp_term term = {0, 0, -0.5, {0, -2}};

static double expect(const double *cell, const double *mean, const double *cov,
                     double *grad, double *hess)
{
    double n = cell[0], scatter = cell[2] * cell[2];
    grad[0] = 0;
    grad[1] = -n;
    for (int i = 0; i < 4; i++) hess[i] = 0;
    return -n * (0.5 * LOG_2PI + mean[1])
           + expect_terms(1, 2, 1, &term, n, cell + 1, &scatter, 0, mean, cov, grad, hess);
}

/* Nodes: cell = n, centre c, sum of y - c, sum of (y - c)^2; r = sum of y - m, rr = sum of its squares. */
static void node_sums(const double *cell, double m, double *r, double *rr)
{
    double d = cell[1] - m;
    *r = cell[2] + cell[0] * d;
    *rr = cell[3] + 2 * d * cell[2] + cell[0] * d * d;
}

static double node_gradient(const double *cell, const double *eta, double *grad)
{
    double r, rr, n = cell[0], w = exp(-2 * eta[1]);
    node_sums(cell, eta[0], &r, &rr);
    grad[0] = w * r;
    grad[1] = w * rr - n;
    return -n * (0.5 * LOG_2PI + eta[1]) - 0.5 * w * rr;
}

static double node_value(const double *cell, const double *eta)
{
    double grad[2];
    return node_gradient(cell, eta, grad);
}

static double node_hessian(const double *cell, const double *eta, double *grad, double *hess)
{
    double f = node_gradient(cell, eta, grad);
    hess[0] = -cell[0] * exp(-2 * eta[1]);
    hess[1] = hess[2] = -2 * grad[0];
    hess[3] = -2 * (grad[1] + cell[0]);
    return f;
}

static double node_expect(const double *cell, const double *mean, const double *cov,
                          double *grad, double *hess)
{
    double n = cell[0];
    grad[0] = 0;
    grad[1] = -n;
    for (int i = 0; i < 4; i++) hess[i] = 0;
    return -n * (0.5 * LOG_2PI + mean[1])
           + expect_terms(1, 2, 1, &term, n, cell + 1, cell + 3, cell + 2, mean, cov, grad, hess);
}

const struct kernel kernel_one_nodes = {1, 2, 4, node_value, node_gradient, node_hessian, node_expect};

const struct kernel kernel_one = {1, 2, 3, value, gradient, hessian, expect};
