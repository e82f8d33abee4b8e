# Draws to a temporary PDF: list(value, pages, text). Checks that par is as it was.
on_paper <- function(expr, width = 7, height = 5) {
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file, width, height, compress = FALSE)
  device <- grDevices::dev.cur()
  on.exit({
    if (device %in% grDevices::dev.list()) grDevices::dev.off(device)
    unlink(file)
  })
  settings <- c("mfrow", "mar", "oma", "mgp", "tcl", "las", "cex", "cex.axis", "xpd", "ask")
  before <- graphics::par(settings)
  value <- force(expr)
  testthat::expect_identical(graphics::par(settings), before)
  grDevices::dev.off(device)
  text <- readLines(file, warn = FALSE)
  list(
    value = value, pages = sum(grepl("/Type /Page ", text, fixed = TRUE, useBytes = TRUE)),
    text = text
  )
}

# Few rows: khat may be high, which does not matter for pictures.
fits <- suppressWarnings(local({
  set.seed(1)
  d <- transform(mtcars, cyl = factor(cyl))
  list(
    two = covary(cbind(mpg, qsec) ~ wt + cyl, sigma ~ wt, rho ~ wt, data = d, draws = 200),
    one = covary(mpg ~ s(wt, k = 5), sigma ~ wt, data = d, draws = 200),
    factor = covary(cbind(mpg, qsec) ~ cyl, sigma ~ cyl, rho ~ cyl, data = d, draws = 200)
  )
}))

test_that("plot() draws all covariates and returns its data", {
  p <- on_paper(plot(fits$two))
  expect_identical(p$pages, 1L)
  expect_s3_class(p$value, "covary_effects")
  expect_identical(on_paper(plot(fits$two, covariate = "wt"))$pages, 1L)
  expect_identical(on_paper(plot(fits$one))$pages, 1L)
  expect_identical(on_paper(plot(fits$factor))$pages, 1L)
  expect_identical(on_paper(plot(conditional_effects(fits$two)))$pages, 1L)
})

test_that("single parameters, no data, conditions and small paper are drawn", {
  expect_identical(on_paper(plot(fits$two, dpar = "rho"))$pages, 1L)
  expect_identical(on_paper(plot(fits$two, resp = "mpg", covariate = "wt", data = FALSE))$pages, 1L)
  expect_identical(on_paper(plot(fits$two,
    covariate = "wt", conditions = list(cyl = "8"),
    by = FALSE
  ))$pages, 1L)
  expect_identical(on_paper(plot(fits$two, covariate = "wt", max_points = 0), 5, 4)$pages, 1L)
})

test_that("labels of the user stand in the picture", {
  set.seed(2)
  fit <- suppressWarnings(covary(cbind(`fuel use` = mpg, qsec) ~ wt, data = mtcars, draws = 200))
  words <- paste(on_paper(plot(fit))$text, collapse = " ")
  # Kerning splits words in a PDF; fragments without spaces are left together.
  expect_match(gsub("\\) [-0-9.]+ \\(", "", words, useBytes = TRUE), "fuel")
  expect_match(gsub("\\) [-0-9.]+ \\(", "", words, useBytes = TRUE), "qsec")
})

test_that("ellipses and the ELBO trace are drawn and return their data", {
  p <- on_paper(plot(fits$two, type = "ellipses", at = c(2, 3, 4)))
  expect_identical(p$pages, 1L)
  expect_identical(unique(p$value$value), c(2, 3, 4))
  expect_identical(on_paper(plot(fits$two, type = "ellipses", data = FALSE))$pages, 1L)
  expect_named(on_paper(plot(fits$two, type = "elbo"))$value, c("iteration", "elbo", "gap"))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_error(plot(fits$one, type = "ellipses"), class = "covary_error_argument")
  expect_error(plot(fits$two, type = "ellipses", at = 1:9), class = "covary_error_argument")
  expect_error(plot(fits$two, type = "nothing"), class = "covary_error_argument")
})

test_that("par is restored after an error", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  before <- graphics::par("mar", "mfrow")
  expect_error(with_canvas(list(matrix(1:2, 1)), stop("no"), mar = c(0, 0, 0, 0)), "no")
  expect_identical(graphics::par("mar", "mfrow"), before)
})

test_that("thinning is even and bounded, and plots need no random numbers", {
  expect_identical(thin_rows(c(5, 1, 3, 2, 4), 3), c(2L, 3L, 1L))
  expect_length(thin_rows(1:10, 100), 10)
  set.seed(3)
  state <- .Random.seed
  on_paper(plot(fits$two, covariate = "wt"))
  expect_identical(.Random.seed, state)
})

test_that("panels leave no gap whatever is asked for", {
  expect_equal(
    plan_panels(c("mu", "mu", "sigma", "sigma", "rho"))$matrix,
    rbind(c(1, 2, 5), c(3, 4, 5))
  )
  expect_equal(c(plan_panels(c("mu", "sigma"))$matrix), 1:2)
  expect_setequal(c(plan_panels(rep(c("mu", "sigma", "rho"), each = 3))$matrix), 1:9)
})

test_that("autoplot() gives ggplots", {
  skip_if_not_installed("ggplot2")
  p <- ggplot2::autoplot(fits$two, covariate = "wt")
  expect_s3_class(p, "ggplot")
  expect_silent(built <- ggplot2::ggplot_build(p))
  expect_identical(nrow(built$layout$layout), 5L)
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(fits$factor)))
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(fits$two, "ellipses")))
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(fits$two, "elbo")))
})
