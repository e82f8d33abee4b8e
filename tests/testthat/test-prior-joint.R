# The same functions, coded in several ways.
codings <- function(rows = 60) {
  d <- rows_60()[seq_len(rows), ]
  d$year <- 2010 + 5 * d$x
  d$h <- factor(rep(c("u", "v", "w"), length.out = rows))
  summed <- d
  stats::contrasts(summed$h) <- stats::contr.sum(3)
  list(
    orthogonal = list(~ poly(year, 2) + h, d),
    raw = list(~ year + I(year^2) + h, d),
    centred = list(~ I(year - 2010) + I((year - 2010)^2) + h, d),
    summed = list(~ poly(year, 2) + h, summed),
    unwritten = list(~ 0 + poly(year, 2) + h, d),
    unwritten_raw = list(~ 0 + year + I(year^2) + h, d)
  )
}

coded_target <- function(coding) {
  right <- coding[[1]][[2]]
  formula <- function(left) eval(call("~", left, right))
  model_of(list(formula(quote(cbind(a, b))), formula(quote(sigma)), formula(quote(rho))),
    data = coding[[2]]
  )
}

# Coefficients of predictor j that make the function f at the cells.
coefficients_for <- function(target, f) {
  unlist(lapply(seq_along(target$core$x), function(j) {
    qr.solve(t(target$core$x[[j]]), f[j, ] - target$core$offset[j, ])
  }))
}

test_that("the log prior density of the fitted functions does not depend on coding", {
  targets <- lapply(codings(), coded_target)
  set.seed(4)
  x <- targets[[1]]$core$x
  functions <- do.call(
    rbind,
    lapply(x, function(columns) as.vector(stats::rnorm(nrow(columns)) %*% columns))
  )
  other <- do.call(
    rbind,
    lapply(x, function(columns) as.vector(stats::rnorm(nrow(columns)) %*% columns))
  )
  # Densities of coefficients differ by a constant Jacobian; differences of two functions do not.
  ratio <- vapply(targets, function(target) {
    beta <- rbind(coefficients_for(target, functions), coefficients_for(target, other))
    diff(log_coefficient_prior(target, beta))
  }, 0)
  expect_equal(unname(ratio), rep(ratio[[1]], length(ratio)), tolerance = half_of_digits)
})

test_that("mode, laplace and fullrank moments, and log evidence do not depend on coding", {
  summary_of <- function(coding, algorithm) {
    right <- coding[[1]][[2]]
    formulas <- list(eval(call("~", quote(a), right)), eval(call("~", quote(sigma), right)))
    set.seed(1)
    fit <- quiet(covary(formulas, data = coding[[2]], algorithm = algorithm, draws = 4000))
    draws <- cbind(posterior_linpred(fit, dpar = "mu"), posterior_linpred(fit, dpar = "sigma"))
    list(mean = colMeans(draws), sd = apply(draws, 2, stats::sd), evidence = fit$info$log_evidence)
  }
  for (algorithm in c("laplace", "fullrank")) {
    fits <- lapply(codings(), summary_of, algorithm)
    for (fit in fits[-1]) {
      expect_lt(max(abs(fit$mean - fits[[1]]$mean) / fits[[1]]$sd), convergence_error)
      expect_lt(max(abs(log(fit$sd / fits[[1]]$sd))), convergence_error)
    }
  }
  nested <- lapply(codings(), summary_of, "nested")
  # The same posterior by other draws: .03 sds, and the standard error of a log mean of weights
  for (fit in nested[-1]) {
    expect_lt(sqrt(mean(((fit$mean - nested[[1]]$mean) / nested[[1]]$sd)^2)), 0.03)
    expect_lt(abs(fit$evidence - nested[[1]]$evidence), 0.05)
  }
})

test_that("density, gradient, Hessian and expectation of a joint prior are those of its formula", {
  for (name in c("raw", "unwritten_raw")) {
    target <- without_likelihood(coded_target(codings()[[name]]))
    naive <- function(beta) {
      sum(vapply(target$core$joint, function(block) {
        b <- beta[block$at] - block$location
        own <- if (is.null(block$weights)) {
          0
        } else {
          c <- sum(block$weights * beta[block$at])
          -c - 2 * log(1 + exp(-c))
        }
        block$constant - sum(b * (block$precision %*% b)) / 2 + own
      }, beta[1])) + sum(vapply(which(target$core$family > 0), function(i) {
        par <- target$core$prior[, i]
        z <- (beta[i] - par[1]) / par[2]
        if (target$core$family[i] == 1) {
          -log(2 * pi) / 2 - log(par[2]) - z^2 / 2
        } else {
          -z - 2 * log(1 + exp(-z)) - log(par[2])
        }
      }, beta[1]))
    }
    set.seed(2)
    beta <- stats::rnorm(target$dim)
    at <- .Call(C_loglik_and_priors, target$core, beta, 2L)
    expect_equal(at$value, naive(beta), tolerance = rounding)
    expect_close(at$gradient, t(complex_jacobian(naive, beta)), rounding_of_solve)
    slope <- function(b) .Call(C_loglik_and_priors, target$core, b, 1L)$gradient
    expect_close(as.vector(at$hessian), as.vector(difference_jacobian(slope, beta)), half_of_digits)
    cov <- crossprod(matrix(stats::rnorm(target$dim^2), target$dim)) / 20
    expected <- .Call(C_expect_loglik_and_priors, target$core, beta, cov, 1L)
    draws <- matched_noise(20000, target$dim) %*% chol(cov) + rep(beta, each = 20000)
    value <- .Call(C_loglik_and_priors_draws, target$core, draws)
    expect_lt(abs(mean(value) - expected$value), 4 * stats::sd(value) / sqrt(20000))
  }
})

test_that("draws from the prior have its moments, the unwritten constant included", {
  d <- codings()$unwritten[[2]]
  set.seed(3)
  fit <- covary(cbind(a, b) ~ 0 + h + x, rho ~ 0 + h + x,
    data = d, algorithm = "prior",
    draws = 20000
  )
  written <- covary(cbind(a, b) ~ h + x, rho ~ h + x, data = d, algorithm = "prior", draws = 20000)
  for (dpar in c("mu", "rho")) {
    one <- posterior_linpred(fit, dpar = dpar, resp = if (dpar == "mu") "a" else "a:b")
    two <- posterior_linpred(written, dpar = dpar, resp = if (dpar == "mu") "a" else "a:b")
    # Monte Carlo: 20,000 draws of each, sds to 1.5 %
    expect_lt(max(abs(log(apply(one, 2, stats::sd) / apply(two, 2, stats::sd)))), 0.04)
  }
})

test_that("a dummy of two rows in a hundred: prior sd near 2.5 on a log sd, a wide one on a mean", {
  set.seed(1)
  d <- data.frame(y = stats::rnorm(100), rare = rep(c(TRUE, FALSE), c(2, 98)))
  p <- default_prior(y ~ rare, sigma ~ rare, data = d)
  sd_of <- function(name) p$prior[[match(name, p$name)]]$par[2]
  expect_equal(sd_of("b_sigma_rareTRUE"), 2.58, tolerance = 0.01)
  expect_equal(sd_of("b_rareTRUE") / sqrt(mean((d$y - mean(d$y))^2)), 2.5 / sqrt(0.02 * 0.98),
    tolerance = half_of_digits
  )
})

test_that("a coefficient with a user's prior leaves the joint default; the others keep theirs", {
  d <- rows_60()
  joint <- default_prior(a ~ x + z, data = d)
  fit <- quick(a ~ x + z, data = d, prior = set_prior(normal(0, 3), coef = "x"))
  expect_identical(format(fit$priors$prior[[match("b_x", fit$priors$name)]]), "normal(0, 3)")
  expect_equal(fit$priors$prior[[match("b_z", fit$priors$name)]]$par,
    joint$prior[[match("b_z", joint$name)]]$par,
    tolerance = rounding_of_solve
  )
  alone <- quick(a ~ x + z,
    data = d,
    prior = c(
      set_prior(normal(0, 3), coef = "x"),
      set_prior(fit$priors$prior[[match("b_z", fit$priors$name)]], coef = "z")
    ),
    algorithm = "laplace"
  )
  same <- quick(a ~ x + z,
    data = d, prior = set_prior(normal(0, 3), coef = "x"),
    algorithm = "laplace"
  )
  expect_equal(coef(alone), coef(same), tolerance = half_of_digits)
})

test_that("collinear and empty columns leave the prior proper", {
  d <- rows_60()
  d$twice <- 2 * d$x
  fit <- suppressWarnings(quick(a ~ x + twice, data = d))
  expect_true(is.finite(fit$info$log_evidence))
  # both by a few hundred weighted draws
  expect_lt(abs(fit$info$log_evidence - quick(a ~ x, data = d)$info$log_evidence), 0.02)
})
