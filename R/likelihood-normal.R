# The multivariate normal likelihood of K responses: means mu, log sds sigma, and correlations rho
# by a link that rests on Fisher's z (likelihood-links.R).
#
# With L the Cholesky factor of the correlation matrix, z = (y - mu) / sigma is L w, w independent
# standard normals (mathematics vignette, eq. 2). The second row of L is written in Fisher's z,
# because 1 - rho^2 = 1 / cosh(z)^2 loses all digits near |rho| = 1.

normal_likelihood <- function(links = default_links()) {
  fisher <- function(eta) map_units(eta$rho, links$correlation$fisher)
  new_likelihood("normal",
    dpars = list(mu = normal_mean(links), sigma = normal_sd(links), rho = normal_rho(links)),
    is_sufficient = TRUE,
    functions = list(
      log_density = function(y, eta) {
        standard_log_density(standard_residuals(y, eta, links), fisher(eta)) -
          Reduce(`+`, lapply(eta$sigma, function(s) log(links$sd$inverse(s))))
      },
      log_density_cells = function(cells, eta) normal_cells(cells, eta, links, fisher(eta)),
      simulate = function(eta) {
        w <- lapply(eta$mu, function(mu) array(stats::rnorm(length(mu)), dim(mu)))
        spread_out(correlate_standard(w, fisher(eta)), eta, links)
      },
      whiten = function(y, eta) whiten_standard(standard_residuals(y, eta, links), fisher(eta)),
      correlate = function(w, eta) {
        spread_out(correlate_standard(w, fisher(eta)), eta, links)
      },
      correlation = function(eta, i, j) {
        if (i == j) 1 else links$correlation$inverse(eta$rho[[max(i, j), min(i, j)]])
      },
      rests_on = sort,
      marginal = function(eta, observed) {
        lapply(eta, function(part) {
          if (!is.matrix(part)) {
            return(part[observed])
          }
          for_units(list(of = "pair"), observed, function(pair) part[[max(pair), min(pair)]])
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
      links$correlation$link(0.9 * max(min(scales$cor[at[1], at[2]], 1), -1))
    }
  )
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

# Lower Cholesky factor of the correlations: list(chol: K x K list matrix, log_det: sum of the logs
# of its diagonal). z: K x K list matrix of Fisher's z.
correlation_chol <- function(z) {
  k <- nrow(z)
  chol <- matrix(list(), k, k)
  chol[[1, 1]] <- 1
  log_det <- 0
  for (i in seq_len(k)[-1]) {
    left <- 1
    for (j in seq_len(i - 1)) {
      v <- tanh(z[[i, j]])
      for (l in seq_len(j - 1)) v <- v - chol[[i, l]] * chol[[j, l]]
      chol[[i, j]] <- v / chol[[j, j]]
      left <- left - chol[[i, j]]^2
    }
    # Not positive definite (possible from three responses on): NaN.
    left[!is.na(left) & left <= 0] <- NaN
    log_diagonal <- if (i == 2) -log_cosh(z[[2, 1]]) else log(left) / 2
    chol[[i, i]] <- exp(log_diagonal)
    log_det <- log_det + log_diagonal
  }
  list(chol = chol, log_det = log_det)
}

# w = L^-1 x of standardised residuals x with correlations of Fisher's z
whiten_standard <- function(x, z, chol = correlation_chol(z)$chol) {
  w <- x
  for (i in seq_along(x)[-1]) {
    if (i == 2) {
      w[[2]] <- ((x[[2]] - x[[1]]) * exp(z[[2, 1]]) + (x[[2]] + x[[1]]) * exp(-z[[2, 1]])) / 2
      next
    }
    for (j in seq_len(i - 1)) w[[i]] <- w[[i]] - chol[[i, j]] * w[[j]]
    w[[i]] <- w[[i]] / chol[[i, i]]
  }
  w
}

correlate_standard <- function(w, z) {
  chol <- correlation_chol(z)$chol
  x <- w
  for (i in seq_along(w)[-1]) {
    x[[i]] <- Reduce(`+`, lapply(seq_len(i), function(j) chol[[i, j]] * w[[j]]))
  }
  x
}

# Joint log density of standardised residuals; minus sum(log(sigma)) makes it that of y.
standard_log_density <- function(x, z) {
  factor <- correlation_chol(z)
  squares <- Reduce(`+`, lapply(whiten_standard(x, z, factor$chol), function(w) w^2))
  -0.5 * squares - factor$log_det - 0.5 * length(x) * log(2 * pi)
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
    chol <- lapply(seq_len(k), function(i) {
      if (i < l) {
        return(0 * sigma[[i]])
      }
      spread(cells$stats[1 + k + places[i, l], ], i) / sigma[[i]]
    })
    out <- out - 0.5 * Reduce(`+`, lapply(whiten_standard(chol, z), function(w) rowSums(w^2)))
  }
  out
}
