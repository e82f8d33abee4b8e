# Many features: correlations of pairs with plug-in margins against joint fits, and joint matrices
# of all pairs against the truth.
#
#   Rscript validation/features.R 4 > validation/features.txt
#
# 1. Pairs. r = c0 + sin(2 pi x) on the rhobit scale, smooth means and sds; N = 300, 1000, 3000;
#    c0 = 0, 1.5, 3 give a mean squared correlation of .11, .39, .79. By setting: root mean square
#    difference of r from the joint fit of covary() in its posterior sds, ratio of posterior sds,
#    rms errors to the truth, coverage of 90 % intervals of both, and what `shift` says.
# 2. Joint matrices. G features with two factors whose loadings move with x, or stand still. At 11
#    values of x: the share at which the pairs' own matrix is not positive definite; the
#    Kullback-Leibler divergence from the truth per feature; and the mean squared Mahalanobis
#    distance of rows of the truth per feature, which is 1 where the matrix is right. Clipped:
#    eigenvalues of at least .01, scaled to a unit diagonal, which the package does not offer.

suppressMessages(library(covary))
sets <- as.integer(c(commandArgs(TRUE), 6)[1])
grid <- data.frame(x = seq(0.02, 0.98, length.out = 25))

simulate_pair <- function(seed, n, c0) {
  set.seed(seed)
  x <- runif(n)
  rho <- tanh((c0 + sin(2 * pi * x)) / 2)
  e1 <- rnorm(n)
  e2 <- rho * e1 + sqrt(1 - rho^2) * rnorm(n)
  data.frame(
    x = x, a = sin(4 * x) + exp(0.3 * cos(5 * x)) * e1, b = 2 * x^2 + exp(0.4 * x) * e2
  )
}

compare_pair <- function(seed, n, c0) {
  d <- simulate_pair(seed, n, c0)
  joint <- suppressWarnings(suppressMessages(
    covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x), data = d)
  ))
  theirs <- predict(joint, grid, dpar = "rho", type = "link", interval = 0.9)
  margins <- suppressWarnings(fit_margins(d, c("a", "b"), ~ s(x), ~ s(x)))
  pairs <- suppressWarnings(fit_pairs(margins, d, rho = ~ s(x)))
  out <- correlation(pairs, grid, interval = 0.9)
  # Limits are those of the predictor, mapped.
  limits <- 2 * atanh(cbind(out$lower, out$upper))
  eta <- rowMeans(limits)
  sd <- (limits[, 2] - limits[, 1]) / 2 / qnorm(0.95)
  truth <- c0 + sin(2 * pi * grid$x)
  covers <- function(mean, sd) mean(abs(mean - truth) < qnorm(0.95) * sd)
  c(
    d = sqrt(mean(((eta - theirs$estimate) / theirs$sd)^2)),
    sd_ratio = exp(mean(log(sd / theirs$sd))),
    rmse = sqrt(mean((eta - truth)^2)), rmse_joint = sqrt(mean((theirs$estimate - truth)^2)),
    coverage = covers(eta, sd), coverage_joint = covers(theirs$estimate, theirs$sd),
    shift = diagnostics(pairs)$shift
  )
}

cat("Pairs against joint fits, means over", sets, "data sets\n")
lines <- NULL
for (c0 in c(0, 1.5, 3)) {
  for (n in c(300, 1000, 3000)) {
    found <- vapply(seq_len(sets), function(s) compare_pair(100 * s + n, n, c0), numeric(7))
    found <- rowMeans(found)
    rho2 <- mean(tanh((c0 + sin(2 * pi * seq(0, 1, 0.001))) / 2)^2)
    lines <- rbind(lines, data.frame(rho2 = round(rho2, 2), rows = n, t(round(found, 3))))
  }
}
print(lines, row.names = FALSE)

# ---- joint matrices ------------------------------------------------------------------------------

factors <- function(g, moving) {
  function(x) {
    at <- if (moving) x else 0.3
    l <- cbind(cos(seq_len(g)) * 1.2 * sin(2 * at + 1), sin(2 * seq_len(g)) * cos(3 * at))
    l / sqrt(1 + rowSums(l^2))
  }
}

correlations <- function(loadings) {
  out <- tcrossprod(loadings)
  diag(out) <- 1
  out
}

clip <- function(r) {
  e <- eigen(r, symmetric = TRUE)
  cov2cor(e$vectors %*% (pmax(e$values, 0.01) * t(e$vectors)))
}

compare_joint <- function(g, n, moving) {
  set.seed(g + n + moving)
  loadings <- factors(g, moving)
  x <- runif(n)
  f <- matrix(rnorm(2 * n), n)
  y <- t(vapply(seq_len(n), function(i) {
    l <- loadings(x[i])
    drop(l %*% f[i, ]) + sqrt(1 - rowSums(l^2)) * rnorm(g)
  }, numeric(g)))
  colnames(y) <- paste0("y", seq_len(g))
  d <- data.frame(x = x, y)
  margins <- fit_margins(d, colnames(y), ~ s(x), ~ s(x))
  pairs <- fit_pairs(margins, d, rho = ~ s(x))
  at <- data.frame(x = seq(0.05, 0.95, length.out = 11))
  own <- fitted(pairs, at)
  forms <- list(
    factor = correlation_matrix(pairs, at), shrink = correlation_matrix(pairs, at, "shrink")
  )
  measure <- function(r, truth) {
    inverse <- solve(r)
    d2 <- sum(inverse * truth) / g
    c((d2 * g - g + determinant(r)$modulus - determinant(truth)$modulus) / 2 / g, d2)
  }
  by_x <- vapply(seq_len(nrow(at)), function(i) {
    truth <- correlations(loadings(at$x[i]))
    r <- diag(g)
    r[t(pairs$pairs)] <- own[i, ]
    r[t(pairs$pairs[2:1, ])] <- own[i, ]
    c(
      min(eigen(r, symmetric = TRUE, only.values = TRUE)$values) <= 0,
      measure(clip(r), truth), measure(forms$shrink[i, , ], truth),
      measure(forms$factor[i, , ], truth)
    )
  }, numeric(7))
  out <- round(rowMeans(by_x), 3)
  data.frame(
    features = g, rows = n, truth = if (moving) "moving" else "constant", not_pd = out[1],
    clipped_kl = out[2], clipped_d2 = out[3], shrink_kl = out[4], shrink_d2 = out[5],
    factor_kl = out[6], factor_d2 = out[7], factors = pairs$joint$factor,
    weight = pairs$joint$weight
  )
}

cat("\nJoint matrices\n")
lines <- rbind(
  compare_joint(10, 500, TRUE), compare_joint(30, 500, TRUE), compare_joint(60, 500, TRUE),
  compare_joint(60, 500, FALSE), compare_joint(30, 2000, TRUE), compare_joint(60, 2000, TRUE)
)
print(lines, row.names = FALSE)
