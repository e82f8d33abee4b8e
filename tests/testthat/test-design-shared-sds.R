smooth_three <- function(shared, ...) {
  set.seed(7)
  d <- data.frame(x = runif(150), z = runif(150))
  for (name in c("a", "b", "c")) d[[name]] <- rnorm(150)
  rough <- c("covary_warning_rough", "covary_warning_khat") # of the Laplace approximation
  suppressWarnings(classes = rough, covary(
    cbind(a, b, c) ~ s(x, k = 5), rho ~ s(x, k = 5), rho(b, c) ~ s(x, k = 5) + s(z, k = 4),
    data = d, draws = 200, control = covary_control(shared_sds = shared), ...
  ))
}

test_that("smooths of one term in the pairs of one response share their sd", {
  fit <- smooth_three("always", algorithm = "laplace")
  expect_identical(grep("^sds_", variables(fit), value = TRUE), c(
    "sds_a_sx_1", "sds_b_sx_1", "sds_c_sx_1", # of means
    "sds_rho_a_b_sx_1", "sds_rho_c_sx_1", "sds_rho_b_c_sz_1" # one pair of b, one with z
  ))
  p <- prior_summary(fit)
  expect_identical(p$resp[p$name == "sds_rho_c_sx_1"], "c")
  expect_match(
    gsub("[[:space:]]+", " ", paste(capture.output(print(fit)), collapse = " ")),
    "share one standard deviation"
  )
  expect_identical(summary(fit)$sds["sds_rho_c_sx_1", "mean"], mean(fit$draws[, "sds_rho_c_sx_1"]))
  apart <- smooth_three("auto", algorithm = "laplace")
  expect_length(grep("^sds_rho", variables(apart)), 4)
})

test_that("the density is that of coefficients with one sd", {
  shared <- smooth_three("always", algorithm = "none")$regression
  target <- smooth_three("never", algorithm = "none")
  apart <- target$regression
  names <- sub("^sds_rho_[ab]_c_sx_1$", "sds_rho_c_sx_1", apart$sds$name)
  at <- match(names, shared$sds$name)
  expect_false(anyNA(at))
  set.seed(8)
  beta <- rnorm(shared$dim, 0, 0.2)
  t <- rnorm(shared$n_sds)
  joint <- smooth_three("always", algorithm = "none")
  one <- density_at(joint, matrix(c(beta, t), 1), FALSE)$value
  two <- density_at(target, matrix(c(beta, t[at]), 1), FALSE)$value
  # Two sds have two priors.
  twice <- which(duplicated(names))
  expect_length(twice, 1)
  prior <- apart$sds$prior[[twice]]
  extra <- .Call(C_prior, prior$code, prior$par, t[at[twice]], NULL)[1]
  expect_equal(as.vector(two), as.vector(one) + extra)
})

test_that("a prior can be set for a shared sd, and the default algorithm has it", {
  prior <- set_prior(half_normal(0, 0.5), class = "sds", dpar = "rho", resp = "c", coef = "sx_1")
  fit <- smooth_three("always", prior = prior)
  p <- prior_summary(fit)
  expect_identical(p$source[p$name == "sds_rho_c_sx_1"], "user")
  expect_identical(format(p$prior[[which(p$name == "sds_rho_c_sx_1")]]), "half_normal(0, 0.5)")
  expect_true("sds_rho_c_sx_1" %in% variables(fit))
  expect_error(
    smooth_three("never", prior = prior, algorithm = "laplace"),
    class = "covary_error_prior"
  )
})

test_that("from six responses on sds are shared by default", {
  responses <- stats::setNames(as.list(letters[1:6]), letters[1:6])
  shares <- function(n, ...) {
    with_shared_sds(list(responses = responses[seq_len(n)]), covary_control(...))$shared_sds
  }
  expect_true(shares(6))
  expect_false(shares(5))
  expect_false(shares(6, shared_sds = "never"))
})
