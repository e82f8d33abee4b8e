/* Lane by lane over the cells of a block (simd.h): a root of their covariances, and steps along
 * combinations of its columns. */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"

/* cov of the cells <- their lower Cholesky factors; a direction without variance has a column of
 * zeros. */
static SIMD_FUNCTION void SIMD_NAME(factor)(int q, double *cov)
{
    for (int v = 0; v < LIKELIHOOD_BLOCK; v += SIMD_WIDTH)
        for (int j = 0; j < q; j++) {
            double *column = cov + v + LIKELIHOOD_BLOCK * LIKELIHOOD_PAIR(q, j, j);
            SIMD_VEC whole = SIMD_LOAD(column), root = SIMD_SET(0.0), inverse = SIMD_SET(0.0);
            for (int k = 0; k < j; k++) {
                const double *before = cov + v + LIKELIHOOD_BLOCK * LIKELIHOOD_PAIR(q, j, k);
                SIMD_VEC x = SIMD_LOAD(before);
                for (int i = 0; i < q - j; i++)
                    CELLS_STORE(column, i, CELLS_LOAD(column, i) - x * CELLS_LOAD(before, i));
            }
            for (int l = 0; l < SIMD_WIDTH; l++)
                if (column[l] > 1e-14 * SIMD_LANE(whole, l)) {
                    SIMD_LANE(root, l) = sqrt(column[l]);
                    SIMD_LANE(inverse, l) = 1 / SIMD_LANE(root, l);
                }
            SIMD_STORE(column, root);
            for (int i = 1; i < q - j; i++) CELLS_STORE(column, i, CELLS_LOAD(column, i) * inverse);
        }
}

/* step (q rows of cells) <- root x */
static SIMD_FUNCTION void SIMD_NAME(combine_root)(int q, const double *root, const double *x,
                                                  double *step)
{
    for (int v = 0; v < LIKELIHOOD_BLOCK; v += SIMD_WIDTH) {
        const double *column = root + v;
        for (int i = 0; i < q; i++) CELLS_STORE(step + v, i, SIMD_SET(0.0));
        for (int j = 0; j < q; column += LIKELIHOOD_BLOCK * (q - j), j++) {
            if (x[j] == 0) continue;
            for (int i = j; i < q; i++)
                CELLS_STORE(step + v, i,
                            CELLS_LOAD(step + v, i) + x[j] * CELLS_LOAD(column, i - j));
        }
    }
}
