# Densities that are -Inf or NaN on a part of the space, declared by no transform

gamma_like <- function(beyond, given = FALSE) {
  suppressMessages(target_density(
    function(t) {
      if (t[["x"]] > 0) {
        2 * log(t[["x"]]) - t[["x"]]
      } else {
        beyond
      }
    },
    if (given) function(t) 2 / t - 1,
    names = "x", start = c(x = 2)
  ))
}

said_by <- function(code) {
  said <- character()
  fit <- withCallingHandlers(code, warning = function(w) {
    said <<- c(said, class(w)[1])
    invokeRestart("muffleWarning")
  })
  list(fit = fit, said = said)
}

test_that("engines survive the edge of a support, with finite moments and an honest verdict", {
  engines <- list(
    full = advi, field = function(t) advi(t, "meanfield"), low = function(t) {
      advi(t, "lowrank")
    },
    adam = function(t) advi(t, optimizer = adam(0.02), iterations = 1000), laplace = laplace,
    pathfinder = pathfinder, one = function(t) pathfinder(t, paths = 1)
  )
  for (beyond in list(-Inf, NaN, NA_real_, Inf)) {
    for (given in c(FALSE, TRUE)) {
      for (name in names(engines)) {
        set.seed(1)
        out <- said_by(engines[[name]](gamma_like(beyond, given)))
        about <- paste(name, beyond, given)
        expect_true(is.finite(mean(out$fit)) && is.finite(sd(out$fit)), info = about)
        expect_false("covary_warning_gradient" %in% out$said, info = about)
        expect_false(out$fit$info$converged, info = about)
        if (out$fit$info$outside + out$fit$info$undefined == 0) {
          # driven so far inside that no draw is beyond
          expect_gt(out$fit$info$khat, 0.7, label = about)
          next
        }
        expect_true("covary_warning_support" %in% out$said, info = about)
        # neither khat nor the ELBO look as if the draws were inside
        if (identical(beyond, -Inf)) {
          expect_identical(elbo(out$fit), -Inf, info = about)
        } else {
          expect_identical(out$fit$info$khat, Inf, info = about)
          expect_true(is.na(elbo(out$fit)), info = about)
        }
      }
    }
  }
})

test_that("SVGD and NUTS stay inside the support", {
  for (beyond in list(-Inf, NaN)) {
    set.seed(2)
    particles <- said_by(svgd(gamma_like(beyond), iterations = 800))$fit
    expect_true(all(particles$draws > 0))
    expect_equal(unname(mean(particles)), 3, tolerance = 0.1)
    chain <- said_by(nuts(gamma_like(beyond), 2, 300, 500))
    expect_true(all(chain$fit$draws > 0))
    expect_equal(unname(mean(chain$fit)), 3, tolerance = 0.2)
  }
  # forces at the edge of the uniform distribution say nothing: steps beyond it are undone
  box <- suppressMessages(target_density(function(t) if (abs(t) < 1) 0 else -Inf, names = "x"))
  expect_true(all(abs(said_by(svgd(box, iterations = 300))$fit$draws) < 1))
  nowhere <- suppressMessages(target_density(function(t) if (t > 1e6) -t else -Inf, function(t) -1,
    names = "x"
  ))
  for (engine in list(advi, laplace, pathfinder, svgd, nuts)) {
    expect_error(engine(nowhere), class = "covary_error_start")
  }
})

test_that("draws count, however few, and many make a fit that is none", {
  weigh <- internal("weigh_draws")
  set.seed(3)
  lq <- rnorm(1000)
  lp <- lq + rnorm(1000, 0, 0.1)
  fine <- weigh(lp, lq)$info
  expect_lt(fine$khat, 0.5)
  expect_equal(fine$elbo, mean(lp - lq))
  few <- weigh(replace(lp, 1:5, -Inf), lq)$info
  expect_identical(few$outside, 5L)
  expect_identical(few$elbo, -Inf)
  expect_true(is.finite(few$khat))
  expect_equal(few$log_evidence, fine$log_evidence, tolerance = 0.1)
  expect_identical(weigh(replace(lp, 1:50, -Inf), lq)$info$khat, Inf)
  for (bad in c(NaN, NA, Inf)) {
    one <- weigh(replace(lp, 7, bad), lq)
    expect_identical(one$info$khat, Inf)
    expect_identical(one$info$undefined, 1L)
    expect_true(is.na(one$info$elbo) && is.na(one$info$log_evidence))
    expect_equal(one$weights[7], 0)
  }
})

test_that("an overflow in the density of Laplace's draws is seen", {
  x <- c(-3:-1, 1:3)
  y <- x > 0
  target <- suppressMessages(target_density(function(t) {
    p <- 1 / (1 + exp(-t[["b"]] * x))
    sum(y * log(p) + (1 - y) * log(1 - p)) - t[["b"]]^2 / 800
  }, names = "b", start = c(b = 1)))
  expect_warning(fit <- laplace(target), class = "covary_warning_support")
  expect_identical(fit$info$khat, Inf)
  expect_gt(fit$info$undefined, 0)
})

test_that("central differences at an edge take the side that there is", {
  target <- suppressMessages(target_density(
    function(t) {
      if (t[["x"]] >= 0) {
        -3 * abs(t[["x"]])
      } else {
        -Inf
      }
    },
    names = "x",
    start = c(x = 1)
  ))
  expect_identical(target$derivative, "central")
  g <- internal("density_at")(target, matrix(c(0, 1e-7, 1)), TRUE)$gradient
  expect_equal(as.vector(g), rep(-3, 3), tolerance = convergence_error)
})
