test_that("shared formulas, overrides and defaults reach their predictors", {
  p <- parse(cbind(a, b) ~ x, b ~ z, sigma ~ g, sigma(b) ~ 1, rho(b, a) ~ s(x))
  expect_identical(rhs_of(p), c(
    `mu:a` = "x", `mu:b` = "z", `sigma:a` = "g", `sigma:b` = "1",
    `rho:a:b` = "s(x)"
  ))
  stated <- vapply(parse(cbind(a, b) ~ x, rho ~ 0)$predictors, `[[`, TRUE, "stated")
  expect_identical(unname(stated), c(TRUE, TRUE, FALSE, FALSE, TRUE))
  expect_identical(rhs_of(parse(a ~ x)), c(`mu:a` = "x", `sigma:a` = "1"))
})

test_that("responses: cbind, mvbind, names, expressions, lists of formulas", {
  expect_identical(names(parse(mvbind(a, b) ~ x)$responses), c("a", "b"))
  p <- parse(cbind(la = log(a), b) ~ x, la ~ z)
  expect_identical(names(p$responses), c("la", "b"))
  expect_identical(rhs_of(p)[["mu:la"]], "z")
  expect_identical(names(parse(log(a) ~ x)$responses), "log(a)")
  expect_identical(rhs_of(parse(list(a ~ x, b ~ z, rho ~ x))), rhs_of(parse(a ~ x, b ~ z, rho ~ x)))
  expect_identical(rhs_of(parse(a ~ x, b ~ z))[["rho:a:b"]], "1")
})

test_that("responses may be called sigma or rho, and share nothing with the parameters", {
  p <- parse(cbind(sigma, rho) ~ x, sigma(rho) ~ z, rho ~ g,
    names = c("sigma", "rho", "x", "z", "g")
  )
  expect_identical(
    rhs_of(p),
    c(
      `mu:sigma` = "x", `mu:rho` = "x", `sigma:sigma` = "1", `sigma:rho` = "z",
      `rho:sigma:rho` = "g"
    )
  )
  expect_error(parse(sigma ~ x), "cbind(sigma)", fixed = TRUE, class = "covary_error_formula")
})

test_that("the dot is all other columns", {
  expect_identical(rhs_of(parse(cbind(a, b) ~ .))[["mu:a"]], "(x + z + g)")
  expect_identical(rhs_of(parse(log(a) ~ . - z))[["mu:log(a)"]], "(x + z + g + b) - z")
  expect_error(parse(a ~ ., names = "a"), class = "covary_error_formula")
})

test_that("formulas that cannot be meant are refused", {
  refused <- function(...) expect_error(parse(...), class = "covary_error_formula")
  refused(as.formula(paste0("cbind(", paste0("log(a + ", 1:31, ")", collapse = ", "), ") ~ 1")))
  refused(~x)
  refused("a ~ x")
  refused(list(a ~ x, 3))
  refused(sigma ~ x)
  refused(cbind(a, a) ~ x)
  refused(a ~ x, sigma ~ x, sigma ~ 1)
  refused(a ~ x, rho ~ x)
  refused(a ~ x, sigma(b) ~ x)
  refused(cbind(a, b) ~ x, rho(a, a) ~ x)
  refused(cbind(a, b) ~ x, sigma() ~ x)
})

test_that("names with spaces, signs, other scripts and reserved words need no care", {
  skip_if_not(l10n_info()[["UTF-8"]], "UTF-8")
  d <- rows_60()
  for (name in c(
    "my x", "gr\u00f6\u00dfe \u20ac", "if", "TRUE", "x:y", "s(x)", "a\\b", "b`t",
    ".x"
  )) {
    d[[name]] <- d$x
    v <- as.name(name)
    fit <- quick(eval(bquote(a ~ .(v) + poly(.(v), 2):z)), eval(bquote(sigma ~ s(.(v), k = 5))),
      data = d
    )
    expect_true(all(is.finite(unlist(all_predictors(fit, d[1:3, ])))), label = name)
    d[[name]] <- d$b
    fit <- quick(eval(bquote(cbind(a, .(v)) ~ z)), eval(bquote(sigma(.(v)) ~ x)), data = d)
    expect_identical(fit$responses, c("a", name))
    d[[name]] <- NULL
  }
})
