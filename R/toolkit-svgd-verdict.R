# The verdict on a run of svgd().

# The approximation with draws, log densities and verdict, which is said where it is bad.
finish_svgd <- function(approx) {
  approx <- svgd_view(approx)
  at <- density_at(approx$target, approx$draws, gradient = TRUE)
  approx$lp <- at$value
  verdict <- svgd_verdict(approx, at$gradient)
  setup <- approx$setup
  interrupted <- approx$info$interrupted
  suspect <- setup$suspect || suspect_gradient(
    approx$target, colMeans(approx$draws), each_sd(approx$draws), "end", setup$batch_size
  )
  approx$info <- list(
    outside = sum(at$value == -Inf, na.rm = TRUE),
    undefined = sum(is.na(at$value) | at$value == Inf, na.rm = TRUE), weighed = nrow(approx$draws),
    iterations = approx$state$iteration, force = verdict$force, stein = verdict$stein,
    temperature = svgd_temperature(setup, approx$state$iteration),
    stopped = approx$info$stopped, interrupted = interrupted,
    converged = verdict$at_rest && verdict$is_faithful && !suspect && !interrupted
  )
  approx$info$converged <- approx$info$converged && fits_support(approx$info)
  if (!is.null(approx$info$stopped)) inform_covary("stopped", approx$info$stopped, ".")
  warn_support(approx)
  warn_svgd(approx$info, verdict)
  approx
}

# list(force (that the particles still feel), has_cooled (to the final temperature), at_rest, stein
# (stein_errors()), is_faithful (is their spread that of the target?)). gradient: of the log density
# at the draws, dim x particles.
svgd_verdict <- function(approx, gradient) {
  setup <- approx$setup
  last <- utils::tail(approx$history, 100)
  has_cooled <- svgd_temperature(setup, approx$state$iteration) <= setup$temperature * 1.001
  # The Stein direction has units of a score; a particle at rest feels forces far below the
  # 1 / spread of the target's own.
  force <- mean(last) * sqrt(mean(each_sd(approx$draws)^2))
  noise <- if (setup$batch_size > 0) 1 else 0.1
  stein <- stein_errors(approx$draws, t(gradient) / setup$temperature)
  list(
    force = force, has_cooled = has_cooled, at_rest = has_cooled && isTRUE(force < noise),
    stein = stein, is_faithful = isTRUE(stein[["linear"]] < 0.2)
  )
}

warn_svgd <- function(info, verdict) {
  if (info$interrupted) {
    warn_covary(
      "interrupted", "The run was interrupted at iteration ",
      info$iterations, "; refine() continues it."
    )
  } else if (!verdict$at_rest) {
    warn_covary("not_converged", "The particles have not come to rest after ",
      info$iterations, " iterations (force ", format(verdict$force, digits = 2),
      if (!verdict$has_cooled) ", still above the final temperature",
      "). Use refine() or more iterations.",
      fields = list(force = verdict$force)
    )
  } else if (!verdict$is_faithful) {
    warn_covary("not_converged",
      "The particles are at rest but their spread is not that of the target (error of Stein's ",
      "identity ",
      format(verdict$stein[["linear"]], digits = 2),
      "). Use kernel = \"moments\", more particles, or nuts().",
      fields = list(stein = verdict$stein)
    )
  }
}

# Stein's identity: E[g f(u) + f'(u)] = 0 for the score g of the target. Its largest errors over
# parameters for f = u (`linear`: spread) and u^2 (`quadratic`: shape), u in units of the particles'
# spread. draws, score: particles x dim.
stein_errors <- function(draws, score) {
  centred <- sweep(draws, 2, colMeans(draws))
  s <- sqrt(colMeans(centred^2))
  u <- sweep(centred, 2, s, "/")
  g <- sweep(score, 2, s, "*")
  c(linear = max(abs(colMeans(g * u + 1))), quadratic = max(abs(colMeans(g * u^2 + 2 * u))))
}
