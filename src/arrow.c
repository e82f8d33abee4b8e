#include "arrow.h"
#include "block_sums.h"
#include "dense.h"
#include <math.h>
#include <string.h>

double *arrow_entry(const struct arrow *a, int i, int j)
{
    const struct arrow_shape *s = a->shape;
    int row = s->place[i], column = s->place[j];
    if (row < column) {
        int other = row;
        row = column;
        column = other;
    }
    if (row < s->head) return a->head + row + (long) s->head * column;
    long effect = row - s->head;
    if (column < s->head) return a->border + column + s->head * effect;
    long with = column - s->head, level = effect / s->size;
    if (with / s->size != level) return NULL;
    return a->block + effect % s->size + s->size * (with % s->size + s->size * level);
}

void arrow_mirror(const struct arrow *a)
{
    const struct arrow_shape *s = a->shape;
    dense_mirror_lower(s->head, a->head);
    for (long l = 0; l < s->levels; l++)
        dense_mirror_lower(s->size, a->block + s->size * s->size * l);
}

static double dot(const double *x, const double *y, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* x -= times y */
static void subtract(double times, const double *y, int n, double *x)
{
    for (int i = 0; i < n; i++) x[i] -= times * y[i];
}

static void divide(double by, int n, double *x)
{
    for (int i = 0; i < n; i++) x[i] /= by;
}

/* Cholesky factor of a small block (n x n), and border <- border L^-T (h x n). */
static int factorise_level(int n, double *l, int h, double *border)
{
    for (int k = 0; k < n; k++) {
        double *own = border + (long) h * k;
        for (int j = 0; j < k; j++) {
            double ratio = l[k + n * j];
            for (int i = k; i < n; i++) l[i + n * k] -= ratio * l[i + n * j];
            subtract(ratio, border + (long) h * j, h, own);
        }
        double pivot = l[k + n * k];
        if (!(pivot > 0 && pivot < INFINITY)) return 1;
        double root = sqrt(pivot);
        divide(root, n - k, l + k + n * k);
        divide(root, h, own);
    }
    return 0;
}

long arrow_factor_work(const struct arrow_shape *s) { return (long) s->head * (SUM_LENGTH + 1); }

/* head -= border border' (lower triangle), SUM_LENGTH effects at a time */
static void subtract_border(const struct arrow *a, int vectors, double *work)
{
    static const double ones[SUM_LENGTH] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct arrow_shape *s = a->shape;
    long h = s->head, effects = arrow_effects(s);
    double *rows = work, *sums = work + h * SUM_LENGTH;
    for (long from = 0; from < effects; from += SUM_LENGTH) {
        int n = effects - from < SUM_LENGTH ? (int) (effects - from) : SUM_LENGTH;
        memset(rows, 0, sizeof(double) * h * SUM_LENGTH);
        for (int e = 0; e < n; e++)
            for (long i = 0; i < h; i++) rows[e + SUM_LENGTH * i] = a->border[i + h * (from + e)];
        for (long j = 0; j < h; j++) {
            memset(sums, 0, sizeof(double) * (h - j));
            sum_dots(rows + SUM_LENGTH * j, ones, rows + SUM_LENGTH * j, (int) (h - j), sums,
                     vectors);
            subtract(1, sums, (int) (h - j), a->head + j + h * j);
        }
    }
}

int arrow_eliminate(const struct arrow *a, int vectors, double *work)
{
    const struct arrow_shape *s = a->shape;
    long n = s->size, h = s->head;
    for (long l = 0; l < s->levels; l++)
        if (factorise_level(s->size, a->block + n * n * l, s->head, a->border + h * n * l))
            return 1;
    subtract_border(a, vectors, work);
    return 0;
}

int arrow_factorise(const struct arrow *a, int vectors, double *work)
{
    return arrow_eliminate(a, vectors, work) || dense_cholesky(a->shape->head, a->head);
}

double arrow_log_diagonal(const struct arrow *factor)
{
    const struct arrow_shape *s = factor->shape;
    long n = s->size;
    double sum = dense_log_diagonal(s->head, factor->head);
    for (long l = 0; l < s->levels; l++)
        for (long k = 0; k < n; k++) sum += log(factor->block[k + n * (k + n * l)]);
    return sum;
}

void arrow_solve_lower(const struct arrow *factor, double *x)
{
    const struct arrow_shape *s = factor->shape;
    int n = s->size, h = s->head;
    for (long l = 0; l < s->levels; l++) {
        double *own = x + h + n * l;
        const double *block = factor->block + n * n * l, *border = factor->border + h * n * l;
        for (int k = 0; k < n; k++) {
            for (int j = 0; j < k; j++) own[k] -= block[k + n * j] * own[j];
            own[k] /= block[k + n * k];
            subtract(own[k], border + (long) h * k, h, x);
        }
    }
    dense_solve_lower(h, factor->head, 1, x);
}

void arrow_solve_upper(const struct arrow *factor, double *x)
{
    const struct arrow_shape *s = factor->shape;
    int n = s->size, h = s->head;
    dense_solve_lower_transposed(h, factor->head, 1, x);
    for (long l = 0; l < s->levels; l++) {
        double *own = x + h + n * l;
        const double *block = factor->block + n * n * l, *border = factor->border + h * n * l;
        for (int k = n - 1; k >= 0; k--) {
            own[k] -= dot(border + (long) h * k, x, h);
            for (int j = k + 1; j < n; j++) own[k] -= block[j + n * k] * own[j];
            own[k] /= block[k + n * k];
        }
    }
}

/* out <- (L L')^-1 of a small block (n x n), both halves */
static void invert_level(int n, const double *l, double *out)
{
    for (int c = 0; c < n; c++) {
        double *x = out + n * c;
        for (int k = 0; k < n; k++) {
            x[k] = k == c;
            for (int j = 0; j < k; j++) x[k] -= l[k + n * j] * x[j];
            x[k] /= l[k + n * k];
        }
        for (int k = n - 1; k >= 0; k--) {
            for (int j = k + 1; j < n; j++) x[k] -= l[j + n * k] * x[j];
            x[k] /= l[k + n * k];
        }
    }
}

void arrow_invert(const struct arrow *factor, double *slope, const struct arrow *out)
{
    const struct arrow_shape *s = factor->shape;
    int n = s->size, h = s->head;
    memcpy(out->head, factor->head, sizeof(double) * h * h);
    dense_invert_cholesky(h, out->head);
    if (slope != factor->border)
        memcpy(slope, factor->border, sizeof(double) * h * arrow_effects(s));
    for (long l = 0; l < s->levels; l++) {
        const double *block = factor->block + n * n * l;
        double *own = slope + (long) h * n * l, *border = out->border + (long) h * n * l,
               *inverse = out->block + n * n * l;
        for (int k = n - 1; k >= 0; k--) {
            for (int j = k + 1; j < n; j++)
                subtract(block[j + n * k], own + (long) h * j, h, own + (long) h * k);
            divide(block[k + n * k], h, own + (long) h * k);
        }
        invert_level(n, block, inverse);
        for (int k = 0; k < n; k++) {
            double *to = border + (long) h * k;
            memset(to, 0, sizeof(double) * h);
            for (int j = 0; j < h; j++)
                subtract(own[j + (long) h * k], out->head + (long) h * j, h, to);
            for (int j = 0; j < n; j++) inverse[j + n * k] -= dot(own + (long) h * j, to, h);
        }
    }
}
