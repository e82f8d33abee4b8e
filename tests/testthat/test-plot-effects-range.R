curve <- function(...) {
  data.frame(
    x = 1:5, estimate = 1, lower = 0.9, upper = 1.1, lower50 = 0.95, upper50 = 1.05,
    dpar = "sigma", extrapolated = FALSE, ...
  )
}

bins <- data.frame(x = 1:3, estimate = c(0.8, 1, 1.3), lower = 0.6, upper = c(1.2, 1.4, 1.9))

test_that("axes hold the bars of bins, unless they are far longer than all the rest", {
  limits <- effect_range(curve(), NULL, bins)
  expect_true(limits[1] <= 0.6 && limits[2] >= 1.9)
  long <- transform(bins, upper = 100)
  expect_lt(effect_range(curve(), NULL, long)[2], 10)
  expect_gte(effect_range(curve(), c(-3, 5), bins)[2], 5)
})

test_that("what an axis cuts is written into the panel", {
  cut <- function(ylim, bins = NULL, dots = NULL) parts_cut(c(1, 5, ylim), curve(), bins, dots)
  expect_null(cut(c(0, 2), bins))
  expect_identical(cut(c(0.7, 2), bins), "bars")
  expect_identical(cut(c(0.95, 2), bins), c("ribbon", "circles"))
  expect_null(cut(c(0, 2), NULL, data.frame(x = c(2, 9), y = c(1, 7))))
  expect_identical(cut(c(0, 2), NULL, data.frame(x = 2, y = 7)), "points")
  # the words are drawn
  file <- tempfile(fileext = ".pdf")
  on.exit(unlink(file))
  written <- function(ylim) {
    grDevices::pdf(file, compress = FALSE)
    graphics::plot.new()
    graphics::plot.window(c(1, 5), ylim)
    say_cut(curve(), bins)
    grDevices::dev.off()
    any(grepl("axis", readLines(file, warn = FALSE), fixed = TRUE, useBytes = TRUE))
  }
  expect_true(written(c(0.7, 2)))
  expect_false(written(c(0, 2)))
})
