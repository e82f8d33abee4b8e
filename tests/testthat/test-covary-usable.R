test_that("groups without scatter, lines and ties are refused with their rows and terms", {
  set.seed(1)
  constant <- data.frame(g = gl(2, 1, 40), y = stats::rnorm(40))
  constant$y[constant$g == 1] <- 1
  line <- data.frame(x = stats::runif(24), g = gl(2, 12))
  line$y <- ifelse(line$g == 1, 2 * line$x, stats::rnorm(24))
  zeros <- data.frame(x = stats::runif(60))
  zeros$y <- ifelse(zeros$x < 0.5, 0, stats::rnorm(60))
  fits <- list(
    quote(covary(y ~ g, sigma ~ g, data = constant)),
    quote(covary(y ~ g * x, sigma ~ g, data = line)),
    quote(covary(y ~ 1, sigma ~ I(x < 0.5), data = zeros))
  )
  for (fit in fits) {
    error <- tryCatch(suppressWarnings(eval(fit)), covary_error_unusable = function(e) e)
    expect_s3_class(error, "covary_error_unusable")
    expect_identical(error$response, "y")
    expect_gt(length(error$rows), 5)
  }
  expect_true(all(error$rows %in% which(zeros$x < 0.5)))
})

test_that("small sds that the data do show are no reason to refuse", {
  set.seed(2)
  d <- data.frame(x = sort(stats::runif(200)))
  d$y <- d$x + 10^(3 * d$x - 3) * stats::rnorm(200)
  fit <- covary(y ~ s(x), sigma ~ s(x), data = d, draws = 1000)
  s <- predict(fit, data.frame(x = 0.1), dpar = "sigma")
  expect_lt(abs(log(s$estimate / 10^(-2.7))), 1)
})
