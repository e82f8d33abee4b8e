test_that("a value between two members is what slopes at both say", {
  # exact for a quadratic, of third order else
  a <- matrix(c(2, 0.4, 0.4, 1), 2)
  target <- target_density(
    function(x) -0.5 * sum(x * (a %*% x)) - 0.1 * sum(x^4),
    function(x) -as.vector(a %*% x) - 0.4 * x^3,
    names = c("u", "v")
  )
  set.seed(1)
  state <- list(
    mean = c(0.3, -0.2), cov = diag(c(0.5, 0.8)), exact = FALSE,
    noise = internal("paired")(internal("stratified_pairs")(4000, 2))
  )
  expect <- function(mean, cov, values) internal("expect_at")(target, state, mean, cov, values)
  state$at <- expect(state$mean, state$cov, TRUE)
  error <- vapply(c(0.4, 0.2, 0.1), function(size) {
    mean <- state$mean + size * c(1, -1)
    cov <- state$cov * (1 - size / 2)
    known <- expect(mean, cov, TRUE)
    guess <- expect(mean, cov, FALSE)
    expect_identical(guess$gradient, known$gradient)
    expect_lt(abs(guess$value - known$value), 0.1 * abs(known$value - state$at$value))
    abs(guess$value - known$value)
  }, 0)
  expect_lt(error[3], 0.1 * error[1])
})

test_that("where a gradient needs the density anyhow, values come with it", {
  target <- target_density(function(x) -x^2 / 2, names = "x")
  expect_false(internal("has_own_gradient")(target))
  expect_length(internal("look_at")(target, matrix(1:3 / 2, 1), FALSE)$value, 3)
})

test_that("draws beyond the support are seen at the end, whatever steps without values did", {
  # a density that ends at zero, whose gradient goes on
  target <- target_density(
    function(x) if (x > 0) 2 * log(x) - x else -Inf, function(x) 2 / x - 1,
    names = "x", start = list(x = 2)
  )
  for (family in c("fullrank", "meanfield")) {
    set.seed(1)
    expect_warning(
      fit <- suppressMessages(withCallingHandlers(advi(target, family), warning = function(w) {
        if (!inherits(w, "covary_warning_support")) invokeRestart("muffleWarning")
      })),
      class = "covary_warning_support"
    )
    expect_false(fit$info$converged)
  }
})
