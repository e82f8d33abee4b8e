#' Shapes and units of every output
#'
#' S draws, N rows, K responses, P = K (K - 1) / 2 pairs, p unpenalised coefficients, q parameters
#' (these, coefficients and sds of smooths). Units: `y` those of the
#' response, `link` the scale of the predictor (that of the response for `mu`, log for `sigma`,
#' rhobit for `rho`), `nat` nats, natural logarithms of densities. Rows are those of the fit in
#' their order, or those of `newdata`; rows of `newdata` that lack a covariate give `NA`.
#'
#' Names and choices of arguments are case-sensitive. Dates, times and time differences are used as
#' numbers of days or seconds, in their own units.
#'
#' | call | shape | unit |
#' |---|---|---|
#' | `coef(fit)` | p, named | link |
#' | `vcov(fit)` | p x p | link squared |
#' | `confint(fit)` | p x 2 | link |
#' | `summary(fit)`, `tidy(fit)` | a row a coefficient or sd | link |
#' | `as_draws_matrix(fit)` | S x (q + 3), with `lprior`, `lp__`, `lp_approx__` | link, nat |
#' | `fitted(fit)` | N x K | y |
#' | `fitted(fit, "rho")` | N x P | correlation |
#' | `sigma(fit)` | N x K | y |
#' | `residuals(fit)` | N x K | y; `"pearson"`, `"whitened"`: sds |
#' | `predict(fit)` | a row a row, parameter and response | y or correlation; `"link"`: link |
#' | `correlation(fit)` | a row a row and pair; `draws = TRUE`: S x N x K x K | correlation |
#' | `covariance(fit)` | the same, with `a:a` | y times y |
#' | `posterior_epred(fit)` | S x N x K, S x N for one response | y; `dpar`: sd or correlation |
#' | `posterior_linpred(fit)` | the same | link |
#' | `posterior_predict(fit)` | the same | y |
#' | `predictive_error(fit)` | the same | y |
#' | `predictive_interval(fit)` | N x 2, N x 2 x K | y |
#' | `posterior_interval(fit)` | coefficients and sds x 2 | link |
#' | `log_lik(fit)` | S x N, joint over responses | nat, of densities per unit of y |
#' | `logLik(fit)` | 1 | nat |
#' | `loo(fit)`, `waic(fit)`, `kfold(fit)` | a row a measure | nat (`looic`: -2 of it) |
#' | `elbo(fit)`, `glance(fit)$log_evidence` | 1 | nat |
#' | `bayes_R2(fit)` | K x 4 | share of variance |
#' | `fixef(fit)` | coefficients x 4 | link |
#' | `ranef(fit)` | by group: levels x 4 x coefficients | link |
#' | `VarCorr(fit)` | by group: sds, coefficients x 4 | link |
#' | `conditional_effects(fit)` | a row a point, parameter and group | y or correlation |
#' | `simulate(fit, nsim)` | a data frame, a column (N x K) a simulation | y |
#' | `deviations(fit)` | a row a person and response, and all together | sds, shares |
#' | `centiles(fit)` | a row a row (or point of a grid), response and centile | y |
#'
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' dim(posterior_epred(fit))
#' dim(posterior_epred(fit, dpar = "rho"))
#' dim(sigma(fit))
#' dim(log_lik(fit))
#' dim(correlation(fit, draws = TRUE))
#' @seealso [posterior_predict.covary()], [fitted.covary()], [correlation()], [as_draws.covary()]
#' @name covary-shapes
#' @aliases covary-shapes
NULL

#' How to report a fit
#'
#' What a reader needs to judge and to repeat a fit, and where it is found.
#'
#' 1. The model: formula of each parameter, links (log for standard deviations, rhobit for
#'    correlations), for three responses and more their order: `print(fit)`.
#' 2. The data: rows used and left out, and why: `print(fit)`; rows that lack responses are used as
#'    missing at random.
#' 3. The priors: `prior_summary(fit)`, also where they are the defaults.
#' 4. The computation: algorithm, number of draws, Pareto khat or R-hat, every warning and what was
#'    done about it: `diagnostics(fit)`; version: `packageVersion("covary")`, `citation("covary")`.
#' 5. The answer as curves of means, standard deviations and correlations with their intervals on
#'    the scale of the data (`predict(fit, nd, prob = 0.95)`), not as coefficients of smooths.
#' 6. The check: `pp_check(fit)`, `loo(fit)` of models that were compared, all of them.
#'
#' @section Example of words:
#' "We modelled fuel economy and quarter-mile time of 32 cars as bivariate normal, with means linear
#' in weight and a correlation linear in weight on the rhobit scale, by covary 0.1.0 (nested
#' variational inference, 4000 draws, Pareto khat 0.3), with its default priors, which scale
#' themselves to the data (table S1). At 3,000 lbs the correlation was .42 (95 % interval .05 to
#' .70). Leave-one-out cross-validation did not prefer a constant correlation (difference in
#' expected log density 0.4, standard error 1.1)."
#'
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars, draws = 1000)
#' prior_summary(fit)
#' diagnostics(fit)
#' predict(fit, data.frame(wt = 3), dpar = "rho")
#' citation("covary")
#' @seealso [diagnostics()], [when-a-fit-warns], [covary-shapes]
#' @name how-to-report
#' @aliases how-to-report
NULL
