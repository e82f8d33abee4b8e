test_that("parts of a right side", {
  p <- split_rhs(~ 0 + x:z + s(x, by = g) + offset(z) + t2(x, z) + offset(log(x)))
  expect_identical(deparse1(p$parametric[[2]]), "0 + x:z")
  expect_identical(vapply(p$smooths, deparse1, ""), c("s(x, by = g)", "t2(x, z)"))
  expect_identical(vapply(p$offsets, deparse1, ""), c("offset(z)", "offset(log(x))"))
  refused <- function(f, words) {
    expect_error(split_rhs(f), words,
      fixed = TRUE,
      class = "covary_error_formula"
    )
  }
  refused(~ te(x, z), "t2()")
  refused(~ x + ti(x, z), "t2()")
  refused(~ s(x):z, "`by`")
  refused(~ s(x) * z, "`by`")
  refused(~ (1 | g), "s(g, bs = \"re\")")
})

test_that("a smooth or an offset of nothing is refused with its words", {
  for (f in list(
    ~ s(), ~ t2(), ~ x + s(k = 5), ~ s(1), ~ s(NULL), ~ offset(), quote(~ s(x, by = )),
    quote(~ s(x, k = ))
  )) {
    expect_error(split_rhs(eval(f)), "names no variable or has an empty",
      class = "covary_error_formula"
    )
  }
  d <- data.frame(y = stats::rnorm(30), x = stats::runif(30))
  expect_error(covary(y ~ s(x, by = ), data = d), "empty argument", class = "covary_error_formula")
  expect_length(split_rhs(~ s(log(x), by = g, k = 5) + offset(2))$offsets, 1)
})

test_that("comparisons in interactions are the columns of lm(), however their labels would read", {
  set.seed(5)
  d <- data.frame(
    x = stats::runif(200, 0, 10), z = stats::runif(200), g = gl(2, 1, 200),
    s = sample(c("u", "v"), 200, TRUE)
  )
  d$y <- d$x * (d$x > 3) + stats::rnorm(200)
  for (formula in list(
    y ~ (x > 3) * x, y ~ (x > 3):x, y ~ (x > 3 & z > 0.5) * x, y ~ x * (x > 3),
    y ~ g * (x > 3), y ~ (s == "u") * x,
    y ~ (!(x > 3)):x, y ~ g / x
  )) {
    fit <- covary(formula, data = d, draws = 400)
    least <- stats::lm(formula, d)
    expect_lt(max(abs(fitted(fit)[, 1] - stats::fitted(least))), 0.01)
  }
  terms <- stats::terms(~ (x > 3):x + g)
  expect_identical(
    term_variables(terms),
    list(list(quote(g)), list(quote(x > 3), quote(x)))[order(attr(terms, "order"))]
  )
})
