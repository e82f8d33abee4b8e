# The constructor of fits keeps its contract whatever engine and source of rows made them.

test_that("fits of every engine have the documented fields", {
  for (algorithm in names(covary:::engines())) {
    if (algorithm == "none") next
    fit <- suppressWarnings(covary(mpg ~ wt,
      data = mtcars, algorithm = algorithm, draws = 100,
      control = covary_control(nuts = list(warmup = 50, chains = 2), advi = list(iterations = 50))
    ))
    expect_identical(covary:::validate_fit(fit), fit)
  }
})

test_that("so have fits of smooths, random effects, cells, compressed rows and tables", {
  set.seed(1)
  d <- data.frame(x = runif(300), z = rnorm(300), g = gl(5, 60))
  d$a <- d$x + rnorm(300)
  d$b <- d$a * d$x + rnorm(300)
  quiet <- function(...) suppressMessages(suppressWarnings(covary(..., draws = 100)))
  fits <- list(
    quiet(cbind(a, b) ~ s(x, k = 5) + s(g, bs = "re"), rho ~ z, data = d),
    quiet(a ~ x, data = compress(d, "a", by = ~x)),
    quiet(a ~ g, data = compress(d, "a", by = ~g)),
    quiet(a ~ s(x, k = 5), data = d, control = covary_control(compress = "always"))
  )
  for (fit in fits) expect_identical(covary:::validate_fit(fit), fit)
})

test_that("a fit that breaks the contract is named", {
  fit <- covary(mpg ~ wt, data = mtcars, draws = 100)
  fit$ids <- c(a = "a")
  expect_error(covary:::validate_fit(fit), "ids", class = "covary_error_internal")
})
