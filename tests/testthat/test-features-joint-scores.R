test_that("people at a level that only some features know are judged by all of them", {
  p <- fit_features()
  d <- data_features()
  d$site[d$site == "s10"] <- "new"
  ref <- reference(p)
  for (adapted in c("f1", "f4")) {
    half <- adapt(ref, d[d$site == "new", ][1:30, ], resp = adapted)
    people <- d[d$site == "new", ][31:36, ]
    out <- deviations(half, people,
      resp = c("f1", "f4"), new_levels = "predictive",
      given = stats::reformulate(adapted)
    )
    joint <- out[out$resp == "f1:f4", ]
    expect_true(all(joint$status == "new level"))
    expect_true(all(out$status[grepl("|", out$resp, fixed = TRUE)] == "new level"))
    # Effects of the level are independent between features: correlations of z are smaller.
    z <- cbind(out$z[out$resp == "f1"], out$z[out$resp == "f4"])
    rho <- tanh(exact_curve(p, "rho", "f1:f4", people) / 2)
    plain <- sqrt((z[, 1]^2 + z[, 2]^2 - 2 * rho * z[, 1] * z[, 2]) / (1 - rho^2))
    expect_true(all(abs(joint$distance - plain) > 1e-3))
  }
})

test_that("levels that correlations have not seen are an error, or those of the population", {
  d <- data_features(2000)
  margins <- fit_margins(d, c("f1", "f2"), mu = ~age, refresh = FALSE)
  p <- fit_pairs(margins, d, rho = ~ age + s(site, bs = "re"), refresh = FALSE)
  new <- transform(d[1:3, ], site = "elsewhere")
  expect_error(deviations(p, new), class = "covary_error_new_level")
  expect_error(combine(p, c(f1 = 1, f2 = 1), new), class = "covary_error_new_level")
  expect_true(all(is.finite(deviations(p, new, new_levels = "population")$distance[7:9])))
})

test_that("features in a matrix are read by combine() as by deviations()", {
  p <- fit_features()
  d <- data_features()[1:5, ]
  wide <- d[c("age", "sex", "site")]
  wide$f <- as.matrix(d[paste0("f", 1:4)])
  w <- c(f1 = 1, f3 = -1)
  expect_equal(combine(p, w, wide)$z, combine(p, w, d)$z)
})
