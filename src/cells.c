#include "cells.h"
#include <math.h>

/* Cholesky factors are held by columns of their lower triangle.
 *
 * Rotates one row x of centred responses (k, overwritten) into the Cholesky factor of the scatter
 * of a cell. The scatter matrix itself is never formed: its factor would lose eps / (1 - rho^2) of
 * the second pivot, rotations lose the square root of that. */
static void rotate_in(double *chol, double *x, int k)
{
    double *column = chol;
    for (int j = 0; j < k; j++) {
        if (x[j] != 0) {
            double h = hypot(column[0], x[j]), c = column[0] / h, s = x[j] / h;
            column[0] = h;
            for (int i = j + 1; i < k; i++) {
                double before = column[i - j];
                column[i - j] = c * before + s * x[i];
                x[i] = c * x[i] - s * before;
            }
        }
        column += k - j;
    }
}

/* A pivot that is rounding beside the norm of its response is a zero. */
static void clear_rounding(double *chol, int k)
{
    double *pivot = chol;
    for (int j = 0; j < k; j++) {
        double norm = 0;
        const double *entry = chol + j; /* row j of the factor */
        for (int l = 0; l < j; l++) {
            norm = hypot(norm, *entry);
            entry += k - l - 1;
        }
        if (*pivot < 1e-14 * norm) *pivot = 0;
        pivot += k - j;
    }
}

static void add_means(int n, int k, const int *id, const double *y, const double *weights,
                      double *cells, int size)
{
    for (long i = 0; i < n; i++) {
        if (weights[i] == 0) continue;
        double *cell = cells + (long) size * (id[i] - 1);
        cell[0] += weights[i];
        double share = weights[i] / cell[0];
        for (int j = 0; j < k; j++) cell[1 + j] += share * (y[i + (long) n * j] - cell[1 + j]);
    }
}

/* Rounding of the running means adds up; their residuals put it right. The
 * place of the Cholesky factor holds the sums. */
static void correct_means(int n, int k, int m, const int *id, const double *y,
                          const double *weights, double *cells, int size)
{
    for (long i = 0; i < n; i++) {
        double *cell = cells + (long) size * (id[i] - 1);
        for (int j = 0; j < k; j++)
            if (weights[i] != 0)
                cell[1 + k + j] += weights[i] * (y[i + (long) n * j] - cell[1 + j]);
    }
    for (long i = 0; i < m; i++) {
        double *cell = cells + size * i;
        for (int j = 0; j < k; j++) {
            if (cell[0] > 0) cell[1 + j] += cell[1 + k + j] / cell[0];
            cell[1 + k + j] = 0;
        }
    }
}

void cells_fill(int n, int k, int m, const int *id, const double *y, const double *weights,
                double *cells, double *work)
{
    int size = cells_size(k);
    for (long i = 0; i < (long) size * m; i++) cells[i] = 0;
    add_means(n, k, id, y, weights, cells, size);
    correct_means(n, k, m, id, y, weights, cells, size);
    for (long i = 0; i < n; i++) {
        double *cell = cells + (long) size * (id[i] - 1), root_weight = sqrt(weights[i]);
        if (weights[i] == 0) continue;
        for (int j = 0; j < k; j++) work[j] = root_weight * (y[i + (long) n * j] - cell[1 + j]);
        rotate_in(cell + 1 + k, work, k);
    }
    for (long i = 0; i < m; i++) clear_rounding(cells + size * i + 1 + k, k);
}

/* The rows of `other` enter as the columns of its Cholesky factor and the step between the
 * means; work: k doubles. */
static void merge_in(double *cell, const double *other, int k, double *work)
{
    double n = cell[0] + other[0];
    if (other[0] == 0) return;
    if (cell[0] == 0) {
        for (int i = 0; i < cells_size(k); i++) cell[i] = other[i];
        return;
    }
    double step = sqrt(cell[0] * (other[0] / n));
    const double *column = other + 1 + k;
    for (int j = 0; j < k; j++) work[j] = step * (other[1 + j] - cell[1 + j]);
    rotate_in(cell + 1 + k, work, k);
    for (int j = 0; j < k; j++) {
        for (int i = 0; i < k; i++) work[i] = i < j ? 0 : column[i - j];
        rotate_in(cell + 1 + k, work, k);
        column += k - j;
    }
    for (int j = 0; j < k; j++) cell[1 + j] += other[0] / n * (other[1 + j] - cell[1 + j]);
    cell[0] = n;
}

void cells_merge(int k, int m, double *cells, const double *other, double *work)
{
    int size = cells_size(k);
    for (long i = 0; i < m; i++) merge_in(cells + size * i, other + size * i, k, work);
}
