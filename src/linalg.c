#include "linalg.h"
#include <math.h>
#ifndef USE_FC_LEN_T
#define USE_FC_LEN_T
#endif
#include <R_ext/BLAS.h>
#include <R_ext/Lapack.h>
#ifndef FCONE
#define FCONE
#endif

static const int one = 1;

int cholesky(double *a, int n)
{
    int info = 0;
    if (n > 0) F77_CALL(dpotrf)("L", &n, a, &n, &info FCONE);
    return info;
}

void solve_lower(const double *l, int n, double *x)
{
    if (n > 0) F77_CALL(dtrsv)("L", "N", "N", &n, l, &n, x, &one FCONE FCONE FCONE);
}

void solve_lower_transposed(const double *l, int n, double *x)
{
    if (n > 0) F77_CALL(dtrsv)("L", "T", "N", &n, l, &n, x, &one FCONE FCONE FCONE);
}

void invert_from_cholesky(double *l, int n)
{
    int info = 0;
    if (n > 0) F77_CALL(dpotri)("L", &n, l, &n, &info FCONE);
}

double log_diagonal_sum(const double *l, int n)
{
    double s = 0;
    for (long i = 0; i < n; i++) s += log(l[i + n * i]);
    return s;
}
