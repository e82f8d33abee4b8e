three <- quiet(covary(cbind(mpg, qsec, drat) ~ wt,
  sigma ~ wt, rho ~ wt,
  data = mtcars, algorithm = "laplace", draws = 200
))
new <- data.frame(wt = c(2, NA, 4))

# Draw by draw and row by row: covariance matrices from angles of partial correlations.
naive_covariance <- function(fit, newdata, draw, row) {
  at <- function(dpar) {
    eta <- posterior_linpred(fit, TRUE, newdata, dpar, draw_ids = draw)
    eta[1, row, ]
  }
  sd <- at("sigma")
  partial <- at("rho")
  k <- length(sd)
  root <- diag(k)
  for (i in seq_len(k)[-1]) {
    for (j in seq_len(i - 1)) {
      p <- partial[[paste(fit$responses[c(j, i)], collapse = ":")]]
      root[i, j] <- p * root[i, i]
      root[i, i] <- root[i, i] * sqrt(1 - p^2)
    }
  }
  tcrossprod(root) * outer(sd, sd)
}

test_that("correlations and covariances are marginal", {
  v <- covariance(three, new, draws = TRUE)
  r <- correlation(three, new, draws = TRUE)
  expect_identical(dim(v), c(200L, 3L, 3L, 3L))
  for (row in c(1, 3)) {
    for (draw in c(1, 77, 200)) {
      want <- naive_covariance(three, new, draw, row)
      expect_equal(v[draw, row, , ], want, ignore_attr = TRUE)
      expect_equal(r[draw, row, , ], cov2cor(want), ignore_attr = TRUE)
    }
  }
  expect_true(all(is.na(v[, 2, , ])))
  rho <- posterior_epred(three, new, dpar = "rho")
  expect_equal(rho[, , "qsec:drat"], r[, , "qsec", "drat"], ignore_attr = TRUE)
  partial <- posterior_linpred(three, transform = TRUE, newdata = new, dpar = "rho")
  expect_equal(rho[, , "mpg:drat"], partial[, , "mpg:drat"])
  expect_gt(max(abs(rho - partial)[, 1, "qsec:drat"]), 0.05)
})

test_that("all summaries are of marginal parameters", {
  r <- correlation(three, draws = TRUE)[, , "qsec", "drat"]
  want <- unname(colMeans(r))
  expect_equal(unname(fitted(three, "rho", "drat:qsec")), want)
  expect_equal(augment(three)$.rho_qsec_drat, want)
  p <- predict(three, dpar = "rho", resp = "qsec:drat")
  expect_equal(p$estimate, want)
  expect_equal(p$sd, unname(apply(r, 2, sd)))
  link <- predict(three, dpar = "rho", resp = "qsec:drat", type = "link")
  expect_equal(
    link$estimate, unname(colMeans(posterior_linpred(three, dpar = "rho", resp = "qsec:drat")))
  )
  curve <- conditional_effects(
    three, "wt",
    dpar = "rho", resp = "qsec:drat", points = 3, extend = 0
  )
  at <- posterior_epred(three, data.frame(wt = curve$x), dpar = "rho", resp = "qsec:drat")
  expect_equal(curve$estimate, apply(at, 2, median))
  out <- correlation(three, new, resp = c("drat:qsec", "mpg:drat"))
  expect_identical(out$pair, rep(c("qsec:drat", "mpg:drat"), each = 3))
  expect_identical(is.na(out$estimate), rep(c(FALSE, TRUE, FALSE), 2))
  all <- correlation(three, new)
  expect_equal(out$estimate[1:3], all$estimate[all$pair == "qsec:drat"])
  expect_identical(correlation(three, new, resp = c("mpg", "drat"))$pair, rep("mpg:drat", 3))
  expect_identical(
    unique(covariance(three, new, resp = c("mpg", "drat"))$pair),
    c("mpg:mpg", "drat:drat", "mpg:drat")
  )
  expect_identical(
    dimnames(correlation(three, new, resp = "qsec:drat", draws = TRUE))[[3]], c("qsec", "drat")
  )
  expect_error(correlation(three, new, resp = "mpg"), class = "covary_error_argument")
  expect_error(correlation(three, new, resp = "mpg:mpg"), class = "covary_error_argument")
})

test_that("a correlation rests on the predictors of the responses before", {
  fit <- quiet(covary(cbind(mpg, qsec, drat) ~ 1,
    rho(mpg, drat) ~ wt, rho(mpg, qsec) ~ hp, rho(qsec, drat) ~ 0,
    data = mtcars, algorithm = "laplace", draws = 100
  ))
  r <- correlation(fit, data.frame(wt = 3, hp = 100), draws = TRUE)[, 1, , ]
  expect_equal(r[, 3, 2], r[, 2, 1] * r[, 3, 1])
  expect_false(anyNA(correlation(fit, data.frame(wt = 3), resp = "mpg:drat")))
  expect_error(
    correlation(fit, data.frame(wt = 3), resp = "qsec:drat"),
    class = "covary_error_newdata"
  )
  effects <- conditional_effects(fit, dpar = "rho", resp = "qsec:drat")
  expect_setequal(effects$covariate, c("wt", "hp"))
  far <- data.frame(wt = 9, hp = 100)
  expect_false(predict(fit, far, "rho", "mpg:qsec")$extrapolated)
  expect_true(predict(fit, far, "rho", "qsec:drat")$extrapolated)
})

test_that("whitened residuals are those of the Cholesky factor of the fitted covariance", {
  z <- residuals(three, "pearson")
  rho <- fitted(three, "rho")
  w <- residuals(three, "whitened")
  for (row in c(1, 20)) {
    r <- diag(3)
    r[upper.tri(r)] <- rho[row, c("mpg:qsec", "mpg:drat", "qsec:drat")]
    expect_equal(w[row, ], backsolve(chol(r), z[row, ], transpose = TRUE), ignore_attr = TRUE)
  }
})

test_that("a pair of five responses needs the predictors of some pairs alone", {
  normal <- normal_likelihood()
  set.seed(3)
  r <- matrix(list(), 5, 5)
  for (i in 2:5) for (j in seq_len(i - 1)) r[[i, j]] <- matrix(rnorm(6), 2)
  all <- normal$correlations(list(rho = r), list(c(3, 5), c(2, 4), c(5, 4)))
  for (pair in list(c(3, 5), c(2, 4), c(5, 4))) {
    needed <- normal$rests_on(pair)
    some <- r
    for (i in 2:5) {
      for (j in seq_len(i - 1)) if (!all(c(i, j) %in% needed)) some[i, j] <- list(NULL)
    }
    alone <- normal$correlations(list(rho = some), list(pair))
    at <- match(sum(pair), c(8, 6, 9))
    expect_identical(alone[[1]], all[[at]])
  }
})
