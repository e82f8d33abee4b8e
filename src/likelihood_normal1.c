/* The normal likelihood of one response (mathematics vignette, eq. 1): its entry in the list of
 * likelihoods; the density stands in likelihood_normal1.simd.h. */
#include "likelihood_normal.h"
#include "simd.h"
#include <stddef.h>

#define SIMD_WIDTH 1
#include "likelihood_normal1.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "likelihood_normal1.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "likelihood_normal1.simd.h"
#undef SIMD_WIDTH
#endif

static void evaluate_cells(const struct likelihood *l, struct likelihood_block *b, int order,
                           int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), evaluate1, (b, 0, order));
}

static void evaluate_nodes(const struct likelihood *l, struct likelihood_block *b, int order,
                           int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), evaluate1, (b, 1, order));
}

static void expect_cells(const struct likelihood *l, struct likelihood_block *b, int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), expect1, (b, 0));
}

static void expect_nodes(const struct likelihood *l, struct likelihood_block *b, int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), expect1, (b, 1));
}

static void points_of_cell(const double *cell, const double *eta, double *value, int level)
{
    SIMD_CALL(simd_level(level), points1, (cell, 0, eta, value));
}

static void points_of_node(const double *cell, const double *eta, double *value, int level)
{
    SIMD_CALL(simd_level(level), points1, (cell, 1, eta, value));
}

static double score(struct likelihood_rows *rows, int value, int level)
{
    (void) value; /* nothing is left out */
    return SIMD_CALL(simd_level(level), score1, (rows));
}

const struct likelihood likelihood_normal1 = {.name = "normal",
                                              .k = 1,
                                              .q = 2,
                                              .pairs = 3,
                                              .size = 3,
                                              .evaluate = evaluate_cells,
                                              .expect = expect_cells,
                                              .points = points_of_cell,
                                              .score = score};

const struct likelihood likelihood_normal1_nodes = {.name = "normal",
                                                    .k = 1,
                                                    .q = 2,
                                                    .pairs = 3,
                                                    .size = 4,
                                                    .evaluate = evaluate_nodes,
                                                    .expect = expect_nodes,
                                                    .points = points_of_node};
