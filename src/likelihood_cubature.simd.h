/* Lane by lane over the cells of a block (simd.h): a root of their covariances, and steps along
 * combinations of its columns. */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"

/* cov of the cells <- U with U U' = cov, an upper triangle of which element i <= j is kept in the
 * place of the covariance of i and j: a row of U lies together. A direction without variance has
 * zeros. */
static SIMD_FUNCTION void SIMD_NAME(factor)(int q, double *cov)
{
    for (int v = 0; v < LIKELIHOOD_BLOCK; v += SIMD_WIDTH)
        for (int j = q - 1; j >= 0; j--) {
            const double *row = cov + v + LIKELIHOOD_BLOCK * LIKELIHOOD_PAIR(q, j, j);
            SIMD_VEC root = SIMD_SET(0.0), inverse = SIMD_SET(0.0);
            for (int i = j; i >= 0; i--) {
                double *at = cov + v + LIKELIHOOD_BLOCK * LIKELIHOOD_PAIR(q, j, i);
                SIMD_VEC whole = SIMD_LOAD(at), rest = whole;
                for (int k = 1; k < q - j; k++) rest -= CELLS_LOAD(at, k) * CELLS_LOAD(row, k);
                for (int l = 0; l < SIMD_WIDTH && i == j; l++)
                    if (SIMD_LANE(rest, l) > 1e-14 * SIMD_LANE(whole, l)) {
                        SIMD_LANE(root, l) = sqrt(SIMD_LANE(rest, l));
                        SIMD_LANE(inverse, l) = 1 / SIMD_LANE(root, l);
                    }
                SIMD_STORE(at, i == j ? root : rest * inverse);
            }
        }
}

/* step (q rows of cells) <- U x */
static SIMD_FUNCTION void SIMD_NAME(combine_root)(int q, const double *root, const double *x,
                                                  double *step)
{
    for (int v = 0; v < LIKELIHOOD_BLOCK; v += SIMD_WIDTH) {
        const double *row = root + v;
        for (int i = 0; i < q; row += LIKELIHOOD_BLOCK * (q - i), i++) {
            SIMD_VEC sum = SIMD_SET(0.0);
            for (int j = i; j < q; j++) sum += CELLS_LOAD(row, j - i) * x[j];
            CELLS_STORE(step + v, i, sum);
        }
    }
}
