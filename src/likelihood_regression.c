/* The normal likelihood of any number of responses by the regression of each on those before it
 * (mathematics vignette, eq. 35 and 37): its entry in the list of likelihoods; density and
 * expectations stand in likelihood_regression.simd.h and likelihood_regression_expect.simd.h. */
#include "cells.h"
#include "likelihood_normal.h"
#include "simd.h"
#include <stddef.h>

#define SIMD_WIDTH 1
#include "likelihood_regression_expect.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "likelihood_regression_expect.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "likelihood_regression_expect.simd.h"
#undef SIMD_WIDTH
#endif

static void evaluate(const struct likelihood *l, struct likelihood_block *b, int order, int level)
{
    SIMD_CALL(simd_level(level), evaluate_regression,
              (b, l->k, l->size == residuals_size(l->k), order));
}

static void expect(const struct likelihood *l, struct likelihood_block *b, int level)
{
    SIMD_CALL(simd_level(level), expect_regression, (b, l->k, l->size == residuals_size(l->k)));
}

struct likelihood likelihood_regression(int k, int columns)
{
    struct likelihood out = likelihood_partial(k, columns);
    out.name = "normal_regression";
    out.evaluate = evaluate;
    out.expect = expect;
    return out;
}
