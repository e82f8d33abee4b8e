test_that("z of features are those of their margins, from margins, pairs, chart and file", {
  p <- fit_features()
  d <- data_features()[1:200, ]
  out <- deviations(p, d)
  z <- exact_z(p, d)
  for (name in colnames(z)) {
    expect_lt(max(abs(out$z[out$resp == name] - z[, name])), 1e-6)
    expect_identical(out$value[out$resp == name], d[[name]])
  }
  expect_identical(names(out)[1:3], c("age", "sex", "site"))
  expect_identical(deviations(reference(p), d), out)
  of_margins <- deviations(p$margins, d)
  expect_identical(of_margins$z, out$z[1:800])
  expect_false("distance" %in% names(of_margins))
  skip_if_not_installed("jsonlite")
  file <- tempfile(fileext = ".json")
  on.exit(unlink(file))
  write_reference(reference(p), file)
  expect_identical(deviations(read_reference(file), d), out)
})

test_that("scores of a feature are those of a fit of that feature alone", {
  p <- fit_features()
  d <- data_features()
  set.seed(53)
  alone <- quiet(covary(f2 ~ sex + s(age, k = 6) + s(site, bs = "re"),
    sigma ~ age + s(site, bs = "re"),
    data = d, draws = 2000
  ))
  one <- deviations(alone, d[1:300, ], uncertainty = "posterior")
  ours <- deviations(p, d[1:300, ], resp = "f2", uncertainty = "posterior")
  # Cells of margins are wider than those of fits: differences of a few per cent of z_se
  expect_lt(max(abs(ours$z - one$z) / one$z_se), 0.2)
  expect_lt(max(abs(log(ours$z_se / one$z_se))), 0.12)
  theirs <- evaluate(alone, d[1:300, ], measures = c("log_score", "mean_z", "var_z", "msll"))
  mine <- evaluate(p, d[1:300, ],
    resp = "f2", measures = c("log_score", "mean_z", "var_z", "msll")
  )
  expect_identical(mine$measure, theirs$measure)
  expect_lt(max(abs(mine$estimate - theirs$estimate)), 0.01)
})

test_that("distances, drivers and conditional z are those of the joint matrix", {
  p <- fit_features()
  d <- data_features()[1:40, ]
  d$f3[c(2, 5)] <- NA
  d$f1[5] <- NA
  z <- exact_z(p, d)
  out <- deviations(p, d, given = ~ f1 + f4)
  joint <- out[out$resp == "f1:f2:f3:f4", ]
  r <- correlation_matrix(p, d)
  for (i in c(1, 2, 5, 17)) {
    on <- which(!is.na(z[i, ]))
    weighted <- solve(r[i, on, on], z[i, on])
    expect_lt(abs(joint$distance[i] - sqrt(sum(z[i, on] * weighted))), 1e-5)
    expect_identical(joint$dof[i], length(on))
    share <- z[i, on] * weighted
    large <- share >= max(share) / 2
    expect_identical(joint$driver[i], paste(
      names(share)[large], ifelse(z[i, on] > 0, "high", "low")[large],
      collapse = ", "
    ))
  }
  given <- out[out$resp == "f2 | f1, f4", ]
  others <- c("f1", "f4")
  for (i in c(1, 2, 9)) {
    slope <- solve(r[i, others, others], r[i, others, "f2"])
    expected <- (z[i, "f2"] - sum(slope * z[i, others])) /
      sqrt(1 - sum(slope * r[i, others, "f2"]))
    expect_lt(abs(given$z[i] - expected), 1e-5)
  }
  expect_true(is.na(given$z[5]))
})

test_that("two features are taken together by their pair alone", {
  p <- fit_features()
  d <- data_features()[1:30, ]
  z <- exact_z(p, d)
  rho <- tanh(exact_curve(p, "rho", "f1:f3", d) / 2)
  out <- deviations(p, d, resp = c("f1", "f3"), given = ~f1)
  square <- (z[, 1]^2 - 2 * rho * z[, 1] * z[, 3] + z[, 3]^2) / (1 - rho^2)
  expect_lt(max(abs(out$distance[out$resp == "f1:f3"]^2 - square)), 1e-5)
  expected <- (z[, 3] - rho * z[, 1]) / sqrt(1 - rho^2)
  expect_lt(max(abs(out$z[out$resp == "f3 | f1"] - expected)), 1e-6)
  chart <- feature_chart(p, c("f1", "f3"))
  theirs <- deviations(chart, d, given = ~f1)
  expect_equal(theirs$distance, out$distance, tolerance = 1e-9)
  expect_equal(theirs$z, out$z, tolerance = 1e-9)
  region <- reference_region(chart, d[1, ], level = 0.95, predictive = FALSE)
  expect_identical(nrow(region), 101L)
})

test_that("new levels are refused, left out, or integrated over, in joint rows too", {
  p <- fit_features()
  d <- data_features()[1:20, ]
  d$site[1:3] <- "new"
  expect_error(deviations(p, d), class = "covary_error_new_level")
  left <- deviations(p, d, new_levels = "population")
  wide <- deviations(p, d, new_levels = "predictive")
  chart <- feature_chart(p, c("f2", "f4"))
  expect_equal(
    deviations(p, d, new_levels = "predictive", resp = c("f2", "f4"))$distance,
    deviations(chart, d, new_levels = "predictive")$distance,
    tolerance = 1e-9
  )
  expect_identical(unique(left$status[left$site == "new"]), "new level")
  expect_true(all(abs(wide$z[1:3]) < abs(left$z[1:3])))
  expect_identical(wide$z[4:20], left$z[4:20])
  expect_equal(wide$distance[wide$site != "new"], left$distance[left$site != "new"])
})

test_that("what cannot be had is refused by name", {
  p <- fit_features()
  d <- data_features()[1:5, ]
  bad <- function(...) expect_error(deviations(p, d, ...), class = "covary_error_argument")
  bad(resp = "f9")
  bad(given = ~f9)
  bad(given = ~f1, uncertainty = "posterior")
  bad(joint = TRUE, resp = "f1")
  expect_error(deviations(p$margins, d, given = ~f1), class = "covary_error_argument")
  expect_error(deviations(p$margins, d, joint = TRUE), class = "covary_error_argument")
  expect_error(deviations(p, d[-4]), class = "covary_error_variable")
  expect_error(deviations(p, as.list(d)), class = "covary_error_newdata")
  expect_error(feature_chart(p, c("f1", "f2", "f3")), class = "covary_error_argument")
  expect_error(feature_chart(iris, "f1"), class = "covary_error_argument")
})

test_that("features may be columns of a matrix, or expressions", {
  d <- data_features(600)
  wide <- d[c("age", "site")]
  wide$m <- as.matrix(d[c("f1", "f2")])
  set.seed(1)
  a <- fit_margins(wide, "m", mu = ~age, refresh = FALSE)
  expect_equal(deviations(a, wide[1:9, ])$z, deviations(a, d[1:9, ])$z)
  h <- fit_margins(wide, "m", mu = ~ age + s(site, bs = "re"), refresh = FALSE)
  moved <- harmonise(h, wide[1:9, ])
  expect_equal(moved$m[, "f2"], harmonise(h, d[1:9, ])$f2)
  b <- fit_margins(d, ~ log(f3) + f1, mu = ~age, refresh = FALSE)
  out <- deviations(b, d[1:9, ])
  expect_equal(out$value[out$resp == "log(f3)"], log(d$f3[1:9]))
  ref <- reference(b)
  expect_error(deviations(ref, d[1:9, ]), class = "covary_error_variable")
  d[["log(f3)"]] <- log(d$f3)
  expect_identical(deviations(ref, d[1:9, ])$z, out$z)
})

test_that("nobody has no sums, and nothing to evaluate", {
  margins <- quiet(fit_margins(iris, names(iris)[1:3], mu = ~Species))
  pairs <- quiet(fit_pairs(margins, iris))
  nobody <- iris[0, ]
  expect_identical(nrow(deviations(pairs, nobody)), 0L)
  expect_identical(nrow(combine(pairs, c(Sepal.Length = 1), nobody)), 0L)
  expect_identical(nrow(combine(pairs, c(Sepal.Length = 1, Sepal.Width = -1), nobody)), 0L)
  expect_error(evaluate(pairs, nobody), class = "covary_error_newdata")
})
