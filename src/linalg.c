/* Recursions that halve the matrix: nearly all work is in products of large blocks (Elmroth,
 * Gustavson, Jonsson and Kagstrom 2004). */
#include "linalg.h"
#include "matrix.h"
#include "vector.h"
#include <math.h>
#include <string.h>

#define SMALL 16

/* Half of n, whole panels of products */
static int first_half(int n) { return (n / 2 + 7) / 8 * 8; }

static struct strided columns_of(const double *x, long ld) { return (struct strided){x, 1, ld}; }
static struct strided rows_of(const double *x, long ld) { return (struct strided){x, ld, 1}; }

static int cholesky_small(double *a, int n, long ld)
{
    for (int j = 0; j < n; j++) {
        double *column = a + ld * j;
        for (int p = 0; p < j; p++) {
            double w = a[j + ld * p];
            for (int i = j; i < n; i++) column[i] -= w * a[i + ld * p];
        }
        if (!(column[j] > 0)) return j + 1;
        double root = sqrt(column[j]), inverse = 1 / root;
        column[j] = root;
        for (int i = j + 1; i < n; i++) column[i] *= inverse;
    }
    return 0;
}

/* x <- x L'^-1, x: m x n */
static void solve_right(int m, int n, const double *l, double *x, long ld)
{
    if (n <= SMALL) {
        matrix_solve(m, n, l, ld, x, ld);
        return;
    }
    int h = first_half(n);
    solve_right(m, h, l, x, ld);
    matrix_add_product(MATRIX_ALL, m, n - h, h, -1, columns_of(x, ld), columns_of(l + h, ld),
                       x + ld * h, ld);
    solve_right(m, n - h, l + h + ld * h, x + ld * h, ld);
}

static int cholesky_block(double *a, int n, long ld)
{
    if (n <= SMALL) return cholesky_small(a, n, ld);
    int h = first_half(n), status = cholesky_block(a, h, ld);
    if (status) return status;
    solve_right(n - h, h, a, a + h, ld);
    matrix_add_product(MATRIX_LOWER, n - h, n - h, h, -1, columns_of(a + h, ld),
                       columns_of(a + h, ld), a + h + ld * h, ld);
    return cholesky_block(a + h + ld * h, n - h, ld);
}

int cholesky(double *a, int n)
{
    int status = cholesky_block(a, n, n);
    /* An infinite entry may only show further down. */
    return status == 0 && n > 0 && !isfinite(a[(long) n * n - 1]) ? n : status;
}

void solve_lower(const double *l, int n, double *x)
{
    for (int j = 0; j < n; j++) {
        x[j] /= l[j + (long) n * j];
        vector_add(x + j + 1, -x[j], l + j + 1 + (long) n * j, n - j - 1);
    }
}

void solve_lower_transposed(const double *l, int n, double *x)
{
    for (int j = n - 1; j >= 0; j--) {
        x[j] -= vector_dot(l + j + 1 + (long) n * j, x + j + 1, n - j - 1);
        x[j] /= l[j + (long) n * j];
    }
}

static void invert_small(double *l, int n, long ld)
{
    for (int j = n - 1; j >= 0; j--) {
        double *column = l + ld * j, inverse = 1 / column[j];
        /* below the diagonal: -L22^-1 l21 / l11, with L22^-1 already in place */
        for (int i = n - 1; i > j; i--) {
            double sum = 0;
            for (int p = j + 1; p <= i; p++) sum += l[i + ld * p] * column[p];
            column[i] = -sum * inverse;
        }
        column[j] = inverse;
        for (int i = 0; i < j; i++) column[i] = 0;
    }
}

/* The block above the diagonal holds (L21 L11^-1)' in between. */
static void invert_block(double *l, int n, long ld)
{
    if (n <= SMALL) {
        invert_small(l, n, ld);
        return;
    }
    int h = first_half(n), rest = n - h;
    double *below = l + h, *above = l + ld * h, *last = l + h + ld * h;
    invert_block(l, h, ld);
    invert_block(last, rest, ld);
    for (int j = 0; j < rest; j++) memset(above + ld * j, 0, sizeof(double) * h);
    matrix_add_product(MATRIX_ALL, h, rest, h, 1, rows_of(l, ld), columns_of(below, ld), above, ld);
    for (int j = 0; j < h; j++) memset(below + ld * j, 0, sizeof(double) * rest);
    matrix_add_product(MATRIX_ALL, rest, h, rest, -1, columns_of(last, ld), columns_of(above, ld),
                       below, ld);
    for (int j = 0; j < rest; j++) memset(above + ld * j, 0, sizeof(double) * h);
}

void invert_lower(double *l, int n) { invert_block(l, n, n); }

void cross_lower(const double *l, int n, double *out)
{
    memset(out, 0, sizeof(double) * n * n);
    for (int from = 0; from < n; from += 64) { /* rows above these have zeros to the right */
        int to = from + 64 < n ? from + 64 : n;
        matrix_add_product(MATRIX_LOWER, to, to, to - from, 1, rows_of(l + from, n),
                           rows_of(l + from, n), out, n);
    }
}

void mirror_lower(double *a, int n)
{
    for (long j = 0; j < n; j++)
        for (long i = 0; i < j; i++) a[i + n * j] = a[j + n * i];
}

double log_diagonal_sum(const double *l, int n)
{
    double s = 0;
    for (long i = 0; i < n; i++) s += log(l[i + n * i]);
    return s;
}
