# The bound of the likelihood. A normal density is unbounded where a flexible log sd (or rhobit) may
# shrink at a row that the mean runs through. So every row carries a small within-row variance, as
# if it were a cell with that scatter: it adds to the squared residual, bounds the density, and
# leaves every closed form as it is (mathematics vignette, eq. 3a). Its sd is the share `row_sd` of
# the residual sd at that row, as a pilot fit with constant sds and correlation sees it.

row_sd_most <- 0.01

# The bias of a log sd is share^2 / 2; a tenth of its posterior sd, 1 / sqrt(2 N), is the most it
# may be.
default_row_sd <- function(n) sqrt(min(row_sd_most^2, 0.1 / sqrt(2 * max(n, 1))))

check_row_sd <- function(row_sd) {
  if (identical(row_sd, "auto")) {
    row_sd
  } else {
    check_number(row_sd, "row_sd", 0, 0.5)
  }
}

# A model with the bound where sds or correlations may vary and the likelihood knows of scatter:
# `within` (k x m) are the variances within rows, in standardised units, `row_sd` the share,
# `fit_pilot(model)` the pilot.
#' @export
bound_likelihood.covary_cells_model <- function(model, row_sd, fit_pilot) {
  if (!has_varying_sd(model) || !model_likelihood(model)$is_sufficient) {
    return(model)
  }
  share <- if (identical(row_sd, "auto")) default_row_sd(model$scales$n) else row_sd
  if (share == 0) {
    return(model)
  }
  model$pilot <- fit_pilot(model)
  known <- vapply(sd_keys(model), function(key) !any(model$coefficients$key == key), TRUE)
  model$within <- share^2 * exp(2 * model$pilot$log_sd)
  model$within[known, ] <- 0
  observed <- model$core$observed
  if (!is.null(observed)) model$within[!is_observed(observed, length(known))] <- 0
  model$row_sd <- share
  model$unbounded <- model$core$cells
  model$core$cells <- add_within(model$core$cells, model$within, model$core$observed)
  # The density of rows that lie where the pilot expects them is as it would be without.
  model$log_jacobian <- model$log_jacobian + 0.5 * share^2 * expected_inflation(model, known)
  model
}

# Sum over the rows of the expected squares of unit errors in the exponent, of the responses whose
# sd is not known.
expected_inflation <- function(model, known) {
  inflation <- model_likelihood(model)$precision_diagonal
  n <- cell_weights(model$core$cells, length(known))
  cor <- model$pilot$cor
  observed <- model$core$observed
  if (is.null(observed)) {
    return(sum(n) * sum(inflation(cor)[!known]))
  }
  by_kind <- vapply(unique(observed), function(kind) {
    at <- which_observed(kind, length(known))
    sum(n[observed == kind]) * sum(inflation(cor[at, at, drop = FALSE])[!known[at]])
  }, 0)
  sum(by_kind)
}

# Keys of the predictors of log sds, by response
sd_keys <- function(model) model$keys[model$roles == "sd"]

# Does any log sd or rhobit have more than a constant?
has_varying_sd <- function(model) {
  loose <- model$coefficients$key[!model$means & model$coefficients$class != "Intercept"]
  length(loose) > 0
}

# Scatter of n rows of variance `within` each added to cells (roots) or nodes (sums of products).
add_within <- function(stats, within, observed = NULL) {
  k <- nrow(within)
  n <- cell_weights(stats, k)
  at <- lower_places(k)
  if (is_of_nodes(stats, k)) {
    sums <- sums_of_nodes(stats, k)
    rows <- 1 + k + diag(at)
    sums[rows, ] <- sums[rows, , drop = FALSE] + within * rep(n, each = k)
    return(nodes_of_sums(sums, k, observed))
  }
  for (j in seq_len(k)) {
    column <- matrix(0, k, ncol(stats))
    column[j, ] <- sqrt(n * within[j, ])
    stats <- rotate_column(stats, column, 1 + k + at)
  }
  stats
}

# Rotates one more column of a scatter (k x m) into the roots, whose entry (i, j) is row at[i, j].
rotate_column <- function(stats, column, at) {
  k <- nrow(column)
  for (j in seq_len(k)) {
    old <- stats[at[j, j], ]
    new <- sqrt(old^2 + column[j, ]^2)
    size <- pmax(new, .Machine$double.xmin)
    cos <- old / size
    cos[new == 0] <- 1
    sin <- column[j, ] / size
    stats[at[j, j], ] <- new
    for (i in seq_len(k - j) + j) {
      before <- stats[at[i, j], ]
      stats[at[i, j], ] <- cos * before + sin * column[i, ]
      column[i, ] <- cos * column[i, ] - sin * before
    }
  }
  stats
}

# The model without the bound: the likelihood of the rows alone.
without_bound <- function(model) {
  if (!is.null(model$unbounded)) model$core$cells <- model$unbounded
  model
}

# What the bound does to a fit: by response, the largest shift of the log sd at a cell, in its
# posterior sds, were the width within rows half of what it is (a Newton step at the posterior
# mean). list(row_sd, shift, floor: by response the cells whose shift is above `floor_limit`), or
# NULL.
bound_effect <- function(model, result) {
  if (is.null(model$within)) {
    return(NULL)
  }
  mean <- colMeans(result$beta)
  cov <- mode_covariance(model, mean, result$log_tau)
  if (is.null(cov)) {
    return(list(row_sd = model$row_sd, shift = NA_real_))
  }
  half <- without_bound(model)
  half$core$cells <- add_within(half$core$cells, model$within / 4, model$core$observed)
  change <- loglik_and_priors(half, mean, 1L)$gradient - loglik_and_priors(model, mean, 1L)$gradient
  move <- covariance_times(cov, change)
  shifts <- lapply(sd_keys(model), function(key) {
    mine <- which(model$coefficients$key == key)
    if (length(mine) == 0) {
      return(0)
    }
    x <- model$core$x[[match(key, model$keys)]]
    abs(columns_times(x, move[mine])) / sqrt(columns_variance(x, part_of_covariance(cov, mine)))
  })
  names(shifts) <- names(model$standard$scale)
  list(
    row_sd = model$row_sd, shift = vapply(shifts, max, 0),
    floor = lapply(shifts, function(s) which(s > floor_limit))
  )
}

# Above this the log sd is that of the bound and of nothing in the data.
floor_limit <- 1

# Above this the log sd of some row rests on the bound, which is said.
bound_limit <- 0.1

say_bound <- function(bound) {
  resting <- names(bound$shift)[bound$shift > bound_limit]
  if (length(resting) == 0) {
    return()
  }
  inform_covary("bound", "The log sd of ", enumerate(resting),
    " is not told by the data at some rows, which the mean runs through: there it rests ",
    "on its prior and on the scatter within rows, ", format(100 * bound$row_sd, digits = 2),
    " % of the residual sd (`row_sd` in covary_control()).",
    fields = list(bound = bound)
  )
}
