test_that("NUTS samples Gaussians exactly, with both metrics", {
  set.seed(1)
  cov <- random_covariance(5, 100)
  target <- gaussian_target(1:5, cov)
  for (metric in c("dense", "diagonal")) {
    fit <- nuts(target, iterations = 1500, warmup = 700, control = nuts_control(metric = metric))
    s <- summary(fit)
    expect_lt(max(abs(s$mean - 1:5) / s$mcse), 4.5)
    expect_lt(max(abs(s$sd / sqrt(diag(cov)) - 1)), 0.1)
    expect_lt(max(s$rhat), 1.02)
    expect_equal(fit$info$divergences, 0)
  }
})

test_that("NUTS finds the distribution of a skewed density", {
  # log of a gamma(3) variable
  target <- target_density(function(theta) 3 * theta[["u"]] - exp(theta[["u"]]),
    function(theta) 3 - exp(theta),
    names = "u"
  )
  set.seed(2)
  fit <- nuts(target, iterations = 4000, warmup = 500)
  u <- as.matrix(fit)[, 1]
  mcse <- summary(fit)$mcse
  expect_lt(abs(mean(u) - digamma(3)), 4 * mcse)
  expect_equal(stats::sd(u), sqrt(trigamma(3)), tolerance = 0.05)
  expect_gt(suppressWarnings(ks.test(exp(u[seq(1, length(u), 10)]), "pgamma", 3)$p.value), 0.001)
})

test_that("the same seed gives the same draws, and a start from a fit is used", {
  target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
  set.seed(3)
  a <- suppressWarnings(nuts(target, 1, 100, 100))
  set.seed(3)
  b <- suppressWarnings(nuts(target, 1, 100, 100))
  expect_identical(a$draws, b$draws)
  fit <- nuts(target, 2, 200, 500, start = advi(target))
  expect_true(fit$info$converged)
  expect_error(nuts(target, start = laplace(normal_mixture(1, 0, 1))),
    class = "covary_error_argument"
  )
})

test_that("divergences and unmixed chains are reported", {
  funnel <- target_density(
    function(t) {
      -t[[1]]^2 / 18 - 4.5 * t[[1]] - 0.5 * sum(t[-1]^2) *
        exp(-t[[1]])
    },
    function(t) c(-t[[1]] / 9 - 4.5 + 0.5 * sum(t[-1]^2) * exp(-t[[1]]), -t[-1] * exp(-t[[1]])),
    names = paste0("x", 1:10)
  )
  set.seed(4)
  classes <- character()
  withCallingHandlers(fit <- nuts(funnel, 4, 200, 200), warning = function(w) {
    classes <<- c(classes, class(w)[1])
    invokeRestart("muffleWarning")
  })
  expect_true(any(c("covary_warning_divergences", "covary_warning_not_converged") %in% classes))
  expect_false(fit$info$converged)
})

suppress_class <- function(expr, class) {
  withCallingHandlers(expr, warning = function(w) {
    if (inherits(w, class)) {
      invokeRestart("muffleWarning")
    }
  })
}

# A target that a user interrupts at its n-th evaluation
interrupted_target <- function(n) {
  calls <- 0
  target_density(function(theta) -0.5 * sum(theta^2), function(theta) {
    calls <<- calls + 1
    if (calls == n) {
      signalCondition(structure(
        class = c("interrupt", "condition"),
        list(message = "", call = NULL)
      ))
    }
    -theta
  }, names = c("a", "b"))
}

test_that("an interrupt keeps what there is", {
  run <- function(n, ...) {
    set.seed(7)
    nuts(interrupted_target(n), 3, 100, 200, ...)
  }
  expect_error(run(5), class = "covary_error_interrupted")
  set.seed(7)
  whole <- nuts(interrupted_target(Inf), 3, 100, 200)
  per_chain <- whole$info$evaluations / 3
  for (case in list(list(0.9, 1), list(1.5, 1), list(2.5, 2))) {
    expect_warning(fit <- suppress_class(
      run(round(case[[1]] * per_chain)),
      "covary_warning_not_converged"
    ), class = "covary_warning_interrupted")
    expect_true(fit$info$interrupted)
    expect_false(fit$info$converged)
    expect_equal(length(unique(fit$chain)), case[[2]])
    # the draws that are there are those of the whole run
    expect_identical(fit$draws, whole$draws[seq_len(nrow(fit$draws)), , drop = FALSE])
    expect_gte(nrow(fit$draws), 50)
  }
  # the first evaluation compares the gradient with the density
  expect_error(laplace(interrupted_target(1)), class = "covary_error_interrupted")
  expect_error(laplace(interrupted_target(2)), class = "covary_error_interrupted")
  expect_error(pathfinder(interrupted_target(2)), class = "covary_error_interrupted")
  set.seed(8)
  calls <- pathfinder(interrupted_target(Inf))$info$evaluations
  set.seed(8)
  expect_warning(fit <- pathfinder(interrupted_target(round(calls * 0.6))),
    class = "covary_warning_interrupted"
  )
  expect_true(fit$info$interrupted)
  set.seed(9)
  expect_warning(fit <- svgd(interrupted_target(400), particles = 10, iterations = 100),
    class = "covary_warning_interrupted"
  )
  expect_lt(fit$info$iterations, 41)
  expect_equal(nrow(fit$draws), 10)
})

test_that("chains start from approximations of few different draws", {
  target <- target_density(function(t) -0.5 * sum(t^2), function(t) -t, names = c("a", "b", "c"))
  set.seed(1)
  few <- suppressWarnings(svgd(target, particles = 2, iterations = 20))
  expect_error(chol(stats::cov(few$draws)))
  fit <- suppressWarnings(nuts(target, start = few, chains = 2))
  expect_equal(unname(sd(fit)), rep(1, 3), tolerance = 0.15)
  shrink <- internal("shrink_covariance")
  expect_equal(shrink(diag(2), 5), diag(0.5 + 5e-4, 2))
  expect_equal(shrink(c(1, 2), 5), c(0.5, 1) + 5e-4)
})

test_that("chains that never moved are said", {
  draws <- matrix(c(rnorm(40), rep(1, 40)), 40)
  target <- target_density(function(t) 0, function(t) c(0, 0), names = c("a", "b"))
  x <- internal("new_approximation")(target, "nuts", "draws", draws = draws, chain = rep(1:2, 20))
  mixing <- internal("chain_mixing")(x)
  expect_equal(mixing$rhat[["a"]], posterior::rhat(matrix(draws[, 1], ncol = 2)))
  expect_true(is.na(mixing$rhat[["b"]]))
  x$info <- list(interrupted = FALSE, divergences = 0, rhat = mixing$rhat)
  expect_warning(internal("warn_sample")(x),
    class = "covary_warning_not_converged", regexp = "not defined"
  )
  expect_error(nuts_control(jitter = Inf), class = "covary_error_argument")
})
