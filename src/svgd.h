/* Stein variational gradient descent (Liu and Wang 2016, arXiv 1608.04471). */
#ifndef COVARY_SVGD_H
#define COVARY_SVGD_H

#include "target.h"
#include "optimizer.h"

struct svgd_settings {
    int particles;
    double temperature;
    double bandwidth; /* kernel exp(-d^2 / (2 h)), h fixed; 0: median heuristic */
    int moments;      /* add the linear kernel, which fixes means and covariances */
    int batch_size;
    double batch_scale;
    struct optimizer optimizer;
};

long svgd_work(const struct svgd_settings *s, int dim);
/* phi (dim x particles): direction of every particle at x (dim x particles).
 *   phi_i = sum_j [k(x_j, x_i) grad log p(x_j) / T + (x_i - x_j) k(x_j, x_i) / h] / n
 * h = median(squared distances) / (2 log(n + 1)). Returns h. Particles outside the support of the
 * target go back to `last` (dim x particles), unless that is NULL. */
double svgd_direction(const struct svgd_settings *s, const struct target *t, const struct batch *b,
                      double *x, const double *last, double *phi, double *work);

struct svgd_block {            /* steps to be done */
    double first;              /* number of the first, counted from 1 */
    int n;                     /* steps */
    const double *temperature; /* n */
    const int *rows;           /* batch_size x n, counted from 0; NULL where batch_size is 0 */
};

struct svgd_state { /* what a step changes, in place */
    double *x;      /* dim x particles */
    double *memory; /* of the optimiser: optimizer_state() numbers */
};

/* Does the steps of a block and returns how many were done: fewer than n when a direction is NaN.
 * A step that leaves the support of the target is undone, so that particles which start in it stay
 * there. size (n): root mean square of phi at each step. */
int svgd_run(const struct svgd_settings *s, const struct target *t, const struct svgd_block *block,
             struct svgd_state *state, double *size, double *work);

#endif
