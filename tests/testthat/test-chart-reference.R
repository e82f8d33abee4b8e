test_that("scores of fit and chart are the same numbers", {
  fit <- fit_sites()
  d <- data_sites()
  ref <- reference(fit, "Growth", c(weight = "kg", height = "cm"), "simulated")
  a <- deviations(fit, d, given = ~height, uncertainty = "posterior")
  b <- deviations(ref, d, given = ~height, uncertainty = "posterior")
  expect_identical(as.data.frame(a), as.data.frame(b))
  expect_identical(centiles(fit), centiles(ref))
  expect_identical(ref$units, c(height = "cm", weight = "kg"))
  expect_output(print(ref), "Growth.*height \\(cm\\).*8 levels.*Carries no rows")
})

test_that("small groups are left out where they are random, refused where they are not", {
  d <- data_sites()
  few <- d$site == "s8" & seq_len(nrow(d)) > max(which(d$site == "s8")[1:3])
  set.seed(23)
  fit <- quiet(covary(height ~ sex + s(age, k = 5) + s(site, bs = "re"),
    data = d[!few, ], draws = 200
  ))
  expect_warning(ref <- reference(fit), class = "covary_warning_small_group")
  expect_false("s8" %in% sites(ref)$level)
  expect_true("s8" %in% sites(reference(fit, min_count = 0))$level)
  expect_error(
    deviations(ref, d[d$site == "s8", ][1, ]),
    class = "covary_error_new_level"
  )
  rest <- d[d$site == "s2", ]
  expect_identical(deviations(ref, rest)$z, deviations(fit, rest)$z)
  d$sex[1:3] <- "X"
  fit <- quiet(covary(height ~ sex + age, data = d, draws = 100))
  expect_error(reference(fit), class = "covary_error_small_group")
})

test_that("arguments are checked", {
  refused <- function(...) {
    expect_error(reference(fit_sites(), ...), class = "covary_error_argument")
  }
  refused(title = 1)
  refused(units = "cm")
  refused(min_count = -1)
  expect_error(reference(1), class = "covary_error_argument")
})

# ---- privacy ---------------------------------------------------------------------------------

jittered <- function(d) {
  numeric <- vapply(d, is.numeric, TRUE)
  d[numeric] <- lapply(d[numeric], function(v) {
    signif(v + sd(v, na.rm = TRUE) * runif(length(v), -1, 1) / 50, 9)
  })
  d
}

test_that("a chart carries no value of a person: five data sets", {
  set.seed(24)
  d <- list(
    jittered(data_sites()), jittered(mtcars), jittered(iris), jittered(as.data.frame(ChickWeight)),
    jittered(na.omit(airquality))
  )
  d[[4]]$Chick <- factor(as.character(d[[4]]$Chick))
  fits <- list(
    quiet(covary(cbind(height, weight) ~ sex + s(age, k = 6) + s(site, bs = "re"),
      sigma ~ s(age, k = 5), rho ~ age,
      data = d[[1]], draws = 200
    )),
    quiet(covary(mpg ~ s(wt, k = 5), sigma ~ wt, data = d[[2]], draws = 200)),
    quiet(covary(cbind(Sepal.Length, Sepal.Width) ~ Species + s(Petal.Length, k = 5),
      data = d[[3]], draws = 200
    )),
    quiet(covary(weight ~ Diet + s(Time, k = 5) + s(Chick, bs = "re"), sigma ~ Time,
      data = d[[4]], draws = 200
    )),
    quiet(covary(log(Ozone) ~ t2(Wind, Temp, k = 4), data = d[[5]], draws = 200))
  )
  for (i in seq_along(fits)) {
    ref <- suppressWarnings(reference(fits[[i]]))
    found <- audit(ref, d[[i]])
    expect_true(attr(found, "clean"), label = paste("audit of set", i))
    expect_equal(sum(found$found), 0)
    if (requireNamespace("jsonlite", quietly = TRUE)) {
      file <- tempfile(fileext = ".json")
      write_reference(ref, file)
      text <- paste(readLines(file), collapse = "")
      numbers <- unique(unlist(lapply(d[[i]][vapply(d[[i]], is.numeric, TRUE)], format,
        digits = 9, trim = TRUE
      )))
      in_file <- vapply(numbers, grepl, TRUE, x = text, fixed = TRUE)
      expect_false(any(in_file))
    }
  }
})

test_that("an audit finds people, code and environments that were put in", {
  ref <- reference(fit_sites())
  d <- jittered(data_sites())
  stuffed <- ref
  stuffed$extra <- d$height
  expect_false(attr(audit(stuffed), "clean"))
  stuffed$extra <- d$height[1:3]
  expect_true(attr(audit(stuffed), "clean"))
  found <- audit(stuffed, d)
  expect_identical(found$found[found$element == "extra"], 3L)
  for (bad in list(mean, y ~ x, quote(a + b), globalenv())) {
    stuffed$extra <- list(bad)
    found <- audit(stuffed)
    expect_false(found$ok[found$element == "extra$1"])
  }
})
