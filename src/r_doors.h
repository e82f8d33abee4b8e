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

/* r_likelihood.c */
int simd_option(void); /* the R option covary.simd as a level of simd.h */
SEXP r_likelihood(SEXP likelihood, SEXP cells, SEXP eta);
SEXP r_likelihood_draws(SEXP likelihood, SEXP cells, SEXP eta);
SEXP r_likelihood_expect(SEXP likelihood, SEXP cells, SEXP mean, SEXP cov, SEXP rule);
SEXP r_prior(SEXP family, SEXP par, SEXP x, SEXP sd);
/* r_regression.c */
SEXP r_shared_columns(SEXP model);
SEXP r_loglik_and_priors(SEXP model, SEXP beta, SEXP order);
SEXP r_expect_loglik_and_priors(SEXP model, SEXP mean, SEXP cov, SEXP every);
SEXP r_loglik_and_priors_draws(SEXP model, SEXP draws);
SEXP r_smooths(SEXP model, SEXP theta);
SEXP r_smooths_expect(SEXP model, SEXP mean, SEXP cov);
/* r_piecewise.c */
SEXP r_piecewise(SEXP x, SEXP breaks, SEXP coefficients);
/* r_chart.c */
SEXP r_chart_tables(SEXP tables, SEXP n);
/* r_ellipse.c */
SEXP r_gap(SEXP model, SEXP a, SEXP b, SEXP beta);
SEXP r_ellipse(SEXP model, SEXP a, SEXP b, SEXP centre, SEXP nu, SEXP uniform, SEXP beta, SEXP gap);

/* r_weak.c */
SEXP r_weak(SEXP key, SEXP value);
SEXP r_weak_value(SEXP reference);
/* r_arrow.c */
SEXP r_arrow_factor(SEXP a, SEXP level);
SEXP r_arrow_solve(SEXP factor, SEXP x, SEXP half);
SEXP r_arrow_invert(SEXP factor);
/* r_arrow_surrogate.c */
SEXP r_arrow_marginal(SEXP a, SEXP b, SEXP group, SEXP log_tau, SEXP order, SEXP level);
SEXP r_arrow_draws(SEXP a, SEXP b, SEXP group, SEXP log_tau, SEXP z, SEXP level);
/* r_reserve.c */
SEXP r_reserve(SEXP bytes);
/* r_surrogate.c */
SEXP r_surrogate_marginal(SEXP a, SEXP b, SEXP group, SEXP t, SEXP order, SEXP level);
SEXP r_surrogate_draws(SEXP a, SEXP b, SEXP group, SEXP column, SEXP t, SEXP z, SEXP level);
/* r_pairs.c */
SEXP r_pair_sums(SEXP z, SEXP weights, SEXP start, SEXP pairs, SEXP bins, SEXP sums);
SEXP r_pair_fits(SEXP core, SEXP margins, SEXP pairs, SEXP sums, SEXP settings);
/* r_cells.c */
SEXP r_cells(SEXP id, SEXP n_cells, SEXP y, SEXP weights);
SEXP r_merge_cells(SEXP k, SEXP a, SEXP b);
/* r_moments.c */
SEXP r_moments(SEXP x, SEXP y, SEXP weights, SEXP group, SEXP grid, SEXP scaling, SEXP settings);
SEXP r_moments_two(SEXP x, SEXP z, SEXP y, SEXP weights, SEXP group, SEXP grids, SEXP scaling,
                   SEXP settings);
SEXP r_finite_range(SEXP x);
/* r_text.c */
SEXP r_split_lines(SEXP lines, SEXP separator, SEXP width, SEXP wanted, SEXP numeric);
/* r_rows.c */
SEXP r_rows(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP settings);
SEXP r_rows_curvature(SEXP y, SEXP weights, SEXP scaling, SEXP terms, SEXP settings, SEXP variance);
SEXP r_exponential(SEXP x, SEXP level);
/* r_learner.c */
SEXP r_learner_run(SEXP settings, SEXP x, SEXP y, SEXP order, SEXP thin, SEXP state);
SEXP r_learner_activate(SEXP settings, SEXP x, SEXP parameter);
/* r_target.c */
SEXP r_target(SEXP target, SEXP theta, SEXP rows, SEXP scale, SEXP gradient);
SEXP r_snapshot(SEXP model, SEXP beta);
/* r_advi.c */
SEXP r_elbo(SEXP target, SEXP family, SEXP estimate, SEXP par, SEXP noise);
SEXP r_optimizer_slots(SEXP rule);
SEXP r_advi(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP par,
            SEXP memory);
SEXP r_natural(SEXP target, SEXP settings, SEXP first, SEXP n, SEXP noise, SEXP rows, SEXP state);
/* r_svgd.c */
SEXP r_svgd(SEXP target, SEXP settings, SEXP first, SEXP temperature, SEXP rows, SEXP x,
            SEXP memory);
/* r_nuts.c */
SEXP r_nuts(SEXP target, SEXP settings, SEXP theta, SEXP step, SEXP n);
SEXP r_nuts_step(SEXP target, SEXP settings, SEXP theta, SEXP size);
/* r_fingerprint.c */
SEXP r_fingerprint(SEXP parts);

#endif
