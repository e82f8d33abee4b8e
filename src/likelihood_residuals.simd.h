/* Residuals of SIMD_WIDTH cells (likelihood_residuals.h): their memory, and what cells say of them.
 * The residual of the means comes first, then the columns of the root of the scatter, which know
 * nothing of the means; or residuals of any sign (likelihood_normal.h). */
#include "simd_math.simd.h"
#include "likelihood_cells.simd.h"
#include "likelihood_residuals.h"

#define AT(p, i) SIMD_LOAD((p) + SIMD_WIDTH * (i))
#define PUT(p, i, v) SIMD_STORE((p) + SIMD_WIDTH * (i), v)
#define ADD(p, i, v) PUT(p, i, AT(p, i) + (v))

SIMD_INLINE double *SIMD_NAME(take)(double **work, long n)
{
    double *out = *work;
    *work += SIMD_WIDTH * n;
    return out;
}

SIMD_INLINE void SIMD_NAME(new_residuals)(int k, int is_columns, double *work, struct residuals *p)
{
    int pairs = k * (k - 1) / 2, q = 2 * k + pairs, r = k + 1, lower = pairs + k;
    p->k = k;
    p->q = q;
    p->is_columns = is_columns;
    residuals_rows(p);
    p->scale = SIMD_NAME(take)(&work, k);
    p->precision = SIMD_NAME(take)(&work, k);
    p->up = SIMD_NAME(take)(&work, pairs);
    p->down = SIMD_NAME(take)(&work, pairs);
    p->tanh = SIMD_NAME(take)(&work, pairs);
    p->before = SIMD_NAME(take)(&work, lower);
    p->after = SIMD_NAME(take)(&work, pairs);
    p->swept = SIMD_NAME(take)(&work, pairs);
    p->beta = SIMD_NAME(take)(&work, pairs);
    p->weight = SIMD_NAME(take)(&work, r);
    p->lead = SIMD_NAME(take)(&work, r);
    p->z = SIMD_NAME(take)(&work, r * k);
    p->e = SIMD_NAME(take)(&work, r * k);
    p->unit = SIMD_NAME(take)(&work, 2 * r * k);
    p->lambda = SIMD_NAME(take)(&work, 2 * r * k);
    p->phi = SIMD_NAME(take)(&work, q * r);
    p->step = SIMD_NAME(take)(&work, pairs);
    p->sum = SIMD_NAME(take)(&work, k * q);
    p->whole = SIMD_NAME(take)(&work, lower);
    p->square = SIMD_NAME(take)(&work, lower);
    p->bend = SIMD_NAME(take)(&work, pairs * k);
    p->factor = SIMD_NAME(take)(&work, k * k);
    for (int u = 0; u < 2; u++) {
        p->with_phi[u] = SIMD_NAME(take)(&work, 2 * k * q);
        p->with_lambda[u] = SIMD_NAME(take)(&work, 4 * k * k);
    }
}

/* Last column of the root that is not zero in all lanes, counted from 1 */
SIMD_INLINE int SIMD_NAME(root_columns)(int k, const double *root)
{
    for (int c = k; c > 0; c--) {
        int at = (c - 1) * k - (c - 1) * (c - 2) / 2;
        for (int i = 0; i <= k - c; i++)
            for (int l = 0; l < SIMD_WIDTH; l++)
                if (root[LIKELIHOOD_BLOCK * (at + i) + l] != 0) return c;
    }
    return 0;
}

/* The residual of the means and those of the root, without columns of responses that are not
 * observed */
SIMD_INLINE void SIMD_NAME(load_cell)(struct residuals *p, int observed, const double *cell,
                                      const double *eta)
{
    int k = p->k, used = 1;
    const double *root = cell + LIKELIHOOD_BLOCK * (1 + k);
    int columns = SIMD_NAME(root_columns)(k, root);
    PUT(p->weight, 0, CELLS_LOAD(cell, 0));
    PUT(p->lead, 0, SIMD_SET(1.0));
    p->first[0] = 0;
    for (int i = 0; i < p->rows; i++)
        PUT(p->z, i, (CELLS_LOAD(cell, 1 + i) - CELLS_LOAD(eta, i)) * AT(p->scale, i));
    for (int c = 0; c < columns; root += LIKELIHOOD_BLOCK * (k - c), c++) {
        if (!(observed >> c & 1)) continue;
        PUT(p->weight, used, SIMD_SET(1.0));
        PUT(p->lead, used, SIMD_SET(0.0));
        p->first[used] = c;
        for (int i = 0; i < p->rows; i++)
            PUT(p->z, used * k + i,
                i < c ? SIMD_SET(0.0) : CELLS_LOAD(root, i - c) * AT(p->scale, i));
        used++;
    }
    p->residuals = used;
}

/* Residuals of any sign: for each its weight, what of it moves with the means, and the rest */
SIMD_INLINE void SIMD_NAME(load_columns)(struct residuals *p, const double *cell, const double *eta)
{
    int k = p->k;
    p->residuals = p->seen + 1;
    for (int c = 0; c <= p->seen; c++) {
        SIMD_VEC lead = CELLS_LOAD(cell, 1);
        PUT(p->weight, c, CELLS_LOAD(cell, 0));
        PUT(p->lead, c, lead);
        p->first[c] = 0;
        cell += 2 * LIKELIHOOD_BLOCK;
        for (int i = 0; i < p->rows; i++)
            PUT(p->z, c * k + i,
                (CELLS_LOAD(cell, i) - lead * CELLS_LOAD(eta, i)) * AT(p->scale, i));
        cell += k * LIKELIHOOD_BLOCK;
    }
}

SIMD_INLINE SIMD_VEC SIMD_NAME(count_rows)(const struct residuals *p)
{
    SIMD_VEC n = SIMD_SET(0.0);
    for (int c = 0; c < p->residuals; c++) n += AT(p->weight, c) * AT(p->lead, c) * AT(p->lead, c);
    return n;
}

/* Cells that lack responses differ in what is to be done: `cells` evaluates a vector of cells with
 * the same responses and returns their values, `one` a single cell, in width 1. */
typedef SIMD_VEC (*SIMD_NAME(cells_function))(struct residuals *p, int observed, const double *cell,
                                              const double *eta, int order, double *grad,
                                              double *hess);

static SIMD_FUNCTION void SIMD_NAME(evaluate_cells)(struct likelihood_block *b, struct residuals *p,
                                                    int order, SIMD_NAME(cells_function) cells,
                                                    cells_function_plain one)
{
    for (int i = 0; i < LIKELIHOOD_BLOCK; i += SIMD_WIDTH) {
        int observed = b->incomplete ? b->observed[i] : (1 << p->k) - 1, mixed = 0;
        for (int l = 1; l < SIMD_WIDTH && b->incomplete; l++)
            mixed |= b->observed[i + l] != observed;
        for (int l = i; l < i + SIMD_WIDTH && mixed; l++) {
            struct residuals single;
            new_residuals_plain(p->k, p->is_columns, b->work, &single);
            b->value[l] = one(&single, b->observed[l], b->cell[0] + l, b->eta[0] + l, order,
                              b->grad[0] + l, b->hess[0] + l);
        }
        if (!mixed)
            SIMD_STORE(b->value + i, cells(p, observed, b->cell[0] + i, b->eta[0] + i, order,
                                           b->grad[0] + i, b->hess[0] + i));
    }
}
