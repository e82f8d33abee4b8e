#' Settings of the fitting algorithms
#'
#' @param importance `"auto"` (default): draws of `"nested"` are weighed against the exact posterior
#'   and resampled, unless there are 20,000 cells or more and a probe of 200 draws shows that it
#'   would change nothing, or effects of many levels make it cost more than the fit and fresh draws
#'   find the Gaussian right (`diagnostics(fit)$fresh`); `"always"` or `"never"`.
#' @param advi,svgd,pathfinder,nuts Lists of settings of these algorithms. `advi`: `family` (default
#'   `"fullrank"`), `iterations`, `optimizer`, `batch_size`, `start_sigma`, `callbacks` and
#'   `control`, as in [advi()]. `svgd`: `particles`, `iterations`. `pathfinder`: `paths`,
#'   `iterations`. `nuts`: `chains`, `warmup` and `control`, as in [nuts()].
#' @param compress `"auto"` (default): data frames of 10,000 rows or more are compressed to cells
#'   first where that is safe (see [compress()]); `"always"`, or `"never"` for the exact rows.
#' @param resolution Cells over the central 98% of a continuous covariate; `"auto"` is 1000. Of many
#'   groups, sites say, it is the most: there cells are as wide as an estimate of the error allows,
#'   which the exact pass after the fit checks. Where two covariates are continuous, their
#'   rectangles number `sqrt(4 * resolution)` along each: 64 by default, twice as many for four
#'   times the resolution.
#' @param threads Threads for passes over rows; results are the same bits for any number, with one
#'   BLAS library and one number of its own threads: other libraries, or more threads in them, sum
#'   in another order. A process that was forked from the one that loaded the package uses one.
#' @param correlation What the predictors of pairs of responses are. `"partial"` (default): partial
#'   correlations given the responses before the pair, by the rhobit link; `sigma` is the standard
#'   deviation. `"regression"`: coefficients of each response in a regression on all responses
#'   before it (modified Cholesky decomposition, identity link); `sigma` is the standard deviation
#'   of what these leave. It suits responses that have an order, such as times, and many, for which
#'   it is faster; constant correlations of varying standard deviations are simple by the first
#'   alone, and its fits depend more on the order. Predictions, [correlation()] and [sigma()] mean
#'   the same for both.
#' @param shared_sds Do smooths of the same term in the predictors of all pairs of one response with
#'   those before it share one standard deviation (equation 43 of `vignette("mathematics")`)?
#'   `"auto"` (default): from six responses on, where one for each pair would be many and say
#'   little; `"always"`, or `"never"`. Its prior is that of class `"sds"` with the later response as
#'   `resp`.
#' @param row_sd Standard deviation within a row, as a share of the residual standard deviation at
#'   that row, where standard deviations or correlations change with covariates: it keeps the
#'   likelihood bounded at rows that a mean runs through. `"auto"` is 0.01, less from 500,000 rows
#'   on (0.1 / sqrt(2 N) is the most its square may be); 0 leaves it out. `diagnostics()` has what
#'   it does to the fit. Known standard deviations have none, nor have rows that are fitted by
#'   tables or in blocks (see Large data in [covary()]).
#' @return A list of class `covary_control`.
#' @examples
#' covary_control(importance = "always")
#' covary_control(advi = list(batch_size = 500), nuts = list(chains = 2))
#' @export
covary_control <- function(
  importance = c("auto", "always", "never"), advi = list(), svgd = list(),
  pathfinder = list(), nuts = list(),
  compress = c("auto", "always", "never"), resolution = "auto",
  threads = 1, row_sd = "auto", correlation = c("partial", "regression"),
  shared_sds = c("auto", "always", "never")
) {
  structure(list(
    correlation = check_choice(correlation, names(correlation_likelihoods), "correlation"),
    shared_sds = check_choice(shared_sds, c("auto", "always", "never"), "shared_sds"),
    row_sd = check_row_sd(row_sd),
    importance = check_choice(importance, c("auto", "always", "never"), "importance"),
    advi = settings_list(advi, list(
      family = "fullrank", iterations = NULL, optimizer = "auto",
      batch_size = NULL, start_sigma = NULL,
      callbacks = list(), control = advi_control()
    ), "advi"),
    svgd = settings_list(svgd, list(particles = 100, iterations = 300), "svgd"),
    pathfinder = settings_list(pathfinder, list(paths = 4, iterations = 1000), "pathfinder"),
    nuts = settings_list(
      nuts, list(chains = 4, warmup = 500, control = nuts_control(accept = 0.9)),
      "nuts"
    ),
    compress = check_choice(compress, c("auto", "always", "never"), "compress"),
    resolution = check_resolution(resolution),
    threads = check_count(threads, "threads")
  ), class = "covary_control")
}

settings_list <- function(x, defaults, arg) {
  if (!is.list(x)) {
    stop_covary("argument", "`", arg, "` must be a list of settings, not ",
      describe(x), ".",
      fields = list(arg = arg)
    )
  }
  unknown <- setdiff(names(x), names(defaults))
  if (length(x) && (is.null(names(x)) || length(unknown))) {
    stop_covary("argument", "`", arg, "` must be a list with names ",
      enumerate(names(defaults), most = 20), ".",
      fields = list(arg = arg)
    )
  }
  for (n in names(x)) defaults[n] <- list(x[[n]])
  defaults
}

check_control <- function(control) {
  if (!inherits(control, "covary_control")) {
    stop_covary("argument", "`control` must come from covary_control(), not ", describe(control),
      ".",
      fields = list(arg = "control")
    )
  }
  remake(control, covary_control, "control")
}

# From so many responses on, smooths share sds unless told otherwise.
least_sharing_responses <- 6L

with_shared_sds <- function(parsed, control) {
  parsed$shared_sds <- switch(control$shared_sds,
    auto = length(parsed$responses) >= least_sharing_responses,
    always = TRUE,
    never = FALSE
  )
  parsed
}

# What many responses cost, and what costs less.
say_cost_of_responses <- function(parsed, control) {
  k <- length(parsed$responses)
  if (k <= 10 || control$correlation != "partial") {
    return(invisible())
  }
  inform_covary(
    "cost", "The ", k * (k - 1) / 2, " partial correlations of ", k, " responses make the fit ",
    "slow: a step takes about ", k, "^4 operations a row or cell. ",
    "covary_control(correlation = \"regression\") takes about ", k, "^3, but depends more on the ",
    "order of the responses.",
    fields = list(responses = k)
  )
}

# Settings that a user has edited pass the checks of the function that makes them.
remake <- function(settings, make, arg) {
  absent <- setdiff(names(formals(make)), names(settings))
  if (!is.list(settings) || length(absent)) {
    stop_covary("object", "`", arg, "` is not whole: it has no ", enumerate(absent),
      ". It was edited or cut, or comes from ",
      "another version of covary; make it again.",
      fields = list(arg = arg, field = absent[1])
    )
  }
  do.call(make, unclass(settings)[names(formals(make))])
}
