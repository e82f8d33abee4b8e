same_prior <- function(a, b) {
  expect_identical(a[c("family", "code")], b[c("family", "code")])
  expect_equal(a$par, b$par, tolerance = 1e-14)
}

all_priors <- function() {
  list(
    normal(1 / 3, 10), student_t(4, -1, 2.5), logistic(0, 1 / 7), lkj(1.5), half_t(3, 0, 1 / 3),
    half_normal(0, 2), exponential(3), inv_gamma(2, 0.7), prior_constructors()$gamma(2, 3)
  )
}

test_that("priors as texts are those of the constructors", {
  for (prior in all_priors()) same_prior(as_prior(prior_call(prior)), prior)
  same_prior(as_prior("cauchy(0, 2)"), student_t(1, 0, 2))
  expect_error(as_prior("uniform(0, 1)"), class = "covary_error_prior")
  expect_error(as_prior("normal(0, x)"), class = "covary_error_prior")
  expect_error(as_prior("normal(0, "), class = "covary_error_prior")
  expect_error(as_prior("normal(system('true'), 1)"), class = "covary_error_prior")
  expect_identical(
    set_prior("normal(0, 10)", dpar = "mu"), set_prior(normal(0, 10), dpar = "mu")
  )
})

test_that("priors of rstanarm are read, and ours are what its functions read", {
  list_of <- function(dist, df, location, scale, autoscale = FALSE) {
    list(dist = dist, df = df, location = location, scale = scale, autoscale = autoscale)
  }
  same_prior(as_prior(list_of("normal", NA, 1, 2)), normal(1, 2))
  same_prior(as_prior(list_of("t", 4, 1, 2)), student_t(4, 1, 2))
  same_prior(as_prior(list_of("exponential", NA, NA, 0.5)), exponential(2))
  expect_error(as_prior(list_of("normal", NA, 1, 2, TRUE)), class = "covary_error_prior")
  expect_error(as_prior(list_of("normal", NA, 1, NULL)), class = "covary_error_prior")
  expect_error(as_prior(list_of("laplace", NA, 1, 2)), class = "covary_error_prior")
  expect_error(set_prior(normal(0, 1, autoscale = TRUE)), class = "covary_error_prior")

  fields <- c("dist", "df", "location", "scale", "autoscale")
  skip_if_not_installed("rstanarm")
  expect_equal(unclass(normal(1, 2))[fields], rstanarm::normal(1, 2)[fields])
  expect_equal(unclass(student_t(4, 1, 2))[fields], rstanarm::student_t(4, 1, 2)[fields])
  expect_equal(unclass(exponential(2))$scale, rstanarm::exponential(2)$scale)
  expect_null(normal()$scale) # its own default scale
  expect_equal(laplace(0, 2), rstanarm::laplace(0, 2))
  expect_equal(lkj(regularization = 2, scale = 3), rstanarm::lkj(regularization = 2, scale = 3))
  # Names inside set_prior() are ours, whichever package is attached last.
  normal <- rstanarm::normal
  expect_identical(set_prior(normal(0, 10)), set_prior(covary::normal(0, 10)))
  same_prior(set_prior(rstanarm::normal(0, 10))$prior[[1]], covary::normal(0, 10))
})

test_that("priors of brms are ours line by line", {
  skip_if_not_installed("brms")
  theirs <- c(
    brms::set_prior("normal(0, 10)", class = "b", dpar = "mu"),
    brms::set_prior("student_t(3, 0, 2)", class = "Intercept", dpar = "sigma"),
    brms::set_prior(half_t(3, 0, 1 / 3), class = "sds", dpar = "mu")
  )
  ours <- c(
    set_prior(normal(0, 10), dpar = "mu"),
    set_prior(student_t(3, 0, 2), class = "Intercept", dpar = "sigma"),
    set_prior(half_t(3, 0, 1 / 3), class = "sds", dpar = "mu")
  )
  read <- as_priors(theirs)
  expect_identical(
    as.list(read)[c("class", "coef", "resp")],
    as.list(ours)[c("class", "coef", "resp")]
  )
  for (i in 1:3) same_prior(read$prior[[i]], ours$prior[[i]])
  of <- function(...) as_priors(brms::set_prior(...))$prior[[1]]
  same_prior(of("normal(0, 2)", class = "sds"), half_normal(0, 2))
  same_prior(of("student_t(3, 0, 2)", class = "sds"), half_t(3, 0, 2))
  expect_error(of("normal(0, 2)", lb = 0), "lb", class = "covary_error_prior")
  expect_error(of("normal(0, 2)", class = "sigma"), "sigma", class = "covary_error_prior")
  expect_error(of("", class = "b"), class = "covary_error_prior")

  set.seed(1)
  fit <- suppressMessages(quiet(covary(mpg ~ wt, sigma ~ wt,
    data = mtcars, prior = theirs[1:2, ], draws = 200
  )))
  set.seed(1)
  twin <- quiet(covary(mpg ~ wt, sigma ~ wt,
    data = mtcars, prior = ours[1:2, ], draws = 200
  ))
  expect_equal(unclass(fit$draws), unclass(twin$draws), tolerance = 1e-12)
  # A prior without dpar is of the mean, and it is said where ours would be of more.
  expect_silent(quiet(covary(mpg ~ wt,
    data = mtcars, prior = theirs[1, ], draws = 200, refresh = 0
  )))
  expect_message(
    quiet(covary(mpg ~ wt, sigma ~ wt, data = mtcars, prior = theirs[1, ], draws = 200)),
    "\"mu\" alone",
    class = "covary_message_prior"
  )
  expect_s3_class(exponential(link = "log"), "brmsfamily")
})
