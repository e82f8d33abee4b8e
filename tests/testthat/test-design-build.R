test_that("parametric columns are those of model.matrix, after the draws are mapped back", {
  d <- rows_60()
  d$chr <- as.character(d$g)
  d$lgl <- d$z > 0
  for (f in list(
    a ~ x * g, a ~ 0 + g + x, a ~ chr:x + lgl, a ~ splines::bs(x, 4) +
      splines::ns(z, 3), a ~ poly(x, 2) * z, a ~ I(x^2) + log(x),
    a ~ scale(x), a ~ 1, a ~ x - 1
  )) {
    fit <- quick(f, data = d)
    b <- coefficients_of(fit)
    b <- b[, !grepl("sigma", colnames(b)), drop = FALSE]
    x <- stats::model.matrix(f, d)
    expect_equal(all_predictors(fit, d)[[1]], tcrossprod(b, x),
      tolerance = rounding_of_fit,
      label = deparse1(f), ignore_attr = TRUE
    )
  }
})

test_that("terms that depend on all rows keep their meaning at new data", {
  d <- rows_60()
  fit <- quick(a ~ scale(x) + poly(z, 2), sigma ~ s(x, k = 5), data = d)
  all <- all_predictors(fit, d)
  expect_equal(all_predictors(fit, d[7:9, ]), lapply(all, function(e) e[, 7:9]),
    tolerance = rounding
  )
})

test_that("offsets add, may be constants, and make predictors known", {
  d <- rows_60()
  two <- 2
  fit <- quick(a ~ x + offset(z) + offset(two * x), sigma ~ 0 + offset(0.1) + offset(z / 5),
    data = d
  )
  at <- all_predictors(fit, d[1:4, ])
  b <- coefficients_of(fit)
  expect_identical(colnames(b), c("b_Intercept", "b_x"))
  expect_equal(at[[1]], b %*% rbind(1, d$x[1:4]) + rep((d$z + 2 * d$x)[1:4], each = nrow(b)),
    ignore_attr = TRUE
  )
  expect_equal(at[[2]][1, ], 0.1 + d$z[1:4] / 5)
  expect_identical(unname(vapply(fit$design$predictors, `[[`, TRUE, "known")), c(FALSE, TRUE))
  expect_error(quick(a ~ x + offset(g), data = d), class = "covary_error_offset")
  expect_error(quick(a ~ x + offset(c(1, 2)), data = d), class = "covary_error_offset")
  expect_error(suppressWarnings(quick(a ~ x + offset(log(z)), data = d)),
    class = "covary_error_offset"
  )
  expect_error(quick(a ~ 0, sigma ~ 0, data = d), class = "covary_error_formula")
  fit <- quick(cbind(a, b) ~ x, rho ~ 0, data = d)
  expect_true(all(all_predictors(fit, d)[["rho:a:b"]] == 0))
})

test_that("per-response offsets go through overrides", {
  d <- rows_60()
  fit <- quick(cbind(a, b) ~ x, b ~ x + offset(100 * z), sigma ~ 0 + offset(0),
    sigma(b) ~ 0 + offset(z), rho ~ 0 + offset(x),
    data = d
  )
  at <- all_predictors(fit, d[1:3, ])
  expect_equal(at[["sigma:a"]][1, ], rep(0, 3))
  expect_equal(at[["sigma:b"]][1, ], d$z[1:3])
  expect_equal(at[["rho:a:b"]][1, ], d$x[1:3])
})

test_that("names of draws are those of brms, and unique", {
  d <- rows_60()
  fit <- quick(cbind(a, b) ~ x + s(z, k = 4), sigma ~ g, rho ~ s(x, k = 4), data = d)
  expect_true(all(c(
    "b_a_Intercept", "b_b_x", "bs_a_sz_1", "s_a_sz_1[1]", "sds_a_sz_1",
    "b_sigma_a_gb", "s_rho_a_b_sx_1[2]", "sds_rho_a_b_sx_1",
    "lprior", "lp__", "lp_approx__"
  ) %in% colnames(fit$draws)))
  d$`x 1` <- d$x
  d$x1 <- d$z
  fit <- quick(a ~ `x 1` + x1 + s(x, k = 4) + s(x, k = 5, bs = "cr"), data = d)
  expect_identical(anyDuplicated(colnames(fit$draws)), 0L)
  expect_true(all(is.finite(unlist(all_predictors(fit, d[1:2, ])))))
  fit <- quick(cbind(`y 1`, y.1) ~ x,
    data = stats::setNames(d[c("a", "b", "x")], c("y 1", "y.1", "x"))
  )
  expect_identical(anyDuplicated(colnames(fit$draws)), 0L)
})

test_that("columns without information warn and leave the prior", {
  d <- rows_60()
  d$twice <- 2 * d$x
  expect_warning(fit <- quick(a ~ x + twice, data = d, draws = 1000), "twice",
    class = "covary_warning_collinear"
  )
  b <- coefficients_of(fit)
  expect_equal(stats::sd(b[, "b_x"] * stats::sd(d$x)), 2.5 / sqrt(2) * stats::sd(d$a),
    tolerance = 0.05
  )
  d$one <- 1
  expect_warning(fit <- quick(a ~ one, data = d, draws = 1000), "one",
    class = "covary_warning_collinear"
  )
  expect_equal(stats::sd(coefficients_of(fit)[, "b_one"]), 2.5 * stats::sd(d$a) * sqrt(59 / 60),
    tolerance = 0.05
  )
  expect_error(quick(a ~ g, data = transform(d, g = factor("a"))), "one level",
    class = "covary_error_covariate"
  )
})

test_that("new data are checked column by column", {
  d <- rows_60()
  d$m <- cbind(d$x^2, d$z)
  d$lgl <- d$z > 0
  fit <- quick(a ~ x + g + m + lgl, data = d)
  refused <- function(newdata, class = "covary_error_newdata") {
    expect_error(all_predictors(fit, newdata), class = class)
  }
  refused(as.list(d))
  refused(d["x"])
  refused(transform(d, x = "a"))
  refused(transform(d, g = 2))
  refused(transform(d, lgl = 1))
  refused(transform(d[c("x", "g", "lgl")], m = 1))
  refused(transform(d, g = "e"), "covary_error_new_level")
  refused(transform(d, x = Inf), "covary_error_infinite")
  some <- d[1:4, ]
  some$x[2] <- NA
  some$g[3] <- NA
  at <- all_predictors(fit, some)[[1]]
  expect_identical(which(is.na(at[1, ])), 2:3)
  expect_identical(dim(all_predictors(fit, d[0, ])[[1]]), c(200L, 0L))
  expect_equal(all_predictors(fit, transform(d, g = as.character(g))), all_predictors(fit, d))
})

test_that("a prediction outside the data is marked", {
  d <- rows_60()
  fit <- quick(a ~ x, sigma ~ z, data = d)
  newdata <- data.frame(x = c(0.5, 2, 0.5, NA), z = c(0, 0, 50, 0))
  expect_identical(extrapolates(newdata, fit$design), c(FALSE, TRUE, TRUE, FALSE))
  expect_identical(extrapolates(newdata, fit$design, "mu:a"), c(FALSE, TRUE, FALSE, FALSE))
})

test_that("predictors with the same right side share its columns but not its names and warnings", {
  d <- rows_60()
  parsed <- parse_formulas(list(
    cbind(a, b) ~ s(x, k = 5) + g, sigma ~ s(x, k = 5) + g,
    rho ~ s(x, k = 5)
  ), data_names = names(d))
  frame <- read_frame(parsed, d, NULL, NULL, na.omit)
  cells <- new_cells(frame)
  design <- new_design(parsed, frame, cells)
  one <- function(i) {
    alone <- parsed
    alone$predictors <- parsed$predictors[i]
    new_design(alone, frame, cells)
  }
  for (i in seq_along(parsed$predictors)) {
    expect_identical(design$x[[i]], one(i)$x[[1]])
    columns <- design$predictors[[i]]$columns
    expect_identical(columns$name, one(i)$predictors[[1]]$columns$name)
    expect_identical(unique(columns$sd[columns$sd > 0]), i)
  }
  d$twice <- 2 * d$x
  warned <- 0
  withCallingHandlers(quick(list(cbind(a, b) ~ x + twice, sigma ~ 1), data = d),
    covary_warning_collinear = function(w) {
      warned <<- warned + 1
      invokeRestart("muffleWarning")
    }
  )
  expect_identical(warned, 2)
})

test_that("lag() of stats, which shifts nothing, is refused", {
  expect_error(covary(mpg ~ lag(wt), data = mtcars), "shift", class = "covary_error_covariate")
  lag <- function(x) c(x[1], x[-length(x)])
  expect_false(tryCatch(
    {
      quick(mpg ~ lag(wt), data = mtcars)
      FALSE
    },
    error = function(e) grepl("does not shift", conditionMessage(e))
  ))
})
