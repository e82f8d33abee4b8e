#' Bayesian regression of means, standard deviations and correlations
#'
#' Fits normal responses whose means, log standard deviations and correlations each have their own
#' regression formula, and returns posterior draws.
#'
#' @section Model:
#' With responses `a` and `b`, each row is bivariate normal with means `mu`, standard deviations
#' `sigma = exp(predictor)` and correlation `rho = tanh(predictor / 2)` (the "rhobit" link, twice
#' Fisher's z), so every value of a predictor is valid. With one response there is no `rho`.
#'
#' With three responses or more, in the order in which they are named, the predictor of a pair is of
#' its *partial* correlation given the responses before the pair: of the correlation itself where
#' one of the two is the first response. So every value of all predictors is a valid covariance
#' matrix, and constant predictors are a constant correlation matrix. `rho(b, c) ~ 0` then says that
#' `b` and `c` are uncorrelated given the responses before them; put a pair first to speak of its
#' correlation. `print()` says what a formula means, [correlation()], [sigma()] and [predict()] have
#' marginal correlations and standard deviations, and `update(fit, order = )` fits in another order,
#' see [update.covary()]. `covary_control(correlation = "regression")` has regressions on the
#' responses before in the place of partial correlations.
#'
#' @section Formulas:
#' The first formula gives the responses, `cbind(a, b)` (or `mvbind()`), and the means.
#' `sigma ~ ...` is for all log standard deviations, `rho ~ ...` for all correlations; what is not
#' given is `~ 1`. One response or pair can be named: `b ~ x` (its mean), `sigma(b) ~ 1`,
#' `rho(a, b) ~ s(x)` (the same as `rho(b, a)`). Terms are those of [stats::model.matrix()],
#' [splines::bs()] and [splines::ns()], and the smooths [mgcv::s()] and [mgcv::t2()] with `by` and
#' any basis (but `"ad"`, and no fixed `sp` or shared `id`), also `bs = "re"` for random effects.
#' `offset()` adds a known function on the scale of the predictor; a predictor with nothing else
#' (`sigma ~ 0 + offset(log_s)`, `rho ~ 0`) is known exactly.
#'
#' New data are evaluated with the state of the training rows: `scale(x)` keeps their centre,
#' `x - mean(x)` their mean, also within smooths, offsets and responses. A term that depends on
#' other rows and has no such state (`rank(x)`, `cumsum(x)`, `cut(x, 3)`) is an error: compute it as
#' a column first. A fit keeps the numbers and functions that its formulas name, but neither the
#' data frame nor the place where they were written.
#'
#' `s(x)` penalises the second derivative of a curve, `s(x, m = 3)` the third, which suits very
#' smooth curves, and `s(x, m = 1)` the first, for steep ones. A season is
#' `s(month, bs = "cc", xt = list(knots = c(0.5, 12.5)))`, whose knots are the ends of the cycle.
#' Fits of the same data compare by `glance(fit)$log_evidence`: the larger the better, a difference
#' of 5 is decisive. (A smooth has `m - 1` unpenalised polynomials, whose wide priors count against
#' a large `m` where there are many smooths; [loo()] compares predictions and hardly depends on
#' priors.)
#'
#' @section Missing responses:
#' A row that lacks some of the responses counts by the likelihood of those that it has, and a
#' message says how many rows lack what. That is right where responses are missing at random:
#' whether a value is missing may depend on covariates and on the responses that the row has but,
#' given these, not on the value itself. Complete rows alone are biased then, unless it depends on
#' covariates only. [posterior_predict()] and `predict()` with `given = "observed"` give the missing
#' responses given the others.
#'
#' @section Bounded likelihood:
#' Where standard deviations or correlations may change, the normal likelihood has no upper limit at
#' rows that a mean runs through. Each row therefore carries a small scatter, 1 % of its residual
#' standard deviation or less (`row_sd` in [covary_control()]; equation 3a of
#' `vignette("mathematics")`). Fits of few rows start from the model with constant standard
#' deviations and correlation, and go on only where they become better. What cannot be told is an
#' error (`covary_error_unusable`) that names rows and terms, never a fit without spread.
#'
#' @section Algorithms:
#' * `"nested"` (default): the standard deviations of smooths are integrated over by adaptive
#'   importance sampling, the coefficients given those are Gaussian with closed-form variational
#'   moments, and all draws are corrected towards the exact posterior by Pareto smoothed importance
#'   resampling. Where weights cannot do that (few rows, khat too high) and it takes seconds, 400
#'   Markov chains move the draws to the posterior until they have forgotten where they began.
#'   `diagnostics()` has khat of both levels and the chains' verdict.
#' * `"fullrank"`, `"meanfield"`: one Gaussian for everything, closed-form ELBO, deterministic.
#' * `"laplace"`: Gaussian at the mode. `"prior"`: draws from the prior, for prior predictive
#'   checks; `data` may have no rows.
#' * `"advi"` (stochastic, with minibatches, optimisers and callbacks), `"svgd"`, `"pathfinder"` and
#'   `"nuts"`: the engines of [advi()], [svgd()], [pathfinder()] and [nuts()], with settings in
#'   [covary_control()]. Where rows have equal covariates, minibatches are drawn from cells, which
#'   hold all rows with the same covariates.
#' * `"none"`: no fit; returns the model as a target for those functions, as [as_target()] does.
#'
#' @param formula A formula, or a list of formulas.
#' @param ... Further formulas.
#' @param data A data frame, or cells made by [compress()]; may stand unnamed after the formula.
#' @param weights Optional weights of rows (an expression in `data`): a row of weight w counts as w
#'   equal rows. Rows of weight zero are left out.
#' @param subset Optional expression in `data`: rows to use.
#' @param na.action `na.omit` (default) leaves out rows with missing covariates or weights, or
#'   without any response, and says how many; `na.fail` makes any missing value an error.
#' @param missing `"use"` (default) takes what rows have that lack some of the responses, see
#'   Missing responses; `"drop"` leaves such rows out.
#' @param prior Priors from [set_prior()], combined by `c()`; see [default_prior()].
#' @param margin `NULL` (default), or a list of margins by response, such as `list(weight =
#'   power())`: the response is normal after a transformation whose parameter is given or estimated,
#'   see [margins]. Everything after the fit is on the scale of the response.
#' @param algorithm See Algorithms.
#' @param draws Number of posterior draws (>= 100).
#' @param control Settings from [covary_control()].
#' @param refresh `TRUE` or `FALSE` (or 0) to force or silence the progress bar; by default it
#'   appears after two seconds in interactive sessions.
#' @param seed A whole number: the fit is that after `set.seed(seed)`, and the state of R's
#'   generator afterwards is that of before. `NULL` (default): the generator goes on from where it
#'   is.
#' @return An object of class `covary`: plain R data that can be saved by [saveRDS()]. Use
#'   `summary()`, `plot()`, `predict()`, [correlation()], [posterior_predict()],
#'   [posterior::as_draws_matrix()], [diagnostics()].
#' @section Large data:
#' From 10,000 rows on, data with one continuous covariate (and any discrete ones) are compressed
#' first, see [compress()]; with two from 80,000 rows on (20,000 where terms use both); a message
#' says so. One exact pass over the rows at the solution then measures what that changed:
#' `diagnostics(fit)$certificate`, the shift of the mode in posterior standard deviations. Above
#' 1e-3 the cells are refined, and at last the rows are fitted.
#'
#' Terms that are not smooth within cells, such as `I(x > 0)`, `cut(x, 3)`, fast waves and logs of
#' wide ranges, and offsets of several covariates, are evaluated at the rows and become covariates
#' themselves. Every fit that does not use the rows compares its predictors with those of about a
#' thousand rows, `diagnostics(fit)$accuracy`, and is accepted if no predictor is off by more than
#' 0.01 residual and 0.1 posterior standard deviations. Cells that hold no rows are compared within
#' their cells; a term that jumps there is an error.
#'
#' Rows with more continuous covariates are fitted as they are, from 20,000 rows on by tables of the
#' smooths, which cost nanoseconds a row. Where a smooth joins several covariates, columns are
#' evaluated for 50,000 rows at a time from 100,000 rows on; they are kept up to 1 GB and made again
#' at every pass beyond, which is slow. Smooths of such fits have their knots at a sample of the
#' rows.
#' @section Errors:
#' Typed conditions, see [covary-conditions].
#' @references Opper and Archambeau (2009) \doi{10.1162/neco.2008.08-07-592}; Wood (2017)
#'   \doi{10.1201/9781315370279}; Vehtari et al. (2024) <https://jmlr.org/papers/v25/19-556.html>.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ 1, rho ~ wt, data = mtcars)
#' fit
#' correlation(fit, data.frame(wt = c(2, 3, 4)))
#' @export
covary <- function(
  formula, ..., data, weights = NULL, subset = NULL, na.action = stats::na.omit,
  missing = c("use", "drop"), prior = NULL, margin = NULL,
  algorithm = c(
    "nested", "fullrank", "meanfield", "laplace", "prior", "advi",
    "svgd", "pathfinder", "nuts", "none"
  ), draws = 4000,
  control = covary_control(), refresh = NULL, seed = NULL
) {
  clock <- new_clock()
  if (missing(algorithm)) algorithm <- "nested"
  algorithm <- check_choice(algorithm, names(engines()), "algorithm")
  draws <- check_draw_count(draws)
  control <- check_control(control)
  refresh <- check_refresh(refresh)
  if (!is.null(seed)) {
    restore <- use_seed(seed)
    on.exit(restore())
  }
  call <- match.call()
  further <- further_arguments(call, missing(data), ...)
  if (missing(data) && !is.null(further$data)) data <- further$data
  check_given(missing(formula), missing(data), if (!missing(formula)) formula)
  no_rows <- is_prior_without_rows(data, algorithm)
  data <- if (no_rows) stand_in_rows(data) else check_source(data)
  env <- parent.frame()
  choice <- list(
    weights = evaluate_call(substitute(weights), data_columns(data), env, "Weights"),
    subset = evaluate_call(substitute(subset), data_columns(data), env, "Subset"),
    na_action = na.action, missing = check_choice(missing, c("use", "drop"), "missing")
  )
  check_choice_of_rows(choice, data)
  parsed <- parse_formulas(
    c(as_formulas(formula), further$formulas),
    data_names = data_names(data), likelihood = likelihood_by_correlation(control$correlation)
  )
  say_cost_of_responses(parsed, control)
  parsed <- with_shared_sds(parsed, control)
  prior <- as_priors(prior)
  # A coefficient with a prior of its own is a column inside the fit too.
  parsed$own_priors <- inherits(prior, "covary_priors") && any(prior$class == "b")

  settings <- list(
    prior = prior, algorithm = algorithm, control = control,
    margins = check_response_margins(margin, parsed, data, algorithm)
  )
  asked <- list(
    parsed = parsed, data = data, choice = choice, settings = settings, draws = draws,
    refresh = refresh, call = further$call, no_rows = no_rows, clock = clock
  )
  if (any_estimated(settings$margins)) estimate_margins(asked) else fit_once(asked)
}
