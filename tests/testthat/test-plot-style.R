fit_styled <- function() {
  quiet(covary(cbind(mpg, qsec) ~ wt + hp, rho ~ wt,
    data = mtcars, algorithm = "laplace", draws = 200
  ))
}

# Draws to a device that records, and returns the calls of graphics by name with their arguments.
recorded <- function(expr) {
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit({
    grDevices::dev.off()
    unlink(file)
  })
  grDevices::dev.control("enable")
  force(expr)
  calls <- grDevices::recordPlot()[[1]]
  lapply(calls, function(call) call[[2]])
}

colours_of <- function(calls) {
  unique(unlist(lapply(calls, function(call) Filter(is.character, as.list(call)[-1]))))
}

test_that("colours, titles and limits are those asked for", {
  fit <- fit_styled()
  calls <- recorded(plot(fit,
    covariate = "wt", dpar = "mu", resp = "mpg", col = "darkred", main = "My title",
    xlab = "tons", ylim = c(-7, 77)
  ))
  found <- colours_of(calls)
  expect_true(all(c("darkred", "My title", "tons") %in% found))
  windows <- Filter(function(call) identical(call[[2]], c(-7, 77)), lapply(calls, function(call) {
    if (length(call) > 2) list(call[[2]], call[[3]]) else list(NULL, NULL)
  }))
  expect_length(windows, 1)
  plain <- colours_of(recorded(plot(fit, covariate = "wt", dpar = "mu", resp = "mpg")))
  expect_false(any(c("darkred", "My title", "tons") %in% plain))
})

test_that("titles are recycled along panels, and a list of limits has one a panel", {
  fit <- fit_styled()
  calls <- recorded(plot(fit, covariate = "wt", main = c("one", "two"), dpar = "mu"))
  expect_true(all(c("one", "two") %in% colours_of(calls)))
  calls <- recorded(plot(fit, covariate = "wt", dpar = "mu", ylim = list(NULL, c(-5, 55))))
  limits <- lapply(calls, function(call) if (length(call) > 2) call[[3]])
  expect_identical(sum(vapply(limits, identical, TRUE, c(-5, 55))), 1L)
})

test_that("styling that makes no sense is refused by name", {
  fit <- fit_styled()
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  refused <- function(code, arg) {
    e <- expect_error(code, class = "covary_error_argument")
    expect_identical(e$arg, arg)
  }
  refused(plot(fit, ylim = 3), "ylim")
  refused(plot(fit, xlim = c(2, 2)), "xlim")
  refused(plot(fit, col = "no colour"), "col")
  refused(plot(fit, lwd = -1), "lwd")
  refused(plot(fit, smurf = 1), "smurf")
  refused(plot(fit, "heatmap", lwd = 2), "lwd")
  refused(plot(fit, "elbo", covariate = "wt"), "covariate")
  refused(plot(fit, "ellipses", by = "cyl"), "by")
  refused(plot(fit, "effects", at = 3), "at")
  refused(pp_check(fit, smurf = 1), "smurf")
  # What was styled does not stay.
  expect_length(picture$style, 0)
})

test_that("panels go into those of the user, whose par() is left as it was", {
  fit <- fit_styled()
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit(unlink(file))
  graphics::par(mfrow = c(2, 3), mar = c(4, 4, 3, 1), las = 0)
  before <- graphics::par(no.readonly = TRUE)
  plot(fit, covariate = "hp")
  same <- setdiff(names(before), c("mfg", "new", "fig", "plt", "usr", "fin", "pin", "xaxp", "yaxp"))
  expect_identical(graphics::par(no.readonly = TRUE)[same], before[same])
  # Two panels, the means: the next is the third.
  expect_identical(graphics::par("mfg")[1:2], c(1L, 2L))
  plot(fit, type = "ellipses")
  plot(fit, type = "heatmap", covariate = "wt", at = 3)
  expect_identical(graphics::par("mfg")[1:2], c(2L, 1L))
  pp_check(fit, ndraws = 10)
  expect_identical(graphics::par("mfg")[1:2], c(2L, 3L))
  grDevices::dev.off()
  expect_gt(file.size(file), 0)
})

test_that("several covariates share a page, or are said not to", {
  fit <- fit_styled()
  folder <- tempfile()
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  pages <- function(...) {
    grDevices::pdf(file.path(folder, "p%03d.pdf"), onefile = FALSE)
    plot(fit, ...)
    grDevices::dev.off()
    length(list.files(folder))
  }
  expect_identical(pages(), 1L)
  blocks <- lapply(1:3, function(i) {
    list(plan = list(matrix = matrix(0, 2, 3)), keys = data.frame(a = 1:5))
  })
  expect_identical(pages_of(blocks), list(c(1L, 2L), 3L))
  skip_if_not(capabilities("png"))
  grDevices::png(file.path(folder, "one.png"))
  expect_warning(warn_one_page(2), class = "covary_warning_one_page")
  grDevices::dev.off()
  grDevices::png(file.path(folder, "one%03d.png"))
  expect_silent(warn_one_page(2))
  grDevices::dev.off()
})

test_that("effects are drawn when printed, and parts of them are not", {
  effects <- conditional_effects(fit_styled(), "wt", prob = 0.8, draw_ids = 1:50)
  calls <- recorded(out <- capture.output(print(effects)))
  expect_gt(length(calls), 10)
  expect_identical(out, character())
  expect_match(capture.output(print(head(effects)))[1], "covariate")
})
