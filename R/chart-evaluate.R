#' How well a chart describes people
#'
#' Measures of calibration and of prediction, by response, and by groups of people such as sites or
#' bins of age, each with its standard error.
#'
#' @section Measures:
#' For n people with values y, curves mu and sigma, z, log densities l (nats) and centiles u:
#' * `log_score` mean of l; `msll` mean of `l0 - l` (negative is better), l0 the log density of a
#'   normal with mean and sd of the people the chart was made of, or of `baseline`. (Some packages
#'   take moments of the people tested, which flatters, or replace densities of extreme people by a
#'   constant, which makes the value depend on the units of y.) `median_msll` is its median.
#' * `crps` mean of `sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi))`.
#' * `rmse` root mean square of `y - mu`; `smse` its square over the variance of y (divisor n);
#'   `expv` one minus `var(y - mu) / var(y)`. They look at means alone and say nothing of centiles.
#' * `coverage_0.02`, ...: share of people at or below nine centiles; `mace` mean absolute
#'   difference of these from the nine probabilities.
#' * `mean_z`, `var_z`, `skew_z`, `kurt_z` (excess) of z, 0, 1, 0, 0 if the chart is right; `w_z`
#'   the Shapiro-Wilk statistic (of at most 5,000 people, evenly chosen).
#' * For pairs and more: `joint_log_score`, `chi_mace` (as `mace`, of the chi-square centile of the
#'   distance), `coverage_joint` (share within the joint 95 % ellipse), `cor_w` (mean absolute
#'   correlation of the whitened responses, 0 if the correlation curves are right; it adds about
#'   `0.8 / sqrt(n)` by chance).
#' Standard errors: of means from the people, of shares binomial, of `var_z` `sqrt(2 / n)`, of
#' `skew_z` `sqrt(6 / n)`, of `kurt_z` `sqrt(24 / n)` as for a normal, of `rmse` by the delta
#' method; `NA` for the others. People who were used to make a chart make it look better than it is.
#'
#' @inheritParams deviations
#' @param by Names of columns of `newdata` by whose combinations people are grouped; a numeric
#'   column with more than ten values is cut at its tenths. `NULL` (default): all together.
#' @param measures Names of measures; `NULL` (default) for all.
#' @param baseline A matrix, a row a response with its mean and sd, for `msll`; `NULL` (default) for
#'   those of the chart.
#' @return A data frame: the columns `by`, `resp`, `n`, `measure`, `estimate`, `se`.
#' @section Errors:
#' `covary_error_argument`, `covary_error_newdata`, `covary_error_new_level`.
#' @references Gneiting and Raftery (2007) \doi{10.1198/016214506000001437}; Rasmussen and Williams
#'   (2006) for the standardised log loss.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' evaluate(fit, mtcars, measures = c("log_score", "mace", "coverage_joint"))
#' @export
evaluate <- function(object, ...) UseMethod("evaluate")

#' @export
evaluate.default <- function(object, ...) {
  stop_no_method(object, "evaluate()", "fits of covary() and charts", "object")
}

#' @rdname evaluate
#' @export
evaluate.covary <- function(
  object, newdata = NULL, by = NULL, measures = NULL, baseline = NULL,
  new_levels = c("error", "population", "predictive"), exclude = NULL, ...
) {
  check_dots(...)
  if (is.null(newdata) && inherits(object, "covary")) {
    inform_covary(
      "in_sample", "evaluate(): these are the rows that the fit was made from, which ",
      "flatters it; give `newdata` that it has not seen."
    )
  }
  chart <- as_chart(object)
  newdata <- people_of(object, newdata)
  groups <- people_groups(newdata, by)
  new_levels <- check_choice(new_levels, c("error", "population", "predictive"), "new_levels")
  excluded <- excluded_terms(chart, exclude)
  s <- new_scoring(chart, newdata, chart_responses(object, chart, newdata), excluded, new_levels)
  s$y[s$at$missing, ] <- s$value[s$at$missing, ] <- NA
  scored <- scored_people(s, check_baseline(chart, baseline))
  out <- lapply(seq_along(groups$rows), function(g) {
    found <- group_measures(scored, groups$rows[[g]], chart)
    cbind(groups$labels[rep(g, nrow(found)), , drop = FALSE], found)
  })
  out <- do.call(rbind, out)
  row.names(out) <- NULL
  take_measures(out, measures)
}

#' @rdname evaluate
#' @export
evaluate.covary_reference <- evaluate.covary

check_baseline <- function(chart, baseline) {
  if (is.null(baseline)) {
    return(chart$baseline)
  }
  if (!is_matrix(baseline, length(chart$responses), 2) || !all_finite(baseline)) {
    stop_covary("argument", "`baseline` must be a matrix with a mean and a sd for each of ",
      enumerate(chart$responses), ", not ", describe(baseline), ".",
      fields = list(arg = "baseline")
    )
  }
  baseline
}

take_measures <- function(out, measures) {
  known <- unique(out$measure)
  measures <- check_names(measures, "measures")
  if (!all(measures %in% known)) {
    stop_covary("argument", "`measures` must be of ", enumerate(known, most = 40), ", not ",
      enumerate(setdiff(measures, known)), ".",
      fields = list(arg = "measures")
    )
  }
  if (is.null(measures)) out else out[out$measure %in% measures, , drop = FALSE]
}

# list(labels (data frame, a row a group), rows (list of row numbers)).
people_groups <- function(newdata, by) {
  if (nrow(newdata) == 0) {
    stop_covary("newdata", "`newdata` has no rows: there is nobody to measure.",
      fields = list(arg = "newdata")
    )
  }
  by <- check_names(by, "by")
  if (is.null(by)) {
    return(list(labels = data.frame(row.names = 1L), rows = list(seq_len(nrow(newdata)))))
  }
  if (!all(by %in% names(newdata))) {
    stop_covary("argument", "`by` must name columns of `newdata`, not ",
      enumerate(setdiff(by, names(newdata))), ".",
      fields = list(arg = "by")
    )
  }
  codes <- lapply(stats::setNames(nm = by), function(name) group_codes(newdata[[name]]))
  rows <- split(seq_len(nrow(newdata)), codes, drop = TRUE, lex.order = TRUE)
  first <- vapply(rows, `[`, 0L, 1)
  labels <- lapply(codes, function(code) as.character(code[first]))
  list(labels = unchecked_frame(labels, length(rows)), rows = unname(rows))
}

group_codes <- function(v) {
  if (!is.numeric(v) || length(unique(v)) <= 10) {
    return(factor(v))
  }
  cut(v, unique(stats::quantile(v, 0:10 / 10, na.rm = TRUE)), include.lowest = TRUE, dig.lab = 4)
}

# What measures rest on: list(y, z, mean, crps, log, base, w (n x K each), joint_log (n)), on the
# scale of the responses.
scored_people <- function(s, baseline) {
  z <- marginal_scores(s)
  k <- ncol(z)
  parts <- lapply(seq_len(k), function(j) unseen_parts(s, j, seq_len(s$at$n)))
  total_sd <- lapply(parts, function(part) {
    ifelse(s$wide, sqrt(part$sd^2 * exp(2 * part$u) + part$v), part$sd)
  })
  bind <- function(f) matrix(unlist(lapply(seq_len(k), f)), s$at$n)
  w <- matrix(NA_real_, s$at$n, k)
  joint_log <- rep(NA_real_, s$at$n)
  for (pattern in observed_patterns(s$y)) {
    on <- pattern$observed
    if (length(on) == 0) next
    whitened <- whiten_people(s, pattern$rows, on, z)
    for (i in seq_along(on)) w[pattern$rows, on[i]] <- whitened[[i]]
    joint_log[pattern$rows] <- joint_log_density(s, pattern$rows, on, whitened, total_sd)
  }
  slope <- bind(function(j) chart_log_slope(s$chart, j, s$value[, j]))
  list(
    y = s$value, z = z, w = w, joint_log = joint_log + rowSums(slope, na.rm = TRUE),
    mean = bind(function(j) response_mean(s$chart, j, parts[[j]]$mean, total_sd[[j]])),
    crps = bind(function(j) response_crps(s, j, z[, j], parts[[j]]$mean, total_sd[[j]])),
    log = slope + bind(function(j) stats::dnorm(z[, j], log = TRUE) - log(total_sd[[j]])),
    base = bind(function(j) {
      stats::dnorm(s$value[, j], baseline[j, 1], baseline[j, 2], log = TRUE)
    })
  )
}

# Log density of the responses `on` of rows: that of w, less the log determinant of what whitens.
joint_log_density <- function(s, rows, on, w, sds) {
  chol <- chol_of_rows(correlations_at(s, rows, on))
  out <- Reduce(`+`, lapply(w, stats::dnorm, log = TRUE))
  for (i in seq_along(on)) out <- out - log(sds[[on[i]]][rows]) - log(chol[[i, i]])
  out
}

# Data frame (resp, n, measure, estimate, se) of people `rows`.
group_measures <- function(scored, rows, chart) {
  one <- lapply(seq_along(chart$responses), function(k) {
    there <- rows[!is.na(scored$z[rows, k])]
    single <- lapply(scored[c("y", "z", "mean", "crps", "log", "base")], function(v) v[there, k])
    measure_frame(response_measures(single), chart$responses[k], length(there))
  })
  if (length(chart$responses) > 1) {
    there <- rows[rowSums(is.na(scored$w[rows, , drop = FALSE])) == 0]
    joint <- joint_measures(scored$w[there, , drop = FALSE], scored$joint_log[there])
    one <- c(one, list(measure_frame(joint, unit_label(chart$responses), length(there))))
  }
  do.call(rbind, one)
}

measure_frame <- function(measures, resp, n) {
  data.frame(
    resp = resp, n = n, measure = names(measures), estimate = vapply(measures, `[[`, 0, 1),
    se = vapply(measures, `[[`, 0, 2), row.names = NULL
  )
}

measured_centiles <- c(0.004, 0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98, 0.996)

# A list of c(estimate, standard error) by name.
response_measures <- function(x) {
  n <- length(x$z)
  error <- x$y - x$mean
  ll <- x$base - x$log
  m <- central_moments(x$z)
  c(
    list(
      log_score = mean_and_error(x$log), msll = mean_and_error(ll),
      median_msll = c(if (n) stats::median(ll) else NA_real_, NA), crps = mean_and_error(x$crps),
      rmse = c(sqrt(mean(error^2)), mean_and_error(error^2)[2] / (2 * sqrt(mean(error^2)))),
      smse = c(mean(error^2) / central_moments(x$y)[2], NA),
      expv = c(1 - central_moments(error)[2] / central_moments(x$y)[2], NA)
    ),
    coverages(stats::pnorm(x$z), "mace"),
    list(
      mean_z = mean_and_error(x$z), var_z = c(m[2], sqrt(2 / n)),
      skew_z = c(m[3] / m[2]^1.5, sqrt(6 / n)), kurt_z = c(m[4] / m[2]^2 - 3, sqrt(24 / n)),
      w_z = c(shapiro_statistic(x$z), NA)
    )
  )
}

# Coverage of the nine centiles by probabilities u, and their mean absolute error.
coverages <- function(u, name) {
  share <- vapply(measured_centiles, function(p) mean(u <= p), 0)
  error <- sqrt(measured_centiles * (1 - measured_centiles) / length(u))
  out <- Map(c, share, error)
  names(out) <- paste0("coverage_", measured_centiles)
  c(out, stats::setNames(list(c(mean(abs(share - measured_centiles)), NA)), name))
}

joint_measures <- function(w, joint_log) {
  n <- nrow(w)
  u <- stats::pchisq(rowSums(w^2), ncol(w))
  inside <- mean(u <= 0.95)
  correlation <- if (n > 2) stats::cor(w)[lower.tri(diag(ncol(w)))] else NA_real_
  list(
    joint_log_score = mean_and_error(joint_log), chi_mace = coverages(u, "mace")$mace,
    coverage_joint = c(inside, sqrt(0.95 * 0.05 / n)), cor_w = c(mean(abs(correlation)), NA)
  )
}

mean_and_error <- function(v) c(mean(v), sqrt(stats::var(v) / length(v)))

# Mean, and second to fourth central moments (divisor n)
central_moments <- function(v) {
  d <- v - mean(v)
  c(mean(v), mean(d^2), mean(d^3), mean(d^4))
}

shapiro_statistic <- function(z) {
  if (length(z) < 3 || all(z == z[1])) {
    return(NA_real_)
  }
  unname(stats::shapiro.test(sort(z)[evenly_spaced(length(z), 5000)])$statistic)
}
