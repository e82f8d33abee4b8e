#' When a fit warns
#'
#' What each warning of [covary()] means, what to try, in this order, and when the draws can be used
#' all the same. Every warning is kept in the fit: see [diagnostics()]. `fit <- refine(fit)` tries
#' other algorithms and more draws by itself, within a minute or the `seconds` given; what it cannot
#' do is to ask for less, or to state what is known.
#'
#' @section Pareto khat too high (`covary_warning_khat`):
#' The Gaussian that the draws came from has thinner tails than the posterior, and importance
#' weights cannot mend it. Usual causes: fewer than about ten rows a coefficient; a log sd or a
#' correlation with many terms; a smooth whose sd may be near zero.
#' 1. Ask for less: a smaller `k`, `sigma ~ 1` or `rho ~ 1` where rows are few.
#' 2. State what is known: `set_prior()` for coefficients of `sigma` and `rho`, whose defaults are
#'   wide.
#' 3. `update(fit, algorithm = "nested")` if it was not; then `update(fit, draws = 20000)`.
#' 4. `update(fit, algorithm = "nuts")`: Markov chains need no Gaussian; seconds to minutes.
#'
#' Usable all the same where khat is between .5 and .7 and only means and intervals of curves are
#' read, not tails.
#'
#' khat is an estimate from the largest weights. From seed to seed its standard deviation is about
#' .15 with 1,000 draws and .12 with 4,000 (in six fits of 14 to 108 rows it was .06 to .16 and .05
#' to .15), so that near the threshold the verdict changes with the seed; then the warning and
#' `diagnostics()` say so. Four times the draws decide better than another seed.
#'
#' @section Not converged (`covary_warning_not_converged`):
#' The steps did not come to rest. Causes: terms that say the same (see warnings about collinear
#' columns), a response in units that make its sd tiny or huge beside priors given by hand, a model
#' that the rows cannot tell.
#' 1. Fit with constants, `sigma ~ 1` and `rho ~ 1`, and add terms one by one.
#' 2. Look at `default_prior()`: is each prior sensible in the units of the data?
#' 3. `update(fit, algorithm = "nuts")`, and read R-hat.
#'
#' Never usable as it is.
#'
#' @section Off by fresh draws (`covary_warning_rough`):
#' Draws that the fit had not used say how far posterior means and sds are from what they should be,
#' in posterior sds. A shift of .1 moves an interval by a twentieth of its width.
#' 1. `update(fit, algorithm = "nested")` if it was another.
#' 2. Fewer terms on `sigma` and `rho`; more rows.
#' 3. `update(fit, algorithm = "nuts")`.
#'
#' Usable for pictures where the shift is below .2; not for tail probabilities.
#'
#' @section Mean outside its interval (`covary_warning_long_tail`):
#' Of `predict()` and `covariance()`, not of the fit: far outside the data the log of a standard
#' deviation is spread widely, and rare draws make the mean of the standard deviation.
#' 1. Read `lower` and `upper`, or medians: `conditional_effects()`, `plot()`, quantiles of
#'   `posterior_epred()`.
#' 2. Ask nearer to the data; `extrapolated` marks what is outside.
#'
#' @section Never together (`covary_warning_never_together`):
#' No row has both responses of a pair, so that the data cannot tell their correlation, however
#' narrow its interval looks beside that of others.
#' 1. Read `prior_summary(fit)`: that is what the fit knows of the pair, with what a third response
#'   implies where there is one.
#' 2. `rho(a, b) ~ 0` where they can be taken as independent (given the responses before them).
#'
#' Means, standard deviations and other correlations are usable.
#'
#' @section Known standard deviations do not fit (`covary_warning_known_sd`):
#' `sigma ~ 0` states standard deviations of 1, and an offset others; residuals are of another size.
#' 1. `sigma(y) ~ 0 + offset(log(sd))` with the right curve: the offset is on the log scale.
#' 2. `sigma ~ 1`, or more, to estimate it.
#'
#' Correlations and intervals are not usable. Fits of cells alone are not checked: the rows are
#' gone.
#'
#' @section Cells moved the mode (`covary_warning_certificate`), predictors not exact:
#' Sums of rows stand for rows where a term bends within a cell.
#' 1. `covary_control(resolution = )` with a larger number, or
#'   `covary_control(compress = "never")`.
#' 2. Make a jump or a fast wave a column of its own, so that it is a covariate of the cells.
#'
#' Usable where the certificate, in posterior sds, is small beside what matters to you.
#'
#' @section Divergences and R-hat (NUTS):
#' Chains miss regions of strong curvature or have not mixed.
#' 1. `covary_control(nuts = list(warmup = 2000, control = nuts_control(accept = .95)))`.
#' 2. Fewer terms, stronger priors.
#'
#' @section Extrapolated rows:
#' `extrapolated = TRUE` in [predict.covary()] and [deviations()] marks rows outside the covariates
#' of the data. Splines go on along a line there; intervals widen by the model's own assumption, not
#' by what is known. Do not read them as evidence.
#'
#' @section What each check sees:
#' No check sees everything, so a fit has more than one. `khat` sees tails and skewness near the
#' draws, not a second mode far from them. Fresh draws see means and sds that are off, whatever the
#' cause, again only where draws fall. R-hat sees chains that disagree, so that a second mode shows
#' once a chain has found it, but not a tail that no chain has reached. Where draws were moved by
#' chains, others that begin far out must come back to them. Comparison of cells with
#' rows (the certificate) sees what compression did, and nothing of the algorithm.
#'
#' @section Which one to trust:
#' Where two algorithms disagree, compare both with `"nuts"` on a random part of the rows
#' (`subset = `). Fits of the same data compare by [loo()], and by `glance(fit)$log_evidence` where
#' that is not `NA`.
#'
#' @examples
#' # Twelve rows, three smooths: too much to ask
#' few <- mtcars[1:12, ]
#' fit <- withCallingHandlers(
#'   covary(mpg ~ s(wt, k = 5), sigma ~ wt, data = few, draws = 500),
#'   covary_warning = function(w) {
#'     message(conditionMessage(w))
#'     tryInvokeRestart("muffleWarning")
#'   }
#' )
#' diagnostics(fit)
#' # What it can tell
#' update(fit, . ~ wt, sigma ~ 1)
#' @seealso [refine()], [diagnostics()], [covary_control()], [covary-conditions]
#' @name when-a-fit-warns
#' @aliases when-a-fit-warns
NULL
