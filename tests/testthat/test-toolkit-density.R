test_that("derivatives are chosen and announced", {
  f <- function(theta) -sum(theta^4)
  expect_message(t1 <- target_density(f, names = c("a", "b")), class = "covary_message_gradient")
  expect_equal(t1$derivative, "complex")
  expect_message(t2 <- target_density(function(theta) -sum(abs(theta)^3), names = c("a", "b")),
    class = "covary_message_gradient"
  )
  expect_equal(t2$derivative, "central")
  at <- internal("density_at")
  theta <- c(0.3, -0.7)
  expect_equal(as.vector(at(t1, matrix(theta, 1), TRUE)$gradient), -4 * theta^3,
    tolerance = rounding
  )
  expect_equal(as.vector(at(t2, matrix(theta, 1), TRUE)$gradient), -3 * abs(theta)^2 * sign(theta),
    tolerance = 1e-7
  )
  expect_silent(target_density(f, function(theta) -4 * theta^3, names = c("a", "b")))
})

test_that("errors in a user's density are typed and leave nothing behind", {
  calls <- 0
  target <- suppressMessages(target_density(function(theta) {
    calls <<- calls + 1
    if (calls > 200) stop("out of luck")
    -0.5 * sum(theta^2)
  }, names = "a"))
  e <- tryCatch(nuts(target), error = identity)
  expect_s3_class(e, "covary_error_target")
  expect_match(conditionMessage(e), "out of luck")
  expect_error(suppressMessages(target_density(function(theta) c(1, 2), names = "a")),
    class = "covary_error_target"
  )
  expect_error(target_density(3, names = "a"), class = "covary_error_argument")
  expect_error(target_density(function(t) 0, names = c("a", "a")), class = "covary_error_argument")
})

test_that("start values go by name, in vectors and lists, for parameters of several elements too", {
  f <- function(t) -0.5 * sum(t^2)
  make <- function(...) {
    target_density(f, function(t) -t,
      names = c("mu", "sigma", "w"),
      transforms = list(sigma = "log", w = transform_identity(2)), ...
    )
  }
  at <- c(3, log(2), 5, 6)
  expect_equal(make(start = list(w = c(5, 6), sigma = 2, mu = 3))$start, at)
  expect_equal(make(start = c("w[2]" = 6, sigma = 2, mu = 3, "w[1]" = 5))$start, at)
  expect_equal(make(start = list(mu = 3, w = c("w[2]" = 6, "w[1]" = 5), sigma = 2))$start, at)
  expect_equal(make(start = c(3, 2, 5, 6))$start, at)
  # a number has no order, whatever name it carries; what is left out starts at the default
  expect_equal(make(start = list(mu = c("(Intercept)" = 3)))$start, c(3, 0, 0, 0))
  expect_equal(make(start = c(sigma = 2))$start, c(0, log(2), 0, 0))
  wrong <- list(
    c(a = 1, sigma = 2, "w[1]" = 1, "w[2]" = 2), c(mu = 1, mu = 2), c(mu = 1, 2),
    c("w[1]" = 1), c(1, 2), c(w1 = 1, w2 = 2), list(1, 2), list(mu = 1, mu = 2), list(nu = 1),
    list(w = 1), list(w = c(a = 1, b = 2)), list(w = c("w[1]" = 1, "w[1]" = 2)), list(mu = NA),
    list(mu = "a"), "a", TRUE, f
  )
  for (start in wrong) expect_error(make(start = start), class = "covary_error_start")
})

test_that("every engine takes start values by name, and refuses those of another target", {
  target <- target_density(function(t) -0.5 * sum((t - c(20, -20))^2),
    function(t) -(t - c(20, -20)),
    names = c("a", "b")
  )
  engines <- list(
    advi, laplace, pathfinder, function(t, ...) svgd(t, iterations = 50, ...),
    function(t, ...) nuts(t, 1, 50, 50, ...)
  )
  for (engine in engines) {
    expect_error(engine(target, start = c(a = 20, c = -20)), class = "covary_error_start")
    expect_error(engine(target, start = c(20)), class = "covary_error_start")
  }
  read <- internal("read_start")
  expect_equal(read(c(b = -20, a = 20), target), c(20, -20))
  sigma <- function(x) advi(target, start_sigma = x)$setup$start_sigma
  expect_equal(unname(sigma(c(b = 2, a = 1))), c(1, 2))
  expect_error(sigma(c(b = 2, c = 1)), class = "covary_error_argument")
})

test_that("what a user's functions say comes through, wherever they fail", {
  failing <- function(after) {
    calls <- 0
    count <- function(value) {
      calls <<- calls + 1
      if (calls > after) stop("no such luck")
      value
    }
    target_density(function(t) count(-0.5 * sum(t^2)), function(t) count(-t), names = c("a", "b"))
  }
  engines <- list(
    advi, function(t) advi(t, optimizer = adam(), iterations = 200), laplace,
    pathfinder,
    function(t) svgd(t, 10, 50), function(t) nuts(t, 1, 50, 50)
  )
  for (engine in engines) {
    for (after in c(0, 5, 24)) {
      e <- tryCatch(engine(failing(after)), error = identity)
      expect_s3_class(e, "covary_error_target")
      expect_match(conditionMessage(e), "no such luck")
    }
  }
  own <- target_density(
    function(t) {
      stop(structure(class = c("mine", "error", "condition"), list(message = "x", call = NULL)))
    },
    function(t) -t,
    names = "a"
  )
  expect_s3_class(tryCatch(advi(own), error = identity)$parent, "mine")
  expect_error(advi(), class = "covary_error_argument")
  expect_error(advi(gaussian_target(0, diag(1)), refresh = "a"), class = "covary_error_argument")
  expect_error(target_density(function(t) 0,
    names = "a",
    transforms = list(a = "log", a = "logit")
  ), class = "covary_error_transform")
})

test_that("limits of time are not taken for faults of the density", {
  stopped <- function(x) stop("reached elapsed time limit")
  late <- target_density(stopped, function(x) -x, names = "x")
  said <- tryCatch(advi(late), error = function(e) e)
  expect_false(inherits(said, "covary_error_target"))
  expect_identical(conditionMessage(said), "reached elapsed time limit")
})

test_that("names of values are names of columns, each once", {
  f <- function(t) -0.5 * sum(t^2)
  make <- function(names, ...) target_density(f, function(t) -t, names = names, ...)
  for (name in c("lp__", "lp_approx__", ".draw", ".chain", ".iteration", ".log_weight")) {
    expect_error(make(c("a", name)), class = "covary_error_argument", regexp = name)
  }
  expect_error(make(c("x", "x[1]"), transforms = list(x = transform_identity(2))),
    class = "covary_error_argument", regexp = "x\\[1\\]"
  )
  # free numbers of two parameters keep names of their own
  target <- make(c("s", "log_s"), transforms = list(s = "log"))
  expect_equal(target$names, c("s", "log_s"))
  expect_equal(make(c("s", "t"), transforms = list(s = "log"))$names, c("log_s", "t"))
  fit <- advi(target, start_sigma = c(s = 0.2, log_s = 0.1))
  expect_named(sd(fit, scale = "free"), c("s", "log_s"))
})

test_that("starts at the edge of a range are refused", {
  make <- function(transform, start) {
    target_density(function(t) 0, function(t) 0,
      names = "a", transforms = list(a = transform), start = list(a = start)
    )
  }
  expect_error(make(transform_logit(0, 1e8), 1e-320), class = "covary_error_start")
  expect_error(make("log", 0), class = "covary_error_start")
  expect_equal(make("log", 1e-300)$start, log(1e-300))
})
