# The multivariate normal likelihood of K responses: means mu, log sds sigma, and rho by a link that
# rests on Fisher's z (likelihood-links.R). rho of responses i > j is their partial correlation
# given those before j: the correlation itself where j = 1, and any values of all are valid.
#
# With L the Cholesky factor of the correlation matrix, z = (y - mu) / sigma is L w, w independent
# standard normals (mathematics vignette, eq. 31). Row i of L is written in Fisher's z,
#   L_ij = tanh(z_ij) prod_(l < j) 1 / cosh(z_il),   L_ii = prod_(l < i) 1 / cosh(z_il),
# because 1 - rho^2 = 1 / cosh(z)^2 loses all digits near |rho| = 1.

normal_likelihood <- function(links = default_links()) {
  fisher <- function(eta) map_units(eta$rho, links$correlation$fisher)
  new_likelihood("normal",
    dpars = list(mu = normal_mean(links), sigma = normal_sd(links), rho = normal_rho(links)),
    marginals = list(mean = "mu", sd = "sigma", correlation = "rho"), is_sufficient = TRUE,
    functions = list(
      log_density = function(y, eta) {
        standard_log_density(standard_residuals(y, eta, links), fisher(eta)) -
          Reduce(`+`, lapply(eta$sigma, function(s) log(links$sd$inverse(s))))
      },
      log_density_cells = function(cells, eta) normal_cells(cells, eta, links, fisher(eta)),
      simulate = function(eta) {
        w <- lapply(eta$mu, noise_like)
        spread_out(correlate_standard(w, fisher(eta)), eta, links)
      },
      whiten = function(y, eta) whiten_standard(standard_residuals(y, eta, links), fisher(eta)),
      correlate = function(w, eta) {
        spread_out(correlate_standard(w, fisher(eta)), eta, links)
      },
      sds = function(eta, at) lapply(eta$sigma[at], links$sd$inverse),
      correlations = function(eta, pairs) correlations_of(eta$rho, pairs, links$correlation),
      rests_on = function(observed) {
        second <- if (length(observed) > 1) sort(observed, decreasing = TRUE)[2] else 0
        sort(union(seq_len(second), observed))
      },
      marginal = function(eta, observed) {
        lapply(eta, function(part) {
          if (is.matrix(part)) {
            marginal_pairs(part, observed, links$correlation)
          } else {
            part[observed]
          }
        })
      },
      precision_diagonal = function(cor) diag(solve(cor))
    )
  )
}

normal_mean <- function(links) {
  new_dpar("mean", links$mean, "mean of",
    information = 1, shift = function(scales, resp) scales$mean[[resp]],
    size = function(scales, resp) scales$sd[[resp]],
    expected = function(scales, resp) scales$mean[[resp]], start = function(scales, resp) 0
  )
}

normal_sd <- function(links) {
  new_dpar("sd", links$sd, "sd of",
    information = 2, shift = function(scales, resp) links$sd$link(scales$sd[[resp]]),
    size = function(scales, resp) 1, expected = function(scales, resp) scales$log_sd[[resp]],
    start = function(scales, resp) scales$log_sd[[resp]] - links$sd$link(scales$sd[[resp]])
  )
}

normal_rho <- function(links) {
  new_dpar("correlation", links$correlation, "correlation of",
    information = links$correlation$derivative(0)^2, shift = function(scales, resp) 0,
    size = function(scales, resp) 1, expected = function(scales, resp) 0,
    start = function(scales, resp) {
      at <- match(resp, names(scales$mean))
      shrunk <- 0.9 * pmax(pmin(scales$cor, 1), -1)
      diag(shrunk) <- 1
      links$correlation$link(partial_correlation(shrunk, at[2], at[1]))
    }
  )
}

# Of responses i > j given those before j
partial_correlation <- function(cor, i, j) {
  if (j == 1) {
    return(cor[i, j])
  }
  at <- c(seq_len(j), i)
  upper <- chol(cor[at, at])
  upper[j, j + 1] / sqrt(sum(upper[j:(j + 1), j + 1]^2))
}

# (y - mu) / sigma and its inverse, response by response
standard_residuals <- function(y, eta, links) {
  one <- function(y, mu, sigma) (y - links$mean$inverse(mu)) / links$sd$inverse(sigma)
  Map(one, y, eta$mu, eta$sigma)
}

spread_out <- function(z, eta, links) {
  one <- function(z, mu, sigma) links$mean$inverse(mu) + links$sd$inverse(sigma) * z
  Map(one, z, eta$mu, eta$sigma)
}

# Cholesky factor of the correlations (eq. 33), a K x K list matrix. z: K x K list matrix of
# Fisher's z. columns: how many of each row are needed; others are NULL, and so may z be there.
correlation_chol <- function(z, columns = seq_len(nrow(z))) {
  chol <- matrix(list(), nrow(z), nrow(z))
  for (i in which(columns > 0)) {
    left <- 0 # log of what the columns before leave
    for (j in seq_len(min(i - 1, columns[i]))) {
      chol[[i, j]] <- tanh(z[[i, j]]) * exp(left)
      left <- left - log_cosh(z[[i, j]])
    }
    if (columns[i] >= i) chol[[i, i]] <- exp(left)
  }
  chol
}

# Correlations of pairs of responses, c(i, j) each. rho: K x K list matrix of predictors
correlations_of <- function(rho, pairs, link) {
  direct <- vapply(pairs, function(at) min(at) == 1, TRUE) # partial and marginal are the same
  columns <- numeric(nrow(rho))
  for (at in pairs[!direct]) columns[at] <- pmax(columns[at], min(at))
  chol <- correlation_chol(map_units(rho, function(r) link$fisher(r)), columns)
  lapply(pairs, function(at) {
    at <- sort(at)
    if (at[1] == at[2]) {
      return(1)
    }
    if (at[1] == 1) {
      return(link$inverse(rho[[at[2], 1]]))
    }
    Reduce(`+`, lapply(seq_len(at[1]), function(l) chol[[at[1], l]] * chol[[at[2], l]]))
  })
}

# The predictors of the pairs of some responses alone, in their order
marginal_pairs <- function(rho, observed, link) {
  k <- length(observed)
  if (identical(as.integer(observed), seq_len(k))) {
    return(rho[seq_len(k), seq_len(k), drop = FALSE])
  }
  out <- matrix(list(), k, k)
  chol <- matrix(list(), k, k)
  for (i in seq_len(k)[-1]) {
    left <- 1
    for (j in seq_len(i - 1)) {
      v <- correlations_of(rho, list(observed[c(i, j)]), link)[[1]]
      for (l in seq_len(j - 1)) v <- v - chol[[i, l]] * chol[[j, l]]
      if (j > 1) v <- v / chol[[j, j]]
      chol[[i, j]] <- v
      direct <- j == 1 && min(observed[c(i, 1)]) == 1
      out[[i, j]] <- if (direct) rho[[max(observed[c(i, 1)]), 1]] else link$link(v / sqrt(left))
      left <- left - v^2
    }
    chol[[i, i]] <- sqrt(left)
  }
  out
}

# w = L^-1 x of standardised residuals x with Fisher's z
whiten_standard <- function(x, z) {
  w <- x
  for (i in seq_along(x)[-1]) {
    for (j in seq_len(i - 1)) {
      w[[i]] <- ((w[[i]] - w[[j]]) * exp(z[[i, j]]) + (w[[i]] + w[[j]]) * exp(-z[[i, j]])) / 2
    }
  }
  w
}

correlate_standard <- function(w, z) {
  chol <- correlation_chol(z)
  x <- w
  for (i in seq_along(w)[-1]) {
    x[[i]] <- Reduce(`+`, lapply(seq_len(i), function(j) chol[[i, j]] * w[[j]]))
  }
  x
}

# Joint log density of standardised residuals; minus sum(log(sigma)) makes it that of y.
standard_log_density <- function(x, z) {
  squares <- Reduce(`+`, lapply(whiten_standard(x, z), function(w) w^2))
  log_det <- -Reduce(`+`, lapply(z[lower.tri(z)], log_cosh), 0)
  -0.5 * squares - log_det - 0.5 * length(x) * log(2 * pi)
}

# Log likelihood of each draw from the moments of cells (suffstats-exact.R): the density at the mean
# of a cell, to the power of its weight, and squares of its scatter, whose Cholesky factor is
# whitened column by column.
normal_cells <- function(cells, eta, links, z) {
  k <- length(eta$mu)
  draws <- nrow(eta$mu[[1]])
  spread <- function(v, i) rep(v * cells$y_scale[i], each = draws)
  sigma <- lapply(eta$sigma, links$sd$inverse)
  x <- lapply(seq_len(k), function(i) {
    (spread(cells$stats[1 + i, ], i) - links$mean$inverse(eta$mu[[i]])) / sigma[[i]]
  })
  out <- drop((standard_log_density(x, z) - Reduce(`+`, lapply(sigma, log))) %*% cells$stats[1, ])
  places <- lower_places(k)
  for (l in seq_len(k)) {
    root <- lapply(seq_len(k), function(i) {
      if (i < l) {
        return(0 * sigma[[i]])
      }
      spread(cells$stats[1 + k + places[i, l], ], i) / sigma[[i]]
    })
    out <- out - 0.5 * Reduce(`+`, lapply(whiten_standard(root, z), function(w) rowSums(w^2)))
  }
  out
}
