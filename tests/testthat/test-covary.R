test_that("a seed fixes every bit", {
  d <- rows_60()
  for (algorithm in c("nested", "fullrank", "meanfield", "laplace", "prior")) {
    run <- function(seed) {
      set.seed(seed)
      unclass(quick(cbind(a, b) ~ s(x, k = 5), rho ~ g, data = d, algorithm = algorithm)$draws)
    }
    expect_identical(run(1), run(1), label = algorithm)
    expect_false(identical(run(1), run(2)), label = algorithm)
  }
})

test_that("seeds agree to Monte Carlo error", {
  d <- rows_60()
  moments <- vapply(1:10, function(seed) {
    set.seed(seed)
    b <- coefficients_of(quick(cbind(a, b) ~ x, rho ~ x, data = d, draws = 1000))
    c(colMeans(b), apply(b, 2, stats::sd))
  }, numeric(16))
  sd <- rowMeans(moments)[9:16]
  expect_lt(max(apply(moments[1:8, ], 1, stats::sd) / sd), 0.05)
  expect_lt(max(apply(moments[9:16, ], 1, stats::sd) / sd), 0.05)
})

test_that("twenty seeds, four small data sets: every fit ends with a verdict", {
  sets <- list(
    list(f = list(cbind(a, b) ~ x), rows = 8),
    list(f = list(a ~ x + z, sigma ~ x), rows = 15),
    list(f = list(cbind(a, b) ~ s(x, k = 5), rho ~ x), rows = 25),
    list(f = list(a ~ s(x, k = 6) + s(g, bs = "re"), sigma ~ s(z, k = 5)), rows = 60)
  )
  for (set in sets) {
    for (seed in 1:20) {
      d <- rows_60(seed)[seq_len(set$rows), ]
      classes <- character()
      fit <- withCallingHandlers(covary(set$f, data = d, draws = 200), warning = function(w) {
        classes <<- c(classes, class(w)[1])
        invokeRestart("muffleWarning")
      })
      expect_true(all(startsWith(classes, "covary_warning")),
        label = paste(classes, collapse = " ")
      )
      expect_true(all(is.finite(coefficients_of(fit))))
      expect_true(fit$info$converged || "covary_warning_not_converged" %in% classes)
      moved <- has_forgotten(fit$info$moves)
      bad <- any(fit$info$khat > khat_threshold(200), na.rm = TRUE) &&
        !isTRUE(fit$info$efficiency > nearly_equal) && !moved
      expect_identical(bad, "covary_warning_khat" %in% classes)
    }
  }
})

test_that("arguments are checked before anything is fitted", {
  d <- rows_60()
  refused <- function(..., class = "covary_error_argument") {
    expect_error(covary(a ~ x, data = d, ...), class = class)
  }
  for (draws in list(0, -1, NA, "a", 99, 100.5, Inf, NULL, c(100, 200), TRUE, 1e10)) {
    refused(draws = draws)
  }
  for (algorithm in list("nsted", NA, 1, NULL, c("nested", "laplace"))) {
    refused(algorithm = algorithm)
  }
  for (refresh in list("a", NA, -1, c(TRUE, FALSE))) refused(refresh = refresh)
  for (control in list(list(), NULL, 1)) refused(control = control)
  refused(iter = 2000, class = "covary_error_formula")
  expect_error(covary(data = d), class = "covary_error_formula")
  expect_error(covary(a ~ x), class = "covary_error_data")
})

test_that("responses that no density can describe are refused, but their priors can be drawn", {
  d <- rows_60()
  expect_error(quick(a ~ x, data = transform(d, a = 3)), class = "covary_error_constant_response")
  expect_error(quick(cbind(a, b) ~ x, data = transform(d, b = -2 * a)),
    class = "covary_error_proportional_responses"
  )
  expect_s3_class(
    quick(cbind(a, b) ~ x, data = transform(d, b = -2 * a), algorithm = "prior"),
    "covary"
  )
  expect_s3_class(quick(a ~ x, data = transform(d, a = 3), algorithm = "prior"), "covary")
})

test_that("a saved fit predicts the same in the same words", {
  d <- rows_60()
  fit <- quick(cbind(a, b) ~ s(x, k = 5) + g, data = d)
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(fit, file)
  expect_equal(all_predictors(readRDS(file), d[1:3, ]), all_predictors(fit, d[1:3, ]))
})

test_that("a fit called from a function finds its weights and subset there", {
  d <- rows_60()
  inside <- function(data) {
    heavy <- rep(1:2, 30)
    some <- data$z > 0
    covary(a ~ x, data = data, weights = heavy, subset = some, draws = 1000)
  }
  expect_identical(inside(d)$frame$n, sum(d$z > 0))
})

test_that("arguments that covary() does not have are named, with what to type", {
  ask <- function(...) tryCatch(covary(mpg ~ wt, data = mtcars, ...), error = identity)
  for (name in c("offset", "chains", "family", "iter", "weight", "sigma")) {
    found <- do.call(ask, stats::setNames(list(1), name))
    expect_s3_class(found, "covary_error_formula")
    expect_match(conditionMessage(found), paste0("'", name, "'"), fixed = TRUE)
    expect_identical(found$arg, name)
  }
  expect_error(covary(mpg ~ 1, data = mtcars, offset = wt), "offset() in the formula",
    fixed = TRUE,
    class = "covary_error_formula"
  )
  expect_s3_class(
    quiet(covary(mpg ~ wt, spread = sigma ~ wt, data = mtcars, draws = 100)),
    "covary"
  )
})

test_that("what users of other packages type first works", {
  fit <- function(...) quiet(covary(mpg ~ wt, ..., draws = 100))
  set.seed(1)
  right <- fit(data = mtcars)
  before <- .Random.seed
  expect_identical(fit(mtcars, seed = 1)$draws, right$draws)
  expect_identical(.Random.seed, before)
  set.seed(1)
  expect_identical(fit(data = mtcars, refresh = 0, family = gaussian())$draws, right$draws)
  second <- fit(mtcars)
  expect_identical(as.list(quiet(covary(mpg ~ wt, mtcars, draws = 100))$call)$data, quote(mtcars))
  expect_s3_class(quiet(update(second, . ~ . + hp)), "covary")
  expect_identical(
    default_prior(mpg ~ wt, sigma ~ wt, mtcars), default_prior(mpg ~ wt, sigma ~ wt, data = mtcars)
  )
  expect_error(fit(mtcars, family = binomial()), "transform them", class = "covary_error_formula")
  expect_error(fit(mtcars, seed = "a"), class = "covary_error_argument")
  expect_error(fit(mtcars, refresh = -1), class = "covary_error_argument")
  expect_error(fit(mtcars, data = mtcars), class = "covary_error_formula")
})

test_that("a response near the largest number is a typed error", {
  set.seed(1)
  d <- data.frame(x = stats::rnorm(40))
  d$y <- (d$x + stats::rnorm(40)) / 4
  for (size in c(1e307, 1e308)) {
    expect_error(covary(y ~ x, data = transform(d, y = y * size)),
      class = "covary_error_scale"
    )
  }
  expect_error(covary(y ~ x, data = transform(d, y = y * 1e-315)), class = "covary_error_scale")
})
