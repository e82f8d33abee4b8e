# The ends of fits over fixed draws (toolkit-advi-optimise-fixed.R): L-BFGS on the raw parameters,
# and the check against fresh draws.

# Raw parameters in coordinates where the approximation is standard.
start_polish <- function(setup, state) {
  family <- setup$family
  state$centre <- state$mean
  state$unit <- t(chol(state$cov))
  state$par <- family_start(family, numeric(family$dim), 1)
  state$bfgs <- list(s = list(), y = list())
  state$value <- NULL
  state
}

fixed_objective <- function(target, setup, state, par, noise = state$noise) {
  count_reads(target, 2 * ncol(noise), NULL)
  out <- guard_target(.Call(
    C_elbo, target, setup$family, list(stl = FALSE, entropy = TRUE), par, noise, state$centre,
    state$unit
  ))
  list(f = -out$value, g = -out$gradient)
}

step_polish <- function(target, setup, state) {
  if (is.null(state$value)) state$value <- fixed_objective(target, setup, state, state$par)
  at <- state$value
  direction <- -lbfgs_direction(at$g, state$bfgs, identity)
  slope <- sum(direction * at$g)
  moved <- NULL
  if (isTRUE(slope < -1e-10 * (1 + abs(at$f))^0.5)) {
    moved <- line_search(
      function(p) fixed_objective(target, setup, state, p), state$par, direction,
      at, slope
    )
  }
  if (is.null(moved)) {
    return(finish_polish(setup, state))
  }
  state$bfgs <- lbfgs_update(state$bfgs, moved$par - state$par, moved$at$g - at$g)
  gain <- at$f - moved$at$f
  state$par <- moved$par
  state$value <- moved$at
  # f leaves out the determinant of the change of units
  state$elbo <- -moved$at$f + sum(log(diag(state$unit)))
  # steps over fresh draws go on from where these draws cannot tell more
  if (gain < 1e-6 && -slope < 1e-5) finish_polish(setup, state) else state
}

finish_polish <- function(setup, state) {
  state <- c(state[setdiff(names(state), c("mean", "cov"))], polished_moments(setup, state))
  if (!is.null(state$value)) state$elbo <- -state$value$f + sum(log(diag(state$unit)))
  state$phase <- "check"
  state$precision <- solve_spd(state$cov)
  state
}

polished_moments <- function(setup, state) {
  at <- family_moments(setup$family, state$par)
  list(
    mean = state$centre + as.vector(state$unit %*% at$mean),
    cov = tcrossprod(state$unit %*% t(at$chol_cov))
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
  if (sees_curvature(target)) {
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
