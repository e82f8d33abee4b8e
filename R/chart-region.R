#' Joint reference regions
#'
#' The region of two responses that holds a share of people with given covariates.
#'
#' @section Types:
#' * `"ellipse"`: people within a Mahalanobis distance; the smallest region of its probability.
#' * `"rectangle"`: the central interval of each response by itself. It holds `level` of each
#'   response, and less of both together (`level^2` without correlation).
#' * `"conditional"`: the band that holds the second response with probability `level` whatever the
#'   first is, from 3 standard deviations below its mean to 3 above.
#'
#' With `predictive = TRUE` the ellipse or rectangle grows so far that it holds `level` of people on
#' average over the posterior of the curves and, at a level of [adapt()], over that of its effects:
#' a level whose mean and covariance come from 25 people has a squared 95 % radius of about 7.4 in
#' place of 5.99, without which the ellipse would hold 91.6 %. (The posterior of the predictors is
#' taken as normal, and integrated over by Gauss-Hermite quadrature. Parameters of [margins] that
#' were estimated stay at their posterior means.) Regions of responses with margins are those of the
#' transformed responses, mapped back.
#'
#' @inheritParams deviations
#' @param newdata Data frame of covariates, a row a region.
#' @param level Probabilities of the regions.
#' @param resp Two responses; `NULL` (default) for those of a fit of two.
#' @param type `"ellipse"` (default), `"rectangle"`, or `"conditional"`.
#' @param predictive `TRUE` or `FALSE`, see above; `NULL` (default) is `TRUE` but for
#'   `"conditional"`, which knows no other than `FALSE`.
#' @param points Number of points of a path.
#' @return A data frame, `points` rows for each row of `newdata` and level: the columns of
#'   `newdata`, `level`, `radius` (in z), `.point`, and a column for each of the two responses: a
#'   closed path.
#' @section Errors:
#' `covary_error_new_level`, `covary_error_newdata`, `covary_error_argument`.
#' @references Chew (1966) \doi{10.1080/01621459.1966.10480889}.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' region <- reference_region(fit, data.frame(wt = 3), level = 0.95)
#' plot(region$mpg, region$qsec, type = "l")
#' @export
reference_region <- function(object, ...) UseMethod("reference_region")

#' @export
reference_region.default <- function(object, ...) {
  stop_no_method(object, "reference_region()", "fits of covary() and charts", "object")
}

#' @rdname reference_region
#' @export
reference_region.covary <- function(
  object, newdata, level = c(0.5, 0.95), resp = NULL,
  type = c("ellipse", "rectangle", "conditional"), predictive = NULL, exclude = NULL,
  re_formula = NULL, new_levels = c("error", "population", "predictive"), points = 101, ...
) {
  check_dots(...)
  chart <- as_chart(object)
  type <- check_choice(type, c("ellipse", "rectangle", "conditional"), "type")
  for (one in level) check_interval(one, "level")
  check_count(points, "points", 5)
  on <- match(two_responses(chart, resp), chart$responses)
  predictive <- check_predictive(predictive, type)
  excluded <- excluded_terms(chart, exclude, re_formula)
  new_levels <- check_choice(new_levels, c("error", "population", "predictive"), "new_levels")
  y <- matrix(NA_real_, nrow(newdata), length(chart$responses))
  s <- new_scoring(chart, newdata, y, excluded, new_levels)
  cov <- if (predictive) pair_covariance(s, on)
  parts <- unlist(lapply(seq_len(s$at$n), function(row) {
    lapply(level, function(one) region_path(s, on, row, one, type, points, cov))
  }), recursive = FALSE)
  paths <- do.call(rbind, c(list(matrix(0, 0, 3)), parts))
  each <- rep(seq_len(s$at$n), each = points * length(level))
  columns <- lapply(people_columns(
    newdata, c("level", "radius", ".point", chart$responses[on])
  ), function(v) v[each])
  unchecked_frame(c(columns, list(
    level = rep(rep(level, each = points), s$at$n), radius = paths[, 3],
    .point = rep(seq_len(points), length(parts))
  ), stats::setNames(list(paths[, 1], paths[, 2]), chart$responses[on])), nrow(paths))
}

#' @rdname reference_region
#' @export
reference_region.covary_reference <- reference_region.covary

two_responses <- function(chart, resp) {
  resp <- chart_resp(chart, resp)
  if (length(resp) != 2) {
    stop_covary("argument", "A joint region is of two responses; `resp` must name two of ",
      enumerate(chart$responses), ".",
      fields = list(arg = "resp")
    )
  }
  resp
}

check_predictive <- function(predictive, type) {
  if (is.null(predictive)) {
    return(type != "conditional")
  }
  if (check_flag(predictive, "predictive") && type == "conditional") {
    stop_covary("argument",
      "`predictive = TRUE` is for ellipses and rectangles; conditional regions are plug-in.",
      fields = list(arg = "predictive")
    )
  }
  predictive
}

# points x 3: values of the two responses, and the radius. cov: n x 5 x 5, NULL for plug-in.
region_path <- function(s, on, row, level, type, points, cov) {
  at <- if (!is.null(cov)) cov[row, , ]
  rho <- correlations_at(s, row, on)[[2, 1]]
  radius <- switch(type,
    ellipse = rep(region_radius(level, rho, at), 2),
    rectangle = c(interval_radius(level, at, 1), interval_radius(level, at, 2)),
    conditional = rep(stats::qnorm((1 + level) / 2), 2)
  )
  z <- switch(type,
    ellipse = {
      angle <- seq(0, 2 * pi, length.out = points)
      first <- radius[1] * cos(angle)
      cbind(first, rho * first + sqrt(1 - rho^2) * radius[1] * sin(angle))
    },
    rectangle = closed_path(radius[1] * c(-1, 1, 1, -1), radius[2] * c(-1, -1, 1, 1), points),
    conditional = {
      x <- c(seq(-3, 3, length.out = 50), seq(3, -3, length.out = 50))
      closed_path(
        x, rho * x + rep(c(-1, 1), each = 50) * radius[1] * sqrt(1 - rho^2), points
      )
    }
  )
  take <- rep(row, points)
  one <- s
  one$at$n <- points
  one$values <- lapply(s$values, `[`, take)
  one$extra <- lapply(s$extra, `[`, take)
  one$wide <- s$wide[take]
  one$y <- s$y[take, , drop = FALSE]
  cbind(
    value_of_score(one, on[1], z[, 1])$value, value_of_score(one, on[2], z[, 2])$value, radius[1]
  )
}

# Evenly many points on the closed path through corners: points x 2.
closed_path <- function(x, y, points) {
  at <- seq(1, length(x) + 1, length.out = points)
  cbind(
    stats::approx(seq_len(length(x) + 1), c(x, x[1]), at)$y,
    stats::approx(seq_len(length(y) + 1), c(y, y[1]), at)$y
  )
}

# Posterior covariance of (mu_1 / sigma_1, mu_2 / sigma_2, log sigma_1, log sigma_2, Fisher's z of
# the correlation) at rows: n x 5 x 5.
pair_covariance <- function(s, on) {
  keys <- keys_behind(s$chart, on)
  parts <- pair_parameters(s, on, s$values)
  jacobian <- lapply(keys, function(key) {
    p <- s$chart$predictors[[key]]
    is_mean <- chart_likelihood(s$chart)$dpars[[p$dpar]]$role == "mean"
    step <- if (is_mean) 1e-4 * exp(parts[, 2 + match(p$resp, s$chart$responses[on])]) else 1e-4
    if (anyNA(step)) {
      return(matrix(0, s$at$n, 5))
    }
    up <- down <- s$values
    up[[key]] <- up[[key]] + step
    down[[key]] <- down[[key]] - step
    out <- (pair_parameters(s, on, up) - pair_parameters(s, on, down)) / (2 * step)
    out[, 1:2] <- out[, 1:2] / exp(parts[, 3:4])
    out
  })
  cov <- covariance_given_margins(s, keys, on)
  out <- array(0, c(s$at$n, 5, 5))
  for (i in seq_along(keys)) {
    for (j in seq_along(keys)) {
      for (a in 1:5) out[, a, ] <- out[, a, ] + jacobian[[i]][, a] * cov[, i, j] * jacobian[[j]]
    }
  }
  out
}

# Posterior covariance of predictors given the parameters of margins, which stay at their means.
covariance_given_margins <- function(s, keys, on) {
  margins <- margin_keys(s$chart, on)
  cov <- posterior_covariance(s$chart, s$at, c(keys, margins), s$excluded)
  at <- seq_along(keys)
  for (i in length(keys) + seq_along(margins)) {
    # One parameter after the other: what the regression on it explains is taken out.
    size <- pmax(cov[, i, i], .Machine$double.xmin)
    with <- matrix(cov[, , i], nrow(cov))
    for (j in seq_len(dim(cov)[2])) cov[, , j] <- cov[, , j] - with * with[, j] / size
  }
  cov[, at, at, drop = FALSE]
}

# n x 5: means, log sds, and Fisher's z.
pair_parameters <- function(s, on, values) {
  likelihood <- chart_likelihood(s$chart)
  eta <- likelihood$marginal(in_shape_of_eta(s$chart, values), on)
  mean <- dpar_as(likelihood, "mean")
  cbind(
    do.call(cbind, lapply(eta[[mean$name]], mean$link$inverse)),
    log(do.call(cbind, likelihood$sds(eta, 1:2))),
    atanh(likelihood$correlations(eta, list(1:2))[[1]])
  )
}

# The Mahalanobis radius that holds `level` of people when the five parameters have covariance
# `cov`. Given the log sds and Fisher's z, which are integrated over by 5 nodes each, a whitened
# person is normal with covariance B B' + A, where B changes the Cholesky factor and A is what the
# means add; with its eigenvalues l and m the probability of a circle is
#   1 - (1 / 2 pi) int exp(-r^2 / (2 (l cos^2 t + m sin^2 t))) dt.
region_radius <- function(level, rho, cov) {
  plug_in <- sqrt(stats::qchisq(level, 2))
  if (is.null(cov)) {
    return(plug_in)
  }
  factor <- function(rho) matrix(c(1, rho, 0, sqrt(1 - rho^2)), 2)
  inverse <- solve(factor(rho))
  within <- inverse %*% cov[1:2, 1:2] %*% t(inverse)
  nodes <- normal_nodes(5)
  grid <- as.matrix(expand.grid(nodes$x, nodes$x, nodes$x))
  weight <- as.vector(outer(outer(nodes$weight, nodes$weight), nodes$weight))
  moves <- grid %*% psd_root(cov[3:5, 3:5])
  spread <- apply(moves, 1, function(m) {
    b <- inverse %*% (exp(m[1:2]) * factor(tanh(atanh(rho) + m[3])))
    eigen(tcrossprod(b) + within, symmetric = TRUE, only.values = TRUE)$values
  })
  turn <- cos(pi * (seq_len(32) - 0.5) / 32)^2
  size <- outer(spread[1, ], turn) + outer(spread[2, ], 1 - turn)
  held <- function(r) 1 - sum(weight * rowMeans(exp(-r^2 / (2 * size)))) - level
  stats::uniroot(held, plug_in * c(0.5, 4), extendInt = "upX", tol = 1e-8)$root
}

# The same for one response: list of its place, 1 or 2.
interval_radius <- function(level, cov, place) {
  plug_in <- stats::qnorm((1 + level) / 2)
  if (is.null(cov)) {
    return(plug_in)
  }
  nodes <- normal_nodes(9)
  sd <- sqrt(exp(2 * sqrt(max(cov[2 + place, 2 + place], 0)) * nodes$x) + cov[place, place])
  held <- function(r) sum(nodes$weight * (2 * stats::pnorm(r / sd) - 1)) - level
  stats::uniroot(held, plug_in * c(0.5, 4), extendInt = "upX", tol = 1e-8)$root
}

# A matrix whose cross product is a covariance matrix, negative parts of which are rounding.
psd_root <- function(cov) {
  parts <- eigen(cov, symmetric = TRUE)
  sqrt(pmax(parts$values, 0)) * t(parts$vectors)
}
