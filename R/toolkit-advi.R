# advi(): the verb. A scheme is a way to optimise, a list of three functions:
#   start(target, setup)               the state before the first iteration, plain data
#   step(target, setup, state, most)   the state (toolkit-run.R) after at most so many iterations
#   moments(setup, state)              mean and spread (toolkit-spread.R) of the present Gaussian,
#                                      and its `parameters`, as callbacks see them

#' Variational inference
#'
#' Fits a Gaussian family to a target by maximising the ELBO.
#'
#' @section Optimisers:
#' By default (`optimizer = "auto"`) nothing needs tuning:
#' * targets with closed-form expectations: the fixed point of Opper and Archambeau (2009), for
#'   every family, without any random draws;
#' * other targets: first a search for the mode, one evaluation a step. Where it ends at a top, and
#'   the ELBO there is above that of the start, fits go on from there; else (targets without a joint
#'   mode, or with one far from their mass) from the start, over few draws. Then the ELBO over a
#'   fixed set of moment-matched draws is maximised: mean-field by L-BFGS on means and log sds,
#'   low-rank on factors too, which start from the directions of least curvature; full-rank by
#'   natural-gradient steps with the expected Hessian from Stein's identity, or by L-BFGS where
#'   these do not settle. Fresh draws then measure the Monte Carlo error; where it is too
#'   large, steps over fresh draws are averaged (mean-field of more than 50 parameters and low-rank:
#'   draws are doubled);
#' * minibatches (`batch_size`), mean-field, densities in R: the mode of a random subsample gives
#'   start and curvature. Newton steps follow, each with the gradient at the mean over all rows as a
#'   control variate; what draws add to it, and the log sds, come from minibatches, as many as
#'   their own standard errors ask for;
#' * minibatches, else: a fit to a subsample gives start and metric; averaged natural-gradient steps
#'   on minibatches follow, with control variates. Models of [covary()] end, where the average is
#'   not yet good, with a Newton step over all rows.
#'
#' A mean-field fit holds vectors only, a low-rank one vectors and factors, and draws are matched in
#' blocks of coordinates: 100,000 parameters are possible where the density is vectorised.
#'
#' Every fit ends with a certificate: a Newton step of the ELBO, over fresh draws or in closed form,
#' and over all rows or fresh minibatches of them, says how far (in posterior standard deviations)
#' means and scales are from the optimum of the family. Up to 20,000 rows it also looks for
#' directions along which the ELBO hardly changes, and how far there is to go along them (full-rank
#' fits of more than 20 parameters: where curvature was seen to change), so that what stands still
#' in a flat valley is not believed. If the error is more than `tolerance` of [advi_control()], the
#' fit is not converged, and a warning says so. It says nothing about how well the family fits the
#' target: that is khat, in `summary()`.
#'
#' @section What it costs:
#' Evaluations of the density and of the gradient, each counted, from the first to the last of the
#' certificate, for normal targets with correlations of .8 and sds over two orders of magnitude,
#' from a start at zero (`bench/advi-evaluations.R`). Other targets take up to a few times as many.
#'
#' | free numbers | mean-field | low-rank | full-rank | mean-field, no gradient | full-rank, none |
#' |---|---|---|---|---|---|
#' | 10 | 7,800 | 7,900 | 8,300 | 17,000 | 18,000 |
#' | 50 | | | 2,200 | 107,000 | 35,000 |
#' | 100 | 4,200 | 28,000 | 2,900 | | |
#' | 200 | | | 4,400 | | |
#' | 500 | | | 8,700 | | |
#' | 1,000 | 4,700 | 50,000 | | | |
#' | 10,000 | 6,000 | | | | |
#'
#' (Low-rank fits of targets that have no factors, as these, are dear.)
#'
#' Of these, khat takes as many as there are draws, but no more than 1,000 of densities in R of more
#' than 20 parameters, and 30 above 20,000 rows (targets of the core: 100); `lp__` of the other
#' draws is `NA`, and `as_draws_df(fit, lp = TRUE)` looks it up. The certificate takes 3,000
#' gradients up to 20 parameters (500 where they are not given; up to seven times as many where its
#' own noise hides the answer), 640 of more (full-rank: 128, and 32 a parameter where curvature was
#' seen to change), and above 20,000 rows 16, or 8 of more than 100 parameters; mean-field and
#' low-rank some more for the curvature; that of mean-field minibatches one over all rows, and of
#' fresh minibatches as many as its own noise asks for. `diagnostics()` has `evaluations`, those of
#' them up to the last iterate (`evaluations_run`), and for targets with rows `passes`: rows read by
#' density or gradient, each, in units of all rows. The progress bar shows passes and the error that
#' the run knows of.
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
#' @param iterations Most iterations. Default: as many as it takes (up to 2000 steps over fixed
#'   draws or a subsample, or 50,000 minibatches); 10,000 for explicit optimisers.
#' @param optimizer `"auto"`, or one of the [optimizers].
#' @param batch_size Rows an iteration, drawn with replacement; their likelihood is scaled by
#'   total/batch.
#' @param start Starting values by parameter, as in [target_density()]; default: those of the
#'   target.
#' @param start_sigma Standard deviations at the start, of the free numbers: one for all, or one
#'   each, in order or by name.
#' @param callbacks A list of [callbacks].
#' @param draws Number of draws kept in the fit (>= 100). Default: 4000, fewer of many parameters
#'   (as many as make 10 million numbers, at least 100).
#' @param control See [advi_control()].
#' @param refresh `TRUE` or `FALSE` to force or silence the progress bar.
#' @return An object of class [covary_approximation][approximation].
#' @references Kucukelbir et al. (2017) <https://jmlr.org/papers/v18/16-107.html>; Giordano, Ingram
#'   and Broderick (2024) <arXiv:2304.05527> for fixed draws; Opper and Archambeau (2009)
#'   \doi{10.1162/neco.2008.08-07-592}.
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
  start = NULL, start_sigma = NULL, callbacks = list(), draws = NULL,
  control = advi_control(), refresh = NULL
) {
  target <- check_density(target)
  check_class(control, "covary_advi_control", "control", "advi_control()")
  family <- new_variational_family(
    check_choice(family, c("fullrank", "meanfield", "lowrank"), "family"),
    target$dim, control$rank
  )
  if (!is.null(iterations)) iterations <- check_count(iterations, "iterations")
  if (!identical(optimizer, "auto")) {
    check_optimizer(optimizer)
  } else if (control$parity == "pymc") optimizer <- adagrad_window()
  batch_size <- check_batch(batch_size, target)
  if (!is.null(start_sigma)) start_sigma <- check_sigma(start_sigma, target)
  if (is.null(draws)) draws <- default_draws(target$dim)
  draws <- check_draw_count(draws)
  setup <- list(
    family = family, control = control, optimizer = optimizer, batch_size = batch_size,
    start = read_start(start, target), start_sigma = start_sigma
  )
  if (is.null(iterations)) iterations <- most_iterations[[choose_scheme(setup, target)]]
  approx <- new_approximation(target, "advi", family$name)
  approx$setup <- c(setup, list(draws = draws))
  approx$callbacks <- as_callbacks(callbacks)
  run_advi(start_advi(approx), iterations, refresh)
}

# By scheme, where the user says no number.
most_iterations <- c(
  fixed = 2000L, diagonal = 2000L, factors = 2000L, subsample = 2000L, natural = 50000L,
  stochastic = 10000L
)

# The approximation with the state of its scheme before the first iteration.
start_advi <- function(approx) {
  setup <- approx$setup
  run <- with_meter(approx$target)
  sd <- if (is.null(setup$start_sigma)) 0.1 else setup$start_sigma
  approx$setup$suspect <- suspect_gradient(run, setup$start, sd, "start", setup$batch_size)
  scheme <- advi_schemes()[[choose_scheme(setup, approx$target)]]
  approx$state <- scheme$start(run, approx$setup)
  approx$state$evaluations <- as.list(run$meter)
  approx
}

# Standard deviations (dim) at the start, from one or dim numbers.
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

# Which of advi_schemes() a run follows.
choose_scheme <- function(setup, target) {
  if (inherits(setup$optimizer, "covary_optimizer")) {
    return("stochastic")
  }
  closed <- has_expectations(target) && setup$control$closed_form
  if (setup$batch_size > 0) {
    if (setup$family$name == "meanfield" && !has_snapshots(target)) "subsample" else "natural"
  } else if (setup$family$name == "meanfield" && !closed) {
    "diagonal"
  } else if (setup$family$name == "lowrank" && !closed) {
    "factors"
  } else {
    "fixed"
  }
}

advi_schemes <- function() {
  list(
    fixed = fixed_scheme, diagonal = diagonal_scheme, factors = factors_scheme,
    natural = natural_scheme, subsample = subsample_scheme, stochastic = stochastic_scheme
  )
}

# At most `iterations` more of a fit, old or new, counting evaluations of the target as it goes.
run_advi <- function(approx, iterations, refresh) {
  scheme <- advi_schemes()[[choose_scheme(approx$setup, approx$target)]]
  run <- with_meter(approx$target)
  run_iterations(approx, iterations, refresh, "variational inference",
    step = function(approx, most) {
      before <- as.list(run$meter)
      state <- scheme$step(run, approx$setup, approx$state, most)
      for (n in names(before)) {
        state$evaluations[[n]] <- state$evaluations[[n]] + run$meter[[n]] - before[[n]]
      }
      state
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
  for (field in spread_fields) approx[[field]] <- at[[field]]
  # callbacks written for the factor find it as long as it is small
  if (length(at$sd) %in% 1:50) approx$chol_cov <- diag(at$sd, length(at$sd))
  approx$parameters <- at$parameters
  approx$history <- approx$state$losses[seq_len(approx$state$iteration)]
  approx
}
