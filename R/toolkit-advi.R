# advi(): the verb. A scheme is list(start, step, moments): `step(target, setup, state, most)` does
# at most that many iterations and returns the state (toolkit-run.R), which is plain data.

#' Variational inference
#'
#' Fits a Gaussian family to a target by maximising the ELBO.
#'
#' @section Optimisers:
#' By default (`optimizer = "auto"`) nothing needs tuning:
#' * targets with closed-form expectations: the fixed point of Opper and Archambeau (2009), for
#'   every family, without any random draws;
#' * other targets: the ELBO over a fixed set of moment-matched draws is maximised, first by
#'   natural-gradient steps with the expected Hessian from Stein's identity, then by L-BFGS
#'   (low-rank: by such steps to the nearest member of the family). Fresh draws then measure
#'   the Monte Carlo error; the number of draws is doubled until it is small;
#' * minibatches (`batch_size`): a fit to a random subsample gives start and metric; averaged
#'   natural-gradient steps on minibatches follow, with control variates. Models of [covary()] end,
#'   where the average is not yet good, with a Newton step over all rows.
#'
#' Every fit ends with a certificate: a Newton step of the ELBO, over fresh draws or in closed form,
#' and over all rows, says how far (in posterior standard deviations) means and scales are from the
#' optimum of the family. If that is more than `tolerance` of [advi_control()], the fit is not
#' converged, and a warning says so. It says nothing about how well the family fits the target: that
#' is khat, in `summary()`.
#'
#' @section Targets that are not what they seem:
#' Two warnings say that the target, not the optimiser, is at fault; such fits are not converged.
#' `covary_warning_support`: the log density is `-Inf` or not defined at some draws of the fit. They
#' count in khat (`Inf` where any is undefined or more than one in a hundred lies outside the
#' support), in the ELBO (`-Inf`, or `NA`) and in the verdict; `diagnostics()` has their numbers,
#' `outside` and `undefined`. `covary_warning_gradient`: a gradient contradicts its density, near
#' the start or the end. All engines of the toolkit raise both.
#'
#' @section Reproducibility:
#' Random numbers come from R's generator. The fit keeps the state of its stream, so [refine()]
#' continues bit for bit as an uninterrupted run would have, also after `saveRDS()`, and leaves the
#' user's stream alone.
#'
#' @param target A target: [target_density()], [linear_regression()], [t_groups()],
#'   [normal_mixture()], [as_target()].
#' @param family `"fullrank"`, `"meanfield"` or `"lowrank"`.
#' @param iterations Most iterations. Default: as many as it takes (up to 1000 steps over fixed
#'   draws or 50,000 minibatches); 10,000 for explicit optimisers.
#' @param optimizer `"auto"`, or one of the [optimizers].
#' @param batch_size Rows an iteration, drawn with replacement; their likelihood is scaled by
#'   total/batch.
#' @param start Starting values by parameter, as in [target_density()]; default: those of the
#'   target.
#' @param start_sigma Standard deviations at the start, of the free numbers: one for all, or one
#'   each, in order or by name.
#' @param callbacks A list of [callbacks].
#' @param draws Number of draws kept in the fit (>= 100).
#' @param control See [advi_control()].
#' @param refresh `TRUE` or `FALSE` to force or silence the progress bar.
#' @return An object of class [covary_approximation][approximation].
#' @references Kucukelbir et al. (2017) <https://jmlr.org/papers/v18/16-107.html>; Giordano, Ingram
#'   and Broderick (2024) <arXiv:2304.05527> for fixed draws; Opper and Archambeau (2009)
#'   <doi:10.1162/neco.2008.08-07-592>.
#' @examples
#' target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
#' fit <- advi(target)
#' fit
#' stochastic <- advi(target, optimizer = adam(0.05), iterations = 500, start_sigma = 0.1)
#' plot(stochastic, "loss")
#' @export
advi <- function(
  target, family = c("fullrank", "meanfield", "lowrank"), iterations = NULL,
  optimizer = "auto", batch_size = NULL,
  start = NULL, start_sigma = NULL, callbacks = list(), draws = 4000,
  control = advi_control(), refresh = NULL
) {
  target <- check_density(target)
  family <- new_variational_family(
    check_choice(family, c("fullrank", "meanfield", "lowrank"), "family"),
    target$dim, control$rank
  )
  if (!is.null(iterations)) iterations <- check_count(iterations, "iterations")
  check_class(control, "covary_advi_control", "control", "advi_control()")
  if (!identical(optimizer, "auto")) {
    check_optimizer(optimizer)
  } else if (control$parity == "pymc") optimizer <- adagrad_window()
  batch_size <- check_batch(batch_size, target)
  if (!is.null(start_sigma)) start_sigma <- check_sigma(start_sigma, target)
  draws <- check_count(draws, "draws", 100)
  setup <- list(
    family = family, control = control, optimizer = optimizer, batch_size = batch_size,
    start = read_start(start, target), start_sigma = start_sigma
  )
  scheme <- choose_scheme(setup, target)
  if (is.null(iterations)) {
    iterations <- switch(scheme,
      fixed = 1000L,
      natural = 50000L,
      stochastic = 10000L
    )
  }
  approx <- new_approximation(target, "advi", family$name)
  approx$setup <- c(setup, list(draws = draws))
  approx$callbacks <- as_callbacks(callbacks)
  approx$setup$suspect <- suspect_gradient(
    target, setup$start,
    if (is.null(start_sigma)) 0.1 else start_sigma, "start", batch_size
  )
  approx$state <- advi_schemes()[[scheme]]$start(target, approx$setup)
  run_advi(approx, iterations, refresh)
}

check_sigma <- function(x, target) {
  if (!is.numeric(x) || !(length(x) %in% c(1, target$dim)) || any(!is.finite(x)) ||
    any(x < 1e-150 | x > 1e150)) {
    stop_covary("argument", "`start_sigma` must be 1 or ", target$dim,
      " numbers from 1e-150 to 1e150, not ", describe(x), ".",
      fields = list(arg = "start_sigma")
    )
  }
  if (length(x) > 1) x <- by_name(x, target$names, "`start_sigma`", "start_sigma")
  rep_len(as.double(x), target$dim)
}

choose_scheme <- function(setup, target) {
  if (inherits(setup$optimizer, "covary_optimizer")) {
    return("stochastic")
  }
  if (setup$batch_size > 0) "natural" else "fixed"
}

advi_schemes <- function() {
  list(
    fixed = fixed_scheme, natural = natural_scheme,
    stochastic = stochastic_scheme
  )
}

run_advi <- function(approx, iterations, refresh) {
  scheme <- advi_schemes()[[choose_scheme(approx$setup, approx$target)]]
  run_iterations(approx, iterations, refresh, "variational inference",
    step = function(approx, most) {
      scheme$step(approx$target, approx$setup, approx$state, most)
    },
    view = function(approx) advi_view(approx, scheme), finish = function(approx) {
      finish_advi(approx, scheme)
    }
  )
}

# The approximation as callbacks see it.
advi_view <- function(approx, scheme) {
  at <- scheme$moments(approx$setup, approx$state)
  approx$mean <- at$mean
  approx$chol_cov <- at$chol_cov
  approx$parameters <- at$parameters
  approx$history <- approx$state$losses[seq_len(approx$state$iteration)]
  approx
}
