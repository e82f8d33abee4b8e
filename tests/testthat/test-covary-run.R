interrupting <- function(after) {
  function(target, draws, control, progress) {
    inner <- fit_inner(target, progress)
    if (after == "draws") {
      progress$keep(list(
        beta = matrix(0, draws, target$dim),
        log_tau = matrix(0, draws, target$n_sds)
      ))
    }
    signal_interrupt()
  }
}

# What R signals when the user presses Ctrl-C
signal_interrupt <- function() {
  signalCondition(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
}

# covary() with one engine behind every algorithm.
quick_with_engine <- function(engine, ...) {
  every <- replace(engines(), TRUE, list(new_engine(engine)))
  quick(..., covary = package_with(engines = function() every)$covary)
}

test_that("an interrupt returns the last approximation with a classed warning", {
  d <- rows_60()
  for (after in c("mode", "draws")) {
    for (f in list(list(cbind(a, b) ~ x), list(a ~ s(x, k = 5), sigma ~ s(x, k = 5)))) {
      expect_warning(fit <- quick_with_engine(interrupting(after), f, data = d),
        class = "covary_warning_interrupted"
      )
      expect_s3_class(fit, "covary")
      expect_true(fit$info$interrupted)
      expect_false(fit$info$converged)
      expect_true(all(is.finite(coefficients_of(fit))))
      expect_identical(nrow(fit$draws), 200L)
      expect_true(all(is.finite(unlist(all_predictors(fit, d[1:3, ])))))
    }
  }
})

test_that("an interrupt before anything is known is a typed error", {
  nothing <- function(target, draws, control, progress) signal_interrupt()
  expect_error(quick_with_engine(nothing, a ~ x, data = rows_60()),
    class = "covary_error_interrupted"
  )
})

test_that("a plain error of an engine becomes typed, with its words", {
  broken <- function(target, draws, control, progress) solve(matrix(0, 2, 2))
  expect_error(quick_with_engine(broken, a ~ x, data = rows_60()), "singular",
    class = "covary_error_numerics"
  )
})
