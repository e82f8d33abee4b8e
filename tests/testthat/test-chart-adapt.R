controls <- function(n, shift, level = "new", seed = 31) {
  set.seed(seed)
  d <- data.frame(age = runif(n, 4, 16), sex = "F", site = level)
  rho <- tanh(0.3 + 0.02 * d$age)
  u <- rnorm(n)
  d$height <- 60 + 7 * d$age - 0.15 * d$age^2 + exp(1 + 0.04 * d$age) * (u + shift)
  d$weight <- 8 + 2 * d$age + exp(0.3 + 0.05 * d$age) * (rho * u + sqrt(1 - rho^2) * rnorm(n))
  d
}

test_that("the posterior of a level's effects is that of a grid", {
  ref <- reference(fit_sites())
  d <- controls(25, 0.6)
  one <- d
  one$weight <- NA # the grid has two dimensions
  out <- adapt(ref, one)
  new <- sites(out)[9, ]
  exact <- deviations(ref, d, resp = "height", new_levels = "population")
  line <- centiles(ref, d, z = c(0, 1), resp = "height", new_levels = "population")
  mu <- line$value[line$z == 0]
  sigma <- line$value[line$z == 1] - mu
  tables <- Filter(function(table) table$random, c(
    ref$predictors[["mu:height"]]$tables, ref$predictors[["sigma:height"]]$tables
  ))
  sds <- vapply(tables, `[[`, 0, "sd")
  b <- seq(-5, 5, length.out = 301) * sds[1]
  a <- seq(-5, 5, length.out = 301) * sds[2]
  grid <- expand.grid(b = b, a = a)
  log_p <- dnorm(grid$b, 0, sds[1], TRUE) + dnorm(grid$a, 0, sds[2], TRUE)
  for (i in seq_len(25)) {
    log_p <- log_p + dnorm(d$height[i], mu[i] + grid$b, sigma[i] * exp(grid$a), TRUE)
  }
  p <- exp(log_p - max(log_p))
  p <- p / sum(p)
  means <- c(sum(p * grid$b), sum(p * grid$a))
  spread <- sqrt(c(sum(p * grid$b^2), sum(p * grid$a^2)) - means^2)
  # A grid of 301 to 5 sds, and sds of the chart to 5 digits
  expect_equal(c(new$mu_height, new$sigma_height), means, tolerance = 1e-3)
  expect_equal(c(new$mu_height_sd, new$sigma_height_sd), spread, tolerance = 3e-3)
})

test_that("several levels at once are each taken in, and old scores stay", {
  ref <- reference(fit_sites())
  d <- rbind(controls(40, 0.5, "u"), controls(30, -0.5, "v", 32))
  out <- adapt(ref, d)
  expect_identical(sites(out)$level[9:10], c("u", "v"))
  expect_identical(sites(out)$n[9:10], c(40L, 30L))
  expect_gt(sites(out)$mu_height[9], 0)
  expect_lt(sites(out)$mu_height[10], 0)
  old <- data_sites()[1:50, ]
  expect_identical(deviations(out, old)$z, deviations(ref, old)$z)
  se <- deviations(out, d[c(1, 41), ], uncertainty = "posterior")$z_se
  expect_true(all(se[1:2] > deviations(out, old, uncertainty = "posterior")$z_se[1]))
  if (requireNamespace("jsonlite", quietly = TRUE)) {
    file <- tempfile(fileext = ".json")
    write_reference(out, file)
    expect_identical(deviations(read_reference(file), d)$z, deviations(out, d)$z)
  }
})

test_that("people outside the ages of their controls are flagged, with a warning", {
  out <- adapt(reference(fit_sites()), controls(30, 0))
  d <- data.frame(age = c(10, 17.5, 40), sex = "F", site = "new", height = 100, weight = 30)
  expect_warning(scored <- deviations(out, d), class = "covary_warning_outside_controls")
  expect_identical(scored$status[1:3], c("ok", "outside controls", "outside range"))
})

test_that("vary chooses what differs, and few or no controls are said", {
  ref <- reference(fit_sites())
  d <- controls(30, 1)
  mean_only <- sites(adapt(ref, d, vary = "mu"))[9, ]
  expect_identical(mean_only$sigma_height, 0)
  expect_identical(mean_only$sigma_height_sd, 0)
  expect_warning(adapt(ref, d[1:6, ]), class = "covary_warning_few_controls")
  expect_error(adapt(ref, d[1:3, ]), class = "covary_error_small_group")
  refused <- function(...) expect_error(adapt(ref, ...), class = "covary_error_argument")
  refused(transform(d, site = "s1"))
  refused(d, vary = "rho")
  refused(d, vary = "nu")
  refused(d, site = "sex")
})

test_that("controls that the chart cannot place are an error that says which", {
  ref <- reference(fit_sites())
  d <- controls(30, 1)
  unknown <- replace(d, "sex", "X")
  expect_error(adapt(ref, unknown), "sex", class = "covary_error_new_level")
  expect_error(adapt(ref, d[0, ]), class = "covary_error_argument")
  d$height[7] <- 1e9
  expect_error(adapt(ref, d), "row 7", class = "covary_error_controls")
})
