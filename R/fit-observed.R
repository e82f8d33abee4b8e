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

# Responses `at` of some rows as a list of S x rows matrices, latent where they have a margin
response_draws <- function(y, rows, at, s, margins = NULL) {
  lapply(at, function(j) {
    through_margin(margins[[j]], matrix(rep(y[rows, j], each = s), s), to_latent)
  })
}

# S x N: log density of the responses that each row has, NA where it has none. y: N x K; margins: of
# its columns in their order, or NULL
log_density_of_observed <- function(likelihood, y, eta, margins = NULL) {
  s <- nrow(eta[[1]][[1]])
  out <- matrix(NA_real_, s, nrow(y))
  each_kind(y, function(rows, at) {
    of <- eta_of_observed(likelihood, eta, rows, at)
    density <- likelihood$log_density(response_draws(y, rows, at, s, margins), of)
    slopes <- lapply(at, function(j) {
      if (is.null(margins[[j]])) 0 else slope_draws(margins[[j]], y[rows, j], s)
    })
    out[, rows] <<- Reduce(`+`, slopes, density)
  })
  out
}

# S x rows: log slopes of a transformation at responses
slope_draws <- function(m, y, s) {
  through_margin(m, matrix(rep(y, each = s), s), latent_log_slope)
}

# The responses that rows lack, given those that they have: the whitened residuals of the latter are
# known, and those of the former, which come after them, are independent standard normals. y: N x K;
# eta: S x N; margins: of the K responses, or NULL. f(known, of, free, margins): from the whitened
# residuals of the observed, and the predictors of all, the observed first, what is wanted of the
# `free` others with their margins, S x rows matrices; seen(v): the same of an observed response
# from its values. List of K matrices S x N
given_observed <- function(likelihood, y, eta, margins, seen, f) {
  s <- nrow(eta[[1]][[1]])
  k <- ncol(y)
  out <- rep(list(matrix(NA_real_, s, nrow(y))), k)
  observed <- observed_of_rows(y)
  if (is.null(observed)) observed <- rep(all_observed(k), nrow(y))
  for (kind in unique(observed)) {
    rows <- which(observed == kind)
    at <- which_observed(kind, k)
    for (j in at) out[[j]][, rows] <- seen(matrix(rep(y[rows, j], each = s), s))
    others <- setdiff(seq_len(k), at)
    if (length(others) == 0) next
    of <- eta_of_observed(likelihood, eta, rows, c(at, others))
    known <- list()
    if (length(at)) {
      values <- response_draws(y, rows, at, s, margins)
      known <- likelihood$whiten(values, likelihood$marginal(of, seq_along(at)))
    }
    filled <- f(known, of, length(others), margins[others])
    for (i in seq_along(others)) out[[others[i]]][, rows] <- filled[[i]]
  }
  out
}

draw_given_observed <- function(likelihood, y, eta, margins = NULL) {
  given_observed(likelihood, y, eta, margins, identity, function(known, of, free, margins) {
    size <- dim(of[[1]][[1]])
    latent <- draw_within(function(at) {
      count <- if (is.null(at)) prod(size) else length(at)
      noise <- lapply(seq_len(free), function(j) stats::rnorm(count))
      if (is.null(at)) {
        noise <- lapply(noise, array, size)
      } else {
        known <- lapply(known, `[`, at)
      }
      likelihood$correlate(c(known, noise), eta_at(of, at))[length(known) + seq_len(free)]
    }, margins)
    restore_responses(latent, margins)
  })
}

# The mean or the sd (`role`) of the responses, K matrices S x N; a response that a row has is its
# own mean.
moment_given_observed <- function(likelihood, y, eta, role, margins = NULL) {
  seen <- switch(role,
    mean = identity,
    sd = function(v) 0 * v
  )
  given_observed(likelihood, y, eta, margins, seen, function(known, of, free, margins) {
    moments <- latent_moments(likelihood, known, of, free)
    lapply(seq_len(free), function(j) {
      restored_moments(margins[[j]], moments$mean[[j]], moments$sd[[j]])[[role]]
    })
  })
}

# Responses are linear in their whitened residuals.
latent_moments <- function(likelihood, known, of, free) {
  mean <- at_units(likelihood, known, of, free)
  squares <- lapply(mean, function(v) 0 * v)
  for (unit in seq_len(free)) {
    moved <- at_units(likelihood, known, of, free, unit)
    squares <- Map(function(square, v, mean) square + (v - mean)^2, squares, moved, mean)
  }
  list(mean = mean, sd = lapply(squares, sqrt))
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
    draw_given_observed(e$likelihood, y, evaluation_block(e), e$margins)
  })
  fit$frame$y[] <- unlist(filled)
  fit
}
