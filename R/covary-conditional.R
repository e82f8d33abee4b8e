# The regression model with smooths standardised given their sds (target_conditional.c), the form in
# which NUTS samples it: the prior ties coefficients to an unknown sd, a funnel in any fixed form.

# `at`: Gaussian of the coefficients given log sds (mean, cov), near the posterior.
conditional_density <- function(density, at) {
  model <- density$regression
  class(density) <- "covary_density"
  density$kind <- "conditional"
  density$rows <- 0L
  density$smooths <- lapply(penalised_runs(model$core$group), function(run) {
    smooth_block(run, model$dim + model$core$group[run[1]], at)
  })
  density$unpenalised <- which(model$core$group == 0)
  density$penalised <- which(model$core$group > 0)
  density$slope <- if (model$n_sds) {
    penalised <- at$cov[density$penalised, , drop = FALSE]
    t(solve(
      penalised[, density$penalised, drop = FALSE], penalised[, density$unpenalised, drop = FALSE]
    ))
  } else {
    matrix(0, model$dim, 0)
  }
  density
}

# Columns of each smooth, neighbours with one sd; several smooths may share it.
penalised_runs <- function(group) {
  ends <- cumsum(rle(group)$lengths)
  runs <- Map(seq.int, c(1, ends[-length(ends)] + 1), ends)
  Filter(function(run) group[run[1]] > 0, runs)
}

# Precision h and linear term r of the likelihood in the directions that diagonalise the covariance;
# many levels of a random effect keep their own axes, for they are nearly uncorrelated and rotating
# them would cost more than the likelihood.
smooth_block <- function(columns, sd, at) {
  first <- columns[1]
  size <- length(columns)
  cov <- at$cov[columns, columns, drop = FALSE]
  axes <- if (size <= 100) eigen(cov, symmetric = TRUE)
  v <- if (is.null(axes)) diag(cov) else axes$values
  prior <- exp(-2 * at$mean[sd])
  h <- pmax(1 / v - prior, 0)
  mean <- at$mean[columns]
  if (!is.null(axes)) mean <- as.vector(crossprod(axes$vectors, mean))
  list(first = first, size = size, sd = sd, h = h, r = mean * (h + prior), rotation = axes$vectors)
}

# Means and log scales of the rotated coefficients of a block, a row an entry of t.
conditional_parts <- function(block, t) {
  log_scale <- t - 0.5 * log1p(exp(2 * t) %o% block$h)
  list(mean = sweep(exp(2 * log_scale), 2, block$r, "*"), log_scale = log_scale)
}

columns_of <- function(block) block$first + seq_len(block$size) - 1L

# Draws of (z, t) to (b, t)
from_conditional <- function(density, theta) {
  for (block in density$smooths) {
    part <- conditional_parts(block, theta[, block$sd])
    b <- part$mean + exp(part$log_scale) * theta[, columns_of(block), drop = FALSE]
    theta[, columns_of(block)] <- if (is.null(block$rotation)) b else tcrossprod(b, block$rotation)
  }
  follow_smooths(density, theta, 1)
}

# Coefficients without such a prior: u = w + slope b, or back
follow_smooths <- function(density, theta, sign) {
  theta[, density$unpenalised] <- theta[, density$unpenalised] +
    sign * tcrossprod(theta[, density$penalised, drop = FALSE], density$slope)
  theta
}

# and back
to_conditional <- function(density, theta) {
  theta <- follow_smooths(density, theta, -1)
  for (block in density$smooths) {
    part <- conditional_parts(block, theta[, block$sd])
    b <- theta[, columns_of(block), drop = FALSE]
    if (!is.null(block$rotation)) b <- b %*% block$rotation
    theta[, columns_of(block)] <- (b - part$mean) * exp(-part$log_scale)
  }
  theta
}

conditional_jacobian <- function(density, theta) {
  out <- numeric(nrow(theta))
  for (block in density$smooths) {
    out <- out + rowSums(conditional_parts(block, theta[, block$sd])$log_scale)
  }
  out
}

# The Gaussian `at` in this form. The log sds get the variance that the number of coefficients which
# inform them allows.
conditional_start <- function(density, at) {
  d <- density$regression$dim
  map <- diag(d)
  known <- numeric(density$regression$n_sds)
  for (block in density$smooths) {
    columns <- columns_of(block)
    log_scale <- conditional_parts(block, at$mean[block$sd])$log_scale
    rotation <- if (is.null(block$rotation)) diag(block$size) else block$rotation
    map[columns, columns] <- exp(-as.vector(log_scale)) * t(rotation)
    share <- exp(2 * (as.vector(log_scale) - at$mean[block$sd]))
    g <- block$sd - d
    known[g] <- known[g] + 2 * sum((1 - share)^2)
  }
  map[density$unpenalised, density$penalised] <- -density$slope
  n <- density$dim
  cov <- diag(c(numeric(d), 1 / (1 + known)), n)
  cov[seq_len(d), seq_len(d)] <- map %*% at$cov[seq_len(d), seq_len(d)] %*% t(map)
  list(mean = to_conditional(density, matrix(at$mean, 1))[1, ], cov = cov)
}
