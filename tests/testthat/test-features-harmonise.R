# Three features whose correlations differ between sites.
fit_sites_of_features <- function() {
  if (is.null(fits$harmonise)) {
    d <- data_features(2000)
    set.seed(53)
    margins <- fit_margins(d, paste0("f", 1:3), mu = ~ age + s(site, bs = "re"), refresh = FALSE)
    fits$harmonise <- fit_pairs(margins, d, rho = ~ age + s(site, bs = "re"), refresh = FALSE)
  }
  fits$harmonise
}

with_gaps <- function() {
  d <- data_features(2000)[1:40, ]
  d$f1[3] <- d$f2[5] <- d$f3[5:6] <- NA
  d
}

test_that("correlations move to those of another site, by Cholesky factors of joint matrices", {
  p <- fit_sites_of_features()
  d <- with_gaps()
  there <- transform(d, site = "s02")
  z <- exact_z(p, d)
  own <- correlation_matrix(p, d)
  at <- correlation_matrix(p, there)
  expect_gt(max(abs(own - at)), 0.01)
  for (i in seq_len(nrow(d))) {
    on <- !is.na(z[i, ])
    w <- solve(t(chol(own[i, on, on])), z[i, on])
    z[i, on] <- t(chol(at[i, on, on])) %*% w
  }
  moved <- harmonise(p, d, to = "s02", correlation = TRUE)
  found <- exact_z(p, replace(there, paste0("f", 1:3), moved[paste0("f", 1:3)]))
  # The chart's table stands for the exact basis.
  expect_equal(found, z, tolerance = 1e-5)
  shrunk <- harmonise(p, d, to = "s02", correlation = TRUE, method = "shrink")
  expect_gt(max(abs(shrunk$f3 - moved$f3), na.rm = TRUE), 1e-6)
})

test_that("people moved to another site and back have their values, missing ones stay missing", {
  p <- fit_sites_of_features()
  d <- with_gaps()
  d <- d[d$site == "s03" | !stats::complete.cases(d), ]
  d$site <- "s03"
  for (object in list(p, reference(p))) {
    expect_equal(harmonise(object, d, to = "s03", correlation = TRUE), d, tolerance = rounding)
    away <- harmonise(object, d, to = "s07", correlation = TRUE)
    expect_gt(max(abs(away$f2 - harmonise(object, d, to = "s07")$f2), na.rm = TRUE), 1e-3)
    back <- harmonise(object, transform(away, site = "s07"), to = "s03", correlation = TRUE)
    expect_equal(transform(back, site = "s03"), d, tolerance = rounding)
  }
})

test_that("two features are moved as a fit of both moves them", {
  p <- fit_sites_of_features()
  d <- with_gaps()[1:20, ]
  pair <- c("f1", "f3")
  chart <- feature_chart(p, pair)
  for (to in list(NULL, "s04")) {
    expect_equal(
      harmonise(p, d, to = to, correlation = TRUE, resp = pair)[pair],
      harmonise(chart, d, to = to)[pair],
      tolerance = 1e-9
    )
  }
})

test_that("without a term of sites in rho nothing but margins moves", {
  p <- fit_features()
  d <- data_features()[1:20, ]
  expect_identical(harmonise(p, d, correlation = TRUE), harmonise(p, d))
})

test_that("correlations that were not fitted, and sites they do not know, are refused", {
  p <- fit_sites_of_features()
  d <- data_features(2000)[1:5, ]
  bad <- function(object, ...) {
    expect_error(harmonise(object, d, correlation = TRUE, ...), class = "covary_error_argument")
  }
  bad(p$margins)
  bad(p, resp = "f1")
  bad(p, to = "nowhere")
  bad(p, terms = "s(clinic)")
  bad(p, method = "nearest")
  d$site[1] <- "new"
  expect_error(harmonise(p, d, correlation = TRUE), class = "covary_error_new_level")
})
