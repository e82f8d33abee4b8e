test_that("dimensions and names: S x N x K, S x N for one", {
  fit <- fixture("two")
  new <- data.frame(x = c(-1, 0, 1), f = "p")
  y <- posterior_predict(fit, newdata = new)
  expect_identical(dim(y), c(800L, 3L, 2L))
  expect_identical(dimnames(y)[[3]], c("a", "b"))
  expect_identical(dim(posterior_predict(fit, newdata = new, resp = "b")), c(800L, 3L))
  expect_identical(
    dim(posterior_epred(fit, newdata = new, dpar = "sigma", ndraws = 7)),
    c(7L, 3L, 2L)
  )
  expect_identical(dim(posterior_linpred(fit, newdata = new, dpar = "rho")), c(800L, 3L))
  expect_identical(dim(posterior_predict(fixture("one"))), c(800L, 32L))
  expect_identical(dim(posterior_predict(fit, newdata = new[0, ])), c(800L, 0L, 2L))
  expect_identical(dim(log_lik(fit)), c(800L, 120L))
})

test_that("predictors follow from the draws", {
  fit <- fixture("one")
  d <- as.matrix(fit)
  new <- data.frame(wt = c(2, 3.5))
  eta <- d[, c("b_Intercept", "b_wt")] %*% rbind(1, new$wt)
  s <- d[, c("b_sigma_Intercept", "b_sigma_wt")] %*% rbind(1, new$wt)
  expect_equal(posterior_epred(fit, newdata = new), eta, ignore_attr = TRUE)
  expect_equal(posterior_linpred(fit, newdata = new, dpar = "sigma"), s, ignore_attr = TRUE)
  expect_equal(posterior_linpred(fit,
    transform = TRUE, newdata = new, dpar = "sigma",
    draw_ids = 3:4
  ), exp(s[3:4, ]), ignore_attr = TRUE)
  two <- fixture("two")
  r <- posterior_linpred(two, dpar = "rho")
  expect_equal(posterior_epred(two, dpar = "rho"), tanh(r / 2))
  expect_equal(posterior_epred(two, resp = "b"), posterior_epred(two)[, , "b"])
})

test_that("known predictors are their offsets", {
  fit <- fixture("known")
  new <- data.frame(wt = 3, hp = c(90, 120))
  expect_equal(posterior_epred(fit, newdata = new, dpar = "sigma", resp = "qsec")[1, ], c(1.5, 2),
    ignore_attr = TRUE
  )
  expect_true(all(posterior_epred(fit, dpar = "rho") == 0))
})

test_that("moments of predictions are those of the model", {
  fit <- fixture("two")
  set.seed(5)
  new <- data.frame(x = c(-1.5, 1.5), f = "q")
  id <- rep(7, 20000)
  y <- posterior_predict(fit, newdata = new, draw_ids = id)
  mu <- posterior_epred(fit, newdata = new, draw_ids = 7)[1, , ]
  s <- posterior_epred(fit, newdata = new, dpar = "sigma", draw_ids = 7)[1, , ]
  rho <- posterior_epred(fit, newdata = new, dpar = "rho", draw_ids = 7)[1, ]
  for (i in 1:2) {
    expect_lt(max(abs(colMeans(y[, i, ]) - mu[i, ]) / s[i, ]), 0.03)
    expect_equal(apply(y[, i, ], 2, sd), s[i, ], tolerance = 0.03, ignore_attr = TRUE)
    expect_lt(abs(cor(y[, i, 1], y[, i, 2]) - rho[i]), 0.03)
  }
  # Rows are independent.
  expect_lt(abs(cor(y[, 1, 1], y[, 2, 1])), 0.03)
})

test_that("random numbers come from R's generator, and nothing sets a seed", {
  fit <- fixture("one")
  set.seed(9)
  a <- posterior_predict(fit)
  set.seed(9)
  expect_identical(posterior_predict(fit), a)
  expect_false(identical(posterior_predict(fit), a))
})

test_that("log_lik is the joint density of each row, to the power of its weight", {
  skip_if_not_installed("mvtnorm")
  d <- data_two()
  fit <- fixture("two")
  ll <- log_lik(fit, draw_ids = c(1, 400))
  mu <- posterior_epred(fit, draw_ids = c(1, 400))
  s <- posterior_epred(fit, dpar = "sigma", draw_ids = c(1, 400))
  rho <- posterior_epred(fit, dpar = "rho", draw_ids = c(1, 400))
  for (draw in 1:2) {
    for (i in c(1, 50, 120)) {
      v <- outer(s[draw, i, ], s[draw, i, ]) * matrix(c(1, rho[draw, i], rho[draw, i], 1), 2)
      expect_equal(ll[draw, i],
        mvtnorm::dmvnorm(unlist(d[i, c("a", "b")]), mu[draw, i, ], v, log = TRUE),
        ignore_attr = TRUE
      )
    }
  }
  expect_equal(log_lik(fit, newdata = d, draw_ids = c(1, 400)), ll)
  expect_equal(log_lik(fit, resp = "b", draw_ids = 1)[1, ],
    dnorm(d$b, mu[1, , "b"], s[1, , "b"], log = TRUE),
    ignore_attr = TRUE
  )
  weighted <- fixture("weighted")
  expect_equal(log_lik(weighted), sweep(log_lik(weighted, newdata = d), 2, d$w, "*"))
  one <- fixture("one")
  expect_equal(log_lik(one)[5, ],
    dnorm(mtcars$mpg, posterior_epred(one)[5, ], posterior_epred(one, dpar = "sigma")[5, ],
      log = TRUE
    ),
    ignore_attr = TRUE
  )
})

test_that("sums of log_lik and log prior are lp__", {
  fit <- fixture("full")
  d <- as.matrix(fit)
  prior <- dlogis(d[, "b_rho_mpg_qsec_Intercept"], log = TRUE)
  for (j in which(fit$priors$dpar != "rho")) {
    p <- fit$priors[j, ]
    at <- d[, p$name]
    if (p$dpar == "mu" && p$class == "Intercept") {
      at <- at + mean(mtcars$wt) *
        d[, paste0("b_", p$resp, "_wt")]
    }
    prior <- prior + dnorm(at, p$prior[[1]]$par[1], p$prior[[1]]$par[2], log = TRUE)
  }
  expect_equal(d[, "lp__"], rowSums(log_lik(fit)) + prior, tolerance = half_of_digits)
})

test_that("missing covariates and responses give NA in their places only", {
  fit <- fixture("two")
  new <- data.frame(a = c(1, NA, 1), b = 20, x = c(0, 0, NA), f = "p")
  expect_identical(is.na(posterior_predict(fit, newdata = new)[1, , 1]), c(FALSE, FALSE, TRUE))
  expect_identical(is.na(log_lik(fit, newdata = new)[1, ]), c(FALSE, FALSE, TRUE))
})

test_that("predictive errors are responses minus predictions", {
  fit <- fixture("one")
  set.seed(4)
  y <- posterior_predict(fit)
  set.seed(4)
  expect_equal(predictive_error(fit), rep(mtcars$mpg, each = 800) - y)
  expect_identical(dim(predictive_error(fixture("two"), ndraws = 5)), c(5L, 120L, 2L))
})

test_that("wrong arguments have typed errors", {
  fit <- fixture("two")
  expect_error(posterior_epred(fit, dpar = "nu"), class = "covary_error_argument")
  expect_error(posterior_epred(fit, resp = "z"), class = "covary_error_argument")
  expect_error(posterior_predict(fit, resp = "a:b"), class = "covary_error_argument")
  expect_error(posterior_epred(fixture("one"), dpar = "rho"), class = "covary_error_argument")
  expect_error(posterior_predict(fit, ndraws = 5, draw_ids = 1), class = "covary_error_argument")
  expect_error(posterior_predict(fit, ndraws = 801), class = "covary_error_argument")
  expect_error(posterior_predict(fit, draw_ids = 0), class = "covary_error_argument")
  expect_error(posterior_predict(fit, newdata = list(x = 1)), class = "covary_error_newdata")
  expect_error(posterior_predict(fit, newdata = data.frame(x = 1)), class = "covary_error_newdata")
  expect_error(posterior_predict(fit, newdata = data.frame(x = 1, f = "zzz")),
    class = "covary_error_new_level"
  )
  expect_error(log_lik(fit, newdata = data.frame(x = 1, f = "p")), class = "covary_error_variable")
  expect_error(posterior_predict(fit, new_data = data_two()),
    class = "covary_error_argument"
  )
})
