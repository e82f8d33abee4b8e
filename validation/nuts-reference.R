# Reference posteriors by NUTS (Stan), to which covary's answers are compared.
#
#   Rscript validation/nuts-reference.R [directory of results]
#
# Two cases of two responses and one covariate x, 1000 rows each. Row i is
# bivariate normal with five predictors: means mu_y1 and mu_y2, log sds sigma_y1
# and sigma_y2, and rho_y1_y2 = 2 atanh(correlation).
#   A "bspline": cubic B-splines, N(0, 10^2) priors on all coefficients.
#   B "smooths": intercept + mgcv's s(x) per predictor, smoothing sds integrated over.
# Only the simulated data and posterior summaries are stored; run this script to
# make them again. One core suffices; the chains run one after another.
#
# What was needed on Debian 12 (R 4.2.2), as root:
#   apt-get install -y --no-install-recommends r-cran-rstan r-cran-bh r-cran-posterior
# Debian's BH carries no headers, so rstan's compiler call would lack Boost. Let
# system.file("include", package = "BH") lead to the system's copy:
#   mkdir -p /usr/lib/R/site-library/BH/include
#   ln -s /usr/include/boost /usr/lib/R/site-library/BH/include/boost

predictors <- c("mu_y1", "mu_y2", "sigma_y1", "sigma_y2", "rho_y1_y2")
grid <- seq(0.02, 0.98, length.out = 49)

# Data ------------------------------------------------------------------------

# One row of standard bivariate normals per correlation.
draw_pairs <- function(rho) {
  e1 <- rnorm(length(rho))
  e2 <- rnorm(length(rho))
  cbind(e1, rho * e1 + sqrt(1 - rho^2) * e2)
}

simulate_bspline <- function(n = 1000) {
  set.seed(1)
  x <- runif(n)
  e <- draw_pairs(x / 2)
  y <- scale(cbind(1 + 2 * e[, 1], 2 + 3 * e[, 2]))
  data.frame(x = x, y1 = y[, 1], y2 = y[, 2])
}

# The five true predictors of case B, a column each.
truth_smooths <- function(x) {
  eta <- cbind(
    sin(2 * pi * x), cos(pi * x), -0.5 + 0.6 * x, log(0.6),
    2 * atanh(0.8 * sin(pi * x) - 0.2)
  )
  colnames(eta) <- predictors
  eta
}

simulate_smooths <- function(n = 1000, seed = 2) {
  set.seed(seed)
  x <- runif(n)
  eta <- truth_smooths(x)
  e <- draw_pairs(tanh(eta[, 5] / 2))
  data.frame(x = x, y1 = eta[, 1] + exp(eta[, 3]) * e[, 1], y2 = eta[, 2] + exp(eta[, 4]) * e[, 2])
}

# Bases -----------------------------------------------------------------------
# Each returns a function of x giving list(X, Z): columns with fixed priors and
# penalised columns.

basis_bspline <- function(x) {
  knots <- median(x)
  ends <- range(x)
  function(at) {
    B <- splines::bs(at, knots = knots, degree = 3, intercept = TRUE, Boundary.knots = ends)
    list(X = matrix(B, length(at)), Z = matrix(0, length(at), 0))
  }
}

# smooth2random's map (trans.U, trans.D) applied to sm$X gives its own columns; the
# same map serves new points. mgcv's PredictMat() returns sm$X only to about 1e-8
# (the truncated eigenbasis of thin plate splines is iterative), hence two tolerances.
basis_smooths <- function(x) {
  sm <- mgcv::smoothCon(mgcv::s(x), data = data.frame(x = x), absorb.cons = TRUE)[[1]]
  re <- mgcv::smooth2random(sm, "", type = 2)
  stopifnot(ncol(re$Xf) == 1)
  random <- seq_len(ncol(re$rand[[1]]))
  centre <- mean(re$Xf)
  spread <- sd(re$Xf)
  norm <- sqrt(mean(rowSums(re$rand[[1]]^2)))
  columns <- function(M) {
    M <- sweep(M %*% re$trans.U, 2, re$trans.D, "*")
    list(X = cbind(1, (M[, -random] - centre) / spread), Z = M[, random] / norm)
  }
  basis <- function(at) columns(mgcv::PredictMat(sm, data.frame(x = at)))
  expected <- cbind(1, (re$Xf - centre) / spread, re$rand[[1]] / norm)
  away <- function(found) max(abs(do.call(cbind, found) - expected))
  stopifnot(away(columns(sm$X)) < 1e-10, away(basis(x)) < 1e-7)
  basis
}

# Model -----------------------------------------------------------------------

stan_data_bspline <- function(data) {
  XZ <- basis_bspline(data$x)(data$x)
  P <- ncol(XZ$X)
  c(list(
    N = nrow(data), P = P, Q = 0L, y1 = data$y1, y2 = data$y2, prior_sd = matrix(10, P, 5),
    logistic = 0L,
    precision = matrix(0, 0, 5), overlap = matrix(0, P, 0)
  ), XZ)
}

# The penalised columns are turned to where the data's information on their
# coefficients is about diagonal. Their prior N(0, tau^2) is unchanged by turning,
# and so is the posterior of the predictors; information, the Fisher information
# per row on each predictor, need only be roughly right.
stan_data_smooths <- function(data, information = typical_information(data$x)) {
  XZ <- basis_smooths(data$x)(data$x)
  Q <- ncol(XZ$Z)
  overlap <- qr.coef(qr(XZ$X), XZ$Z)
  axes <- eigen(crossprod(XZ$Z - XZ$X %*% overlap), symmetric = TRUE)
  XZ$Z <- XZ$Z %*% axes$vectors
  prior_sd <- rbind(c(5, 5, 2.5, 2.5, 1), c(5, 5, 2.5, 2.5, 2.5)) # [1, 5] is unused: logistic
  c(list(
    N = nrow(data), P = 2L, Q = Q, y1 = data$y1, y2 = data$y2, prior_sd = prior_sd,
    logistic = 1L,
    precision = outer(axes$values, information), overlap = overlap %*% axes$vectors,
    turn = axes$vectors
  ), XZ)
}

# Mean Fisher information per row on the five predictors, at the truth of case B.
typical_information <- function(x) {
  eta <- truth_smooths(x)
  rho2 <- tanh(eta[, 5] / 2)^2
  colMeans(cbind(exp(-2 * eta[, 3:4]), 2 - rho2, 2 - rho2, (1 - rho2) * (1 + rho2) / 4) /
    (1 - rho2))
}

compile_model <- function(directory) {
  file <- file.path(directory, "nuts-reference.stan")
  time <- system.time(model <- rstan::stan_model(file, model_name = "covary_reference"))
  list(model = model, seconds = time[["elapsed"]])
}

# The log posterior written the textbook way, for a check of the Stan program:
# quadratic form of the inverse covariance matrix, priors by R's densities.
log_joint_draws <- function(data, beta, b, tau) {
  eta <- data$X %*% beta + data$Z %*% b
  rho <- tanh(eta[, 5] / 2)
  z1 <- (data$y1 - eta[, 1]) / exp(eta[, 3])
  z2 <- (data$y2 - eta[, 2]) / exp(eta[, 4])
  rows <- -log(2 * pi) - eta[, 3] - eta[, 4] - log(1 - rho^2) / 2 -
    (z1^2 - 2 * rho * z1 * z2 + z2^2) / (2 * (1 - rho^2))
  prior <- dnorm(beta, 0, data$prior_sd, log = TRUE)
  if (data$logistic == 1) prior[1, 5] <- dlogis(beta[1, 5], log = TRUE)
  # empty in case A
  smoothing <- c(dnorm(b, 0, rep(tau, each = data$Q), log = TRUE), dt(tau, 3, log = TRUE))
  sum(rows) + sum(prior) + sum(smoothing)
}

# Range over random points of Stan's log posterior less ours: 0 if they agree, as
# they may differ by a constant. Stan's has the Jacobian of its coordinates too.
check_density <- function(fit, data, points = 20) {
  set.seed(3)
  difference <- replicate(points, {
    beta <- matrix(rnorm(data$P * 5, 0, 0.3), data$P)
    b <- matrix(rnorm(data$Q * 5, 0, 0.3), data$Q, 5)
    tau <- if (data$Q > 0) rexp(5) else numeric()
    unit <- 1 / sqrt(data$precision + rep(1 / tau^2, each = data$Q))
    free <- c(if (data$Q > 0) beta + data$overlap %*% b else beta, b / unit, log(tau))
    rstan::log_prob(fit, free, adjust_transform = FALSE) - sum(log(unit)) -
      log_joint_draws(data, beta, b, tau)
  })
  diff(range(difference))
}

# Sampling and summaries ------------------------------------------------------

run_nuts <- function(model, data, settings) {
  time <- system.time(
    fit <- rstan::sampling(model,
      data = data, chains = settings$chains, cores = 1,
      seed = settings$seed,
      warmup = settings$warmup, iter = settings$warmup + settings$draws, init_r = 0.5, refresh = 0,
      pars = c("beta", "b", "tau")[if (data$Q > 0) 1:3 else 1],
      control = list(
        adapt_delta = settings$adapt_delta, metric = settings$metric,
        max_treedepth = 12
      )
    )
  )
  list(fit = fit, data = data, settings = settings, seconds = time[["elapsed"]])
}

# Draws of the coefficients of one predictor: iterations x chains x columns of (X, Z).
coefficient_draws <- function(run, k) {
  a <- as.array(run$fit)
  names <- sprintf("beta[%d,%d]", seq_len(run$data$P), k)
  if (run$data$Q > 0) names <- c(names, sprintf("b[%d,%d]", seq_len(run$data$Q), k))
  a[, , names, drop = FALSE]
}

summarise_draws <- function(draws) {
  # draws: iterations x chains x quantities
  one <- function(d) {
    q <- quantile(d, c(0.025, 0.5, 0.975), names = FALSE)
    c(
      mean = mean(d), sd = sd(d), q2.5 = q[1], q50 = q[2], q97.5 = q[3],
      mcse = posterior::mcse_mean(d),
      ess_bulk = posterior::ess_bulk(d), ess_tail = posterior::ess_tail(d),
      rhat = posterior::rhat(d)
    )
  }
  as.data.frame(t(apply(draws, 3, one)))
}

design_matrix <- function(XZ, data) {
  cbind(XZ$X, if (data$Q > 0) XZ$Z %*% data$turn)
}

summarise_grid <- function(run, basis) {
  at <- design_matrix(basis(grid), run$data)
  parts <- lapply(seq_along(predictors), function(k) {
    d <- coefficient_draws(run, k)
    size <- dim(d)
    eta <- matrix(d, size[1] * size[2]) %*% t(at)
    cbind(
      x = grid, predictor = predictors[k],
      summarise_draws(array(eta, c(size[1:2], length(grid))))
    )
  })
  do.call(rbind, parts)
}

summarise_coefficients <- function(run) {
  parts <- lapply(seq_along(predictors), function(k) {
    s <- summarise_draws(coefficient_draws(run, k))
    data.frame(predictor = predictors[k], coefficient = seq_len(nrow(s)), s, row.names = NULL)
  })
  do.call(rbind, parts)
}

summarise_log_tau <- function(run) {
  a <- log(as.array(run$fit)[, , sprintf("tau[%d]", 1:5), drop = FALSE])
  data.frame(predictor = predictors, summarise_draws(a), row.names = NULL)
}

count_trouble <- function(fit) {
  s <- rstan::get_sampler_params(fit, inc_warmup = FALSE)
  c(
    divergences = sum(sapply(s, function(p) sum(p[, "divergent__"]))),
    "at maximal treedepth" = sum(sapply(s, function(p) sum(p[, "treedepth__"] >= 12))),
    "lowest E-BFMI" = signif(min(rstan::get_bfmi(fit)), 3),
    "mean leapfrog steps" = round(mean(sapply(s, function(p) mean(p[, "n_leapfrog__"]))), 1)
  )
}

# Files -----------------------------------------------------------------------

write_table <- function(table, directory, name, digits) {
  numbers <- vapply(table, is.double, NA)
  table[numbers] <- lapply(
    table[numbers],
    function(v) formatC(v, digits = digits, format = "g", width = 1)
  )
  write.csv(table, file.path(directory, name), row.names = FALSE, quote = FALSE)
}

# The fits use the data as stored, so that readers of the file have the same.
store_data <- function(data, directory, name) {
  write_table(data, directory, name, 15)
  read.csv(file.path(directory, name))
}

describe_run <- function(label, run, summaries, difference) {
  s <- run$settings
  rhat <- max(sapply(summaries, function(t) max(t$rhat)))
  trouble <- count_trouble(run$fit)
  c(
    paste("Case", label),
    paste0(
      "  chains ", s$chains, ", warmup ", s$warmup, ", kept draws per chain ", s$draws,
      ", seed ", s$seed,
      ", adapt_delta ", s$adapt_delta, ", metric ", s$metric
    ),
    paste0("  ", names(trouble), ": ", trouble),
    paste0("  worst R-hat of all summaries: ", format(rhat, digits = 6)),
    paste0(
      "  lowest bulk ESS, ", names(summaries), ": ",
      sapply(summaries, function(t) round(min(t$ess_bulk)))
    ),
    paste0(
      "  lowest tail ESS, ", names(summaries), ": ",
      sapply(summaries, function(t) round(min(t$ess_tail)))
    ),
    paste0(
      "  largest Monte Carlo error in posterior sds, ", names(summaries), ": ",
      sapply(summaries, function(t) format(max(t$mcse / t$sd), digits = 3))
    ),
    paste0(
      "  Stan's log posterior less the textbook one, range over 20 points: ",
      format(difference, digits = 2)
    ),
    paste0("  wall time: ", round(run$seconds), " s on one core")
  )
}

main <- function(source, target) {
  for (package in c("rstan", "posterior", "mgcv")) loadNamespace(package)
  compiled <- compile_model(source)
  columns <- c("mean", "sd", "q2.5", "q50", "q97.5", "mcse", "ess_bulk")

  data <- store_data(simulate_bspline(), target, "nuts-A-data.csv")
  a <- run_nuts(compiled$model, stan_data_bspline(data), settings_bspline)
  a_grid <- summarise_grid(a, basis_bspline(data$x))
  a_coef <- summarise_coefficients(a)
  write_table(a_grid[c("x", "predictor", columns)], target, "nuts-A-grid.csv", 8)
  write_table(a_coef[c("predictor", "coefficient", columns)], target, "nuts-A-coef.csv", 8)

  data <- store_data(simulate_smooths(), target, "nuts-B-data.csv")
  b <- run_nuts(compiled$model, stan_data_smooths(data), settings_smooths)
  b_grid <- summarise_grid(b, basis_smooths(data$x))
  b_tau <- summarise_log_tau(b)
  write_table(b_grid[c("x", "predictor", columns)], target, "nuts-B-grid.csv", 8)
  write_table(b_tau[c("predictor", columns)], target, "nuts-B-logtau.csv", 8)

  versions <- sapply(
    c("rstan", "StanHeaders", "posterior", "mgcv"),
    function(p) as.character(packageVersion(p))
  )
  writeLines(c(
    "Reference posteriors by NUTS; made by: Rscript validation/nuts-reference.R",
    paste("Date:", format(Sys.Date())),
    paste0(R.version.string, ", ", paste(names(versions), versions, collapse = ", ")),
    paste0("Compile time of the Stan program: ", round(compiled$seconds), " s"),
    "",
    describe_run(
      "A (bspline)", a, list(grid = a_grid, coefficients = a_coef),
      check_density(a$fit, a$data)
    ),
    "",
    describe_run(
      "B (smooths)", b, list(grid = b_grid, "log tau" = b_tau),
      check_density(b$fit, b$data)
    )
  ), file.path(target, "nuts-info.txt"))
}

settings_bspline <- list(
  chains = 4, warmup = 1000, draws = 10000, seed = 11, adapt_delta = 0.9,
  metric = "dense_e"
)
settings_smooths <- list(
  chains = 4, warmup = 1000, draws = 10000, seed = 12, adapt_delta = 0.95,
  metric = "dense_e"
)

if (sys.nframe() == 0) {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
  arguments <- commandArgs(trailingOnly = TRUE)
  main(source = dirname(script), target = if (length(arguments)) arguments[1] else dirname(script))
}
