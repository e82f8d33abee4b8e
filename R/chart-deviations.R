#' Where people stand on the curves
#'
#' Standardised deviations (z) and centiles of people: of each response, of all together, and of one
#' given others.
#'
#' @section Scores:
#' The curves are those at the posterior means of the predictors (mean, log standard deviation,
#' rhobit of the correlation), tabulated: fit and chart are scored through the same tables, whose
#' difference from the exact curves changes z by less than 1e-6 (5e-5 where a term joins two
#' covariates), which is checked when they are made. With `w` independent standard normals if the
#' model is true (see `residuals(type = "whitened")`),
#' * a response has `z = (y - mu) / sigma` and `centile = pnorm(z)`;
#' * a response given others has the z of its conditional distribution, for two responses
#'   `(z2 - rho z1) / sqrt(1 - rho^2)`, whatever their order in the fit;
#' * all responses have the Mahalanobis distance `d`, `d^2 = z' R^-1 z`, and as `centile` the
#'   chi-square probability of `d^2` with as many degrees of freedom as responses were observed
#'   (`dof`). `driver` names the responses that it comes from, each `"high"` or `"low"`: those whose
#'   share `z_k (R^-1 z)_k` of `d^2` is at least half the largest share.
#' Centiles are between 0 and 1.
#'
#' With `uncertainty = "posterior"`, `z_se` is the posterior standard deviation of z (the value
#' being what it is) by the delta method, from the posterior covariance of the predictors at the
#' row, sites included; `lower` and `upper` are `z` plus and minus a normal quantile times that. At
#' a level that the chart has not seen the variance of its effect counts too: `z_se` says how far
#' `z` may be from what it would be if the level were known (a predictive z, which is drawn to
#' zero, is somewhat nearer).
#'
#' @param object A fit of [covary()], or a chart of [reference()].
#' @param newdata Data frame with covariates and responses; of a fit, `NULL` for its own rows.
#' @param given A one-sided formula of responses, such as `~ height`: adds a row for each other
#'   response given these.
#' @param resp Names of responses; `NULL` (default) for all. Joint rows are of all that are named.
#' @param uncertainty `"none"` (default), or `"posterior"` for `z_se`, `lower`, `upper` of single
#'   and conditional scores.
#' @param interval,prob Probability of the interval from `lower` to `upper`; default 0.95. Two names
#'   of one argument.
#' @param new_levels What to do with levels of random effects that the chart has not seen:
#'   `"error"` (default); `"population"`, leave out their effect; `"predictive"`, integrate over it,
#'   so that z of people from many new sites has variance one. With these two a level of `NA` counts
#'   as one that the chart has not seen.
#' @param exclude Labels of terms to leave out, such as `"s(site)"`, as in [mgcv::predict.gam()].
#' @param re_formula `NULL` (default), or `NA` to leave out all random effects.
#' @param wide `TRUE` for a row a person, see Value.
#' @param ... Not used.
#' @return A data frame of class `covary_deviations`, a row a person and response, then, with
#'   several responses, a row a person for all together (`resp = "height:weight"`), then rows
#'   `"weight | height"` with `given`. Columns: those of `newdata`, `resp`, `value`, `z`, `centile`;
#'   with several responses `distance`, `dof` and `driver` (`NA` but in joint rows); `z_se`,
#'   `lower`, `upper` on request; `extrapolated`, `TRUE` where a numeric covariate is outside the
#'   chart's range (curves go on as straight lines there); `status`, `"ok"`, `"missing"` (a
#'   covariate or the response), `"new level"`, or `"outside range"`, or `"outside controls"` (of a
#'   level of [adapt()]), the first of these that holds. Columns of `newdata` that have the name of
#'   a result get `.newdata` at the end of theirs.
#'
#'   `wide = TRUE`: `newdata` with the columns `z_height`, `centile_height`, ..., `distance`, `dof`,
#'   `centile_joint`, `driver`, `z_weight_given_height`, `extrapolated`, `status`.
#' @section Errors:
#' `covary_error_new_level`, `covary_error_newdata`, `covary_error_argument`,
#' `covary_error_chart` where the fit cannot become a chart.
#' @seealso [centiles()] for the values of given centiles, [reference()] for a chart to share.
#' @references Cole (1995) \doi{10.1002/sim.4780142205} for conditional scores.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' deviations(fit, data.frame(wt = c(2, 3), mpg = c(30, 10), qsec = c(18, NA)))
#' deviations(fit, mtcars[1:3, ], given = ~mpg, uncertainty = "posterior", wide = TRUE)
#' @export
deviations <- function(object, ...) UseMethod("deviations")

#' @export
deviations.default <- function(object, ...) {
  stop_no_method(object, "deviations()", "fits of covary() and charts", "object")
}

#' @rdname deviations
#' @export
deviations.covary <- function(
  object, newdata = NULL, given = NULL, resp = NULL, uncertainty = c("none", "posterior"),
  interval = prob, new_levels = c("error", "population", "predictive"), exclude = NULL,
  re_formula = NULL, wide = FALSE, ..., prob = 0.95
) {
  check_one_name(!missing(prob) && !missing(interval))
  check_dots(...)
  chart <- as_chart(object)
  asked <- list(
    uncertainty = check_choice(uncertainty, c("none", "posterior"), "uncertainty"),
    interval = check_interval(interval, "prob"), wide = check_flag(wide, "wide"),
    given = chart_given(chart, given), resp = chart_resp(chart, resp)
  )
  new_levels <- check_choice(new_levels, c("error", "population", "predictive"), "new_levels")
  newdata <- people_of(object, newdata)
  excluded <- excluded_terms(chart, exclude, re_formula)
  s <- new_scoring(chart, newdata, chart_responses(object, chart, newdata), excluded, new_levels)
  s$y[, !chart$responses %in% c(asked$resp, asked$given)] <- NA
  warn_outside_controls(sum(outside_controls(s)))
  parts <- lapply(score_parts(s, asked), complete_part, s = s, asked = asked)
  scores_frame(newdata, s, parts, asked$wide)
}

#' @rdname deviations
#' @export
deviations.covary_reference <- deviations.covary

chart_resp <- function(chart, resp) {
  if (is.null(check_names(resp, "resp"))) {
    return(chart$responses)
  }
  if (!all(resp %in% chart$responses) || anyDuplicated(resp)) {
    stop_covary("argument", "`resp` must name responses, ", enumerate(chart$responses), ", not ",
      enumerate(resp), ".",
      fields = list(arg = "resp")
    )
  }
  intersect(chart$responses, resp)
}

# Names of the responses of a formula such as ~ height.
chart_given <- function(chart, given) {
  if (is.null(given)) {
    return(character())
  }
  if (!inherits(given, "formula") || length(given) != 2) {
    stop_covary("argument", "`given` must be a one-sided formula of responses such as ~ ",
      chart$responses[1], ", not ", describe(given), ".",
      fields = list(arg = "given")
    )
  }
  names <- all.vars(given)
  if (length(names) == 0 || !all(names %in% chart$responses)) {
    stop_covary("argument", "`given` must name responses, ", enumerate(chart$responses), ", not ",
      enumerate(names), ".",
      fields = list(arg = "given")
    )
  }
  names
}

# All scores that are asked for: a list of list(resp, k (0 for joint rows), value, z, ...).
score_parts <- function(s, asked) {
  z <- marginal_scores(s)
  on <- match(asked$resp, s$chart$responses)
  parts <- lapply(on, function(k) {
    list(kind = "single", resp = s$chart$responses[k], value = s$value[, k], z = z[, k], of = k)
  })
  if (length(on) > 1) {
    joint <- s
    joint$y[, -on] <- NA
    parts <- c(parts, list(c(
      list(kind = "joint", resp = unit_label(asked$resp), of = on), joint_scores(joint, z)
    )))
  }
  given <- match(asked$given, s$chart$responses)
  c(parts, lapply(if (length(given)) setdiff(on, given), function(k) {
    list(
      kind = "conditional", value = s$value[, k], z = conditional_scores(s, k, given, z),
      resp = paste(s$chart$responses[k], "|", paste(asked$given, collapse = ", ")),
      of = c(given, k)
    )
  }))
}

# From harmless to grave
row_statuses <- c("ok", "outside controls", "outside range", "new level", "missing")

# status of rows whose score is `missing`
row_status <- function(s, missing) {
  out <- rep("ok", s$at$n)
  out[outside_controls(s)] <- "outside controls"
  out[s$at$outside] <- "outside range"
  out[s$unseen] <- "new level"
  out[missing | s$at$missing] <- "missing"
  out
}

warn_outside_controls <- function(n) {
  if (n > 0) {
    warn_covary("outside_controls", n, " people are outside the covariate ranges of the controls ",
      "that their level was taken in from; their scores rest on the chart's other sites.",
      fields = list(n = n)
    )
  }
}

# n: is a person of an adapted level outside the covariate ranges of its controls?
outside_controls <- function(s) {
  out <- rep(FALSE, s$at$n)
  for (name in intersect(names(s$chart$groups), names(s$at$columns))) {
    group <- s$chart$groups[[name]]
    code <- s$at$columns[[name]]
    if (!any(group$adapted)) next
    for (other in names(s$at$columns)) {
      low <- group[[paste0(other, "_min")]]
      if (is.null(low)) next
      x <- s$at$columns[[other]]
      beyond <- x < low[code] | x > group[[paste0(other, "_max")]][code]
      out <- out | (group$adapted[code] & beyond) %in% TRUE
    }
  }
  out
}

joint_centile <- function(distance, dof) {
  out <- stats::pchisq(distance^2, pmax(dof, 1))
  two <- which(dof == 2)
  out[two] <- -expm1(-distance[two]^2 / 2)
  out
}
