/* Registration of the doors: the only names that R can call. */
#include "r_doors.h"
#include "partitions.h"
#include <R_ext/Rdynload.h>

#define DOOR(name, n)                                                                              \
    {                                                                                              \
#name, (DL_FUNC) &r_##name, n                                                              \
    }

static const R_CallMethodDef doors[] = {DOOR(likelihood, 3),
                                        DOOR(likelihood_draws, 3),
                                        DOOR(likelihood_expect, 5),
                                        DOOR(prior, 4),
                                        DOOR(loglik_and_priors, 3),
                                        DOOR(expect_loglik_and_priors, 4),
                                        DOOR(loglik_and_priors_draws, 2),
                                        DOOR(smooths, 2),
                                        DOOR(smooths_expect, 3),
                                        DOOR(piecewise, 3),
                                        DOOR(chart_tables, 2),
                                        DOOR(gap, 4),
                                        DOOR(ellipse, 8),
                                        DOOR(weak, 2),
                                        DOOR(weak_value, 1),
                                        DOOR(surrogate_marginal, 6),
                                        DOOR(surrogate_draws, 7),
                                        DOOR(arrow_factor, 2),
                                        DOOR(arrow_solve, 3),
                                        DOOR(arrow_invert, 1),
                                        DOOR(arrow_marginal, 6),
                                        DOOR(arrow_draws, 6),
                                        DOOR(reserve, 1),
                                        DOOR(shared_columns, 1),
                                        DOOR(pair_sums, 6),
                                        DOOR(pair_fits, 5),
                                        DOOR(cells, 4),
                                        DOOR(merge_cells, 3),
                                        DOOR(moments, 7),
                                        DOOR(moments_two, 8),
                                        DOOR(finite_range, 1),
                                        DOOR(split_lines, 5),
                                        DOOR(rows, 5),
                                        DOOR(rows_curvature, 6),
                                        DOOR(exponential, 2),
                                        DOOR(learner_run, 6),
                                        DOOR(learner_activate, 3),
                                        DOOR(target, 5),
                                        DOOR(snapshot, 2),
                                        DOOR(elbo, 5),
                                        DOOR(optimizer_slots, 1),
                                        DOOR(advi, 8),
                                        DOOR(natural, 7),
                                        DOOR(svgd, 7),
                                        DOOR(nuts, 5),
                                        DOOR(nuts_step, 4),
                                        DOOR(fingerprint, 1),
                                        {NULL, NULL, 0}};

void R_init_covary(DllInfo *dll)
{
    partitions_home();
    R_registerRoutines(dll, NULL, doors, NULL, NULL);
    R_useDynamicSymbols(dll, FALSE);
    R_forceSymbols(dll, TRUE);
}
