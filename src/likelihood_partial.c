/* The normal likelihood of any number of responses by canonical partial correlations (mathematics
 * vignette, eq. 31): its entry in the list of likelihoods; the density stands in
 * likelihood_partial.simd.h. */
#include "cells.h"
#include "likelihood_normal.h"
#include "simd.h"
#include <stddef.h>

#define SIMD_WIDTH 1
#include "likelihood_partial.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "likelihood_partial.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "likelihood_partial.simd.h"
#undef SIMD_WIDTH
#endif

static void evaluate(const struct likelihood *l, struct likelihood_block *b, int order, int level)
{
    SIMD_CALL(simd_level(level), evaluate_partial,
              (b, l->k, l->size == residuals_size(l->k), order));
}

struct likelihood likelihood_partial(int k, int columns)
{
    int q = k * (k + 3) / 2;
    struct likelihood out = {.name = "partial",
                             .k = k,
                             .q = q,
                             .pairs = q * (q + 1) / 2,
                             .size = columns ? residuals_size(k) : cells_size(k),
                             .work = RESIDUALS_LANES * residuals_numbers(k),
                             .takes_observed = 1,
                             .evaluate = evaluate};
    return out;
}
