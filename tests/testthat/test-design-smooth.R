test_that("every basis fits, predicts, and rebuilds its columns at the data", {
  d <- rows_60()
  terms <- c(
    "s(x, bs = 'tp', k = 6)", "s(x, bs = 'ts', k = 6)", "s(x, bs = 'cr', k = 6)",
    "s(x, bs = 'cc', k = 6)", "s(x, bs = 'ps', k = 6)",
    "s(x, bs = 'cp', k = 6)", "s(x, bs = 'gp', k = 6)", "s(x, bs = 'bs', k = 6)", "s(x, z, k = 8)",
    "s(g, bs = 're')", "s(g, x, bs = 're')",
    "s(x, g, bs = 'fs', k = 4)", "s(x, by = z, k = 5)", "s(x, by = g, k = 4)",
    "s(x, fx = TRUE, k = 5)", "t2(x, z, k = 4)",
    "t2(x, z, k = 4, full = TRUE)", "s(log(x), k = 5)"
  )
  for (term in terms) {
    f <- stats::as.formula(paste("a ~ z +", term))
    fit <- quick(f, data = d)
    p <- fit$design$predictors[[1]]
    built <- model_of(f, data = d)$core$x[[1]]
    rebuilt <- predictor_columns(p, d)$x
    parametric <- seq_along(p$centre)
    rebuilt[, parametric] <- sweep(rebuilt[, parametric], 2, p$centre)
    rebuilt <- sweep(rebuilt, 2, p$columns$x_scale, "/")
    cells <- new_cells(fit$frame)
    expect_equal(t(built), rebuilt[cells$first, ],
      tolerance = rounding_of_solve, label = term,
      ignore_attr = TRUE
    )
    expect_true(all(is.finite(coefficients_of(fit))), label = term)
  }
})

test_that("columns are scaled: sd one where unpenalised, mean square length one in a block", {
  d <- rows_60()
  for (term in c(
    "s(x, k = 6)", "s(x, g, bs = 'fs', k = 4)", "t2(x, z, k = 4)",
    "s(g, bs = 're')"
  )) {
    smooths <- build_smooths(str2lang(term), globalenv(), d, rep(1, 60))
    for (s in smooths) {
      if (s$n_fixed) expect_equal(colMeans(s$train$fixed^2), rep(1, s$n_fixed), label = term)
      for (b in s$train$blocks) expect_equal(mean(rowSums(b^2)), 1, label = term)
    }
  }
})

test_that("the penalised parts span what mgcv spans", {
  d <- rows_60()
  s <- build_smooths(quote(s(x, k = 6)), globalenv(), d, rep(1, 60))[[1]]
  x <- cbind(1, s$train$fixed, s$train$blocks[[1]])
  theirs <- cbind(1, mgcv::smoothCon(mgcv::s(x, k = 6), data = d, absorb.cons = TRUE)[[1]]$X)
  expect_equal(qr.fitted(qr(x), d$a), qr.fitted(qr(theirs), d$a), tolerance = half_of_digits)
})

test_that("what cannot be a random effect is refused, with the reason", {
  d <- rows_60()
  refused <- function(f, words = "", ...) {
    expect_error(quick(f, data = d, ...), words,
      fixed = TRUE,
      class = "covary_error_smooth"
    )
  }
  refused(a ~ s(x, bs = "ad"), "ad")
  refused(a ~ s(x, sp = 1), "`sp`")
  refused(a ~ s(x, id = 1), "`id`")
  refused(a ~ s(g), "bs = \"re\"")
  refused(a ~ s(x, bs = "zz"))
  expect_error(quick(a ~ s(), data = d), "s()", fixed = TRUE, class = "covary_error_formula")
  refused(a ~ s(x, k = 100), "60 distinct values. Set k to at most 60")
  expect_error(suppressWarnings(quick(a ~ s(log(z)), data = d)), "log(z)",
    fixed = TRUE,
    class = "covary_error_infinite"
  )
  expect_warning(quick(a ~ s(x, k = 2), data = d), "k, increased", class = "covary_warning_smooth")
})

test_that("levels: empty ones are dropped, new ones are for random effects", {
  d <- rows_60()
  wide <- transform(d, g = factor(g, letters))
  draws <- function(data, f) {
    set.seed(1)
    coefficients_of(quick(f, data = data))
  }
  for (f in list(a ~ s(g, bs = "re"), a ~ g + s(x, by = g, k = 4), a ~ s(x, g, bs = "fs", k = 4))) {
    expect_identical(draws(wide, f), draws(d, f))
  }
  expect_error(all_predictors(
    quick(a ~ s(x, g, bs = "fs", k = 4), data = d),
    data.frame(x = 0.5, g = "new")
  ), "new", class = "covary_error_new_level")
  fit <- quick(a ~ s(g, bs = "re"), data = d, draws = 2000)
  set.seed(1)
  at <- all_predictors(fit, data.frame(g = c("a", "new", NA, "new", "newer")))[[1]]
  expect_identical(at[, 2], at[, 4])
  expect_true(all(is.na(at[, 3])))
  effects <- coefficients_of(fit)
  # New levels are independent, each with the sd of its draw.
  new <- (at[, c(2, 5)] - effects[, "b_Intercept"]) / effects[, "sds_sg_1"]
  expect_equal(apply(new, 2, stats::sd), c(1, 1), tolerance = 0.07) # 4 standard errors
  expect_lt(abs(stats::cor(new)[1, 2]), 0.09)
})

test_that("random slopes of a new level grow with the covariate", {
  d <- rows_60()
  fit <- quick(a ~ s(g, x, bs = "re"), data = d, draws = 1000)
  set.seed(1)
  at <- all_predictors(fit, data.frame(g = "new", x = c(0, 1, 2)))[[1]]
  expect_equal(at[, 3] - at[, 1], 2 * (at[, 2] - at[, 1]))
  expect_gt(stats::sd(at[, 2] - at[, 1]), 0)
})

test_that("matrix arguments are sums over their columns, as in mgcv", {
  set.seed(13)
  n <- 300
  d <- data.frame(z = stats::rnorm(n))
  d$X <- matrix(stats::runif(n * 5), n)
  d$L <- matrix(stats::runif(n * 5), n)
  d$y <- 3 * rowSums(sin(5 * d$X) * d$L) + stats::rnorm(n, 0, 0.2)
  for (f in list(
    y ~ s(X, by = L, k = 6), y ~ s(X, k = 6) + z,
    y ~ s(I(2 * X), by = L, k = 6) + z
  )) {
    fit <- quick(f, data = d)
    theirs <- stats::fitted(mgcv::gam(f, data = d))
    expect_gt(stats::cor(fitted(fit)[, 1], theirs), 0.999)
    expect_equal(predict(fit, d[c(2, 9), ], dpar = "mu")$estimate, unname(fitted(fit)[c(2, 9), 1]))
    expect_equal(predict(fit, d[7, ], dpar = "mu")$estimate, unname(fitted(fit)[7, 1]))
  }
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  plot(fit)
  pp_check(fit, "sd")
  # More than a thousand values have knots at quantiles of all entries.
  expect_true(all(is.finite(coefficients_of(quick(y ~ s(X, by = L), data = d)))))
})

test_that("tensor products whose only unpenalised function is the constant predict", {
  d <- rows_60()
  for (f in list(
    a ~ t2(x, z, k = 4, m = 1), a ~ t2(x, z, bs = "ps", k = 4, m = 1),
    a ~ t2(x, z, bs = c("ps", "cr"), k = 4, m = 1)
  )) {
    fit <- quick(f, data = d)
    expect_equal(predict(fit, d[1:3, ], dpar = "mu")$estimate, unname(fitted(fit)[1:3, 1]),
      tolerance = rounding_of_fit
    )
  }
})

test_that("covariates whose powers are no numbers are refused by name", {
  d <- rows_60()
  for (size in c(1e-300, 1e-160, 1e160, 1e300)) {
    expect_error(quick(a ~ s(x), data = transform(d, x = x * size)), "'x' .*units",
      class = "covary_error_smooth"
    )
  }
})
