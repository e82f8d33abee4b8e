# Naive twins and exact targets for the tests of the toolkit.

full_tests <- function() identical(Sys.getenv("COVARY_FULL_TESTS"), "true")

internal <- function(name) getFromNamespace(name, "covary")

# Gaussian target N(mean, cov) with its normalising constant, so that the log evidence is 0.
gaussian_target <- function(mean, cov) {
  precision <- solve(cov)
  constant <- -0.5 * determinant(2 * pi * cov)$modulus[1]
  force(mean)
  target_density(
    function(theta) {
      constant -
        0.5 * sum((theta - mean) * (precision %*% (theta - mean)))
    },
    function(theta) -as.vector(precision %*% (theta - mean)),
    names = paste0("x", seq_along(mean))
  )
}

# Covariance with a given condition number and random directions
random_covariance <- function(d, condition) {
  q <- qr.Q(qr(matrix(rnorm(d^2), d)))
  q %*% (exp(seq(0, log(condition), length.out = d)) * t(q))
}

complex_step <- function(f, x) {
  vapply(seq_along(x), function(j) {
    z <- as.complex(x)
    z[j] <- z[j] + 1e-30i
    Im(f(z)) / 1e-30
  }, 0)
}

# scaled error of the gradient of a C target against the complex step of its naive twin
gradient_error <- function(target, twin, theta) {
  at <- internal("density_at")(target, matrix(theta, 1), gradient = TRUE)
  exact <- complex_step(twin, theta)
  c(
    value = abs(at$value - Re(twin(as.complex(theta)))) / (1 + abs(at$value)),
    gradient = max(abs(at$gradient - exact)) / (1 + max(abs(exact)))
  )
}

# log t density that takes complex arguments (lgamma of nu by Stirling, large enough arguments)
log_gamma <- function(x) {
  shift <- 0
  while (Re(x) < 30) {
    shift <- shift + log(x)
    x <- x + 1
  }
  (x - 0.5) * log(x) - x + 0.5 * log(2 * pi) + 1 / (12 * x) - 1 / (360 * x^3) + 1 / (1260 * x^5) -
    1 / (1680 * x^7) - shift
}

naive_t_groups <- function(y, group, prior) {
  prior <- unname(prior)
  function(theta) {
    u <- 1 / (1 + exp(-theta[3:4]))
    sigma <- prior[3] + (prior[4] - prior[3]) * u
    nu <- 1 + exp(theta[5])
    z <- (y - theta[group + 1]) / sigma[group + 1]
    sum(log_gamma((nu + 1) / 2) - log_gamma(nu / 2) - 0.5 * log(pi * nu) - log(sigma[group + 1]) -
      (nu + 1) / 2 * log(1 + z^2 / nu)) +
      sum(-0.5 * log(2 * pi) - log(prior[2]) - 0.5 * ((theta[1:2] - prior[1]) / prior[2])^2) +
      sum(log(u) + log(1 - u)) -
      log(prior[5]) - exp(theta[5]) / prior[5] + theta[5]
  }
}

naive_mixture <- function(y, k, prior, weight = NULL, mean = NULL, sd = NULL) {
  prior <- unname(prior)
  function(theta) {
    f <- 0
    at <- 0
    if (is.null(weight)) {
      rest <- 1
      weight <- complex(k)
      for (j in seq_len(k - 1)) {
        v <- 1 / (1 + exp(-(theta[at + j] - log(k - j))))
        weight[j] <- rest * v
        f <- f + log(weight[j]) + log(1 - v)
        rest <- rest * (1 - v)
      }
      weight[k] <- rest
      f <- f + lgamma(k * prior[4]) - k * lgamma(prior[4]) + (prior[4] - 1) * sum(log(weight))
      at <- at + k - 1
    }
    if (is.null(mean)) {
      b <- theta[at + seq_len(k)]
      mean <- cumsum(c(b[1], exp(b[-1])))
      f <- f + sum(b[-1]) +
        sum(-0.5 * log(2 * pi) - log(prior[2]) - 0.5 * ((mean - prior[1]) / prior[2])^2)
      at <- at + k
    }
    if (is.null(sd)) {
      e <- theta[at + seq_len(k)]
      sd <- exp(e)
      f <- f + sum(log(2) - 0.5 * log(2 * pi) - log(prior[3]) - 0.5 * (sd / prior[3])^2 + e)
    }
    dens <- 0
    for (j in seq_len(k)) {
      dens <- dens + weight[j] / sd[j] / sqrt(2 * pi) *
        exp(-0.5 * ((y - mean[j]) / sd[j])^2)
    }
    f + sum(log(dens))
  }
}

naive_regression <- function(x, y, prior_sd, sigma_scale) {
  function(theta) {
    b <- theta[seq_len(ncol(x))]
    s <- theta[ncol(x) + 1]
    sigma <- exp(s)
    -length(y) * (0.5 * log(2 * pi) + s) - 0.5 * sum(((y - x %*% b) / sigma)^2) +
      sum(-0.5 * log(2 * pi) - log(prior_sd) - 0.5 * (b / prior_sd)^2) +
      log(2 / (pi * sigma_scale)) - log(1 + (sigma / sigma_scale)^2) + s
  }
}

# One step of PyMC's rules, written from its documentation
naive_optimizer <- function(name, path, lr) {
  n <- nrow(path)
  x <- 0
  v <- m <- 0
  window <- rep(0, 10)
  out <- numeric(n)
  for (t in seq_len(n)) {
    g <- path[t, 1]
    x <- switch(name,
      sgd = x - lr * g,
      momentum = {
        v <- 0.9 * v - lr * g
        x + v
      },
      nesterov = {
        v <- 0.9 * v - lr * g
        x + 0.9 * v - lr * g
      },
      adagrad = {
        v <- v + g^2
        x - lr * g / sqrt(v + 1e-6)
      },
      adagrad_window = {
        window[(t - 1) %% 10 + 1] <- g^2
        x - lr * g / sqrt(sum(window) + 0.1)
      },
      rmsprop = {
        v <- 0.9 * v + 0.1 * g^2
        x - lr * g / sqrt(v + 1e-6)
      },
      adadelta = {
        v <- 0.95 * v + 0.05 * g^2
        s <- g * sqrt(m + 1e-6) / sqrt(v + 1e-6)
        m <- 0.95 *
          m + 0.05 * s^2
        x - lr * s
      },
      adam = {
        m <- 0.9 * m + 0.1 * g
        v <- 0.999 * v + 0.001 * g^2
        x - lr * sqrt(1 - 0.999^t) /
          (1 - 0.9^t) * m / (sqrt(v) + 1e-8)
      },
      adamax = {
        m <- 0.9 * m + 0.1 * g
        v <- max(0.999 * v, abs(g))
        x - lr / (1 - 0.9^t) * m /
          (v + 1e-8)
      }
    )
    out[t] <- x
  }
  out
}

# Not Gaussian, with a gradient, three parameters
quartic <- function() {
  target_density(
    function(x) -sum((x - c(1, -1, 0))^4) / 4 - x[1] * x[2] / 5,
    function(x) -(x - c(1, -1, 0))^3 - c(x[2], x[1], 0) / 5,
    names = c("u", "v", "w")
  )
}
