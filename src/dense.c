/* Dense linear algebra by R's BLAS and LAPACK (dense.h).
 *
 * The letters that BLAS and LAPACK take are strings to Fortran, and some compilers pass their
 * lengths: FCONE adds those (Writing R Extensions, 6.6.1). */
#define USE_FC_LEN_T
#include "dense.h"
#include <Rconfig.h>
#include <R_ext/BLAS.h>
#include <R_ext/Lapack.h>
#include <math.h>
#ifndef FCONE
#define FCONE
#endif

static const double one = 1, zero = 0;
static const int step = 1;

/* An optimised LAPACK may return a factor that is not finite instead of a status. */
static int is_finite_diagonal(int n, const double *l)
{
    for (long i = 0; i < n; i++)
        if (!isfinite(l[i + n * i])) return 0;
    return 1;
}

int dense_cholesky(int n, double *a)
{
    int status = 0;
    if (n == 0) return 0;
    F77_CALL(dpotrf)("L", &n, a, &n, &status FCONE);
    return status == 0 && !is_finite_diagonal(n, a) ? n : status;
}

double dense_log_diagonal(int n, const double *l)
{
    double sum = 0;
    for (long i = 0; i < n; i++) sum += log(l[i + n * i]);
    return sum;
}

static void solve(const char *transpose, int n, const double *l, int columns, double *x)
{
    if (n == 0 || columns == 0) return;
    F77_CALL(dtrsm)
    ("L", "L", transpose, "N", &n, &columns, &one, l, &n, x, &n FCONE FCONE FCONE FCONE);
}

void dense_solve_lower(int n, const double *l, int columns, double *x)
{
    solve("N", n, l, columns, x);
}

void dense_solve_lower_transposed(int n, const double *l, int columns, double *x)
{
    solve("T", n, l, columns, x);
}

void dense_invert_cholesky(int n, double *l)
{
    int status;
    if (n == 0) return;
    F77_CALL(dpotri)("L", &n, l, &n, &status FCONE);
    dense_mirror_lower(n, l);
}

void dense_mirror_lower(int n, double *a)
{
    for (long j = 0; j < n; j++)
        for (long i = 0; i < j; i++) a[i + n * j] = a[j + n * i];
}

int dense_eigen(int n, double *a, double *values, double *work)
{
    int status = 0, size = 3 * n;
    if (n == 0) return 0;
    F77_CALL(dsyev)("V", "L", &n, a, &n, values, work, &size, &status FCONE FCONE);
    return status;
}

void dense_add_cross_product(int n, int k, const double *a, double *c)
{
    if (n == 0 || k == 0) return;
    F77_CALL(dsyrk)("L", "N", &n, &k, &one, a, &n, &one, c, &n FCONE FCONE);
}

void dense_symmetric_times(int n, const double *a, const double *x, double *y)
{
    if (n == 0) return;
    F77_CALL(dsymv)("L", &n, &one, a, &n, x, &step, &zero, y, &step FCONE);
}
