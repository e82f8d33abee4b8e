/* Doors: the border between R and the plain C core. Only door files and init.c include this. */
#ifndef COVARY_DOORS_H
#define COVARY_DOORS_H

#ifndef R_NO_REMAP
#define R_NO_REMAP
#endif
#ifndef STRICT_R_HEADERS
#define STRICT_R_HEADERS
#endif
#include <R.h>
#include <Rinternals.h>

/* door_kernel.c */
int simd_option(void); /* the R option covary.simd as a level of simd.h */
SEXP door_kernel(SEXP k, SEXP cells, SEXP eta);
SEXP door_kernel_expect(SEXP k, SEXP cells, SEXP mean, SEXP cov);
SEXP door_prior(SEXP family, SEXP par, SEXP x, SEXP sd);
/* door_regression.c */
SEXP door_base(SEXP model, SEXP beta, SEXP order);
SEXP door_base_expect(SEXP model, SEXP mean, SEXP cov);
SEXP door_base_draws(SEXP model, SEXP draws);
SEXP door_smooths(SEXP model, SEXP theta);
SEXP door_smooths_expect(SEXP model, SEXP mean, SEXP cov);
/* door_linalg.c */
SEXP door_cholesky(SEXP a);
SEXP door_inverse(SEXP root);
SEXP door_product(SEXP a, SEXP b, SEXP transpose, SEXP level);
/* door_piecewise.c */
SEXP door_piecewise(SEXP x, SEXP breaks, SEXP coefficients);
/* door_ellipse.c */
SEXP door_gap(SEXP model, SEXP a, SEXP b, SEXP beta);
SEXP door_ellipse(SEXP model, SEXP a, SEXP b, SEXP centre, SEXP nu, SEXP uniform, SEXP beta,
                  SEXP gap);

/* door_weak.c */
SEXP door_weak(SEXP key, SEXP value);
SEXP door_weak_value(SEXP reference);
/* door_surrogate.c */
SEXP door_surrogate_marginal(SEXP a, SEXP b, SEXP group, SEXP t, SEXP order, SEXP level);
SEXP door_surrogate_draws(SEXP a, SEXP b, SEXP group, SEXP column, SEXP t, SEXP z, SEXP level);
/* door_cells.c */
SEXP door_cells(SEXP id, SEXP n_cells, SEXP y, SEXP weights);
SEXP door_merge_cells(SEXP k, SEXP a, SEXP b);
/* door_moments.c */
SEXP door_moments(SEXP x, SEXP y, SEXP weights, SEXP group, SEXP grid, SEXP scaling, SEXP settings);
SEXP door_moments_two(SEXP x, SEXP z, SEXP y, SEXP weights, SEXP group, SEXP grid, SEXP scaling,
                      SEXP settings);
SEXP door_finite_range(SEXP x);
/* door_text.c */
SEXP door_split_lines(SEXP lines, SEXP separator, SEXP width, SEXP wanted, SEXP numeric);
/* door_rows.c */
SEXP door_rows(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP settings);
SEXP door_rows_curvature(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP coarse,
                         SEXP variance);
SEXP door_exponential(SEXP x, SEXP level);
/* door_learner.c */
SEXP door_learner_run(SEXP settings, SEXP x, SEXP y, SEXP order, SEXP thin, SEXP state);
SEXP door_learner_activate(SEXP settings, SEXP x, SEXP parameter);
/* door_target.c */
SEXP door_target(SEXP target, SEXP theta, SEXP rows, SEXP scale, SEXP gradient);
SEXP door_anchor(SEXP model, SEXP beta);
/* door_advi.c */
SEXP door_elbo(SEXP target, SEXP family, SEXP how, SEXP par, SEXP noise, SEXP centre, SEXP root);
SEXP door_advi(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP par,
               SEXP state);
SEXP door_natural(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows,
                  SEXP state);
/* door_svgd.c */
SEXP door_svgd(SEXP target, SEXP settings, SEXP first, SEXP temperature, SEXP rows, SEXP x,
               SEXP state);
/* door_nuts.c */
SEXP door_nuts(SEXP target, SEXP settings, SEXP theta, SEXP step, SEXP n);
SEXP door_nuts_step(SEXP target, SEXP settings, SEXP theta, SEXP size);
/* door_fingerprint.c */
SEXP door_fingerprint(SEXP parts);

#endif
