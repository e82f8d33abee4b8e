/* Doors of dense linear algebra. */
#include "r_read.h"
#include "linalg.h"
#include "matrix.h"

static int side(SEXP a)
{
    check_matrix(a, "a");
    if (Rf_nrows(a) != Rf_ncols(a))
        fail("a square matrix is needed, not %d x %d", Rf_nrows(a), Rf_ncols(a));
    return Rf_nrows(a);
}

/* The upper factor R with a = R'R, or NULL. */
SEXP r_cholesky(SEXP a)
{
    int n = side(a);
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, n, n));
    double *x = REAL(out);
    memcpy(x, REAL(a), sizeof(double) * n * n);
    int status = cholesky(x, n);
    for (R_xlen_t j = 0; j < n; j++)
        for (R_xlen_t i = 0; i < j; i++) {
            x[i + n * j] = x[j + n * i];
            x[j + n * i] = 0;
        }
    UNPROTECT(1);
    return status ? R_NilValue : out;
}

/* (R'R)^-1 from the upper factor R */
SEXP r_inverse(SEXP root)
{
    int n = side(root);
    double *l = (double *) R_alloc((size_t) n * n, sizeof(double));
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, n, n));
    for (R_xlen_t j = 0; j < n; j++)
        for (R_xlen_t i = 0; i < n; i++) l[i + n * j] = i < j ? 0 : REAL(root)[j + n * i];
    invert_lower(l, n);
    cross_lower(l, n, REAL(out));
    mirror_lower(REAL(out), n);
    UNPROTECT(1);
    return out;
}

/* a b, either transposed first; level: of simd.h */
SEXP r_product(SEXP a, SEXP b, SEXP transpose, SEXP level)
{
    check_matrix(a, "a");
    check_matrix(b, "b");
    if (TYPEOF(transpose) != LGLSXP || Rf_xlength(transpose) != 2)
        fail("'transpose' must hold two logicals");
    const int turned[2] = {LOGICAL(transpose)[0] != 0, LOGICAL(transpose)[1] != 0};
    int m = turned[0] ? Rf_ncols(a) : Rf_nrows(a), k = turned[0] ? Rf_nrows(a) : Rf_ncols(a);
    int n = turned[1] ? Rf_nrows(b) : Rf_ncols(b);
    if (k != (turned[1] ? Rf_ncols(b) : Rf_nrows(b))) fail("the matrices do not conform");
    struct strided left = {REAL(a), turned[0] ? k : 1, turned[0] ? 1 : m};
    struct strided right = {REAL(b), turned[1] ? 1 : k, turned[1] ? n : 1};
    SEXP out = PROTECT(Rf_allocMatrix(REALSXP, m, n));
    memset(REAL(out), 0, sizeof(double) * m * n);
    int cross = a == b && turned[0] != turned[1];
    matrix_add_product_at(read_level(check_number(level, "level")),
                          cross ? MATRIX_LOWER : MATRIX_ALL, m, n, k, 1, left, right, REAL(out), m);
    if (cross) mirror_lower(REAL(out), m);
    UNPROTECT(1);
    return out;
}
