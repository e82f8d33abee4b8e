# What is fitted at many rows is what the formulas say: offsets, jumps, waves, logs; and the check
# that says so.

many_rows <- function(n, seed) {
  set.seed(seed)
  d <- data.frame(
    x = runif(n), t = seq_len(n), z = rnorm(n), w = exp(rnorm(n, 0, 3)), o = rnorm(n),
    wet = ifelse(runif(n) < 0.6, 0, rexp(n)), g = factor(sample(letters[1:3], n, TRUE))
  )
  d$y <- with(d, x + 2 * (wet > 0) + 0.3 * wet + (g == "b")) + rnorm(n)
  d
}

# Coefficients of means against least squares, in its standard errors.
distance_from_lm <- function(fit, formula, data) {
  truth <- summary(lm(formula, data))$coefficients
  max(abs(coef(fit)[seq_len(nrow(truth))] - truth[, 1]) / truth[, 2])
}

quick_fit <- function(...) suppressMessages(covary(..., algorithm = "laplace", draws = 400))

test_that("jumps, waves, wide logs and offsets give the coefficients of least squares", {
  d <- many_rows(21000, 631)
  bump <- function(v) 1 / (1 + v^2) # not among the functions that cells know
  formulas <- list(
    y ~ I(wet > 0) + wet, y ~ cut(x, c(-1, 0.3, 0.7, 2)) + g,
    y ~ g + sin(2 * pi * t / 24),
    y ~ floor(5 * x) + x, y ~ I(t %% 7),
    y ~ ifelse(x > 0.3, x, 0), y ~ log(w), y ~ I(wet > 0):x, y ~ offset(o) + x,
    y ~ offset(2 * (wet > 1)) + g,
    y ~ offset(o * z) + x + g, y ~ log(w) + x + z, y ~ sin(500 * x) + z + wet + offset(abs(o)),
    y ~ I(bump(z)) + x
  )
  for (formula in formulas) {
    fit <- quick_fit(formula, data = d)
    expect_lt(distance_from_lm(fit, formula, d), 0.02)
    accuracy <- diagnostics(fit)$accuracy
    expect_true(is.null(accuracy) || all(accuracy$residual < 1e-3))
  }
})

test_that("offsets of log sds and rhobits are those of every row", {
  set.seed(632)
  n <- 21000
  d <- data.frame(x = runif(n), z = rnorm(n), s = exp(rnorm(n, 0, 0.7)), r = rnorm(n))
  rho <- tanh(d$r / 2)
  e <- rnorm(n)
  d$a <- d$x + d$s * e
  d$b <- d$z + rho * e + sqrt(1 - rho^2) * rnorm(n)
  for (means in list(cbind(a, b) ~ x + z, cbind(a, b) ~ 1)) {
    fit <- quick_fit(means, sigma(a) ~ offset(log(s)), rho ~ offset(r), data = d)
    if (length(all.vars(means)) > 2) {
      expect_lt(abs(coef(fit)[["b_sigma_a_Intercept"]]), 0.02)
      expect_lt(abs(coef(fit)[["b_rho_a_b_Intercept"]]), 0.05)
    }
    rows <- quick_fit(means, sigma(a) ~ offset(log(s)), rho ~ offset(r),
      data = d,
      control = covary_control(compress = "never")
    )
    expect_lt(max(abs(coef(fit) - coef(rows)) / sqrt(diag(vcov(rows)))), 0.02)
  }
})

test_that("coefficients mean the same at 9,999 and at 10,000 rows", {
  set.seed(633)
  n <- 24000
  d <- data.frame(
    x = rgamma(n, 2), g = factor(sample(letters[1:3], n, TRUE)),
    h = factor(sample(letters[1:2], n, TRUE))
  )
  d$y <- 1 + d$x - 0.1 * d$x^2 + as.integer(d$g) + rnorm(n)
  contrasts(d$g) <- contr.sum(3)
  contrasts(d$h) <- matrix(c(-1, 3), 2)
  for (formula in list(
    y ~ poly(x, 2) + g, y ~ scale(x) * h, y ~ splines::ns(x, df = 3) + g,
    y ~ splines::bs(x, df = 5), y ~ poly(log(x), 2)
  )) {
    fit <- quick_fit(formula, data = d)
    expect_false(is.null(diagnostics(fit)$compression))
    expect_lt(distance_from_lm(fit, formula, d), 0.02)
  }
  # Smooths are centred over the rows, so the intercept is the mean; their columns are scaled over
  # the rows.
  formula <- y ~ s(x, k = 6)
  at <- lapply(c(9999, 10000), function(rows) {
    set.seed(1)
    fit <- suppressMessages(covary(formula, data = d[seq_len(rows), ], draws = 2000))
    p <- fit$design$predictors[["mu:y"]]
    columns <- predictor_columns(p, d[seq_len(rows), ])$x
    list(
      fit = fit, means = colMeans(columns[
        ,
        p$columns$class != "Intercept" & seq_along(p$columns$name) > 1
      ]),
      size = sqrt(sum(columns[, p$columns$class == "smooth"]^2) / rows)
    )
  })
  expect_lt(max(abs(at[[2]]$means)), 1e-5)
  expect_lt(max(abs(at[[1]]$means)), rounding_of_solve)
  expect_equal(at[[2]]$size, 1, tolerance = 1e-4)
  intercepts <- vapply(at, function(a) coef(a$fit)[["b_Intercept"]], 0)
  expect_lt(abs(diff(intercepts)), 0.1 * sqrt(vcov(at[[2]]$fit)[1, 1]))
})

test_that("cells made before know poly(), scale() and contrasts of all rows", {
  set.seed(634)
  d <- data.frame(x = rgamma(12000, 2), g = factor(sample(letters[1:3], 12000, TRUE)))
  d$y <- sqrt(d$x) + as.integer(d$g) + rnorm(12000)
  contrasts(d$g) <- contr.sum(3)
  cells <- compress(d, "y", by = ~ x + g)
  for (formula in list(y ~ poly(x, 3) + g, y ~ scale(x):g)) {
    expect_lt(distance_from_lm(
      covary(formula, data = cells, algorithm = "laplace", draws = 200),
      formula, d
    ), 0.02)
  }
  other <- transform(d, g = factor(g, levels = c("c", "b", "a")))
  contrasts(other$g) <- contr.helmert(3)
  expect_error(merge(cells, compress(other, "y", by = ~ x + g)), class = "covary_error_merge")
})

test_that("terms that jump within cells without rows are refused", {
  d <- many_rows(12000, 635)
  cells <- compress(d, "y", by = ~ wet + g)
  for (formula in list(
    y ~ I(wet > 0) + wet, y ~ ifelse(wet > 0.5005, 1, 0), y ~ g +
      offset(round(3.3 * wet)), y ~ s(wet, by = I(wet > 0)),
    y ~ sin(9000 * wet)
  )) {
    expect_error(covary(formula, data = cells), class = "covary_error_cells")
  }
  expect_error(covary(y ~ 1, sigma ~ I(wet > 0), data = cells), "as an exact covariate",
    class = "covary_error_cells"
  )
  d$rain <- d$wet > 0
  fit <- covary(y ~ rain + wet,
    data = compress(d, "y", by = ~ wet + rain), algorithm = "laplace",
    draws = 200
  )
  expect_lt(distance_from_lm(fit, y ~ rain + wet, d), 0.02)
  expect_true(is_accurate(diagnostics(fit)$accuracy))
})

test_that("the check sees a wave that cells, rectangles and tables cannot hold", {
  d <- many_rows(24000, 636)
  d$z <- runif(24000)
  cases <- list(
    cells = list(y ~ sin(900 * x), sigma ~ 1),
    rectangles = list(y ~ sin(300 * x) + x:z, sigma ~ 1),
    tables = list(y ~ sin(2000 * x) + z, sigma ~ 1),
    offset = list(y ~ z, sigma ~ x + offset(sin(2000 * x)))
  )
  for (kind in names(cases)) {
    parsed <- parse_formulas(cases[[kind]], data_names = names(d))
    # As if no term were looked at before.
    frame <- read_frame(parsed, d, NULL, NULL, na.omit)
    control <- covary_control(compress = "always", resolution = 100)
    settings <- list(algorithm = "nested", control = control)
    ready <- if (kind %in% c("cells", "rectangles")) {
      prepare_compressed_fit(
        parsed,
        try_compression(parsed, list(frame = frame), settings), settings
      )
    } else {
      prepare_tables_or_blocks(parsed, list(frame = frame), settings)
    }
    beta <- matrix(rnorm(100 * ready$target$dim, 0.2, 0.01), 100)
    at <- measure_accuracy(ready, list(beta = beta))
    lost <- if (kind == "offset") "sigma:y" else "mu:y"
    expect_gt(at$residual[at$predictor == lost], 0.01)
    expect_gt(at$posterior[at$predictor == lost], 0.1)
    expect_false(is_accurate(at))
  }
})

test_that("a fit whose predictors are off is not accepted: cells are refined, then rows fitted", {
  d <- many_rows(12000, 637)
  d$y <- d$y + sin(2000 * d$x)
  said <- character()
  fit <- withCallingHandlers(covary(y ~ poly(sin(2000 * x), 1),
    data = d, algorithm = "laplace",
    draws = 200,
    control = covary_control(resolution = 100)
  ), covary_message_refined = function(m) {
    said <<- c(said, conditionMessage(m))
    invokeRestart("muffleMessage")
  }, covary_message = function(m) invokeRestart("muffleMessage"))
  expect_match(said[1], "residual sds and .* posterior sds off; finer cells")
  expect_lt(distance_from_lm(fit, y ~ poly(sin(2000 * x), 1), d), 0.02)
  accuracy <- diagnostics(fit)$accuracy
  expect_true(is.null(accuracy) || is_accurate(accuracy))
})

test_that("the rows that are compared are spread, hold the ends, and draw no random numbers", {
  d <- many_rows(30000, 638)
  set.seed(5)
  before <- .Random.seed
  rows <- evenly_spread_rows(30000, d)
  expect_identical(.Random.seed, before)
  expect_true(all(c(which.min(d$w), which.max(d$w), which.max(d$x)) %in% rows))
  expect_false(anyDuplicated(rows) > 0)
  expect_gt(length(rows), 990)
  expect_lt(max(diff(sort(rows))), 100)
  expect_setequal(levels(d$g)[d$g[rows]], levels(d$g))
})

test_that("sums over aggregated nodes are those of functions spread from them", {
  d <- many_rows(20000, 639)
  d$z <- round(runif(20000), 4)
  for (by in list(~ x + g, ~wet, ~ x + z)) {
    cells <- compress(d, "y", by = by)
    fine <- quadrature_nodes(cells)
    merged <- merge_point_cells(fine)
    few <- few_nodes(cells, fine)
    index <- new_cell_index(cells, fine, few$aggregation)
    set.seed(1)
    eta <- matrix(rnorm(2 * length(few$group)), ncol = 2)
    before <- eta_before_aggregation(few$aggregation, eta)
    expect_equal(as.vector(few$stats[1, ] %*% eta), as.vector(merged$stats[1, ] %*% before))
    all <- eta_at_all_nodes(index, before)
    expect_equal(as.vector(fine$stats[1, ] %*% all), as.vector(merged$stats[1, ] %*% before))
    # And the rows' own sums, each row read off its cell.
    place <- cell_of_rows(
      cells, index, d, seq_len(20000),
      if (length(cells$groups)) match(d$g, cells$groups$g)
    )
    expect_false(anyNA(place$cell))
    values <- vapply(
      seq_len(20000),
      function(i) {
        sum(place$weights[i, ] *
          all[index$per_cell * (place$cell[i] - 1) + seq_len(index$per_cell), 1])
      }, 0
    )
    expect_equal(sum(values), sum(fine$stats[1, ] * all[, 1]), tolerance = half_of_digits)
  }
})

test_that("random slopes of cells are on the scale of the covariate", {
  set.seed(641)
  n <- 3000
  d <- data.frame(x = runif(n, 4, 8), g = factor(sample(letters[1:6], n, TRUE)))
  slopes <- c(-2, -1, 0, 1, 2, 3)
  d$y <- d$x * slopes[d$g] + rnorm(n)
  fit <- quick_fit(y ~ s(g, x, bs = "re"),
    data = d, control = covary_control(compress = "always")
  )
  expect_true(is_accurate(diagnostics(fit)$accuracy))
  # Six sds of a slope
  expect_lt(max(abs(ranef(fit)$g[, "Estimate", 1] - slopes)), 6 / sqrt(n / 6 * mean(d$x^2)) + 0.05)
})

test_that("the check sees columns that are not those of predictions", {
  d <- many_rows(12000, 642)
  parsed <- parse_formulas(list(y ~ x + s(g, x, bs = "re")), data_names = names(d))
  frame <- read_frame(parsed, d, NULL, NULL, na.omit)
  settings <- list(algorithm = "nested", control = covary_control(compress = "always"))
  tried <- try_compression(parsed, list(frame = frame), settings)
  ready <- prepare_compressed_fit(parsed, tried, settings)
  result <- list(beta = matrix(rnorm(100 * ready$target$dim, 0.2, 0.01), 100))
  expect_true(is_accurate(measure_accuracy(ready, result)))
  # As if a random slope were predicted with twice the covariate of the fit.
  columns <- ready$design$predictors[["mu:y"]]$columns
  slopes <- columns$class == "smooth"
  columns$x_scale[slopes] <- columns$x_scale[slopes] / 2
  ready$design$predictors[["mu:y"]]$columns <- columns
  expect_false(is_accurate(measure_accuracy(ready, result)))
})
