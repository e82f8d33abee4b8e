# Is a Gaussian right for a density? Fresh draws from it, in pairs mean + u and mean - u, say what a
# Newton step with averages over them would do (mathematics vignette, eq. 40). With the covariance
# V of the Gaussian and half the sum, e, and half the difference, o, of the gradients of a pair,
#   E[V e]                        is the step of the mean,
#   E[r u'], r = V o + u,         is V (E[Hessian] + V^-1) V (Stein's identity), the change of the
#                                 covariance to first order.
# r is zero where the density is Gaussian with that covariance, so that a few pairs are enough, and
# nothing but gradients is asked for.

# gradient: a function of d numbers. list(step, rest, move): V e, r and u, each d x pairs.
fresh_pairs <- function(gradient, mean, chol_precision, pairs) {
  d <- length(mean)
  move <- gaussian_moves(chol_precision, matrix(stats::rnorm(d * pairs), d))
  at <- function(sign) {
    matrix(vapply(seq_len(pairs), function(s) gradient(mean + sign * move[, s]), mean), d)
  }
  above <- at(1)
  below <- at(-1)
  list(
    step = solve_chol(chol_precision, (above + below) / 2),
    rest = solve_chol(chol_precision, (above - below) / 2) + move, move = move
  )
}

# What a pair says of n linear functions of the parameters with standard deviations `sd`.
# contrast(m): their values at the columns of a d x pairs matrix. list(shift, log_sd): n x pairs,
# the step in sds and the change of log sds.
pair_changes <- function(pair, contrast, sd) {
  list(
    shift = contrast(pair$step) / sd,
    log_sd = contrast(pair$rest) * contrast(pair$move) / (2 * sd^2)
  )
}

# Over n functions and all pairs: the root mean square of the shift, without what chance adds, its
# Monte Carlo error, the mean ratio of sds and its own.
summarise_changes <- function(changes) {
  pairs <- ncol(changes$shift)
  square_error <- apply(changes$shift, 1, stats::var) / pairs
  log_sd <- colMeans(changes$log_sd)
  list(
    shift = sqrt(max(0, mean(rowMeans(changes$shift)^2 - square_error))),
    shift_mcse = sqrt(mean(square_error)),
    sd_ratio = exp(mean(log_sd)), sd_ratio_mcse = stats::sd(log_sd) / sqrt(pairs)
  )
}

# A Gaussian is right where means would move by no more, in posterior sds, and sds keep within.
newton_check_limits <- list(shift = 0.05, sd_ratio = c(0.93, 1.07))

# `fresh`: list(shift, sd_ratio (least and largest), ...). What is not finite is not right.
is_right_gaussian <- function(fresh) {
  limits <- newton_check_limits
  isTRUE(fresh$shift <= limits$shift && fresh$sd_ratio[1] >= limits$sd_ratio[1] &&
    fresh$sd_ratio[2] <= limits$sd_ratio[2])
}

# Do draws rest on the Gaussian alone, neither weighed nor moved, so that its check decides?
rests_on_gaussian <- function(info) {
  !is.null(info$fresh) && !isTRUE(info$resampled) && !has_forgotten(info$moves)
}
