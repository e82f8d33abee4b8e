# The likelihood of many rows through tables of terms against the dense design at the same rows.

rows_problem <- function(n, k) {
  set.seed(751)
  d <- data.frame(a = runif(n), b = rnorm(n), f = factor(sample(letters[1:3], n, TRUE)))
  d$y1 <- sin(5 * d$a) + 0.3 * d$b + rnorm(n) * exp(0.3 * cos(4 * d$a))
  d$y2 <- 0.5 * d$y1 + rnorm(n) + (d$f == "a")
  formulas <- if (k == 2) {
    list(
      cbind(y1, y2) ~ s(a, k = 8) + s(b, k = 6) + f, sigma ~ s(a, k = 6) + b:f,
      rho ~ s(b, k = 5)
    )
  } else {
    list(y1 ~ s(a, bs = "ps", k = 8) + b + f, sigma ~ s(b, k = 6))
  }
  parsed <- parse_formulas(formulas, data_names = names(d))
  frame <- read_frame(parsed, d, if (k == 1) runif(n) else NULL, NULL, na.omit)
  settings <- list(algorithm = "nested", control = covary_control())
  ready <- prepare_tables_or_blocks(parsed, list(frame = frame), settings)
  pattern <- pattern_of_rows(response_columns(frame$y), list(), resolution = 1)
  total <- suffstats_of_rows(pattern, list(
    y = frame$y, covariates = list(), weights = frame$weights, dropped = c(missing = 0)
  ))
  cells <- list(
    id = NULL, first = seq_len(n), m = n, y_scale = rep(1, k), y_centre = rep(0, k),
    stats = rbind(row_weights(frame), t(frame$y), matrix(0, k * (k + 1) / 2, n))
  )
  list(target = ready$target, dense = new_cells_model(
    at_nodes(ready$design, d), cells, ready$priors,
    response_scales(response_moments(total), total$responses)
  ), data = d, formulas = formulas)
}

test_that("value and gradient are exact, curvature is right to the width of its bins", {
  for (k in 1:2) {
    p <- rows_problem(6000, k)
    expect_s3_class(validate_model(p$target), "covary_rows_model")
    set.seed(752)
    beta <- rnorm(p$target$dim) / 5
    truth <- loglik_and_priors(p$dense, beta)
    for (order in 0:2) {
      at <- loglik_and_priors(p$target, beta, order)
      expect_equal(at$value, truth$value, tolerance = 1e-7)
      if (order > 0) {
        expect_lt(
          max(abs(at$gradient - truth$gradient)) / max(abs(truth$gradient)),
          convergence_error
        )
      }
    }
    expect_lt(max(abs(at$hessian - truth$hessian)) / max(abs(truth$hessian)), 0.01)
    cov <- crossprod(matrix(rnorm(p$target$dim^2), p$target$dim)) * 1e-4 / p$target$dim
    truth <- expect_loglik_and_priors(p$dense, beta, cov)
    at <- expect_loglik_and_priors(p$target, beta, cov)
    expect_lt(abs(at$value - truth$value) / abs(truth$value), 1e-4)
    expect_lt(max(abs(at$gradient - truth$gradient)) / max(abs(truth$gradient)), 1e-4)
    expect_lt(max(abs(at$hessian - truth$hessian)) / max(abs(truth$hessian)), 0.01)
    expect_equal(loglik_and_priors_draws(p$target, rbind(beta, 0)),
      loglik_and_priors_draws(p$dense, rbind(beta, 0)),
      tolerance = 1e-7, ignore_attr = TRUE
    )
  }
})

test_that("a fit by tables is the fit of the rows", {
  set.seed(753)
  n <- 21000
  d <- data.frame(a = runif(n), b = rnorm(n), c = runif(n))
  d$y <- sin(5 * d$a) + 0.3 * d$b + rnorm(n) * exp(0.3 * d$a)
  expect_message(fast <- covary(y ~ s(a, k = 6) + b + c, sigma ~ a, data = d, draws = 400),
    class = "covary_message_rows"
  )
  slow <- covary(y ~ s(a, k = 6) + b + c, sigma ~ a,
    data = d, draws = 400,
    control = covary_control(compress = "never")
  )
  sds <- apply(as.matrix(slow$draws), 2, sd)[names(coef(slow))]
  at <- data.frame(a = seq(0.05, 0.95, 0.1), b = 0, c = 0.5)
  gap <- (predict(fast, at)$estimate - predict(slow, at)$estimate) / predict(slow, at)$sd
  expect_lt(max(abs(gap)), 0.25)
  expect_true(is.null(fast$cell))
  expect_identical(dim(fitted(fast)), dim(fitted(slow)))
})

test_that("a rung of the ladder is a weighted subsample of the rows", {
  for (k in 1:2) {
    p <- rows_problem(6000, k)
    expect_identical(subsample_model(p$target, most = 3001), p$target)
    expect_identical(subsample_model(p$dense, most = 10), p$dense)
    rung <- subsample_model(p$target, most = 500)
    expect_identical(rung$rows, 500L)
    kept <- p$data$y1 %in% rung$tables$y[, 1]
    expect_identical(sum(kept), 500L)
    weights <- p$dense$core$cells[1, ]
    p$dense$core$cells[1, ] <- ifelse(kept, weights * (sum(weights) / sum(weights[kept])), 0)
    set.seed(754)
    beta <- rnorm(p$target$dim) / 5
    expect_equal(loglik_and_priors(rung, beta, 0L)$value,
      loglik_and_priors(p$dense, beta, 0L)$value,
      tolerance = 1e-7
    )
  }
})

test_that("a fit that starts from a rung is the fit of the rows", {
  skip_if_not(full_tests())
  set.seed(755)
  n <- 50000
  d <- data.frame(a = runif(n), b = runif(n), c = runif(n))
  d$y <- sin(6 * d$a) + cos(4 * d$b) + d$c^2 + rnorm(n) * exp(sin(5 * d$b) / 3)
  fit <- function(covary) {
    suppressMessages(covary(y ~ s(a) + s(b) + s(c), sigma ~ s(a) + s(b), data = d, draws = 1000))
  }
  rung <- fit(covary)
  whole <- fit(package_with(subsample_size = Inf)$covary)
  sds <- apply(as.matrix(whole$draws), 2, sd)[names(coef(whole))]
  expect_equal(rung$info$elbo, whole$info$elbo, tolerance = convergence_error)
  expect_lt(max(abs(coef(rung) - coef(whole)) / sds), 0.15)
})
