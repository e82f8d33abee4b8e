# Fits whose coefficients have the shape of an arrow against the same by dense matrices.

sites_data <- function(n, sites, k, seed = 21) {
  set.seed(seed)
  site <- factor(sample(sites, n, TRUE), seq_len(sites))
  family <- factor(sample(4, n, TRUE))
  x <- runif(n)
  b <- matrix(rnorm(sites * 5, 0, 0.3), sites)[site, , drop = FALSE]
  d <- data.frame(x, site, family, sex = factor(rep_len(c("f", "m"), n)))
  shared <- rnorm(n)
  for (j in seq_len(k)) {
    d[[letters[j]]] <- sin(3 * x + j) + b[, j] + 0.3 * c(-1, 0, 0, 1)[family] +
      exp(-0.5 + 0.3 * x + b[, 4] / 3) * (0.6 * shared + rnorm(n))
  }
  d
}

# The model of cells by level, and the same with matrices
both_models <- function(d, formulas, control = covary_control()) {
  parsed <- parse_formulas(formulas,
    data_names = names(d), likelihood = likelihood_by_correlation(control$correlation)
  )
  parsed <- with_shared_sds(parsed, control)
  parsed$own_priors <- FALSE
  read <- read_rows(parsed, d, list(na_action = stats::na.omit, missing = "use"))
  compressed <- compress_frame(read$frame, control, 32)
  prepared <- prepare_compressed(read$parsed, compressed$suffstats, compressed$frame)
  priors <- resolve_priors(prepared$design, prepared$scales, NULL)
  prepared$design$level_factor <- level_factor(prepared$design, 3)
  nodes <- merge_point_cells(prepared$nodes)
  arrow <- validate_model(target_at(prepared, nodes, priors)$target)
  prepared$design$level_factor <- NULL
  dense <- validate_model(target_at(prepared, nodes, priors)$target)
  list(arrow = arrow, dense = dense)
}

formulas_of <- function(k) {
  switch(k,
    list(a ~ s(x) + s(site, bs = "re"), sigma ~ s(site, bs = "re") + x),
    list(
      cbind(a, b) ~ sex + s(x) + s(site, bs = "re"),
      sigma ~ s(x, k = 5) + s(site, bs = "re"), rho ~ x + s(site, bs = "re")
    ),
    list(
      cbind(a, b, c) ~ s(x, k = 5) + s(site, bs = "re"), sigma ~ x + s(site, bs = "re"),
      rho ~ x
    )
  )
}

cases <- list(
  list(5, 1), list(30, 1), list(100, 1), list(5, 2), list(100, 2), list(30, 3, "regression"),
  list(20, 3, "partial")
)

for (case in cases) {
  sites <- case[[1]]
  k <- case[[2]]
  test_that(paste("likelihood, expectations and modes agree:", sites, "sites,", k, "responses"), {
    control <- covary_control(correlation = if (k > 2) case[[3]] else "partial")
    at <- both_models(sites_data(4500, sites, k), formulas_of(k), control)
    expect_null(at$dense$core$shape)
    expect_length(at$arrow$core$shape$level, sites * sum(grepl("site", at$dense$sds$name)))
    set.seed(1)
    beta <- at$dense$start + rnorm(at$dense$dim, 0, 0.05)
    a <- loglik_and_priors(at$arrow, beta)
    b <- loglik_and_priors(at$dense, beta)
    expect_s3_class(a$hessian, "covary_arrow")
    expect_equal(a$value, b$value, tolerance = 1e-12)
    expect_equal(a$gradient, b$gradient, tolerance = 1e-10)
    expect_equal(as.matrix(a$hessian), b$hessian, tolerance = 1e-11)
    draws <- rbind(beta, at$dense$start)
    expect_equal(
      loglik_and_priors_draws(at$arrow, draws), loglik_and_priors_draws(at$dense, draws),
      tolerance = 1e-12
    )
    log_tau <- rnorm(at$dense$n_sds, -1, 0.3)
    fits <- lapply(at, function(model) fit_inner(model, quiet_progress))
    fits <- Map(function(model, fit) {
      fit_inner(model, quiet_progress, log_tau = log_tau, start = fit)
    }, at, fits)
    sd <- sqrt(diag(fits$dense$cov))
    # By cubature, fits end where the decrement is below 1e-3, and ways there differ.
    slack <- if (has_exact_expectations(at$dense)) 1 else 1e4
    expect_lt(max(abs(fits$arrow$mean - fits$dense$mean) / sd), 1e-8 * slack)
    expect_equal(diagonal(fits$arrow$cov), diag(fits$dense$cov), tolerance = 1e-8 * slack)
    expect_equal(fits$arrow$elbo, fits$dense$elbo, tolerance = 1e-11 * slack)
    hessians <- lapply(fits, function(fit) as.matrix(fit$at$hessian))
    expect_equal(hessians$arrow, hessians$dense, tolerance = 1e-8 * slack)
    surrogates <- Map(function(model, fit) new_surrogate(model, fit$mean, fit$at), at, fits)
    points <- t(log_tau + matrix(rnorm(3 * length(log_tau)), length(log_tau)))
    densities <- Map(function(s, model) surrogate_log_density(s, model, points), surrogates, at)
    expect_equal(densities$arrow, densities$dense, tolerance = 1e-10 * slack)
    modes <- Map(function(s, model) surrogate_mode(s, model, log_tau), surrogates, at)
    expect_equal(modes$arrow$mode, modes$dense$mode, tolerance = 1e-6)
    expect_equal(modes$arrow$precision, modes$dense$precision, tolerance = 1e-6)
  })
}

test_that("cells of levels that share their other columns agree, in any order of the cells", {
  at <- both_models(sites_data(12000, 25, 2), list(
    cbind(a, b) ~ s(x, k = 5) + s(site, bs = "re"),
    sigma ~ s(x, k = 5) + s(site, bs = "re"), rho ~ x
  ))
  core <- at$arrow$core
  columns <- do.call(rbind, lapply(core$x, function(x) if (is.list(x)) x$dense else x))
  expect_length(core$shared$first, nrow(unique(t(columns))))
  expect_identical(columns[, core$shared$first[core$shared$of]], columns)
  set.seed(3)
  order <- sample(ncol(columns))
  mixed <- at$arrow
  mixed$core$cells <- core$cells[, order]
  mixed$core$offset <- core$offset[, order]
  mixed$core$x <- lapply(core$x, columns_of_cells, order)
  mixed$core$shared <- .Call(C_shared_columns, mixed$core)
  beta <- at$dense$start + rnorm(at$dense$dim, 0, 0.05)
  want <- loglik_and_priors(at$dense, beta)
  cov <- chol2inv(robust_chol(-want$hessian))
  expected <- expect_loglik_and_priors(at$dense, beta, cov)
  draws <- rbind(beta, at$dense$start, matrix(rnorm(70 * at$dense$dim, 0, 0.05), 70))
  for (model in list(at$arrow, mixed)) {
    got <- loglik_and_priors(model, beta)
    expect_equal(got$value, want$value, tolerance = 1e-12)
    expect_equal(as.matrix(got$hessian), want$hessian, tolerance = 1e-11)
    expect_equal(got$gradient, want$gradient, tolerance = 1e-10)
    got <- loglik_and_priors(model, beta, 1L)
    expect_equal(got[1:2], want[1:2], tolerance = 1e-10)
    expect_equal(loglik_and_priors(model, beta, 0L)$value, want$value, tolerance = 1e-12)
    got <- expect_loglik_and_priors(model, beta, arrow_of(cov, core$shape))
    expect_equal(got[1:2], expected[1:2], tolerance = 1e-10)
    expect_equal(as.matrix(got$hessian), expected$hessian, tolerance = 1e-10)
    expect_equal(
      loglik_and_priors_draws(model, draws), loglik_and_priors_draws(at$dense, draws),
      tolerance = 1e-12
    )
  }
})

expect_same_fits <- function(at) {
  fits <- lapply(at, function(model) {
    model <- bound_likelihood(model, "auto", fit_pilot)
    set.seed(5)
    engine_nested(model, 1000, covary_control(), quiet_progress)
  })
  sd <- apply(fits$dense$beta, 2, stats::sd)
  shift <- (colMeans(fits$arrow$beta) - colMeans(fits$dense$beta)) / sd
  expect_lt(sqrt(mean(shift^2)), 3 / sqrt(1000))
  expect_lt(abs(mean(log(apply(fits$arrow$beta, 2, stats::sd) / sd))), 0.02)
  expect_lt(abs(fits$arrow$info$log_evidence - fits$dense$info$log_evidence), 0.3)
  wander <- colMeans(fits$arrow$log_tau) - colMeans(fits$dense$log_tau)
  expect_lt(max(abs(wander) / apply(fits$dense$log_tau, 2, stats::sd)), 5 / sqrt(1000))
}

test_that("whole fits by arrows have the draws and the evidence of dense ones", {
  expect_same_fits(both_models(sites_data(6000, 30, 2), formulas_of(2)))
})

test_that("so they have where expectations are by cubature", {
  expect_same_fits(both_models(sites_data(4500, 20, 3), formulas_of(3)))
})

test_that("fresh draws judge Gaussians by arrows as those of dense matrices, and find wrong ones", {
  at <- both_models(sites_data(6000, 30, 1), formulas_of(1))
  verdicts <- lapply(at, function(model) {
    inner <- fit_inner(model, quiet_progress)
    surrogate <- new_surrogate(model, inner$mean, inner$at)
    set.seed(8)
    points <- surrogate_points(model, surrogate, matrix(inner$log_tau, 1))
    right <- judge_gaussian(model, points)
    sd <- sqrt(diagonal(covariance_of(points[[1]]$chol_precision)))
    points[[1]]$mean <- points[[1]]$mean + 0.3 * sd
    list(right = right, wrong = judge_gaussian(model, points))
  })
  for (verdict in verdicts) {
    expect_true(is_right_gaussian(verdict$right))
    expect_false(is_right_gaussian(verdict$wrong))
  }
  expect_lt(abs(verdicts$arrow$wrong$shift - verdicts$dense$wrong$shift), 0.05)
  expect_false(has_costly_weights(at$dense, 1e6))
  expect_true(has_costly_weights(at$arrow, 1e6))
  expect_false(has_costly_weights(at$arrow, 100))
})

test_that("of two factors one is in the head; directions that both share have no curvature", {
  at <- both_models(sites_data(6000, 12, 2), list(
    cbind(a, b) ~ s(x) + s(family, bs = "re") + s(site, bs = "re"), sigma ~ s(site, bs = "re")
  ))
  expect_length(at$arrow$core$shape$level, 4 * 12)
  fits <- lapply(at, fit_inner, progress = quiet_progress)
  log_tau <- fits$dense$log_tau
  fits <- Map(function(model, fit) {
    fit_inner(model, quiet_progress, log_tau = log_tau, start = fit)
  }, at, fits)
  sd <- sqrt(diag(fits$dense$cov))
  expect_lt(max(abs(fits$arrow$mean - fits$dense$mean) / sd), 1e-6)
  s <- new_surrogate(at$arrow, fits$arrow$mean, fits$arrow$at)
  hessian <- as.matrix(fits$arrow$at$hessian)
  b <- fits$arrow$at$gradient - as.vector(hessian %*% fits$arrow$mean)
  naive <- function(log_tau) {
    group <- at$arrow$core$group
    precision <- diag(penalty(at$arrow, log_tau)) - hessian
    0.5 * sum(b * solve(precision, b)) - sum(log(diag(chol(precision)))) -
      sum(log_tau[group[group > 0]]) + 0.5 * sum(group == 0) * log(2 * pi)
  }
  for (shift in c(-2, 0, 2)) {
    want <- naive(log_tau + shift) + log_sd_prior(at$arrow, rbind(log_tau + shift))
    # directions without curvature have 1e-10 of the largest in the surrogate
    expect_equal(
      surrogate_log_density(s, at$arrow, rbind(log_tau + shift)), want,
      tolerance = 1e-8
    )
  }
})

test_that("the model chooses: levels of one factor by arrow, by-variables by matrices", {
  d <- sites_data(20000, 25, 1)
  fit <- function(...) {
    suppressMessages(covary(..., data = d, draws = 200, refresh = FALSE, seed = 2))
  }
  by_level <- fit(a ~ s(x) + s(site, bs = "re"))
  expect_identical(by_level$design$level_factor$variable, "site")
  expect_null(fit(a ~ s(x, k = 5) + s(site, x, bs = "re"))$design$level_factor)
  d$site <- factor(as.integer(d$site) %% 6)
  expect_null(fit(a ~ s(x) + s(site, bs = "re"))$design$level_factor)
})
