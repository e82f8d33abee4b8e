test_that("toolkit engines of covary() agree with the nested one", {
  set.seed(1)
  n <- 400
  d <- data.frame(x = runif(n))
  d$y <- sin(4 * d$x) + exp(d$x - 1) * rnorm(n)
  d$z <- d$x + 0.5 * d$y + rnorm(n)
  fit <- function(algorithm, ...) suppressWarnings(covary(cbind(y, z) ~ x, sigma ~ x, rho ~ x, data = d, algorithm = algorithm, ...))
  reference <- fit("nested")
  m <- colMeans(unclass(reference$draws))
  s <- apply(unclass(reference$draws), 2, stats::sd)
  b <- grep("^b_", names(m))
  fits <- list(advi = fit("advi"), minibatch = fit("advi", control = covary_control(advi = list(batch_size = 100))),
    svgd = fit("svgd", draws = 400), pathfinder = fit("pathfinder", draws = 1000), nuts = fit("nuts", draws = 2000, control = covary_control(nuts = list(chains = 2, warmup = 200))))
  for (name in names(fits)) {
    draws <- unclass(fits[[name]]$draws)
    expect_identical(colnames(draws), colnames(unclass(reference$draws)))
    expect_lt(max(abs(colMeans(draws)[b] - m[b]) / s[b]), if (name %in% c("svgd", "pathfinder")) 0.5 else 0.2)
    expect_lt(max(abs(apply(draws, 2, stats::sd)[b] / s[b] - 1)), switch(name, svgd = 0.5, pathfinder = 0.3, 0.15)) # particles are known to spread too little
  }
  expect_true(fits$nuts$info$converged)
  expect_equal(fits$advi$info$elbo, reference$info$elbo, tolerance = 1e-3)
  target <- as_target(reference)
  expect_equal(target$parameters, setdiff(colnames(unclass(reference$draws)), c("lp__", "lp_approx__")))
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
