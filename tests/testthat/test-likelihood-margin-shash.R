# Heavy tails above all on one side of a line: a sinh-arcsinh transform is normal.
bent_data <- function(n = 400) {
  set.seed(21)
  x <- runif(n, -1, 1)
  data.frame(x = x, y = 50 + 8 * sinh((asinh(0.4 * x + 0.9 * rnorm(n)) + 0.3) / 0.7))
}

bent_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      given <- shash(0.3, 0.7, centre = 50, scale = 8)
      fit <<- covary(y ~ x, sigma ~ x, data = bent_data(), margin = given, draws = 300, seed = 1)
    }
    fit
  }
})

new_bent <- data.frame(x = c(-0.7, 0.2), y = c(41, 75))

# The density of a response at plug-in curves, from Jones and Pewsey's formula alone
naive_density <- function(fit, x, y) {
  b <- colMeans(as.matrix(fit)[, c("b_Intercept", "b_x", "b_sigma_Intercept", "b_sigma_x")])
  # T(y) = 50 + 8 (s(v) - s(0)) / s'(0), s(v) = sinh(.7 asinh v - .3)
  v <- (y - 50) / 8
  slope0 <- 0.7 * cosh(0.3)
  latent <- 50 + 8 * (sinh(0.7 * asinh(v) - 0.3) + sinh(0.3)) / slope0
  slope <- 0.7 * cosh(0.7 * asinh(v) - 0.3) / sqrt(1 + v^2) / slope0
  dnorm(latent, b[1] + b[2] * x, exp(b[3] + b[4] * x)) * slope
}

test_that("scores, centiles and moments are those of the density, by quadrature", {
  fit <- bent_fit()
  ref <- reference(fit)
  cuts <- c(-Inf, seq(-200, 500, by = 25), Inf)
  integral <- function(x, g, to = Inf) {
    ends <- unique(pmin(cuts, to))
    sum(vapply(seq_len(length(ends) - 1), function(i) {
      stats::integrate(
        function(y) naive_density(fit, x, y) * g(y), ends[i], ends[i + 1],
        rel.tol = 1e-10
      )$value
    }, 0))
  }
  z <- deviations(ref, new_bent)$z
  high <- centiles(ref, new_bent, p = 0.98)$value
  scores <- vapply(1:2, function(i) {
    evaluate(ref, new_bent[i, ], measures = "log_score")$estimate
  }, 0)
  for (i in 1:2) {
    x <- new_bent$x[i]
    expect_equal(integral(x, function(y) 1), 1, tolerance = 1e-8)
    expect_equal(pnorm(z[i]), integral(x, function(y) 1, new_bent$y[i]), tolerance = 1e-6)
    expect_equal(integral(x, function(y) 1, high[i]), 0.98, tolerance = 1e-6)
    expect_equal(scores[i], log(naive_density(fit, x, new_bent$y[i])), tolerance = 1e-6)
  }
  # Means and sds, by 11 Gauss-Hermite nodes, at one draw
  one <- fit
  draws <- as.matrix(fit)[1, ]
  naive_moment <- function(power) {
    stats::integrate(function(u) {
      b <- draws[c("b_Intercept", "b_x", "b_sigma_Intercept", "b_sigma_x")]
      latent <- b[1] + b[2] * 0.2 + exp(b[3] + b[4] * 0.2) * u
      s <- (latent - 50) / 8 * 0.7 * cosh(0.3) - sinh(0.3)
      (50 + 8 * sinh((asinh(s) + 0.3) / 0.7))^power * dnorm(u)
    }, -10, 10, rel.tol = 1e-10)$value
  }
  mean <- naive_moment(1)
  d <- new_bent[2, , drop = FALSE]
  expect_equal(posterior_epred(one, d, draw_ids = 1L)[1, 1], mean, tolerance = 1e-4)
  sd <- sqrt(naive_moment(2) - mean^2)
  expect_equal(posterior_epred(one, d, dpar = "sigma", draw_ids = 1L)[1, 1], sd, tolerance = 5e-3)
})

test_that("chart files, simulation and harmonised values know the transformation", {
  fit <- bent_fit()
  file <- tempfile(fileext = ".json")
  on.exit(unlink(file))
  write_reference(reference(fit), file)
  expect_equal(deviations(read_reference(file), new_bent)$z, deviations(fit, new_bent)$z)
  set.seed(2)
  y <- posterior_predict(fit, new_bent[rep(1, 400), ], draw_ids = 1:50)
  z <- deviations(fit, data.frame(x = new_bent$x[1], y = as.vector(y)))$z
  expect_lt(abs(mean(z)), 0.03)
  expect_lt(abs(sd(z) - 1), 0.03)
  region <- centiles(fit, new_bent, z = c(-1, 2))
  back <- data.frame(x = rep(new_bent$x, 2), y = region$value)
  expect_equal(deviations(fit, back)$z, region$z, tolerance = 1e-9)
})

test_that("both parameters are estimated: the posterior of a regression with flat priors", {
  d <- bent_data()
  n <- nrow(d)
  fit <- covary(y ~ x, data = d, margin = shash(centre = 50, scale = 8), seed = 1)
  margin <- fit$margins$y
  grid <- expand.grid(epsilon = seq(-0.9, 1, by = 0.04), delta = seq(0.12, 1.1, by = 0.02))
  # Integrated over coefficients and variance: Jacobian times RSS^(-(n - 2) / 2) (Box and Cox)
  basis <- qr(cbind(1, d$x))
  log_density <- vapply(seq_len(nrow(grid)), function(i) {
    p <- as.list(grid[i, ])
    rss <- sum(qr.resid(basis, to_latent(margin, d$y, p))^2)
    sum(latent_log_slope(margin, d$y, p)) - (n - 2) / 2 * log(rss)
  }, 0)
  w <- exp(log_density - max(log_density))
  w <- w / sum(w)
  mean <- colSums(w * grid)
  sd <- sqrt(colSums(w * sweep(grid, 2, mean)^2))
  correlation <- sum(w * (grid[, 1] - mean[1]) * (grid[, 2] - mean[2])) / prod(sd)
  drawn <- as.matrix(fit)[, c("epsilon", "delta")]
  expect_lt(max(abs(colMeans(drawn) - mean) / sd), 0.1)
  expect_lt(max(abs(apply(drawn, 2, stats::sd) / sd - 1)), 0.06)
  expect_lt(abs(cor(drawn)[1, 2] - correlation), 0.1)
  expect_lt(max(abs(mean - c(0.3, 0.7)) / sd), 3)
})

test_that("a response far from zero is centred as one near it", {
  set.seed(8)
  y <- runif(150) + sinh(0.7 * rnorm(150))
  near <- margin_of_data(shash(), y)
  far <- margin_of_data(shash(), y + 1e5)
  expect_identical(far$scale, near$scale)
  # Of a number of at least ten scales a digit more is kept for each power of ten: half a tenth.
  expect_lt(abs(far$centre - 1e5 - stats::median(y)), 0.05 * near$scale)
  below <- margin_of_data(yeo_johnson(), -y - 1e5)
  expect_lt(abs(below$centre + 1e5 + stats::median(y)), 0.05 * near$scale)
})
