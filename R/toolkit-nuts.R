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
  metric <- first_metric(form$target, form$start, control)
  runs <- list()
  interrupted <- FALSE
  for (chain in seq_len(chains)) {
    run <- tryCatch(
      run_chain(
        form$target, warmup, iterations, chain_start(form$target, form$start),
        metric, control,
        function(share) {
          progress$tick(
            paste("chain", chain, "of", chains),
            (chain - 1 + share) / chains
          )
        }
      ),
      interrupt = function(e) NULL
    )
    interrupted <- is.null(run) || run$cut
    # chains have one length: an incomplete one counts only if it is all there is
    if (!interrupted || (chain == 1 && !is.null(run))) runs[[chain]] <- run
    if (interrupted) break
  }
  if (length(runs) == 0) {
    stop_covary("interrupted", "Sampling was interrupted before the first chain had draws to keep.")
  }
  new_sample(target, form, runs, warmup, control, interrupted, suspect)
}

# Where chains start, about
nuts_centre <- function(target, start) {
  if (inherits(start, "covary_approximation")) free_mean(start) else read_start(start, target)
}

chain_start <- function(target, start) {
  if (inherits(start, "covary_approximation")) {
    return(function() free_draws(start, 1)[1, ])
  }
  centre <- read_start(start, target)
  function(jitter) centre + stats::runif(target$dim, -jitter, jitter)
}

# One chain. Windows: step size alone, doubling windows for the metric, step size alone.
run_chain <- function(target, warmup, iterations, start, metric, control, tick) {
  theta <- find_start(target, start, control$jitter)
  settings <- list(
    most_depth = control$max_depth, accept = control$accept, adapt = 1,
    dense = as.integer(metric$dense),
    metric = metric$value, chol_metric = if (metric$dense) t(chol(metric$value))
  )
  step <- first_step(target, settings, theta, 1)
  total <- warmup + iterations
  infos <- list()
  done <- 0
  for (window in warmup_windows(warmup, metric$known)) {
    part <- transitions(
      target, settings, theta, step, window$n,
      function(k) tick((done + k) / total)
    )
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
  part <- transitions(target, settings, theta, step, iterations,
    function(k) tick((done + k) / total),
    keep = 50
  )
  list(
    cut = ncol(part$draws) < iterations, draws = part$draws, info = part$info,
    warmup = do.call(cbind, infos), step = exp(step$log_mean)
  )
}

find_start <- function(target, start, jitter) {
  for (i in 1:100) {
    theta <- if (length(formals(start))) start(jitter) else start()
    at <- density_at(target, matrix(theta, 1), gradient = TRUE)
    if (is.finite(at$value) && all(is.finite(at$gradient))) {
      return(theta)
    }
  }
  stop_covary("start", "No finite log density within 100 tries around the start; give `start`.")
}

first_step <- function(target, settings, theta, size) {
  step <- guard_target(.Call(C_nuts_step, target, settings, theta, size))
  if (is.null(step)) stop_covary("start", "The log density is not finite where the chain starts.")
  step
}

# Of a transition: log density of the new point, mean acceptance statistic, energy at the start,
# depth of the tree, leapfrog steps, whether it diverged.
transition_info <- c("value", "accept", "energy", "depth", "leapfrogs", "divergent")

# In pieces, so that a user can interrupt; R's generator makes the result independent of the cuts.
# An interrupt ends it; with `keep` draws or more, those that there are are returned.
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
