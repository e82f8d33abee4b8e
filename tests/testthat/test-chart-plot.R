test_that("every picture has its data frame, and is drawn by base graphics and ggplot2", {
  ref <- reference(fit_sites())
  d <- data_sites()[1:60, ]
  visits <- transform(d[1:6, ], who = rep(1:2, 3))
  cases <- list(
    fan = list(data = d, person = d[1:2, ]), region = list(person = d[1:2, ]),
    trajectory = list(person = visits, id = "who"), worm = list(data = d),
    coverage = list(data = d), sites = list(), map = list(data = d)
  )
  file <- tempfile(fileext = ".pdf")
  grDevices::pdf(file)
  on.exit({
    grDevices::dev.off()
    unlink(file)
  })
  for (type in names(cases)) {
    frame <- do.call(chart_data, c(list(ref, type), cases[[type]]))
    expect_s3_class(frame, "data.frame")
    expect_gt(nrow(frame), 0)
    expect_identical(do.call(plot, c(list(ref, type), cases[[type]])), ref)
    if (requireNamespace("ggplot2", quietly = TRUE)) {
      picture <- do.call(ggplot2::autoplot, c(list(ref, type), cases[[type]]))
      expect_s3_class(ggplot2::ggplot_build(picture), "ggplot_built")
    }
  }
})

test_that("the lines of a fan are the centiles, and people are moved to no site", {
  fit <- fit_sites()
  d <- data_sites()[1:3, ]
  fan <- chart_data(reference(fit), "fan", person = d, resp = "height", p = c(0.1, 0.5))
  lines <- centiles(fit, resp = "height", p = c(0.1, 0.5))
  expect_identical(fan$value[fan$kind == "line"], lines$value)
  expect_identical(fan$value[fan$kind == "person"], harmonise(fit, d)$height)
})

test_that("a worm is z less its normal quantile", {
  d <- data_sites()
  worm <- chart_data(fit_sites(), "worm", d, resp = "weight")
  z <- deviations(fit_sites(), d, resp = "weight")$z[d$age <= quantile(d$age, 0.25)]
  one <- worm[worm$panel == worm$panel[1], ]
  # evenly chosen of the ordered people, ends included
  expect_equal(range(one$x + one$deviation), range(z), tolerance = last_bits)
})

test_that("pictures that need people ask for them", {
  ref <- reference(fit_sites())
  refused <- function(...) expect_error(plot(ref, ...), class = "covary_error_argument")
  refused("region")
  refused("worm")
  refused("trajectory", person = data_sites()[1:2, ], id = "nobody")
  refused("violin")
})
