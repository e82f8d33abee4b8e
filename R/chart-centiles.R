#' Values of centiles
#'
#' The value of each response that a share `p` of people with the same covariates do not exceed; the
#' inverse of [deviations()].
#'
#' @inheritParams deviations
#' @param newdata Data frame of covariates, without those of terms that are left out. `NULL`
#'   (default): 101 values of the first numeric covariate over the chart's range, for every
#'   combination of the levels of factors, other numeric covariates in the middle of their range,
#'   random effects left out.
#' @param p Probabilities, between 0 and 1; default the nine lines of British growth charts.
#' @param z Values of z in place of `p`.
#' @param interval,prob Probability of an interval for the value, from the posterior of the curves;
#'   `NULL` (default) for none.
#' @return A data frame, a row for each row of `newdata`, response and `p`: the columns of
#'   `newdata`, `resp`, `p`, `z`, `value`, and with `interval` `se`, `lower`, `upper`;
#'   `extrapolated`. Rows with missing covariates have `NA`.
#' @section Errors:
#' `covary_error_new_level`, `covary_error_newdata`, `covary_error_argument`.
#' @seealso [deviations()]
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' centiles(fit, data.frame(wt = 3), p = c(0.05, 0.5, 0.95), interval = 0.9)
#' head(centiles(fit, resp = "mpg"))
#' @concept centiles.pred
#' @concept z.scores
#' @export
centiles <- function(object, ...) UseMethod("centiles")

#' @export
centiles.default <- function(object, ...) {
  stop_no_method(object, "centiles()", "fits of covary() and charts", "object")
}

#' @rdname centiles
#' @export
centiles.covary <- function(
  object, newdata = NULL, p = c(0.004, 0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98, 0.996), z = NULL,
  resp = NULL, exclude = NULL, re_formula = NULL, interval = prob,
  new_levels = c("error", "population", "predictive"), ..., prob = NULL
) {
  check_one_name(!missing(prob) && !missing(interval))
  check_dots(...)
  chart <- as_chart(object)
  z <- asked_scores(p, z, missing(p))
  resp <- chart_resp(chart, resp)
  new_levels <- check_choice(new_levels, c("error", "population", "predictive"), "new_levels")
  if (!is.null(interval)) check_interval(interval, "prob")
  excluded <- excluded_terms(chart, exclude, if (is.null(newdata)) NA else re_formula)
  if (is.null(newdata)) newdata <- chart_grid(chart, excluded)
  y <- matrix(NA_real_, nrow(newdata), length(chart$responses))
  s <- new_scoring(chart, newdata, y, excluded, new_levels)
  centile_frame(newdata, s, resp, z, interval)
}

#' @rdname centiles
#' @export
centiles.covary_reference <- centiles.covary

# The scores that `p` or `z` ask for: list(p, z).
asked_scores <- function(p, z, default) {
  if (is.null(z)) {
    if (!is.numeric(p) || length(p) == 0 || anyNA(p) || any(p <= 0 | p >= 1)) {
      stop_covary("argument", "`p` must be probabilities strictly between 0 and 1, not ",
        describe(p), ".",
        fields = list(arg = "p")
      )
    }
    return(list(p = p, z = stats::qnorm(p)))
  }
  if (!default) {
    stop_covary("argument", "Give `p` or `z`, not both.", fields = list(arg = "z"))
  }
  if (!all_finite(z) || length(z) == 0) {
    stop_covary("argument", "`z` must be finite numbers, not ", describe(z), ".",
      fields = list(arg = "z")
    )
  }
  list(p = stats::pnorm(z), z = z)
}

# Covariates at which the curves of a chart are shown.
chart_grid <- function(chart, excluded, points = 101) {
  needed <- needed_covariates(chart, excluded)
  known <- chart$covariates[needed]
  numeric <- needed[vapply(known, function(k) k$type == "numeric", TRUE)]
  columns <- lapply(known, function(k) if (k$type == "numeric") mean(k$range) else k$levels)
  if (length(numeric)) {
    range <- known[[numeric[1]]]$range
    columns[[numeric[1]]] <- seq(range[1], range[2], length.out = points)
    columns <- columns[c(numeric[1], setdiff(needed, numeric[1]))]
  }
  if (length(columns) == 0) {
    return(data.frame(row.names = 1L))
  }
  do.call(expand.grid, c(columns, list(KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)))
}

centile_frame <- function(newdata, s, resp, asked, interval) {
  n <- s$at$n
  lines <- length(asked$z)
  parts <- lapply(match(resp, s$chart$responses), function(k) {
    bind_parts(lapply(asked$z, function(z) value_of_score(s, k, rep(z, n), interval)))
  })
  labels <- c("resp", "p", "z", "value", "se", "lower", "upper", "extrapolated")
  times <- lines * length(resp)
  unchecked_frame(c(
    lapply(people_columns(newdata, labels), repeat_column, times),
    list(
      resp = rep(resp, each = n * lines), p = rep(rep(asked$p, each = n), length(resp)),
      z = rep(rep(asked$z, each = n), length(resp))
    ),
    bind_parts(parts),
    list(extrapolated = rep(s$at$outside, times))
  ), n * times)
}

# Lists of vectors of the same names, one vector after the other.
bind_parts <- function(parts) {
  lapply(stats::setNames(nm = names(parts[[1]])), function(name) unlist(lapply(parts, `[[`, name)))
}

# Values of response k that have scores z (n numbers), with their errors where an interval is
# wanted: list(value, se, lower, upper).
value_of_score <- function(s, k, z, interval = NULL) {
  latent <- plug_in_value(s, k, z, s$values)
  if (any(s$wide)) latent[s$wide] <- unseen_value(s, k, which(s$wide), z[s$wide])
  value <- value_within_limit(s$chart, k, latent)
  if (is.null(interval)) {
    return(list(value = value))
  }
  # dz / dy at the value turns errors of z into those of values.
  s$y[, k] <- latent
  s$value[, k] <- value
  slope <- (plug_in_score(s, k, latent + value_step(s, k)) - plug_in_score(
    s, k, latent - value_step(s, k)
  )) / (2 * value_step(s, k))
  se <- score_errors(s, list(of = k)) / slope
  half <- se * stats::qnorm((1 + interval) / 2)
  list(
    value = value, se = se / exp(chart_log_slope(s$chart, k, value)),
    lower = value_of_latent(s$chart, k, latent - half),
    upper = value_of_latent(s$chart, k, latent + half)
  )
}

plug_in_value <- function(s, k, z, values) {
  likelihood <- chart_likelihood(s$chart)
  eta <- likelihood$marginal(in_shape_of_eta(s$chart, values), k)
  as.double(likelihood$correlate(list(z), eta)[[1]])
}

plug_in_score <- function(s, k, y) {
  likelihood <- chart_likelihood(s$chart)
  eta <- likelihood$marginal(in_shape_of_eta(s$chart, s$values), k)
  as.double(likelihood$whiten(list(y), eta)[[1]])
}

value_step <- function(s, k) 1e-4 * unseen_parts(s, k, seq_len(s$at$n))$sd

# The value at which unseen_score() is z: bisection between plug-in values far out.
unseen_value <- function(s, k, rows, z) {
  parts <- unseen_parts(s, k, rows)
  reach <- (abs(z) + 1) * sqrt(parts$v + parts$sd^2 * exp(2 * (abs(z) + 4) * sqrt(parts$u)))
  low <- parts$mean - reach
  high <- parts$mean + reach
  for (i in 1:60) {
    s$y[rows, k] <- (low + high) / 2
    below <- unseen_score(s, k, rows) < z
    low[below] <- s$y[rows, k][below]
    high[!below] <- s$y[rows, k][!below]
  }
  (low + high) / 2
}
