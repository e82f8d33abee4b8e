# The ends of fits over fixed draws (toolkit-advi-optimise-fixed.R): L-BFGS on mean and Cholesky
# factor, and the check against fresh draws.
#
# Both are taken in coordinates y where the approximation that the phase began with is standard:
# theta = centre + unit y, y = shift + L z; par = (shift, log diagonal of L, L below it).

start_polish <- function(state) {
  d <- length(state$mean)
  state$centre <- state$mean
  state$unit <- t(chol(state$cov))
  state$par <- numeric(2 * d + d * (d - 1) / 2)
  state$bfgs <- list(s = list(), y = list())
  state$value <- NULL
  state$calm <- FALSE
  state
}

# list(shift, lower: L)
polished_at <- function(par, d) {
  lower <- diag(exp(par[d + seq_len(d)]), d)
  lower[lower.tri(lower)] <- par[-seq_len(2 * d)]
  list(shift = par[seq_len(d)], lower = lower)
}

# The same with what L-BFGS has learned, in the coordinates where the approximation of now is
# standard: L = A L' with A the factor of now, and so for gradients by L, G' = A' G.
recentre_polish <- function(state) {
  d <- length(state$centre)
  own <- seq_len(d)
  now <- polished_at(state$par, d)
  scales <- diag(now$lower)
  below <- lower.tri(now$lower)
  matrix_of <- function(v, diagonal) {
    out <- diag(diagonal, d)
    out[below] <- v[-seq_len(2 * d)]
    out
  }
  numbers <- function(shift, lower) c(shift, diag(lower), lower[below])
  state$bfgs <- list(
    s = lapply(state$bfgs$s, function(s) {
      lower <- matrix_of(s, s[d + own] * scales)
      numbers(forwardsolve(now$lower, s[own]), forwardsolve(now$lower, lower))
    }),
    y = lapply(state$bfgs$y, function(y) {
      lower <- matrix_of(y, y[d + own] / scales)
      numbers(crossprod(now$lower, y[own]), crossprod(now$lower, lower))
    })
  )
  state$centre <- state$centre + as.vector(state$unit %*% now$shift)
  state$unit <- state$unit %*% now$lower
  state$par <- numeric(length(state$par))
  state$value <- NULL
  state
}

# From a gradient by L-BFGS; to begin with, curvature is 1 by the shift and by L, 2 by its log
# diagonal.
polish_direction <- function(state, g) {
  scales <- length(state$centre) + seq_along(state$centre)
  lbfgs_direction(g, state$bfgs, function(v) {
    v[scales] <- v[scales] / 2
    v
  })
}

# f: minus the ELBO over the draws z, without constants, or NULL (`values`: look_at()); g: its
# gradient
fixed_objective <- function(target, state, par, values, z = state$noise) {
  at <- polished_at(par, target$dim)
  seen <- look_at(target, state$centre + state$unit %*% (at$shift + at$lower %*% z), values)
  g <- crossprod(state$unit, seen$gradient)
  by_lower <- tcrossprod(g, z) / ncol(z)
  scales <- diag(at$lower)
  list(
    f = if (!is.null(seen$value)) -mean(seen$value) - sum(log(scales)),
    g = -c(rowMeans(g), 1 + diag(by_lower) * scales, by_lower[lower.tri(by_lower)])
  )
}

step_polish <- function(target, setup, state) {
  objective <- function(par, values) fixed_objective(target, state, par, values)
  if (is.null(state$value)) state$value <- objective(state$par, TRUE)
  direction <- -polish_direction(state, state$value$g)
  slope <- sum(direction * state$value$g)
  values <- !is_short(-slope, state$par)
  if (values && isTRUE(state$value$guessed)) state$value <- objective(state$par, TRUE)
  at <- state$value
  moved <- NULL
  if (isTRUE(slope < -1e-10 * (1 + abs(at$f))^0.5)) {
    moved <- line_search(function(p) objective(p, values), state$par, direction, at, slope)
  }
  if (is.null(moved)) {
    return(finish_polish(state))
  }
  state$bfgs <- lbfgs_update(state$bfgs, moved$par - state$par, moved$at$g - at$g)
  gain <- at$f - moved$at$f
  state$par <- moved$par
  state$value <- moved$at
  state$elbo <- polished_elbo(state)
  # steps over fresh draws go on from where these draws cannot tell more
  left <- near_enough[["fullrank"]] * length(state$par)
  calm <- gain < left && -slope < left
  if (calm && state$calm) {
    return(finish_polish(state))
  }
  state$calm <- calm
  state
}

# With the determinant of the change of units
polished_elbo <- function(state) {
  -state$value$f + sum(log(diag(state$unit))) + 0.5 * length(state$centre) * (1 + log(2 * pi))
}

finish_polish <- function(state) {
  state[c("mean", "cov")] <- polished_moments(state)
  if (!is.null(state$value)) state$elbo <- polished_elbo(state)
  state$phase <- "check"
  state$precision <- solve_spd(state$cov)
  state
}

polished_moments <- function(state) {
  at <- polished_at(state$par, length(state$centre))
  list(
    mean = state$centre + as.vector(state$unit %*% at$shift),
    cov = tcrossprod(state$unit %*% at$lower)
  )
}

# Fresh draws of the same kind and number: what they would change is the Monte Carlo error.
step_check <- function(target, setup, state) {
  m <- ncol(state$noise)
  fresh <- replicate_noise(m %/% 2, setup$family$dim)
  chol_cov <- chol(state$cov)
  noise <- paired(do.call(cbind, fresh))
  seen <- stein_expect(target, state$mean, chol_cov, noise, state$precision, fresh)
  # The family reaches beyond the support of the target: its ELBO is -Inf, and more draws would
  # say so. The answer is the best over the draws so far, and the verdict counts what lies
  # outside.
  if (!is_known(seen)) {
    state$error <- Inf
    state$done <- TRUE
    return(state)
  }
  if (sees_curvature(target) && !isTRUE(state$hard)) {
    # shares of what is noise are those of the draws themselves
    way <- full_way_error(target, state$mean, chol_cov, fresh)
    seen$error$rms <- way$rms
  }
  before <- if (is.null(state$error)) Inf else state$error
  state$error <- seen$error$rms
  # where curvature changes much over the posterior, so few draws do not see all of it
  hard <- isTRUE(state$hard)
  enough <- is_last_check(setup, state$error, before, m)
  far <- state$error > min(0.3, 1.5 * before)
  if (enough && (far || !hard)) {
    state$done <- TRUE
    return(if (far) state else join_fresh(state, seen))
  }
  if (!far) {
    return(start_average(setup, if (hard) state else join_fresh(state, seen)))
  }
  state$noise <- cbind(state$noise, noise)
  state$at <- seen
  enter_phase(target, setup, state, "polish")
}

# The fresh draws count as much as is not their own noise: about half.
join_fresh <- function(state, seen) {
  share <- mean(seen$error$share)
  h <- robust_factor((1 - share) * state$precision - share * seen$hessian)
  state$precision <- h$precision
  state$cov <- chol2inv(h$chol_precision)
  state$mean <- state$mean + share * as.vector(state$cov %*% seen$gradient)
  state$at <- seen
  state
}
