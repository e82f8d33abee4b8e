# The data frames behind the pictures. plot-fit.R, plot-pp-check.R and plot-autoplot.R only draw
# what is made here.

#' Effects of covariates on means, standard deviations and correlations
#'
#' The posterior of every mean, standard deviation and correlation along each covariate, the other
#' covariates held still: numeric ones at an observed median, factors at their commonest level.
#' A numeric covariate gets a grid over its range, extended a little at both ends so that
#' extrapolation shows; a factor (or a number with at most five values) gets its levels.
#'
#' A predictor is shown along the covariates it uses; one that uses none is shown along the first.
#' Known predictors (nothing but `offset()`) are left out, and so are covariates that stand only
#' in an `offset()`.
#'
#' @param fit A fit of [covary()].
#' @param covariate Names of covariates; `NULL` for all.
#' @param dpar,resp Which predictors: `"mu"`, `"sigma"` or `"rho"`; a response, or `"a:b"` for a
#'   pair.
#' @param by A factor with one curve a level. `NULL`: the first factor (of at most six levels) that
#'   stands in a predictor together with the covariate. `FALSE`: none.
#' @param conditions Named list: values at which other covariates are held.
#' @param points Number of grid points of a numeric covariate.
#' @param extend How far the grid goes beyond the data, as a share of their range. It does not
#'   reach zero unless the data do.
#' @param ... Not used.
#' @return A data frame of class `covary_effects` with a row a point:
#'   `covariate`; `x` (the value, of dates and times their number, or the number of the level) and
#'   `level` (`NA` for numeric covariates);
#'   `by` and `group` (the factor of the curve and its level, `NA` where there is none);
#'   `dpar`, `resp`; `estimate` (posterior median), `lower`, `upper` (95 %), `lower50`, `upper50`
#'   (50 %); `extrapolated` (outside the data). All values are those of the mean, the standard
#'   deviation and the correlation themselves, not of their links.
#' @seealso [plot.covary()], [plot_data()]
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' effects <- conditional_effects(fit)
#' head(effects)
#' plot(effects)
#' @export
conditional_effects <- function(fit, ...) UseMethod("conditional_effects")

#' @export
conditional_effects.default <- function(fit, ...) {
  stop_no_method(
    fit, "conditional_effects()",
    "fits of covary()", "fit"
  )
}

#' @rdname conditional_effects
#' @export
conditional_effects.covary <- function(
  fit, covariate = NULL, dpar = NULL, resp = NULL, by = NULL,
  conditions = list(),
  points = 100, extend = 0.05, ...
) {
  check_fit(fit, "fit")
  points <- check_count(points, "points", 2)
  check_number(extend, "extend", 0, 10)
  keys <- find_keys(fit, dpar, resp)
  keys <- keys[!vapply(fit$design$predictors[keys], `[[`, TRUE, "known")]
  if (length(keys) == 0) {
    stop_covary("argument", "All predictors asked for are known; there is nothing to show.")
  }
  reference <- reference_row(fit, conditions)
  panels <- effect_panels(fit, keys, covariate)
  out <- lapply(names(panels), function(name) {
    split <- choose_by(fit, name, panels[[name]], by, names(conditions))
    grid <- usable_grid(fit, name, panels[[name]], points, extend, reference)
    parts <- lapply(panels[[name]], function(key) effect_of(fit, key, name, grid, reference, split))
    do.call(rbind, parts)
  })
  structure(do.call(rbind, out), class = c("covary_effects", "data.frame"))
}

# Covariates that shape a predictor; those of its offsets do not count.
shaping_covariates <- function(fit, key) {
  p <- fit$design$predictors[[key]]
  terms <- c(
    attr(p$terms, "term.labels"),
    unlist(lapply(p$smooths, function(s) smooth_terms(s$sm)))
  )
  found <- unlist(lapply(terms, function(t) free_variables(str2lang(t))))
  # In the order of the formula.
  found <- intersect(predictor_variables(list(p)), intersect(found, names(fit$design$covariates)))
  Filter(function(name) fit$design$covariates[[name]]$type != "matrix", found)
}

# Named list: covariate -> keys of the predictors to show along it.
effect_panels <- function(fit, keys, covariate = NULL) {
  covariate <- check_names(covariate, "covariate")
  uses <- lapply(stats::setNames(nm = names(fit$design$predictors)), shaping_covariates, fit = fit)
  all <- unique(unlist(uses))
  if (length(all) == 0) {
    stop_covary("argument", "No predictor depends on a covariate that curves can be drawn along ",
      "(a matrix is none); there is nothing to show.",
      fields = list(arg = "covariate")
    )
  }
  shown <- if (is.null(covariate)) all else covariate
  if (!all(shown %in% all)) {
    stop_covary("argument", "`covariate` must be among ", enumerate(all, most = 12), ", not ",
      enumerate(setdiff(shown, all)), ".",
      fields = list(arg = "covariate")
    )
  }
  out <- lapply(stats::setNames(nm = shown), function(name) {
    Filter(
      function(key) name %in% uses[[key]] || (name == all[1] && length(uses[[key]]) == 0),
      keys
    )
  })
  out <- out[lengths(out) > 0]
  if (length(out) == 0) {
    stop_covary("argument", "No predictor asked for depends on ", enumerate(shown), ".",
      fields = list(arg = "covariate")
    )
  }
  out
}

is_discrete <- function(known) known$type != "numeric" || known$n_distinct <= 5

# One row of covariates at which those not shown are held.
reference_row <- function(fit, conditions = list()) {
  data <- training_data(fit)
  if (!is.list(conditions) || length(conditions) && is.null(names(conditions))) {
    stop_covary("argument", "`conditions` must be a named list of values of covariates.",
      fields = list(arg = "conditions")
    )
  }
  unknown <- setdiff(names(conditions), names(data))
  if (length(unknown)) {
    stop_covary("argument", "`conditions` names ", enumerate(unknown),
      "; the covariates of the fit are ", enumerate(names(data), most = 12), ".",
      fields = list(arg = "conditions")
    )
  }
  out <- data[1, , drop = FALSE]
  for (name in names(data)) out[[name]] <- typical_value(data[[name]])
  for (name in names(conditions)) {
    value <- conditions[[name]][1]
    out[[name]] <- if (is.factor(data[[name]])) {
      factor(as.character(value), levels = levels(data[[name]]))
    } else if (is_number(value) && is_number(data[[name]])) of_type(value, data[[name]]) else value
  }
  rownames(out) <- NULL
  check_newdata(out, fit$design)
}

typical_value <- function(v) {
  if (is.matrix(v)) {
    return(I(matrix(apply(unclass(v), 2, stats::median), 1)))
  }
  if (is_number(v)) {
    return(of_type(stats::quantile(as.double(v), 0.5, type = 1, names = FALSE), v))
  }
  counts <- table(as.character(v))
  common <- names(counts)[which.max(counts)]
  v[match(common, as.character(v))]
}

# Numbers as dates or times again, where `like` is that.
of_type <- function(x, like) {
  if (!is.object(like) || is.numeric(like)) {
    return(x)
  }
  if (inherits(x, "difftime") && inherits(like, "difftime")) units(x) <- units(like)
  structure(as.double(x),
    class = class(like), tzone = attr(like, "tzone"),
    units = attr(like, "units")
  )
}

# data frame: x, level, and the column `value` that goes into new data.
covariate_grid <- function(fit, name, points, extend) {
  known <- fit$design$covariates[[name]]
  v <- training_data(fit)[[name]]
  if (!is_discrete(known)) {
    x <- seq(lower_end(known$range, extend), upper_end(known$range, extend), length.out = points)
    return(data.frame(x = x, level = NA_character_, value = of_type(x, v)))
  }
  value <- if (is.factor(v)) factor(levels(droplevels(v)), levels = levels(v)) else sort(unique(v))
  x <- if (is_number(v)) as.double(value) else seq_along(value)
  data.frame(x = x, level = as.character(value), value = value)
}

# The grid, or that inside the data, or values of the data: the first at which the predictors exist.
# cut(x, breaks) does not beyond the breaks, factor(year) not between the years.
usable_grid <- function(fit, name, keys, points, extend, reference) {
  grid <- covariate_grid(fit, name, points, extend)
  if (is_discrete(fit$design$covariates[[name]]) || grid_exists(fit, keys, reference, name, grid)) {
    return(grid)
  }
  inside <- covariate_grid(fit, name, points, 0)
  if (grid_exists(fit, keys, reference, name, inside)) {
    return(inside)
  }
  observed <- sort(unique(training_data(fit)[[name]]))
  some <- round(seq(1, length(observed), length.out = min(points, length(observed))))
  observed <- observed[unique(some)]
  data.frame(x = as.double(observed), level = NA_character_, value = observed)
}

grid_exists <- function(fit, keys, reference, name, grid) {
  newdata <- reference[rep(1, nrow(grid)), , drop = FALSE]
  newdata[[name]] <- grid$value
  suppressWarnings(tryCatch(
    {
      for (key in keys) predictor_columns(fit$design$predictors[[key]], newdata)
      TRUE
    },
    covary_error = function(e) FALSE
  ))
}

# Positive covariates stay positive, so that their logs stay finite.
lower_end <- function(range, extend) {
  out <- range[1] - extend * diff(range)
  if (range[1] >= 0) max(out, range[1] / 2) else out
}

upper_end <- function(range, extend) {
  out <- range[2] + extend * diff(range)
  if (range[2] <= 0) min(out, range[2] / 2) else out
}

# The factor that splits the curves along a covariate, or NULL.
choose_by <- function(fit, name, keys, by, fixed = character()) {
  if (isFALSE(by)) {
    return(NULL)
  }
  if (length(check_names(by, "by")) > 1) {
    stop_covary("argument", "`by` must name one factor, not ", length(by), ".",
      fields = list(arg = "by")
    )
  }
  together <- lapply(keys, function(k) {
    uses <- shaping_covariates(fit, k)
    if (name %in% uses) setdiff(uses, name)
  })
  candidates <- Filter(
    function(c) fit$design$covariates[[c]]$type != "numeric",
    unique(unlist(together))
  )
  if (!is.null(by)) {
    if (!by %in% names(fit$design$covariates) || fit$design$covariates[[by]]$type %in%
      c("numeric", "matrix")) {
      stop_covary("argument", "`by` must name a factor of the model, or be FALSE; not ",
        describe(by), ".",
        fields = list(arg = "by")
      )
    }
    return(if (by != name) by)
  }
  known <- fit$design$covariates[[name]]
  if (known$type != "numeric" && length(known$levels) > 6) {
    return(NULL)
  }
  candidates <- setdiff(candidates, c(random_effect_names(fit$design$predictors), fixed))
  few <- vapply(candidates, function(c) length(fit$design$covariates[[c]]$levels) <= 6, TRUE)
  if (any(few)) candidates[few][1]
}

effect_of <- function(fit, key, name, grid, reference, by) {
  p <- fit$design$predictors[[key]]
  if (!is.null(by) && !by %in% shaping_covariates(fit, key)) by <- NULL
  groups <- if (is.null(by)) NA_character_ else fit$design$covariates[[by]]$levels
  parts <- lapply(groups, function(group) {
    newdata <- reference[rep(1, nrow(grid)), , drop = FALSE]
    newdata[[name]] <- grid$value
    if (!is.null(by)) newdata[[by]] <- as_level(group, reference[[by]])
    rownames(newdata) <- NULL
    limits <- posterior_limits(fit, key, newdata)
    data.frame(
      covariate = name, x = grid$x, level = grid$level, by = if (is.null(by)) {
        NA_character_
      } else {
        by
      }, group = group,
      dpar = p$dpar, resp = paste(p$resp, collapse = ":"), limits,
      extrapolated = extrapolates(newdata, fit$design, key)
    )
  })
  out <- do.call(rbind, parts)
  # Functions of a covariate may not exist beyond the data, such as log(x) at zero.
  out <- out[is.finite(out$estimate) | !out$extrapolated, ]
  rownames(out) <- NULL
  out
}

as_level <- function(level, like) {
  if (is.factor(like)) {
    factor(level, levels = levels(like))
  } else if (is.logical(like)) {
    as.logical(level)
  } else {
    level
  }
}

posterior_limits <- function(fit, key, newdata) {
  eta <- withCallingHandlers(predictor_draws(fit, key, newdata), warning = function(w) {
    # splines::bs() and functions of covariates complain beyond the data; the mark `extrapolated`
    # says it.
    if (!inherits(w, "covary_warning")) invokeRestart("muffleWarning")
  })
  q <- apply(eta, 2, stats::quantile,
    probs = c(0.5, 0.025, 0.975, 0.25, 0.75), names = FALSE,
    na.rm = TRUE
  )
  q <- inverse_link(fit$design$predictors[[key]]$dpar)(q)
  stats::setNames(as.data.frame(t(q)), c("estimate", "lower", "upper", "lower50", "upper50"))
}

#' Data frames behind the pictures
#'
#' Everything [plot.covary()] draws, as data.
#'
#' * `"effects"`: see [conditional_effects()].
#' * `"bins"`: what the data say about standard deviations and correlations in bins of equal counts
#'   along a numeric covariate (or at the levels of a factor), from residuals divided by the fitted
#'   standard deviations: their root mean square or correlation in the bin. Like a partial residual,
#'   the difference from the fit in the bin is added (on the scale of the link) to the curve with
#'   the other covariates held still. Columns `covariate`, `x` (mean in the bin), `group`, `dpar`,
#'   `resp`, `n`, `estimate`, `lower`, `upper` (95 % limits of a normal sample of that size).
#' * `"ellipses"`: the fitted bivariate normal at chosen values of a covariate. Columns `covariate`,
#'   `value`, `content` (share of the population inside, 0.5 or 0.95), `x`, `y` (outline), and the
#'   posterior medians `mean_x`, `mean_y`, `sd_x`, `sd_y`, `rho`.
#' * `"elbo"`: `iteration`, `elbo` and `gap` (to the best value reached).
#'
#' @param fit A fit of [covary()].
#' @param type Which picture.
#' @param covariate One covariate; by default the first numeric one.
#' @param at Values of it; by default five quantiles, from 5 % to 95 %.
#' @param resp Two responses or `"a:b"`, for `"ellipses"`.
#' @param by,conditions See [conditional_effects()].
#' @param bins Number of bins; by default at most twelve, of at least forty rows.
#' @param ... Further arguments of [conditional_effects()].
#' @return A data frame.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' head(plot_data(fit, "ellipses", at = c(2, 3, 4)))
#' plot_data(fit, "elbo")
#' @export
plot_data <- function(
  fit, type = c("effects", "bins", "ellipses", "elbo"), covariate = NULL,
  at = NULL, resp = NULL, by = NULL,
  conditions = list(), bins = NULL, ...
) {
  check_fit(fit)
  type <- check_choice(type, c("effects", "bins", "ellipses", "elbo"), "type")
  switch(type,
    effects = conditional_effects(fit, covariate,
      resp = resp, by = by, conditions = conditions,
      ...
    ),
    bins = residual_bins(
      fit, first_covariate(fit, covariate, numeric = FALSE), by, bins,
      conditions
    ),
    ellipses = ellipse_frame(thin_fit(fit), first_covariate(fit, covariate), at, resp, conditions),
    elbo = elbo_frame(fit)
  )
}

# The covariate asked for, or the first numeric one (if `numeric` is FALSE: the first of any kind if
# none is).
first_covariate <- function(fit, covariate = NULL, numeric = TRUE) {
  covariate <- check_names(covariate, "covariate")
  known <- fit$design$covariates
  all <- unique(unlist(lapply(names(fit$design$predictors), shaping_covariates, fit = fit)))
  continuous <- Filter(function(name) !is_discrete(known[[name]]), all)
  usable <- if (numeric || (is.null(covariate) && length(continuous))) continuous else all
  if (is.null(covariate) && length(usable)) {
    return(usable[1])
  }
  if (is.null(covariate) || length(covariate) != 1 || !covariate %in% usable) {
    stop_covary("argument", "`covariate` must be one ", if (numeric) "numeric ",
      "covariate of the model",
      if (length(usable)) c(" (", enumerate(usable, most = 12), ")") else ", which has none", ".",
      fields = list(arg = "covariate")
    )
  }
  covariate
}

# A predictor at the posterior means of its coefficients.
central_at <- function(fit, p, newdata) {
  at <- predictor_columns(p, newdata)
  as.vector(at$x %*% colMeans(unclass(fit$draws)[, p$columns$name, drop = FALSE])) + at$offset
}

# All of them, a column each, one row a row of the data.
central_predictors <- function(fit) {
  # Compressed fits do not know the cell of a row.
  cell <- if (is.null(fit$cell)) seq_len(fit$frame$n) else fit$cell
  first <- which(!duplicated(cell))
  data <- training_data(fit)[first, , drop = FALSE]
  eta <- vapply(fit$design$predictors, function(p) central_at(fit, p, data), numeric(length(first)))
  matrix(eta, length(first), dimnames = list(NULL, names(fit$design$predictors)))[match(
    cell,
    cell[first]
  ), , drop = FALSE]
}

# The fit with at most so many of its rows, evenly chosen: enough for a picture.
thin_fit <- function(fit, most = 50000) {
  n <- fit$frame$n
  if (!has_rows(fit) || n <= most) {
    return(fit)
  }
  keep <- round(seq(1, n, length.out = most))
  fit$frame$y <- fit$frame$y[keep, , drop = FALSE]
  fit$frame$covariates <- lapply(fit$frame$covariates, take_rows, keep)
  fit$frame$weights <- fit$frame$weights[keep]
  fit$frame$row_names <- fit$frame$row_names[keep]
  fit$frame$n <- length(keep)
  fit$cell <- fit$cell[keep]
  fit
}

# Residuals divided by the fitted standard deviations, N x K.
central_residuals <- function(fit, eta = central_predictors(fit)) {
  z <- (fit$frame$y - eta[, paste0("mu:", fit$responses), drop = FALSE]) *
    exp(-eta[, paste0("sigma:", fit$responses), drop = FALSE])
  dimnames(z) <- list(NULL, fit$responses)
  z
}

# Bin of each row: equal counts along a number, levels otherwise.
covariate_bins <- function(v, known, bins = NULL, smallest = 40) {
  if (is_discrete(known)) {
    return(as.integer(factor(v)))
  }
  v <- as.double(v)
  if (is.null(bins)) bins <- max(1, min(12, floor(length(v) / smallest)))
  edges <- unique(stats::quantile(v, seq(0, 1, length.out = check_count(bins, "bins") + 1),
    names = FALSE
  ))
  if (length(edges) < 2) {
    return(rep(1L, length(v)))
  }
  findInterval(v, edges, rightmost.closed = TRUE, all.inside = TRUE)
}

residual_bins <- function(fit, covariate, by = NULL, bins = NULL, conditions = list()) {
  predictors <- fit$design$predictors
  keys <- names(predictors)[vapply(predictors, function(p) p$dpar != "mu" && !p$known, TRUE)]
  known <- fit$design$covariates[[covariate]]
  empty <- data.frame(
    covariate = character(), x = numeric(), group = character(),
    dpar = character(), resp = character(), n = integer(),
    estimate = numeric(), lower = numeric(), upper = numeric()
  )
  if (length(keys) == 0 || !has_rows(fit)) {
    return(empty)
  }
  fit <- thin_fit(fit)
  data <- training_data(fit)
  central <- central_predictors(fit)
  z <- central_residuals(fit, central)
  reference <- reference_row(fit, conditions)
  by <- choose_by(fit, covariate, keys, by, names(conditions))
  one <- function(key, rows, group) {
    id <- covariate_bins(data[[covariate]][rows], known, bins)
    # One or two circles say nothing about a curve.
    if (!is_discrete(known) && is.null(bins) && max(id, 0) < 3) {
      return(NULL)
    }
    parts <- lapply(split(rows, id), function(at) {
      if (length(at) >= 10) {
        bin_of(
          fit, predictors[[key]], covariate, data[[covariate]][at], at, z, central[at, key],
          reference, by, group
        )
      }
    })
    do.call(rbind, parts)
  }
  out <- lapply(keys, function(key) {
    if (is.null(by) || !by %in% shaping_covariates(fit, key)) {
      return(one(key, seq_len(fit$frame$n), NA_character_))
    }
    of <- as.character(data[[by]])
    do.call(
      rbind,
      lapply(fit$design$covariates[[by]]$levels, function(l) one(key, which(of == l), l))
    )
  })
  out <- do.call(rbind, c(list(empty), out))
  rownames(out) <- NULL
  out
}

# One bin: statistic of the residuals on the link scale, less the fit in the bin, plus the curve
# shown.
bin_of <- function(fit, p, covariate, v, rows, z, eta, reference, by, group) {
  w <- row_weights(fit$frame)[rows]
  known <- fit$design$covariates[[covariate]]
  numeric <- is_number(v)
  x <- if (numeric) {
    stats::weighted.mean(as.double(v), w)
  } else {
    match(as.character(v[1]), known$levels)
  }
  reference[[covariate]] <- if (numeric) of_type(x, v) else v[1]
  if (!is.na(group)) reference[[by]] <- as_level(group, reference[[by]])
  curve <- as.vector(central_at(fit, p, reference))
  if (p$dpar == "sigma") {
    found <- curve + 0.5 * log(sum(w * z[rows, p$resp]^2) / sum(w))
    reach <- 1 / sqrt(2 * sum(w))
  } else {
    r <- sum(w * z[rows, p$resp[1]] * z[rows, p$resp[2]]) /
      sqrt(sum(w * z[rows, p$resp[1]]^2) * sum(w * z[rows, p$resp[2]]^2))
    found <- curve + 2 * atanh(r) - stats::weighted.mean(eta, w)
    reach <- 2 / sqrt(max(sum(w) - 3, 1))
  }
  limits <- inverse_link(p$dpar)(found + c(0, -1.96, 1.96) * reach)
  data.frame(
    covariate = covariate, x = x, group = group, dpar = p$dpar,
    resp = paste(p$resp, collapse = ":"), n = length(rows),
    estimate = limits[1], lower = limits[2], upper = limits[3]
  )
}

# Two responses: "a:b", c("a", "b"), or by default the first two.
response_pair <- function(fit, resp = NULL) {
  if (length(fit$responses) < 2) {
    stop_covary("argument", "Ellipses and correlations need two responses; the fit has one.",
      fields = list(arg = "type")
    )
  }
  if (is.null(resp)) {
    return(fit$responses[1:2])
  }
  fit$design$predictors[[find_keys(fit, "rho", resp)[1]]]$resp
}

ellipse_values <- function(fit, covariate, at) {
  if (is.null(at)) {
    v <- as.double(training_data(fit)[[covariate]])
    at <- stats::quantile(v, c(0.05, 0.275, 0.5, 0.725, 0.95), type = 1, names = FALSE)
    # Readable values, to a hundredth of the range or so, inside it.
    at <- pmin(pmax(round(at, 3 - ceiling(log10(diff(range(v))))), min(v)), max(v))
  }
  if (!is_number(at) || length(at) == 0 || any(!is.finite(at))) {
    stop_covary("argument", "`at` must hold finite values of '", covariate, "', not ", describe(at),
      ".",
      fields = list(arg = "at")
    )
  }
  sort(unique(as.double(at)))
}

# Posterior medians of the bivariate normal of a pair at values of a covariate.
bivariate_at <- function(fit, covariate, at, pair, conditions = list()) {
  newdata <- reference_row(fit, conditions)[rep(1, length(at)), , drop = FALSE]
  newdata[[covariate]] <- of_type(at, newdata[[covariate]])
  rownames(newdata) <- NULL
  centre <- function(dpar, resp) posterior_limits(fit, find_keys(fit, dpar, resp), newdata)$estimate
  data.frame(
    value = at, mean_x = centre("mu", pair[1]), mean_y = centre("mu", pair[2]),
    sd_x = centre("sigma", pair[1]), sd_y = centre("sigma", pair[2]), rho = centre("rho", pair)
  )
}

ellipse_frame <- function(
  fit, covariate, at = NULL, resp = NULL, conditions = list(),
  content = c(0.5, 0.95), points = 120
) {
  pair <- response_pair(fit, resp)
  b <- bivariate_at(fit, covariate, ellipse_values(fit, covariate, at), pair, conditions)
  if (!is.finite(sum(as.matrix(b)))) {
    stop_covary("argument",
      "`at` lies too far from the data: the model has no finite values there.",
      fields = list(arg = "at")
    )
  }
  angle <- seq(0, 2 * pi, length.out = points)
  parts <- lapply(seq_len(nrow(b)), function(i) {
    do.call(rbind, lapply(content, function(p) {
      radius <- sqrt(stats::qchisq(p, 2))
      half <- acos(b$rho[i]) / 2
      data.frame(
        covariate = covariate, value = b$value[i], content = p,
        x = b$mean_x[i] + radius * b$sd_x[i] * cos(angle + half),
        y = b$mean_y[i] + radius * b$sd_y[i] * cos(angle - half),
        b[rep(i, points), -1], row.names = NULL
      )
    }))
  })
  do.call(rbind, parts)
}

elbo_frame <- function(fit) {
  trace <- fit$info$trace
  if (length(trace) == 0) {
    stop_covary("argument", "A fit by algorithm \"", fit$algorithm, "\" has no ELBO trace.",
      fields = list(arg = "type")
    )
  }
  data.frame(iteration = seq_along(trace) - 1L, elbo = trace, gap = max(trace) - trace)
}
