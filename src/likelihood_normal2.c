/* The normal likelihood of two responses (mathematics vignette, eq. 2): its entry in the list of
 * likelihoods; the density stands in likelihood_normal2.simd.h. */
#include "likelihood_normal.h"
#include "simd.h"
#include <stddef.h>

#define SIMD_WIDTH 1
#include "likelihood_normal2.simd.h"
#undef SIMD_WIDTH
#ifdef SIMD_HAS_WIDTH_2
#define SIMD_WIDTH 2
#include "likelihood_normal2.simd.h"
#undef SIMD_WIDTH
#endif
#ifdef SIMD_HAS_WIDTH_4
#define SIMD_WIDTH 4
#include "likelihood_normal2.simd.h"
#undef SIMD_WIDTH
#endif

/* Cells without scatter, such as rows, have no residuals of it: NORMAL2_ROW leaves them out. */
static int kind_of_cells(const struct likelihood_block *b)
{
    int scatter = 0;
    for (int i = 0; i < LIKELIHOOD_BLOCK; i++)
        scatter |= b->cell[3][i] != 0 || b->cell[4][i] != 0 || b->cell[5][i] != 0;
    return scatter ? NORMAL2_CELL : NORMAL2_ROW;
}

static int kind_of_cell(const double *cell)
{
    return cell[3] != 0 || cell[4] != 0 || cell[5] != 0 ? NORMAL2_CELL : NORMAL2_ROW;
}

static void evaluate_cells(const struct likelihood *l, struct likelihood_block *b, int order,
                           int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), evaluate2, (b, kind_of_cells(b), order));
}

static void evaluate_nodes(const struct likelihood *l, struct likelihood_block *b, int order,
                           int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), evaluate2, (b, NORMAL2_NODE, order));
}

static void expect_cells(const struct likelihood *l, struct likelihood_block *b, int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), expect2, (b, 0));
}

static void expect_nodes(const struct likelihood *l, struct likelihood_block *b, int level)
{
    (void) l;
    SIMD_CALL(simd_level(level), expect2, (b, 1));
}

static void points_of_cell(const double *cell, const double *eta, double *value, int level)
{
    SIMD_CALL(simd_level(level), points2, (cell, kind_of_cell(cell), eta, value));
}

static void points_of_node(const double *cell, const double *eta, double *value, int level)
{
    SIMD_CALL(simd_level(level), points2, (cell, NORMAL2_NODE, eta, value));
}

static double score(struct likelihood_rows *rows, int value, int level)
{
    return SIMD_CALL(simd_level(level), score2, (rows, value));
}

const struct likelihood likelihood_normal2 = {.name = "normal",
                                              .k = 2,
                                              .q = 5,
                                              .pairs = 15,
                                              .size = 6,
                                              .evaluate = evaluate_cells,
                                              .expect = expect_cells,
                                              .points = points_of_cell,
                                              .score = score};

const struct likelihood likelihood_normal2_nodes = {.name = "normal",
                                                    .k = 2,
                                                    .q = 5,
                                                    .pairs = 15,
                                                    .size = 8,
                                                    .evaluate = evaluate_nodes,
                                                    .expect = expect_nodes,
                                                    .points = points_of_node};
