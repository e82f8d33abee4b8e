#include "cells.h"
#include <math.h>

/* Cholesky of a k x k scatter held by columns of its lower triangle, in place. A pivot that
 * rounding made negative, or so small that it is rounding, is a zero. */
static void scatter_root(double *s, int k)
{
    double *column = s;
    for (int j = 0; j < k; j++) {
        double pivot = column[0] > 0 ? sqrt(column[0]) : 0;
        column[0] = pivot;
        for (int i = 1; i < k - j; i++) column[i] = pivot > 0 ? column[i] / pivot : 0;
        double *next = column + (k - j);
        for (int l = 1; l < k - j; l++) {
            for (int i = l; i < k - j; i++) {
                double before = next[i - l];
                next[i - l] -= column[i] * column[l];
                if (i == l && next[0] < 1e-14 * before) next[0] = 0;
            }
            next += k - j - l;
        }
        column += k - j;
    }
}

void cells_fill(int n, int k, int m, const int *id, const double *y, const double *weights,
                double *cells)
{
    int size = 1 + k + k * (k + 1) / 2;
    for (long i = 0; i < (long) size * m; i++) cells[i] = 0;
    for (long i = 0; i < n; i++) {
        double *cell = cells + (long) size * (id[i] - 1);
        double share = weights[i] / (cell[0] + weights[i]);
        cell[0] += weights[i];
        for (int j = 0; j < k; j++) cell[1 + j] += share * (y[i + (long) n * j] - cell[1 + j]);
    }
    for (long i = 0; i < n; i++) {
        double *cell = cells + (long) size * (id[i] - 1), *scatter = cell + 1 + k;
        for (int j = 0; j < k; j++) {
            double dj = weights[i] * (y[i + (long) n * j] - cell[1 + j]);
            for (int l = j; l < k; l++) *scatter++ += dj * (y[i + (long) n * l] - cell[1 + l]);
        }
    }
    for (long i = 0; i < m; i++) scatter_root(cells + size * i + 1 + k, k);
}
