# NUTS: windows of adaptation in R, transitions in C.

#' The No-U-Turn sampler
#'
#' Multinomial NUTS with dual averaging of the step size and a metric learned in the doubling
#' windows that Stan uses. Chains run one after the other in C.
#'
#' Regression models of [covary()] are sampled with smooths standardised given their sds and the
#' likelihood (the conditional mean and spread of each coefficient at the current sd), which removes
#' the funnel between them; draws are in the usual parameters.
#'
#' @param target A target.
#' @param chains,warmup,iterations Number of chains, and of transitions a chain before and after
#'   adaptation ends.
#' @param start Where to start: an approximation from [advi()], [laplace()] or [pathfinder()]
#'   (chains start at draws from it and its covariance is the first metric, refined in the last
#'   window), starting values by parameter, or `NULL` (around the start of the target; for models of
#'   [covary()], draws from a rough fit).
#' @param control See [nuts_control()].
#' @param refresh `TRUE` or `FALSE` to force or silence the progress bar.
#' @return A `covary_approximation` that holds the draws of all chains. An interrupt keeps the
#'   chains that are complete, or what the first one has after warm-up, with a warning of class
#'   `covary_warning_interrupted`; with fewer than 50 draws it is an error.
#' @references Hoffman and Gelman (2014) <https://jmlr.org/papers/v15/hoffman14a.html>; Betancourt
#'   (2017) <arXiv:1701.02434>; Vehtari et al. (2021) \doi{10.1214/20-BA1221} for R-hat.
#' @examples
#' fit <- nuts(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)), iterations = 500)
#' summary(fit)
#' @export
nuts <- function(
  target, chains = 4, warmup = 1000, iterations = 1000, start = NULL,
  control = nuts_control(), refresh = NULL
) {
  target <- check_density(target)
  chains <- check_count(chains, "chains")
  warmup <- check_count(warmup, "warmup", 0)
  iterations <- check_count(iterations, "iterations", 4)
  check_class(control, "covary_nuts_control", "control", "nuts_control()")
  progress <- new_progress(refresh)
  on.exit(progress$close())
  if (inherits(start, "covary_approximation")) {
    check_same_target(check_approximation(start, "start"), target)
  }
  form <- sampling_form(target, start, progress)
  suspect <- suspect_gradient(target, nuts_centre(target, start), 0.1, "start")
  length <- list(warmup = warmup, iterations = iterations)
  sampled <- run_chains(form, chains, length, control, progress)
  new_sample(target, form, sampled$runs, list(
    warmup = warmup, control = control, interrupted = sampled$interrupted, suspect = suspect
  ))
}

# list(runs: one of run_chain() for each chain, interrupted). An incomplete chain counts only if it
# is all there is, because chains have one length. form: from sampling_form(); length: list(warmup,
# iterations).
run_chains <- function(form, chains, length, control, progress) {
  metric <- first_metric(form$target, form$start, control)
  draw_start <- chain_start(form$target, form$start, control$jitter)
  runs <- list()
  interrupted <- FALSE
  for (chain in seq_len(chains)) {
    tick <- function(share) {
      progress$tick(paste("chain", chain, "of", chains), (chain - 1 + share) / chains)
    }
    run <- tryCatch(run_chain(form$target, length, draw_start, metric, control, tick),
      interrupt = function(e) NULL
    )
    interrupted <- is.null(run) || run$cut
    if (!interrupted || (chain == 1 && !is.null(run))) runs[[chain]] <- run
    if (interrupted) break
  }
  if (length(runs) == 0) {
    stop_covary("interrupted", "Sampling was interrupted before the first chain had draws to keep.")
  }
  list(runs = runs, interrupted = interrupted)
}

# The free numbers around which chains start
nuts_centre <- function(target, start) {
  if (inherits(start, "covary_approximation")) free_mean(start) else read_start(start, target)
}

# A function of no argument that draws free numbers to start from.
chain_start <- function(target, start, jitter) {
  if (inherits(start, "covary_approximation")) {
    return(function() free_draws(start, 1)[1, ])
  }
  centre <- read_start(start, target)
  function() centre + stats::runif(target$dim, -jitter, jitter)
}

# One chain. Windows of warm-up: step size alone, doubling windows for the metric, step size alone.
# Returns list(cut: was it interrupted after warm-up, draws (dim x n), info (a row each of
# transition_info, n columns), warmup: info of warm-up, step). length: list(warmup, iterations);
# tick(share): shows how much is done.
run_chain <- function(target, length, draw_start, metric, control, tick) {
  theta <- find_start(target, draw_start)
  settings <- list(
    most_depth = control$max_depth, accept = control$accept, adapt = 1,
    dense = as.integer(metric$dense),
    metric = metric$value, chol_metric = if (metric$dense) t(chol(metric$value))
  )
  step <- first_step(target, settings, theta, 1)
  total <- length$warmup + length$iterations
  infos <- list()
  done <- 0
  tick_part <- function(k) tick((done + k) / total)
  for (window in warmup_windows(length$warmup, metric$known)) {
    part <- transitions(target, settings, theta, step, window$n, tick_part)
    theta <- part$theta
    step <- part$step
    infos <- c(infos, list(part$info))
    done <- done + window$n
    if (window$metric) {
      settings <- learn_metric(settings, part$draws)
      step <- first_step(target, settings, theta, exp(step$log_mean))
    }
  }
  settings$adapt <- 0
  part <- transitions(target, settings, theta, step, length$iterations, tick_part, keep = 50)
  list(
    cut = ncol(part$draws) < length$iterations, draws = part$draws, info = part$info,
    warmup = do.call(cbind, infos), step = exp(step$log_mean)
  )
}

# Free numbers (dim) at which log density and gradient are finite.
find_start <- function(target, draw_start) {
  for (i in 1:100) {
    theta <- draw_start()
    at <- density_at(target, matrix(theta, 1), gradient = TRUE)
    if (is.finite(at$value) && all(is.finite(at$gradient))) {
      return(theta)
    }
  }
  stop_covary("start",
    "Chains must start where log density and gradient are finite; 100 points around the start ",
    "are not such. Give other `start` values or less `jitter` in nuts_control().",
    fields = list(arg = "start")
  )
}

# The state of the step size, for C_nuts, after a search from `size` for a step that is accepted
# about half of the time.
first_step <- function(target, settings, theta, size) {
  step <- guard_target(.Call(C_nuts_step, target, settings, theta, size))
  if (is.null(step)) stop_covary("start", "The log density is not finite where the chain starts.")
  step
}

# Of a transition: log density of the new point, mean acceptance statistic, energy at the start,
# depth of the tree, leapfrog steps, whether it diverged.
transition_info <- c("value", "accept", "energy", "depth", "leapfrogs", "divergent")

# n transitions from theta: list(theta, step: state of the step size, draws (dim x n), info (6 x
# n)). They are made fifty at a time, so that a user can interrupt; R's generator makes the result
# independent of the cuts. After an interrupt with `keep` draws or more, these are returned; with
# fewer the interrupt goes on.
transitions <- function(target, settings, theta, step, n, tick, keep = Inf) {
  draws <- matrix(0, target$dim, n)
  info <- matrix(0, 6, n, dimnames = list(transition_info, NULL))
  done <- 0
  run <- function() {
    while (done < n) {
      k <- min(50, n - done)
      out <- guard_target(.Call(C_nuts, target, settings, theta, step, as.integer(k)))
      theta <<- out$theta
      step <<- out$step
      draws[, done + seq_len(k)] <<- out$draws
      info[, done + seq_len(k)] <<- out$info
      done <<- done + k
      tick(done)
    }
  }
  if (is.finite(keep)) {
    tryCatch(run(), interrupt = function(e) if (done < keep) signalCondition(e))
  } else {
    run()
  }
  have <- seq_len(done)
  list(
    theta = theta, step = step, draws = draws[, have, drop = FALSE],
    info = info[, have, drop = FALSE]
  )
}
