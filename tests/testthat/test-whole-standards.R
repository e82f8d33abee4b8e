# What the statistical standards of rOpenSci ask to be tested and no other file does; the table is
# validation/standards.md.

line_of_cars <- function() {
  set.seed(4)
  d <- data.frame(x = seq(0, 2, length.out = 60))
  d$noise <- rnorm(60)
  d$y <- d$x + d$noise
  d
}

test_that("noise of the size of rounding changes nothing", {
  d <- line_of_cars()
  set.seed(1)
  before <- quiet(covary(y ~ x, sigma ~ x, data = d, draws = 400))
  d$y <- d$y * (1 + .Machine$double.eps * rep(c(-1, 1), 30))
  set.seed(1)
  after <- quiet(covary(y ~ x, sigma ~ x, data = d, draws = 400))
  expect_lt(max(abs(unclass(before$draws) - unclass(after$draws))), 1e-8)
})

test_that("responses that are nearly a line of a covariate are fitted as fast as others", {
  d <- line_of_cars()
  d$nearly <- d$x + 1e-6 * d$noise
  noisy <- quiet(covary(y ~ x, data = d, draws = 1000))
  nearly <- quiet(covary(nearly ~ x, data = d, draws = 1000))
  expect_true(nearly$info$converged)
  expect_lte(nearly$info$iterations, 2 * noisy$info$iterations)
  expect_equal(unname(coef(nearly)[["b_x"]]), 1, tolerance = 1e-5)
  # Exactly a line: no sd is left to be told, and the fit says so.
  d$exactly <- d$x / 2
  expect_warning(
    suppressWarnings(covary(exactly ~ x, data = d, draws = 200), classes = "covary_warning_khat"),
    class = "covary_warning_not_converged"
  )
})

test_that("the error of a mean falls with the root of the number of rows", {
  sd_of <- function(n) {
    set.seed(n)
    d <- data.frame(x = rnorm(n))
    d$y <- d$x + rnorm(n)
    posterior_sd <- sqrt(diag(vcov(quiet(covary(y ~ x, data = d, draws = 2000)))))
    posterior_sd[["b_x"]]
  }
  # Monte Carlo error of a ratio of two sds of 2000 draws, and of two data sets: 15 %
  expect_equal(sd_of(100) / sd_of(1600), 4, tolerance = 0.3)
})

test_that("columns of lists are refused, ordered factors and factors tell the same", {
  d <- line_of_cars()
  d$list <- as.list(d$x)
  expect_error(covary(y ~ list, data = d), class = "covary_error_covariate")
  d$plain <- factor(rep(c("a", "b", "c"), 20))
  d$ordered <- factor(d$plain, ordered = TRUE)
  means <- lapply(c(y ~ plain, y ~ ordered), function(f) {
    set.seed(1)
    fitted(quiet(covary(f, data = d, draws = 1000)))
  })
  # Monte Carlo error of means of 1000 draws
  expect_equal(means[[1]], means[[2]], tolerance = 0.02)
})

test_that("a number of draws that would take all memory is refused before it does", {
  expect_error(covary(mpg ~ wt, data = mtcars, draws = 1e9), class = "covary_error_argument")
  expect_error(laplace(linear_regression(mpg ~ wt, mtcars), draws = 1e9),
    class = "covary_error_argument"
  )
})
