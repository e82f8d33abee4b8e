# The ends of fits over fixed draws (toolkit-advi-optimise-fixed.R): L-BFGS on mean and Cholesky
# factor in the coordinates of toolkit-advi-frame.R, and the check against fresh draws.

start_polish <- function(state) {
  state <- enter_frame(state)
  state$calm <- state$probed <- FALSE
  state
}

step_polish <- function(target, setup, state) {
  objective <- function(par, values) frame_objective(target, state, par, values)
  if (is.null(state$value)) state$value <- objective(state$par, TRUE)
  direction <- -frame_direction(state, state$value$g)
  slope <- sum(direction * state$value$g)
  values <- !is_short(-slope, state$par)
  if (values && isTRUE(state$value$guessed)) state$value <- objective(state$par, TRUE)
  at <- state$value
  moved <- NULL
  if (isTRUE(slope < -1e-10 * (1 + abs(at$f))^0.5)) {
    moved <- line_search(function(p) objective(p, values), state$par, direction, at, slope)
  }
  if (is.null(moved)) {
    return(leave_polish(target, state))
  }
  state$bfgs <- lbfgs_update(state$bfgs, moved$par - state$par, moved$at$g - at$g)
  gain <- at$f - moved$at$f
  state$par <- moved$par
  state$value <- moved$at
  state$elbo <- frame_elbo(state)
  # steps over fresh draws go on from where these draws cannot tell more
  left <- near_enough[["fullrank"]] * length(state$par)
  calm <- gain < left && -slope < left
  if (calm && state$calm) {
    return(leave_polish(target, state))
  }
  state$calm <- calm
  if (!calm) state$probed <- FALSE
  state
}

# Not before flat valleys have been looked for
leave_polish <- function(target, state) {
  if (state$probed || is_small(target) || !sees_valleys(target)) {
    return(finish_polish(state))
  }
  flat <- flat_directions(function(v) {
    frame_objective(target, state, state$par + v, FALSE)$g
  }, length(state$par), state$value$g)
  state$bfgs <- remember_flat(state$bfgs, flat)
  state$probed <- TRUE
  state$calm <- FALSE
  state
}

finish_polish <- function(state) {
  state[c("mean", "cov")] <- frame_moments(state)
  if (!is.null(state$value)) state$elbo <- frame_elbo(state)
  state$phase <- "check"
  state$precision <- solve_spd(state$cov)
  state
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
  if (is_small(target) && !isTRUE(state$hard)) {
    # shares of what is noise are those of the draws themselves
    seen$error$rms <- full_error(target, state$mean, chol_cov, fresh)$rms
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
