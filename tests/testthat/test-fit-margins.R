# Naive answers on the scale of the user: draw by draw, row by row, by integrate().
margin_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      fit <<- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt,
        data = mtcars, margin = list(mpg = power(-0.5)), draws = 200, seed = 1
      )
    }
    fit
  }
})

new_cars <- data.frame(wt = c(2, 3.5), mpg = c(26, 17), qsec = c(18, 17))

latent_parts <- function(fit, newdata) {
  at <- function(dpar, resp) posterior_linpred(fit, newdata = newdata, dpar = dpar, resp = resp)
  list(
    mean = at("mu", "mpg"), sd = exp(at("sigma", "mpg")), other = at("mu", "qsec"),
    other_sd = exp(at("sigma", "qsec")), rho = tanh(at("rho", "mpg:qsec") / 2)
  )
}

test_that("means and sds are integrals over the response", {
  fit <- margin_fit()
  m <- fit$margins$mpg
  of <- latent_parts(fit, new_cars)
  mean <- posterior_epred(fit, new_cars, resp = "mpg")
  sd <- posterior_epred(fit, new_cars, dpar = "sigma", resp = "mpg")
  for (s in c(1, 50)) {
    for (row in 1:2) {
      power_moment <- function(k, about = 0) {
        integrate(function(z) {
          dnorm(z) * (from_latent(m, of$mean[s, row] + of$sd[s, row] * z) - about)^k
        }, -5.6, 5.6, rel.tol = 1e-9)$value
      }
      expect_equal(mean[s, row], power_moment(1), tolerance = 1e-5)
      expect_equal(sd[s, row], sqrt(power_moment(2, power_moment(1))), tolerance = 1e-3)
    }
  }
  p <- predict(fit, new_cars, dpar = c("mu", "sigma"), resp = "mpg")
  expect_equal(p$estimate, c(colMeans(mean), colMeans(sd)))
  median <- predict(fit, new_cars, type = "median", resp = "mpg")
  expect_equal(median$estimate, colMeans(from_latent(m, of$mean)))
  expect_equal(
    posterior_linpred(fit, TRUE, new_cars, resp = "mpg"), from_latent(m, of$mean)
  )
  expect_equal(predict(fit, new_cars, type = "median", resp = "qsec")$estimate, colMeans(of$other))
  expect_error(predict(fit, new_cars, "sigma", type = "median"), class = "covary_error_argument")
})

test_that("log_lik() is the density of the response", {
  fit <- margin_fit()
  m <- fit$margins$mpg
  of <- latent_parts(fit, new_cars)
  z <- (rep(to_latent(m, new_cars$mpg), each = 200) - of$mean) / of$sd
  w <- (rep(new_cars$qsec, each = 200) - of$other) / of$other_sd
  slope <- rep(latent_log_slope(m, new_cars$mpg), each = 200)
  joint <- -log(2 * pi) - log(of$sd * of$other_sd) - log(1 - of$rho^2) / 2 -
    (z^2 - 2 * of$rho * z * w + w^2) / (2 * (1 - of$rho^2)) + slope
  expect_equal(unname(log_lik(fit, new_cars)), unname(joint))
  expect_equal(unname(log_lik(fit, new_cars, "mpg")), unname(dnorm(z, log = TRUE) - log(of$sd) +
    slope))
  one <- function(y) {
    vapply(y, function(y) {
      exp(log_lik(fit, data.frame(wt = 3, mpg = y), "mpg", draw_ids = 7L))[1, 1]
    }, 0)
  }
  expect_equal(integrate(one, 5, 80)$value, 1, tolerance = 1e-6)
  new <- data.frame(wt = 3, mpg = -1, qsec = 17)
  expect_error(log_lik(fit, new), class = "covary_error_margin")
})

test_that("simulated responses are transformed normal values", {
  fit <- margin_fit()
  m <- fit$margins$mpg
  set.seed(2)
  y <- posterior_predict(fit, new_cars[rep(1, 2000), ], draw_ids = 5L)[1, , ]
  of <- lapply(latent_parts(fit, new_cars), function(v) v[5, 1])
  z <- cbind((to_latent(m, y[, 1]) - of$mean) / of$sd, (y[, 2] - of$other) / of$other_sd)
  expect_gt(ks.test(z[, 1], "pnorm")$p.value, 1e-3)
  expect_gt(ks.test((z[, 2] - of$rho * z[, 1]) / sqrt(1 - of$rho^2), "pnorm")$p.value, 1e-3)
  interval <- predictive_interval(fit, newdata = new_cars[1, ], resp = "mpg", prob = 0.8)
  draws <- posterior_predict(fit, new_cars[rep(1, 100), ], resp = "mpg")
  expect_lt(max(abs(interval / quantile(draws, c(0.1, 0.9)) - 1)), 0.05)
})

test_that("simulated responses stay within the limit of a power", {
  fit <- margin_fit()
  latent <- list(matrix(rnorm(2000), 1000), matrix(rnorm(2000), 1000))
  margins <- list(list(margin = margin_of_data(power(1), 1), p = list(lambda = 1)), NULL)
  eta <- list(mu = list(matrix(0.5, 1000, 2), matrix(0, 1000, 2)))
  set.seed(1)
  draw <- function(at) {
    mean <- eta_at(eta, at)$mu
    lapply(mean, function(v) v + rnorm(length(v)))
  }
  found <- draw_within(draw, margins)
  expect_true(all(found[[1]] > 0))
  expect_true(any(found[[2]] < 0))
  truncated <- function(q) (pnorm(q - 0.5) - pnorm(-0.5)) / (1 - pnorm(-0.5))
  expect_gt(ks.test(as.vector(found[[1]]), truncated)$p.value, 1e-3)
})

test_that("missing responses are drawn and predicted given the others", {
  fit <- margin_fit()
  m <- fit$margins$mpg
  new <- data.frame(wt = c(3, 3), mpg = c(20, NA), qsec = c(NA, 18))
  of <- latent_parts(fit, new)
  z <- (to_latent(m, 20) - of$mean[, 1]) / of$sd[, 1]
  mean <- of$other[, 1] + of$rho[, 1] * of$other_sd[, 1] * z
  p <- predict(fit, new, dpar = "mu", given = "observed")
  expect_equal(p$estimate[p$resp == "qsec"], c(mean(mean), 18))
  w <- (18 - of$other[, 2]) / of$other_sd[, 2]
  centre <- of$mean[, 2] + of$rho[, 2] * of$sd[, 2] * w
  spread <- of$sd[, 2] * sqrt(1 - of$rho[, 2]^2)
  naive <- vapply(seq_along(centre), function(s) {
    integrate(
      function(x) dnorm(x) * from_latent(m, centre[s] + spread[s] * x), -5.6, 5.6
    )$value
  }, 0)
  expect_equal(p$estimate[p$resp == "mpg"], c(20, mean(naive)), tolerance = 1e-5)
  set.seed(3)
  drawn <- posterior_predict(fit, new[rep(2, 400), ], given = "observed", draw_ids = 9L)[1, , 1]
  x <- (to_latent(m, drawn) - centre[9]) / spread[9]
  expect_gt(ks.test(x, "pnorm")$p.value, 1e-3)
})

test_that("residuals and the likelihood of a fit are those of its rows", {
  fit <- margin_fit()
  m <- fit$margins$mpg
  expect_equal(
    unname(residuals(fit)[, "mpg"]), mtcars$mpg - unname(fitted(fit)[, "mpg"])
  )
  expect_equal(fitted(fit)[, "mpg"], colMeans(posterior_epred(fit, resp = "mpg")),
    ignore_attr = TRUE
  )
  of <- lapply(latent_parts(fit, mtcars), colMeans)
  z <- (to_latent(m, mtcars$mpg) - of$mean) / of$sd
  expect_equal(unname(residuals(fit, "whitened")[, 1]), unname(z), tolerance = 1e-10)
  l <- logLik(fit)
  some <- rowSums(log_lik(fit))
  expect_equal(attr(l, "df"), 2 * (as.vector(l) - mean(some)), tolerance = 1e-8)
  expect_gt(as.vector(l), max(some) - 1)
})

test_that("fits simulate where normal draws pass the limit, by the truncated normal", {
  set.seed(4)
  fit <- suppressWarnings(quiet(
    covary(mpg ~ wt, data = mtcars, margin = list(mpg = power(1)), draws = 4000)
  ))
  new <- data.frame(wt = c(3, 7))
  y <- posterior_predict(fit, new)
  expect_true(all(y > 0))
  expect_true(all(predictive_interval(fit, newdata = new) > 0))
  mean <- posterior_linpred(fit, newdata = new)
  sd <- exp(posterior_linpred(fit, newdata = new, dpar = "sigma"))
  # Mean of a normal above zero, by draw
  truncated <- mean + sd * stats::dnorm(mean / sd) / stats::pnorm(mean / sd)
  found <- posterior_epred(fit, newdata = new)
  expect_lt(max(abs(found[, 1] / truncated[, 1] - 1)), 1e-4)
  expect_lt(abs(mean(found[, 2]) / mean(y[, 2]) - 1), 0.1)
  expect_warning(
    far <- posterior_predict(fit, data.frame(wt = 40), draw_ids = 1:3),
    class = "covary_warning_margin_limit"
  )
  expect_true(all(is.na(far)))
  expect_true(all(is.na(posterior_epred(fit, newdata = data.frame(wt = 40)))))
})

test_that("centiles and harmonised values beyond the limit are NA", {
  set.seed(5)
  fit <- suppressWarnings(quiet(
    covary(mpg ~ wt, data = mtcars, margin = list(mpg = power(1)), draws = 500)
  ))
  at <- centiles(fit, data.frame(wt = c(3, 7)), p = c(0.001, 0.5))
  expect_identical(is.na(at$value), at$wt == 7)
})

test_that("tables of parameters have those of margins; priors of margins are refused", {
  fit <- suppressWarnings(quiet(
    covary(mpg ~ wt, data = mtcars, margin = list(mpg = power()), draws = 200, seed = 1)
  ))
  name <- margin_draw_names(fit)
  expect_identical(name, "lambda")
  own <- tidy(fit)
  own <- own[own$variable == name, ]
  draws <- as.matrix(fit, name)
  expect_equal(own$estimate, mean(draws))
  expect_identical(own$class, "margin")
  expect_identical(names(own), names(tidy(fixture("full"))))
  expect_error(default_prior(mpg ~ wt, data = mtcars, margin = power(0)),
    class = "covary_error_margin"
  )
  skip_if_not_installed("insight")
  expect_identical(insight::find_parameters(fit)$margin, name)
})
