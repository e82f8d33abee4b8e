# The likelihood of rows that have some of the responses only: of those that they have. Rows of one
# kind (rows-observed.R) go together, with the predictors of the distribution of what they have.

# eta at some rows (draws x rows, or rows alone), of the responses `at` in that order
eta_of_observed <- function(likelihood, eta, rows, at) {
  take <- function(v) if (is.matrix(v)) v[, rows, drop = FALSE] else v[rows]
  likelihood$marginal(lapply(eta, map_units, take), at)
}

# f(rows, at): for each kind of the rows of y (N x K), their numbers and those of the responses that
# they have; rows without any are left out.
each_kind <- function(y, f) {
  observed <- observed_of_rows(y)
  if (is.null(observed)) observed <- rep(all_observed(ncol(y)), nrow(y))
  for (kind in setdiff(unique(observed), 0L)) {
    f(which(observed == kind), which_observed(kind, ncol(y)))
  }
}

# Responses `at` of some rows as a list of S x rows matrices
response_draws <- function(y, rows, at, s) {
  lapply(at, function(j) matrix(rep(y[rows, j], each = s), s))
}

# S x N: log density of the responses that each row has, NA where it has none. y: N x K
log_density_of_observed <- function(likelihood, y, eta) {
  s <- nrow(eta[[1]][[1]])
  out <- matrix(NA_real_, s, nrow(y))
  each_kind(y, function(rows, at) {
    of <- eta_of_observed(likelihood, eta, rows, at)
    out[, rows] <<- likelihood$log_density(response_draws(y, rows, at, s), of)
  })
  out
}

# The responses that rows lack, given those that they have: the whitened residuals of the latter are
# known, and those of the former, which come after them, are independent standard normals. y: N x K;
# eta: S x N. f(known, of, free): from the whitened residuals of the observed, and the predictors of
# all, the observed first, what is wanted of the `free` others, S x rows matrices; seen(v): the same
# of an observed response from its values. List of K matrices S x N
given_observed <- function(likelihood, y, eta, seen, f) {
  s <- nrow(eta[[1]][[1]])
  k <- ncol(y)
  out <- rep(list(matrix(NA_real_, s, nrow(y))), k)
  observed <- observed_of_rows(y)
  if (is.null(observed)) observed <- rep(all_observed(k), nrow(y))
  for (kind in unique(observed)) {
    rows <- which(observed == kind)
    at <- which_observed(kind, k)
    values <- response_draws(y, rows, at, s)
    for (i in seq_along(at)) out[[at[i]]][, rows] <- seen(values[[i]])
    others <- setdiff(seq_len(k), at)
    if (length(others) == 0) next
    of <- eta_of_observed(likelihood, eta, rows, c(at, others))
    known <- list()
    if (length(at)) {
      known <- likelihood$whiten(values, likelihood$marginal(of, seq_along(at)))
    }
    filled <- f(known, of, length(others))
    for (i in seq_along(others)) out[[others[i]]][, rows] <- filled[[i]]
  }
  out
}

draw_given_observed <- function(likelihood, y, eta) {
  given_observed(likelihood, y, eta, identity, function(known, of, free) {
    size <- dim(of[[1]][[1]])
    noise <- lapply(seq_len(free), function(j) array(stats::rnorm(prod(size)), size))
    likelihood$correlate(c(known, noise), of)[length(known) + seq_len(free)]
  })
}

mean_given_observed <- function(likelihood, y, eta) {
  given_observed(likelihood, y, eta, identity, function(known, of, free) {
    at_units(likelihood, known, of, free)
  })
}

# Responses are linear in their whitened residuals.
sd_given_observed <- function(likelihood, y, eta) {
  given_observed(likelihood, y, eta, function(v) 0 * v, function(known, of, free) {
    mean <- at_units(likelihood, known, of, free)
    squares <- lapply(mean, function(v) 0 * v)
    for (unit in seq_len(free)) {
      moved <- at_units(likelihood, known, of, free, unit)
      squares <- Map(function(square, v, mean) square + (v - mean)^2, squares, moved, mean)
    }
    lapply(squares, sqrt)
  })
}

# The others where their whitened residuals are zero, but for one that is 1
at_units <- function(likelihood, known, of, free, unit = 0) {
  zero <- 0 * of[[1]][[1]]
  w <- lapply(seq_len(free), function(j) zero + (j == unit))
  likelihood$correlate(c(known, w), of)[length(known) + seq_len(free)]
}

# The fit with its missing responses drawn once given the others: what checks compare with
# replicates of whole rows. (Rows that have a response do not look like rows drawn without regard to
# why it is missing.) The same draw every time.
fill_responses <- function(fit) {
  y <- fit$frame$y
  if (!anyNA(y)) {
    return(fit)
  }
  e <- new_evaluation(fit, NULL, 1L)
  filled <- keep_seed({
    set.seed(1)
    draw_given_observed(e$likelihood, y, evaluation_block(e))
  })
  fit$frame$y[] <- unlist(filled)
  fit
}
