skip_if_not_installed("ggplot2")

cars <- transform(mtcars, am = factor(am))
fit <- quiet(covary(cbind(mpg, qsec) ~ wt + hp + am, rho ~ wt, data = cars, draws = 300))

test_that("several numbers share a ggplot, and the caption names what is left out", {
  g <- ggplot2::autoplot(fit)
  expect_silent(ggplot2::ggplot_build(g))
  d <- g$data
  expect_identical(unique(d$covariate), c("wt", "hp"))
  expect_identical(nlevels(d$panel), nrow(unique(d[c("covariate", "dpar", "resp")])))
  expect_identical(g$labels$caption, NULL) # am is the colour
  one <- quiet(covary(mpg ~ wt + am, data = cars, draws = 300))
  expect_identical(
    ggplot2::autoplot(one, by = FALSE)$labels$caption, "not shown: along am"
  )
  # Each panel has the rows of its covariate.
  dots <- g$layers[vapply(g$layers, function(l) "agrees" %in% names(l$data), TRUE)][[1]]$data
  along_hp <- grepl("along hp", dots$panel)
  expect_setequal(dots$x[along_hp], cars$hp)
  expect_setequal(dots$x[!along_hp], cars$wt)
})

test_that("levels and numbers have no axis in common", {
  expect_error(ggplot2::autoplot(fit, covariate = c("wt", "am")), "'am' is not",
    class = "covary_error_argument"
  )
  expect_identical(unique(ggplot2::autoplot(fit, covariate = "am")$data$covariate), "am")
  expect_error(ggplot2::autoplot(fit, covariate = c("wt", "none")), "must be one covariate",
    class = "covary_error_argument"
  )
})
