test_that("toolkit engines of covary() agree with the nested one", {
  set.seed(1)
  n <- 400
  d <- data.frame(x = runif(n))
  d$y <- sin(4 * d$x) + exp(d$x - 1) * rnorm(n)
  d$z <- d$x + 0.5 * d$y + rnorm(n)
  fit <- function(algorithm, ...) {
    suppressWarnings(covary(cbind(y, z) ~ x, sigma ~ x, rho ~ x,
      data = d, algorithm = algorithm,
      ...
    ))
  }
  reference <- fit("nested")
  m <- colMeans(unclass(reference$draws))
  s <- apply(unclass(reference$draws), 2, stats::sd)
  b <- grep("^b_", names(m))
  fits <- list(
    advi = fit("advi"),
    minibatch = fit("advi", control = covary_control(advi = list(batch_size = 100))),
    svgd = fit("svgd", draws = 400), pathfinder = fit("pathfinder", draws = 1000),
    nuts = fit("nuts",
      draws = 2000,
      control = covary_control(nuts = list(chains = 2, warmup = 200))
    )
  )
  for (name in names(fits)) {
    draws <- unclass(fits[[name]]$draws)
    expect_identical(colnames(draws), colnames(unclass(reference$draws)))
    expect_lt(max(abs(colMeans(draws)[b] - m[b]) / s[b]), if (name %in% c("svgd", "pathfinder")) {
      0.5
    } else {
      0.2
    })
    # particles are known to spread too little
    expect_lt(
      max(abs(apply(draws, 2, stats::sd)[b] / s[b] - 1)),
      switch(name,
        svgd = 0.5,
        pathfinder = 0.3,
        0.15
      )
    )
  }
  expect_true(fits$nuts$info$converged)
  expect_equal(fits$advi$info$elbo, reference$info$elbo, tolerance = 1e-3)
  target <- as_target(reference)
  expect_equal(
    target$parameters,
    setdiff(colnames(unclass(reference$draws)), c("lprior", "lp__", "lp_approx__"))
  )
  expect_s3_class(covary(y ~ x, data = d, algorithm = "none"), "covary_density")
  expect_error(covary_control(advi = list(nonsense = 1)), class = "covary_error_argument")
})

test_that("smooths are sampled in partly standardised form", {
  skip_if_not(full_tests())
  set.seed(2)
  d <- data.frame(x = runif(500))
  d$y <- sin(6 * d$x) + rnorm(500)
  a <- covary(y ~ s(x), data = d)
  b <- covary(y ~ s(x), data = d, algorithm = "nuts")
  ma <- unclass(a$draws)
  mb <- unclass(b$draws)
  expect_lt(max(abs(colMeans(ma) - colMeans(mb))[1:10] / apply(mb, 2, stats::sd)[1:10]), 0.15)
})

# Distance of the Gaussian of a minibatch fit from the optimum of its family, found in closed form.
minibatch_distance <- function(target, family, batch_size, ...) {
  fit <- suppressWarnings(advi(target, family, batch_size = batch_size, draws = 200, ...))
  regression <- target$regression
  start <- internal("joint_start")(regression, internal("new_progress")(FALSE))
  best <- internal("gaussian_vi")(function(mean, cov) {
    internal("expect_log_joint")(regression, mean, cov)
  }, start$mean, start$cov,
  family == "meanfield",
  internal("vi_limits")(1000L))
  sd <- sqrt(diag(best$cov))
  list(
    fit = fit, mean = sqrt(mean(((fit$mean - best$mean) / sd)^2)),
    scale = sqrt(mean(log(sd(fit, scale = "free") / sd)^2)), elbo = best$elbo
  )
}

data_smooths <- function(n) {
  d <- data.frame(a = runif(n), b = runif(n), c = runif(n), g = factor(sample(12, n, TRUE)))
  d$y <- sin(6 * d$a) + rnorm(12)[d$g] + exp(0.5 * d$c - 1) * rnorm(n)
  d$z <- d$b + 0.5 * d$y + rnorm(n)
  d
}

test_that("minibatches of models with smooths reach the optimum of their family", {
  set.seed(3)
  d <- data_smooths(800)
  # the smooths of b and c are nearly null, that of g is a random effect
  models <- list(
    one = list(y ~ s(a, k = 6) + s(b, k = 5) + s(g, bs = "re"), sigma ~ s(c, k = 5)),
    two = list(cbind(y, z) ~ s(a, k = 6) + s(g, bs = "re"), sigma ~ s(c, k = 5), rho ~ s(b, k = 5))
  )
  for (name in if (full_tests()) names(models) else "one") {
    target <- do.call(covary, c(models[[name]], list(data = d, algorithm = "none")))
    at <- lapply(
      c(fullrank = "fullrank", meanfield = "meanfield"),
      function(family) minibatch_distance(target, family, 100)
    )
    for (family in names(at)) {
      expect_true(at[[family]]$fit$info$converged, info = paste(name, family))
      expect_lt(at[[family]]$mean, 0.1)
      expect_lt(at[[family]]$scale, 0.05)
      expect_lt(abs(elbo(at[[family]]$fit) - at[[family]]$elbo), 0.1)
    }
    low <- suppressWarnings(advi(target, "lowrank", batch_size = 100, draws = 200))
    expect_true(low$info$converged)
    expect_lt(elbo(low), elbo(at$fullrank$fit))
    expect_gt(elbo(low), elbo(at$meanfield$fit))
    # cut short, and scales far off: said so
    short <- suppressWarnings(advi(target,
      batch_size = 100, iterations = 5, draws = 200,
      start_sigma = 10
    ))
    expect_false(short$info$converged)
  }
})

test_that("minibatch fits of covary() with smooths have the curves of the nested fit", {
  set.seed(4)
  d <- data_smooths(1000)
  fit <- function(algorithm, ...) {
    quiet(covary(cbind(y, z) ~ s(a, k = 6) + s(g, bs = "re"), sigma ~ s(c, k = 5),
      rho ~ s(b, k = 5),
      data = d,
      algorithm = algorithm, draws = 2000, ...
    ))
  }
  nested <- fit("nested")
  mini <- fit("advi", control = covary_control(advi = list(batch_size = 200)))
  expect_true(mini$info$converged)
  expect_true(all(is.finite(as.matrix(mini$draws))))
  at <- data.frame(
    a = seq(0.05, 0.95, 0.1), b = seq(0.95, 0.05, -0.1), c = seq(0.05, 0.95, 0.1),
    g = factor(1:10, levels = levels(d$g))
  )
  for (dpar in c("mu", "sigma", "rho")) {
    flat <- function(x) matrix(x, dim(x)[1])
    a <- flat(posterior_linpred(nested, newdata = at, dpar = dpar))
    b <- flat(posterior_linpred(mini, newdata = at, dpar = dpar))
    s <- apply(a, 2, stats::sd)
    expect_lt(sqrt(mean(((colMeans(b) - colMeans(a)) / s)^2)), 0.2)
    expect_lt(max(abs(log(apply(b, 2, stats::sd) / s))), 0.25)
  }
})

test_that("minibatch fits agree with closed forms from a thousand to a hundred thousand rows", {
  skip_if_not(full_tests())
  set.seed(5)
  for (n in c(1e4, 1e5)) {
    target <- suppressMessages(covary(y ~ s(a) + s(b), sigma ~ s(c),
      data = data_smooths(n),
      algorithm = "none"
    ))
    at <- minibatch_distance(target, "fullrank", 500)
    expect_true(at$fit$info$converged)
    expect_lt(at$mean, 0.1)
    expect_lt(at$scale, 0.05)
  }
})
