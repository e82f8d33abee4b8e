# The multivariate normal likelihood of K responses by regressions: y_i given those before it is
# normal with mean mu_i + sum_(j < i) c_ij (y_j - mu_j) and log sd s_i. The dpar rho is c_ij,
# sigma is exp(s_i): neither marginal correlation nor marginal sd but of the first response. Any
# values are valid (mathematics vignette, eq. 35).
#
# With L = (I - C)^-1 diag(exp(s)) the covariance is L L', and w = L^-1 (y - mu) are independent
# standard normals.

regression_likelihood <- function(links = default_links()) {
  new_likelihood("normal_regression",
    dpars = list(
      mu = normal_mean(links), sigma = innovation_sd(links), rho = regression_slope()
    ),
    marginals = list(
      mean = "mu", sd = c("sigma", "rho"), correlation = c("sigma", "rho")
    ),
    is_sufficient = TRUE,
    functions = list(
      log_density = function(y, eta) innovation_density(residuals_of(y, eta), eta, links),
      log_density_cells = function(cells, eta) regression_cells(cells, eta, links),
      simulate = function(eta) {
        w <- lapply(eta$mu, noise_like)
        from_innovations(w, eta, links)
      },
      whiten = function(y, eta) innovations(residuals_of(y, eta), eta, links),
      correlate = function(w, eta) from_innovations(w, eta, links),
      sds = function(eta, at) {
        root <- regression_root(eta, max(at), links)
        lapply(at, function(i) sqrt(row_product(root, i, i)))
      },
      correlations = function(eta, pairs) regression_correlations(eta, pairs, links),
      rests_on = function(observed) seq_len(max(observed)),
      marginal = function(eta, observed) regression_marginal(eta, observed, links),
      precision_diagonal = function(cor) diag(solve(cor))
    )
  )
}

innovation_sd <- function(links) {
  out <- normal_sd(links)
  out$start <- function(scales, resp) {
    i <- match(resp, names(scales$mean))
    scales$log_sd[[resp]] - log(scales$sd[[resp]]) + log(regression_of(scales, i)$left)
  }
  out
}

# Coefficients act on responses in units of their sds: a change of units changes nothing.
regression_slope <- function() {
  new_dpar("correlation", identity_link(), "regression coefficient of",
    information = 1, shift = function(scales, resp) 0,
    size = function(scales, resp) scales$sd[[resp[2]]] / scales$sd[[resp[1]]],
    expected = function(scales, resp) 0,
    start = function(scales, resp) {
      at <- match(resp, names(scales$mean))
      regression_of(scales, at[2])$slopes[at[1]]
    }
  )
}

# The standardised response i on those before it, by correlations a tenth smaller: list(slopes,
# left: the sd that they leave).
regression_of <- function(scales, i) {
  if (i == 1) {
    return(list(left = 1))
  }
  before <- seq_len(i - 1)
  cor <- 0.9 * pmax(pmin(scales$cor, 1), -1)
  diag(cor) <- 1
  slopes <- solve(cor[before, before, drop = FALSE], cor[before, i])
  list(slopes = slopes, left = sqrt(1 - sum(slopes * cor[before, i])))
}

residuals_of <- function(y, eta) Map(`-`, y, eta$mu)

# w = L^-1 d, one response after the other
innovations <- function(d, eta, links) {
  lapply(seq_along(d), function(i) {
    u <- d[[i]]
    for (j in seq_len(i - 1)) u <- u - eta$rho[[i, j]] * d[[j]]
    u / links$sd$inverse(eta$sigma[[i]])
  })
}

from_innovations <- function(w, eta, links) {
  d <- list()
  for (i in seq_along(w)) {
    d[[i]] <- links$sd$inverse(eta$sigma[[i]]) * w[[i]]
    for (j in seq_len(i - 1)) d[[i]] <- d[[i]] + eta$rho[[i, j]] * d[[j]]
  }
  Map(`+`, eta$mu, d)
}

innovation_density <- function(d, eta, links) {
  squares <- Reduce(`+`, lapply(innovations(d, eta, links), function(w) w^2))
  logs <- Reduce(`+`, lapply(eta$sigma, function(s) log(links$sd$inverse(s))))
  -0.5 * squares - logs - 0.5 * length(d) * log(2 * pi)
}

# The first `rows` rows of L, a list matrix. Without sigma, of responses with sds of 1.
regression_root <- function(eta, rows, links) {
  root <- matrix(list(), rows, rows)
  for (i in seq_len(rows)) {
    explained <- 0
    for (l in seq_len(i - 1)) {
      between <- seq(l, i - 1)
      root[[i, l]] <- Reduce(`+`, lapply(between, function(j) eta$rho[[i, j]] * root[[j, l]]))
      explained <- explained + root[[i, l]]^2
    }
    root[[i, i]] <- if (is.null(eta$sigma)) {
      sqrt(pmax(1 - explained, 0))
    } else {
      links$sd$inverse(eta$sigma[[i]])
    }
  }
  root
}

# Element (i, j) of root root'
row_product <- function(root, i, j) {
  Reduce(`+`, lapply(seq_len(min(i, j)), function(l) root[[i, l]] * root[[j, l]]))
}

regression_correlations <- function(eta, pairs, links) {
  root <- regression_root(eta, max(unlist(pairs)), links)
  sds <- list()
  for (i in unique(unlist(pairs))) sds[[i]] <- sqrt(row_product(root, i, i))
  lapply(pairs, function(at) {
    if (at[1] == at[2]) {
      return(1)
    }
    row_product(root, at[1], at[2]) / (sds[[at[1]]] * sds[[at[2]]])
  })
}

# Predictors of some responses alone, in their order: the regressions that their covariances make
regression_marginal <- function(eta, observed, links) {
  k <- length(observed)
  if (identical(as.integer(observed), seq_len(k))) {
    return(list(
      mu = eta$mu[observed], sigma = eta$sigma[observed],
      rho = eta$rho[observed, observed, drop = FALSE]
    ))
  }
  root <- regression_root(eta, max(observed), links)
  chol <- elementwise_chol(k, function(i, j) row_product(root, observed[i], observed[j]))
  list(
    mu = eta$mu[observed], sigma = lapply(seq_len(k), function(i) links$sd$link(chol[[i, i]])),
    rho = slopes_of_chol(chol)
  )
}

# Cholesky factor of k x k matrices, one an element of the arrays of covariance(i, j)
elementwise_chol <- function(k, covariance) {
  chol <- matrix(list(), k, k)
  for (j in seq_len(k)) {
    for (i in seq(j, k)) {
      v <- covariance(i, j)
      for (l in seq_len(j - 1)) v <- v - chol[[i, l]] * chol[[j, l]]
      chol[[i, j]] <- if (i == j) sqrt(v) else v / chol[[j, j]]
    }
  }
  chol
}

# Coefficients of each response on those before it
slopes_of_chol <- function(chol) {
  k <- nrow(chol)
  out <- matrix(list(), k, k)
  for (i in seq_len(k)[-1]) {
    for (j in rev(seq_len(i - 1))) {
      v <- chol[[i, j]]
      for (l in seq_len(i - 1)[-seq_len(j)]) v <- v - out[[i, l]] * chol[[l, j]]
      out[[i, j]] <- v / chol[[j, j]]
    }
  }
  out
}

# Log likelihood of each draw from the moments of cells, as normal_cells() has it
regression_cells <- function(cells, eta, links) {
  k <- length(eta$mu)
  draws <- nrow(eta$mu[[1]])
  places <- lower_places(k)
  spread <- function(v, i) matrix(rep(v * cells$y_scale[i], each = draws), draws)
  means <- lapply(seq_len(k), function(i) spread(cells$stats[1 + i, ], i))
  out <- drop(innovation_density(residuals_of(means, eta), eta, links) %*% cells$stats[1, ])
  for (l in seq_len(k)) {
    root <- lapply(seq_len(k), function(i) {
      if (i < l) 0 * means[[i]] else spread(cells$stats[1 + k + places[i, l], ], i)
    })
    out <- out - 0.5 * Reduce(`+`, lapply(innovations(root, eta, links), function(w) rowSums(w^2)))
  }
  out
}
