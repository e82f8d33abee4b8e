suspect <- function(target, spread = 0.1, batch_size = 0) {
  internal("suspect_gradient")(target, target$start, spread, "start", batch_size)
}
density <- function(f, g, k = 2, ...) {
  target_density(f, g, names = if (k == 1) "x" else paste0("x", seq_len(k)), ...)
}

test_that("a gradient of another density is said, with the parameter", {
  f <- function(t) -0.5 * sum((t - 1)^2)
  wrong <- list(
    shifted = function(t) c(-(t[1] - 1), -(t[2] - 3)), sign = function(t) {
      c(1 - t[1], t[2] - 1)
    },
    scaled = function(t) c(1 - t[1], 0.98 * (1 - t[2])), missing = function(t) c(1 - t[1], 0)
  )
  for (name in names(wrong)) {
    target <- density(f, wrong[[name]])
    for (spread in c(0.1, 1)) {
      expect_warning(bad <- suspect(target, spread), class = "covary_warning_gradient")
      expect_true(bad)
    }
    w <- tryCatch(suspect(target), warning = identity)
    expect_identical(w$parameter, "x2", info = name)
    expect_match(conditionMessage(w), "'x2'")
  }
  many <- density(f, function(t) replace(1 - t, 17, 0), 40)
  expect_identical(tryCatch(suspect(many), warning = identity)$parameter, "x17")
  # a Jacobian that the transform adds already
  jacobian <- target_density(function(t) dgamma(t[["s"]], 3, 1, log = TRUE), function(t) 3 / t - 1,
    names = "s", transforms = list(s = "log")
  )
  expect_warning(suspect(jacobian), class = "covary_warning_gradient")
})

test_that("right gradients raise no alarm, whatever the rounding, the scale or the kinks", {
  square <- function(t) -0.5 * sum(t^2)
  slope <- function(t) -t
  right <- list(
    plain = density(square, slope),
    large = density(function(t) square(t) - 1e12, slope),
    cancelled = density(function(t) (1e12 + square(t)) - 1e12, slope),
    rounded = density(function(t) round(square(t), 4), slope),
    approximate = density(square, function(t) -t * (1 + 1e-5)),
    kink = density(function(t) -sum(abs(t)), function(t) -sign(t)),
    hinge = density(function(t) square(t) - sum(pmax(t, 0)), function(t) -t - (t > 0)),
    narrow = density(function(t) -5e7 * sum(t^2) - 1e10 * sum(t^4), function(t) {
      -1e8 * t -
        4e10 * t^3
    }),
    wide = density(function(t) 1e-8 * square(t), function(t) -1e-8 * t),
    far = density(function(t) square(t - 1e6), function(t) -(t - 1e6), start = c(1e6, 1e6)),
    edge = density(function(t) if (t > 0) 2 * log(t[[1]]) - t[[1]] else -Inf, function(t) 2 / t - 1,
      1,
      start = c(x = 0.05)
    ),
    outside = density(function(t) if (t > 1) -t[[1]] else NaN, function(t) -1, 1),
    many = density(function(t) square(t * sqrt(seq_along(t))), function(t) -t * seq_along(t), 100)
  )
  for (name in names(right)) {
    for (spread in c(1e-4, 0.1, 1)) {
      expect_silent(bad <- suspect(right[[name]], spread))
      expect_false(bad, info = name)
    }
  }
})

test_that("targets with rows are compared on the rows of a minibatch", {
  y <- rnorm(500, 1000)
  f <- function(t, rows) sum(dnorm(y[rows], t[["m"]], 1, log = TRUE))
  prior <- list(
    log_prior = function(t) dnorm(t[["m"]], 0, 100, log = TRUE),
    prior_gradient = function(t) -t / 1e4
  )
  make <- function(g) do.call(target_density, c(list(f, g, names = "m", rows = 500), prior))
  good <- make(function(t, rows) sum(y[rows] - t))
  for (batch in c(0, 20)) expect_silent(suspect(good, batch_size = batch))
  # forgets which rows it was asked for: right over all of them only
  all_rows <- make(function(t, rows) sum(y - t))
  expect_silent(suspect(all_rows))
  expect_warning(suspect(all_rows, batch_size = 20), class = "covary_warning_gradient")
})

test_that("every engine says so, is not converged, and leaves random numbers alone", {
  f <- function(t) -0.5 * sum((t - c(0, 3))^2)
  right <- density(f, function(t) -(t - c(0, 3)))
  wrong <- density(f, function(t) -(t - c(0, 5)))
  engines <- list(
    advi = advi, adam = function(t) advi(t, optimizer = adam(0.1), iterations = 200),
    laplace = laplace, pathfinder = pathfinder, svgd = function(t) svgd(t, 20, 100),
    nuts = function(t) nuts(t, 2, 100, 100)
  )
  for (name in names(engines)) {
    said <- character()
    fit <- withCallingHandlers(engines[[name]](wrong), warning = function(w) {
      said <<- c(said, class(w)[1])
      invokeRestart("muffleWarning")
    })
    expect_identical(sum(said == "covary_warning_gradient"), 1L, info = name)
    expect_false(fit$info$converged, info = name)
    said <- NULL
    withCallingHandlers(engines[[name]](right),
      covary_warning_gradient = function(w) said <<- w,
      warning = function(w) invokeRestart("muffleWarning")
    )
    expect_null(said, info = name)
  }
  # right at the start, wrong where the fit ends
  bent <- density(
    function(t) if (t[[1]] < 2) 20 * t[[1]] - 10 else -5 * (t[[1]] - 4)^2 + 50,
    function(t) {
      if (t[[1]] < 2) 20 else -10 * (t[[1]] - 5)
    }, 1
  )
  w <- NULL
  withCallingHandlers(advi(bent),
    covary_warning_gradient = function(c) w <<- c,
    warning = function(c) invokeRestart("muffleWarning")
  )
  expect_identical(w$where, "end")
  set.seed(1)
  before <- .Random.seed
  suppressWarnings(suspect(wrong))
  expect_identical(.Random.seed, before)
})
