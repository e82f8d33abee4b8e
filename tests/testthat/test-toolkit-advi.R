test_that("the default reaches the optimum of each family on Gaussian targets", {
  set.seed(1)
  for (setting in list(c(2, 1), c(5, 1e3), c(12, 1e6))) {
    d <- setting[1]
    cov <- random_covariance(d, setting[2])
    mean <- rnorm(d, 0, 5)
    target <- gaussian_target(mean, cov)
    full <- advi(target)
    expect_true(full$info$converged)
    expect_lt(max(abs(full$mean - mean) / sqrt(diag(cov))), 0.02)
    expect_lt(max(abs(sd(full) / sqrt(diag(cov)) - 1)), 0.02)
    expect_lt(abs(elbo(full)), 1e-2)
    field <- advi(target, "meanfield")
    expect_true(field$info$converged)
    expect_lt(max(abs(sd(field) * sqrt(diag(solve(cov))) - 1)), 0.02)
    expect_lt(max(abs(field$mean - mean) / sqrt(diag(cov))), 0.02)
  }
})

test_that("the low-rank family finds a low-rank covariance", {
  set.seed(2)
  b <- matrix(rnorm(16), 8)
  cov <- diag(0.5, 8) + tcrossprod(b)
  fit <- advi(gaussian_target(rep(1, 8), cov), "lowrank", control = advi_control(rank = 2))
  expect_equal(unname(vcov(fit)), cov, tolerance = 0.02)
})

test_that("low-rank fits are at the optimum that L-BFGS on mean, scales and factors finds", {
  set.seed(8)
  d <- data.frame(matrix(rnorm(60 * 6), 60) %*% chol(random_covariance(6, 1e3)))
  d$y <- d$X1 - d$X4 + rnorm(60)
  target <- linear_regression(y ~ ., d, prior = normal(0, 5))
  p <- target$dim
  negative <- function(par) {
    cov <- diag(exp(2 * par[p + seq_len(p)])) + tcrossprod(matrix(par[-seq_len(2 * p)], p))
    -internal("density_expect")(target, par[seq_len(p)], cov)$value -
      0.5 * as.numeric(determinant(2 * pi * exp(1) * cov)$modulus)
  }
  exact <- advi(target, "lowrank", control = advi_control(rank = 2))
  expect_lt(exact$info$error, 1e-3)
  best <- min(vapply(1:3, function(i) {
    start <- c(exact$mean, log(sd(exact, scale = "free")), rnorm(2 * p, 0, 0.1))
    for (k in 1:4) {
      start <- (at <- optim(start, negative,
        method = "BFGS",
        control = list(maxit = 500, reltol = 1e-12)
      ))$par
    }
    at$value
  }, 0))
  expect_equal(-elbo(exact), best, tolerance = 1e-5 / abs(best))
  # a constraint that costs something
  expect_gt(elbo(advi(target)) - elbo(exact), 0.05)
  drawn <- advi(target, "lowrank", control = advi_control(rank = 2, closed_form = FALSE))
  s <- sd(exact, scale = "free")
  expect_true(drawn$info$converged)
  expect_lt(max(abs(drawn$mean - exact$mean) / s), 0.05)
  expect_lt(max(abs(log(sd(drawn, scale = "free") / s))), 0.05)
})

test_that("closed form and fixed draws agree", {
  target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
  set.seed(3)
  a <- advi(target)
  b <- advi(target, control = advi_control(closed_form = FALSE))
  expect_equal(a$mean, b$mean, tolerance = 0.01)
  expect_equal(sd(a, scale = "free"), sd(b, scale = "free"), tolerance = 0.05)
  expect_lt(a$info$error, 1e-4)
})

test_that("ELBO gradients of all families agree with complex-step-free differences", {
  set.seed(4)
  target <- gaussian_target(c(1, 2, 3), random_covariance(3, 10))
  for (name in c("meanfield", "fullrank", "lowrank")) {
    family <- internal("new_variational_family")(name, 3L, 2L)
    par <- internal("family_start")(family, rnorm(3), 0.7) + rnorm(1, 0, .1)
    noise <- matrix(rnorm(family$noise * 7), family$noise)
    f <- function(p, stl = FALSE) {
      .Call(
        internal("C_elbo"), target, family, list(stl = stl, entropy = TRUE), p, noise
      )
    }
    g <- f(par)$gradient
    numeric <- vapply(
      seq_along(par),
      function(j) {
        (f(replace(par, j, par[j] + 1e-5))$value -
          f(replace(par, j, par[j] - 1e-5))$value) / 2e-5
      }, 0
    )
    expect_equal(g, numeric, tolerance = convergence_error, info = name)
    # sticking the landing has the same expectation
    noise <- internal("new_noise")(2000, family$noise)
    expect_equal(f(par, stl = TRUE)$gradient, f(par)$gradient, tolerance = 0.2, info = name)
  }
})

test_that("stochastic optimisers reach the posterior, with and without minibatches", {
  set.seed(5)
  target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
  d <- data.frame(x = rnorm(2000))
  d$y <- 1 + d$x + rnorm(2000)
  rows <- linear_regression(y ~ x, d)
  exact <- advi(rows)
  mini <- advi(rows, batch_size = 100)
  expect_true(mini$info$converged)
  expect_lt(max(abs(mini$mean - exact$mean) / sd(exact, scale = "free")), 0.2)
  expect_lt(max(abs(sd(mini, scale = "free") / sd(exact, scale = "free") - 1)), 0.1)
  adam <- suppressWarnings(advi(rows, "meanfield",
    optimizer = adam(0.005), batch_size = 200,
    iterations = 4000, start_sigma = 0.05
  ))
  expect_lt(max(abs(adam$mean - exact$mean) / sd(exact, scale = "free")), 2)
  low <- suppressWarnings(advi(rows, "lowrank",
    optimizer = adam(0.01), iterations = 1000,
    start_sigma = 0.05
  ))
  expect_lt(max(abs(low$mean - exact$mean) / sd(exact, scale = "free")), 2)
})

test_that("minibatch losses are unbiased", {
  set.seed(6)
  d <- data.frame(x = rnorm(500))
  d$y <- d$x + rnorm(500)
  target <- linear_regression(y ~ x, d)
  at <- internal("density_at")
  theta <- matrix(c(0, 1, 0), 1)
  part <- replicate(
    2000,
    at(target, theta, FALSE, sample.int(target$rows, 20, TRUE), target$rows / 20)$value
  )
  expect_lt(abs(mean(part) - at(target, theta)$value), 3 * stats::sd(part) / sqrt(2000))
})

test_that("a fit that is cut, saved and continued is the uninterrupted one, bit for bit", {
  target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
  plain <- gaussian_target(c(0, 1), diag(2))
  skewed <- target_density(function(t) sum(3 * t - exp(t)), function(t) 3 - exp(t),
    names = c("a", "b")
  )
  d <- data.frame(x = rnorm(600))
  d$y <- d$x + rnorm(600)
  rows <- linear_regression(y ~ x, d)
  runs <- list(
    stochastic = function(n) advi(target, optimizer = adam(), iterations = n),
    parity = function(n) {
      advi(rows, "meanfield",
        iterations = n, batch_size = 50,
        control = advi_control(parity = "pymc")
      )
    },
    natural = function(n) {
      advi(rows, iterations = n, batch_size = 50, control = advi_control(tolerance = 1e-4))
    },
    fixed = function(n) advi(skewed, iterations = n, control = advi_control(tolerance = 0.02)),
    svgd = function(n) {
      svgd(plain,
        particles = 10, iterations = n, heat = 1, rebalance = FALSE,
        optimizer = adam()
      )
    }
  )
  for (name in names(runs)) {
    for (cut in if (name == "fixed") c(1, 5) else c(30, 130, 250)) {
      total <- if (name == "fixed") 14 else 333
      set.seed(7)
      whole <- suppressWarnings(runs[[name]](total))
      set.seed(7)
      first <- suppressWarnings(runs[[name]](cut))
      file <- tempfile(fileext = ".rds")
      saveRDS(first, file)
      runif(17)
      before <- .Random.seed
      second <- suppressWarnings(refine(readRDS(file), total - cut))
      expect_identical(.Random.seed, before)
      expect_identical(second$history, whole$history, info = paste(name, cut))
      expect_identical(second$mean, whole$mean, info = paste(name, cut))
      expect_identical(second$chol_cov, whole$chol_cov, info = paste(name, cut))
      expect_identical(second$draws, whole$draws, info = paste(name, cut))
    }
  }
})

test_that("verdicts are truthful", {
  target <- gaussian_target(c(50, -50), diag(2))
  expect_warning(fit <- advi(target, optimizer = adam(), iterations = 200),
    class = "covary_warning_not_converged"
  )
  expect_false(fit$info$converged)
  expect_gt(fit$info$error, 5)
})

test_that("minibatches converge by default, and say so only when they have", {
  set.seed(12)
  d <- data.frame(x = rnorm(2000), w = rnorm(2000))
  d$y <- 1 + d$x + exp(0.3 * d$w) * rnorm(2000)
  target <- covary(y ~ splines::bs(x, 6) + w, sigma ~ splines::bs(w, 5),
    data = d,
    algorithm = "none"
  )
  posterior <- sd(advi(target, draws = 400), scale = "free")
  for (family in c("meanfield", "fullrank", "lowrank")) {
    fit <- advi(target, family, batch_size = 200, draws = 400)
    expect_true(fit$info$converged, info = family)
    # means of all families differ little
    exact <- advi(target, if (family == "lowrank") "fullrank" else family, draws = 400)
    expect_lt(sqrt(mean(((fit$mean - exact$mean) / posterior)^2)), 0.06)
    s <- sd(exact, scale = "free")
    if (family != "lowrank") expect_lt(sqrt(mean(log(sd(fit, scale = "free") / s)^2)), 0.05)
    # one row in a hundred, and few iterations: the verdict counts, whichever it is
    rough <- suppressWarnings(advi(target, family,
      batch_size = 5, iterations = 30, draws = 400,
      control = advi_control(pilot_rows = 40)
    ))
    off <- sqrt(mean(c((rough$mean - exact$mean) / s, log(sd(rough, scale = "free") / s))^2))
    expect_gt(off, 0.1)
    expect_false(rough$info$converged)
    expect_gt(rough$info$error, off / 3)
  }
})

test_that("the mean-field family of a regression starts inside the family", {
  set.seed(13)
  target <- covary(mpg ~ wt + hp, sigma ~ wt, data = mtcars, algorithm = "none")
  fit <- advi(target, "meanfield")
  h <- internal("density_expect")(target, fit$mean, diag(sd(fit, scale = "free")^2))$hessian
  expect_equal(unname(sd(fit, scale = "free")), 1 / sqrt(-diag(h)), tolerance = 1e-4)
})

test_that("NaN names the parameter", {
  target <- target_density(function(t) -0.5 * t[[1]]^2 + t[[2]],
    function(t) c(-t[[1]], if (t[[2]] > 3) NaN else 1),
    names = c("good", "bad")
  )
  e <- tryCatch(advi(target, optimizer = adam(0.1), iterations = 5000), error = identity)
  expect_s3_class(e, "covary_error_nan")
  expect_identical(e$parameters, "bad")
  expect_match(conditionMessage(e), "bad")
})

test_that("bad arguments are refused", {
  target <- normal_mixture(1, 0, 1)
  expect_error(advi(target, "flow"), class = "covary_error_argument")
  expect_error(advi(3), class = "covary_error_argument")
  expect_error(advi(target, batch_size = 5), class = "covary_error_argument")
  expect_error(advi(target, start_sigma = -1), class = "covary_error_argument")
  expect_error(advi(target, start = list(y = 1)), class = "covary_error_start")
  expect_error(advi(target, control = list()), class = "covary_error_argument")
  expect_error(advi(target, iterations = 0), class = "covary_error_argument")
  expect_error(refine(laplace(target)), class = "covary_error_argument")
})

test_that("parameters in very different units are found by every family", {
  unit <- c(1e-4, 1e4)
  p <- solve(matrix(c(1, 0.5, 0.5, 1), 2))
  target <- target_density(
    function(x) {
      z <- (x - c(1, -2) * unit) / unit
      -4 * log1p(sum(z * (p %*% z)) / 5)
    },
    function(x) {
      z <- (x - c(1, -2) * unit) / unit
      q <- as.vector(p %*% z)
      -8 * q / (5 + sum(z * q)) / unit
    },
    names = c("small", "large")
  )
  for (family in c("fullrank", "meanfield", "lowrank")) {
    set.seed(1)
    fit <- advi(target, family)
    expect_true(fit$info$converged, info = family)
    expect_lt(max(abs(mean(fit) / unit - c(1, -2))), 0.05)
    expect_lt(diff(range(log(sd(fit) / unit))), 0.1)
  }
})
