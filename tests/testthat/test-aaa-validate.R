# Objects that were edited or cut are refused by a typed error that names the field, before anything
# relies on them.

refused <- function(call, field = NULL) {
  e <- expect_error(call, class = "covary_error_object")
  if (!is.null(field)) expect_identical(e$field, field)
  expect_match(conditionMessage(e), "again")
}
change <- function(x, ...) {
  e <- substitute(list(...))[[2]]
  eval(e)
  x
}
data_of <- function() {
  set.seed(3)
  d <- data.frame(x = runif(60), g = rep(c("a", "b"), 30))
  d$y <- d$x + rnorm(60)
  d$z <- d$y / 2 + rnorm(60)
  d
}
a_fit <- function() {
  suppressWarnings(covary(cbind(y, z) ~ s(x, k = 4) + g, sigma ~ x,
    data = data_of(), draws = 100
  ))
}

test_that("whatever is changed in a fit, every door refuses it and names the field", {
  fit <- a_fit()
  doors <- list(
    print, summary, predict, fitted, residuals, coef, vcov, confint, posterior_predict,
    log_lik, conditional_effects, plot, pp_check, tidy, glance, augment,
    as_draws_df, as.matrix, variables, ndraws, update, simulate, logLik, correlation, diagnostics,
    elbo, as_target, nobs, model.matrix, prior_summary
  )
  edits <- list(
    draws = change(fit, x$draws <- NULL),
    draws = change(fit, x$draws <- x$draws[1:50, ]),
    draws = change(fit, x$draws[3, 2] <- NA),
    "design$x" = change(fit, x$design$x[[1]] <- 1),
    "design$predictors" = change(fit, x$design$predictors[[1]]$smooths[[1]]$sm$bs.dim <- NULL),
    "design$predictors" = change(fit, x$design$predictors[[1]]$scale[1] <- NA),
    design = change(fit, x$design <- "design"),
    "frame$y" = change(fit, x$frame$y <- x$frame$y[-1, ]),
    "frame$n" = change(fit, x$frame$n <- 7L),
    "frame$weights" = change(fit, x$frame$weights <- rep(-1, 60)),
    priors = change(fit, x$priors$prior[[1]]$par <- "a"),
    responses = change(fit, x$responses <- rev(x$responses)),
    cell = change(fit, x$cell <- x$cell[1:3]),
    "info$khat" = change(fit, x$info$khat <- "bad"),
    "info$converged" = change(fit, x$info$converged <- NA),
    info = change(fit, x$info <- 3),
    call = change(fit, x$call <- NULL),
    seal = change(fit, x$seal <- NULL)
  )
  for (i in seq_along(edits)) {
    field <- if (names(edits)[i] != "design") names(edits)[i]
    for (use in if (i == 1) doors else doors[1:4]) refused(use(edits[[i]]), field)
  }
  refused(predict(structure(list(), class = "covary")))
  refused(predict(structure(unclass(fit)[1:4], class = "covary")))
  refused(predict(structure(1, class = "covary")))
})

test_that("a fit stays whole when it is saved, and takes fields of its user", {
  fit <- a_fit()
  path <- tempfile(fileext = ".rds")
  on.exit(unlink(path))
  saveRDS(fit, path)
  expect_identical(predict(readRDS(path)), predict(fit))
  fit$mine <- "a note"
  fit$call$data <- quote(other)
  fit$info$converged <- FALSE
  expect_output(print(fit), "NOT CONVERGED")
})

test_that("cells that were cut or edited are refused wherever they are used", {
  d <- data_of()
  set.seed(4)
  many <- data.frame(x = runif(5000), w = runif(5000), g = rep(c("a", "b"), 2500), y = rnorm(5000))
  exact <- compress(d, "y", by = ~g)
  one <- compress(many, "y", by = ~ x + g, resolution = 20)
  two <- compress(many, "y", by = ~ x + w, resolution = 20)
  expect_equal(nobs(merge(one, one)), 10000)
  edits <- list(
    stats = change(exact, x$stats <- x$stats[1:3]),
    stats = change(exact, x$stats[2, 1] <- NA),
    stats = change(exact, x$stats <- -x$stats),
    groups = change(exact, x$groups <- NULL),
    groups = change(exact, x$groups$g[1] <- NA),
    k = change(exact, x$k <- 2),
    scaling = change(exact, x$scaling[, 2] <- 0),
    covariates = change(exact, x$covariates$g$type <- "odd"),
    covariates = change(exact, x$covariates <- NULL),
    table = change(one, x$table <- x$table[1:3]),
    table = change(one, x$table[1] <- NaN),
    table = change(one, x$table <- NULL),
    range = change(one, x$range <- rev(x$range)),
    range = change(one, x$first <- 1e300),
    step = change(one, x$step <- NA),
    step = change(one, x$step <- 0.5),
    places = change(two, x$places <- x$places[-1, ]),
    places = change(two, x$places[1, 3] <- 9),
    table = change(two, x$table <- x$table[, , , -1]),
    rows = change(one, x$rows <- "many")
  )
  for (i in seq_along(edits)) {
    for (use in list(
      print, summary, nobs, function(x) merge(exact, x), function(x) c(x, x),
      function(x) subset(x, g == "a"),
      function(x) covary(y ~ 1, data = x, draws = 100)
    )) {
      refused(use(edits[[i]]))
    }
  }
  refused(print(change(one, x$table <- x$table[1:3])), "table")
  refused(print(structure(list(1), class = "cells")))
})

test_that("learners, approximations and targets are refused when edited", {
  d <- data_of()
  learner <- learn_categories(g ~ y + z, d, epochs = 1)
  for (x in list(
    change(learner, x$parameter <- x$parameter[-1]),
    change(learner, x$settings$categories <- 1e9L), change(learner, x$x <- NULL),
    change(learner, x$settings <- "none"), structure(list(), class = "covary_learner")
  )) {
    for (use in list(print, predict, coef, plot, summary, simulate, trajectory)) refused(use(x))
  }
  fit <- advi(linear_regression(y ~ x, d), draws = 100)
  for (x in list(
    change(fit, x$draws <- NULL), change(fit, x$draws <- x$draws[, -1]),
    change(fit, x$mean <- "m"), change(fit, x$chol_cov <- x$chol_cov[-1, ]),
    change(fit, x$lp <- 1), change(fit, x$target <- NULL), change(fit, x$target$dim <- 99L),
    change(fit, x$target$data$cells <- NULL), change(fit, x$info <- NULL)
  )) {
    for (use in list(
      print, summary, mean, sd, as_draws_df,
      function(x) predict(x, d)
    )) {
      refused(use(x))
    }
  }
  refused(refine(change(fit, x$state$mean <- NULL), 5), "state$mean")
  refused(refine(change(fit, x$setup$family <- NULL), 5), "setup$family")
  target <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
  for (x in list(
    change(target, x$dim <- 2L), change(target, x$data$k <- 99),
    change(target, x$transforms <- NULL), change(target, x$kind <- "r"),
    change(target, x$start <- c(1, 2)), structure(list(), class = "covary_density")
  )) {
    for (use in list(print, advi, nuts, laplace, svgd, pathfinder)) refused(use(x))
  }
})

test_that("priors, optimisers, callbacks, transforms and controls are refused when edited", {
  d <- data_of()
  mixture <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
  refused(set_prior(change(normal(0, 1), x$par <- NA)), "par")
  refused(set_prior(change(normal(0, 1), x$code <- 99L)), "code")
  refused(linear_regression(y ~ x, d, prior = change(normal(0, 1), x$code <- NULL)), "code")
  refused(
    covary(y ~ x, data = d, prior = change(set_prior(normal(0, 1)), x$prior <- NULL)),
    "prior"
  )
  refused(c(change(set_prior(normal(0, 1)), x$class <- NULL)), "class")
  refused(advi(mixture, optimizer = change(adam(), x$rule <- x$rule[-1])), "rule")
  refused(svgd(mixture, optimizer = change(adam(), x$rule$name <- "unheard")), "rule")
  refused(
    advi(mixture, optimizer = adam(), callbacks = change(check_convergence(), x$run <- NULL)),
    "run"
  )
  refused(advi(mixture, control = change(advi_control(), x$draws <- -1)), "draws")
  refused(nuts(mixture, control = change(nuts_control(), x$max_depth <- 1e6)), "max_depth")
  refused(target_density(function(theta) 0,
    names = "a",
    transforms = list(a = change(transform_log(), x$inverse <- NULL))
  ), "inverse")
  refused(
    covary(y ~ x, data = d, control = structure(list(), class = "covary_control")),
    "importance"
  )
  expect_error(covary(y ~ x, data = d, control = change(covary_control(), x$threads <- -1)),
    class = "covary_error_argument"
  )
})

test_that("objects without a method get a typed error from the generics of the package", {
  for (use in list(
    diagnostics, elbo, refine, trajectory, correlation, covariance,
    conditional_effects, as_target, tracked, posterior_predict, log_lik
  )) {
    for (x in list(1, "a", NULL, TRUE)) expect_error(use(x), class = "covary_error")
  }
})

test_that("checking takes no longer for large objects", {
  set.seed(5)
  n <- 2e5
  d <- data.frame(x = runif(n), g = sample(letters, n, TRUE), y = rnorm(n))
  cells <- compress(d, "y", by = ~ x + g)
  check <- getFromNamespace("check_object", "covary")
  twenty <- function(i) system.time(for (j in 1:20) check(cells))[["elapsed"]]
  seconds <- min(vapply(1:10, twenty, 0)) / 20
  expect_lt(seconds, 0.02)
})

test_that("groups taken from cells merge, wherever they lie along a continuous covariate", {
  set.seed(6)
  d <- data.frame(
    x = c(runif(3000), 3 + runif(3000)), g = rep(c("a", "b"), each = 3000),
    y = rnorm(6000)
  )
  all <- compress(d, "y", by = ~ x + g, resolution = 20)
  a <- subset(all, g == "a")
  b <- subset(all, g == "b")
  for (part in list(a, b)) expect_equal(nobs(merge(part, part)), 6000)
  expect_equal(summary(merge(b, a)), summary(all))
  rows <- d[c(3001:6000, 3001:6000, 1:3000), ]
  expect_equal(summary(c(b, b, a)), summary(compress(rows, "y", by = ~ x + g, resolution = 20)))
})
