test_that("dots of levels that the curve is not for are marked, random effects aside", {
  d <- transform(mtcars, cyl = factor(cyl), am = factor(am))
  fit <- quiet(covary(mpg ~ wt + cyl + s(am, bs = "re"), data = d, draws = 100))
  fit <- thin_fit(fit)
  expect_identical(held_factors(fit, "mu", "mpg", "wt"), "cyl")
  expect_length(held_factors(fit, "sigma", "mpg", "wt"), 0)
  effects <- conditional_effects(fit, "wt", dpar = "mu", by = FALSE)
  dots <- data_dots(fit, effects, 100, list())
  expect_identical(sum(dots$agrees), sum(d$cyl == names(which.max(table(d$cyl)))))
  expect_true(all(data_dots(fit, transform(effects, by = "cyl"), 100, list())$agrees))
})

test_that("a curve of one group is marked outside that group's data", {
  fit <- quiet(covary(Sepal.Length ~ Petal.Length * Species, data = iris, draws = 100))
  e <- conditional_effects(fit, "Petal.Length", dpar = "mu")
  for (group in levels(iris$Species)) {
    range <- range(iris$Petal.Length[iris$Species == group])
    of <- e[e$group == group, ]
    expect_true(all(of$extrapolated[of$x < range[1] - 0.1 | of$x > range[2] + 0.1]))
    expect_false(any(of$extrapolated[of$x >= range[1] & of$x <= range[2]]))
  }
})
