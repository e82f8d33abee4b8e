# Naive twins of the C core: plain R, one row at a time, from textbook formulas and from
# nothing in src/. They take complex arguments, so a complex step gives derivatives that are
# exact to rounding; hence no abs() and no comparison of anything but real parts.
#
# What is exact: gradients are complex steps of the value twins; Hessians are complex steps of
# the score twins, which are checked against complex steps of the value twins.

full_tests <- function() identical(Sys.getenv("COVARY_FULL_TESTS"), "true")

# Largest absolute error over the largest element of the truth; a column a case.
# `floor` (one number a column) is the scale of a truth that happens to be close to zero.
scaled_errors <- function(x, truth, floor = 0) {
  x <- as.matrix(x)
  truth <- as.matrix(truth)
  stopifnot(identical(dim(x), dim(truth)))
  scale <- pmax(apply(abs(truth), 2, max), floor)
  error <- apply(abs(x - truth), 2, max)
  ifelse(error == 0, 0, error / scale)
}

expect_close <- function(x, truth, bound, floor = 0) {
  error <- scaled_errors(x, truth, floor)
  worst <- if (anyNA(error)) NA else max(error)
  testthat::expect(
    !is.na(worst) && worst <= bound,
    sprintf("worst scaled error %.3g, bound %.3g (case %d)", worst, bound, which.max(error))
  )
  invisible(worst)
}

## Derivatives ---------------------------------------------------------------------------------

COMPLEX_STEP <- 1e-30

# Derivatives of f (vector in, vector out) at x: a column an argument.
complex_jacobian <- function(f, x) {
  columns <- lapply(seq_along(x), function(j) {
    x <- as.complex(x)
    x[j] <- x[j] + 1i * COMPLEX_STEP
    Im(f(x)) / COMPLEX_STEP
  })
  do.call(cbind, columns)
}

# The same by a central difference of order 8, for functions that only take doubles:
# error about (2 h / L)^8 / 630 for a function that changes over a distance L.
difference_jacobian <- function(f, x, h = 0.03) {
  weight <- c(4 / 5, -1 / 5, 4 / 105, -1 / 280)
  h <- rep_len(h, length(x))
  columns <- lapply(seq_along(x), function(j) {
    at <- function(step) f(replace(x, j, x[j] + step * h[j]))
    Reduce(`+`, lapply(1:4, function(i) weight[i] * (at(i) - at(-i)))) / h[j]
  })
  do.call(cbind, columns)
}

## Kernels -------------------------------------------------------------------------------------

predictors_of <- function(k) 2 * k + k * (k - 1) / 2

# Correlation and its complements from r without subtracting from one:
# rho = (E - 1) / (E + 1), E = exp(r).
correlation_parts <- function(r) {
  positive <- Re(r) >= 0
  e <- exp(ifelse(positive, -r, r)) # never large
  sign <- ifelse(positive, 1, -1)
  list(
    sign = sign, rho = sign * (1 - e) / (1 + e),
    gap = 2 * e / (1 + e), # 1 - |rho|
    root = 2 * sqrt(e) / (1 + e)
  ) # sqrt(1 - rho^2)
}

# Log densities of rows y (rows x k) under predictors eta (q x rows). Two responses are
# factorised as p(y1) p(y2 | y1); the standardised innovation of y2 is
#   (z2 - rho z1) / sqrt(1 - rho^2),  z2 - rho z1 = (z2 - sign z1) + sign (1 - |rho|) z1.
twin_rows <- function(y, eta) {
  if (ncol(y) == 1) {
    z <- (y[, 1] - eta[1, ]) / exp(eta[2, ])
    return(-log(2 * pi) / 2 - eta[2, ] - z * z / 2)
  }
  if (ncol(y) > 2) {
    return(partial_twin_rows(y, eta))
  }
  x <- twin_innovation(y, eta)
  -log(2 * pi) - eta[3, ] - eta[4, ] - log(x$root) - x$z1 * x$z1 / 2 - x$e * x$e / 2
}

twin_innovation <- function(y, eta) {
  x <- correlation_parts(eta[5, ])
  x$z1 <- (y[, 1] - eta[1, ]) / exp(eta[3, ])
  x$z2 <- (y[, 2] - eta[2, ]) / exp(eta[4, ])
  x$e <- ((x$z2 - x$sign * x$z1) + x$sign * x$gap * x$z1) / x$root
  x
}

# Scores of rows (q x rows) by the chain rule through z1, z2 and e;
# d rho / dr = root^2 / 2, d root / dr = -rho root / 2.
twin_scores <- function(y, eta) {
  if (ncol(y) == 1) {
    z <- (y[, 1] - eta[1, ]) / exp(eta[2, ])
    return(rbind(z / exp(eta[2, ]), z * z - 1))
  }
  if (ncol(y) > 2) {
    return(partial_twin_scores(y, eta))
  }
  x <- twin_innovation(y, eta)
  dz1 <- x$e * x$rho / x$root - x$z1
  dz2 <- -x$e / x$root
  rbind(
    -dz1 / exp(eta[3, ]), -dz2 / exp(eta[4, ]), -1 - dz1 * x$z1, -1 - dz2 * x$z2,
    x$rho / 2 + x$e * x$z1 * x$root / 2 - x$rho * x$e * x$e / 2
  )
}

# Sums of the columns of x (a row a case) over rows of data with equal id, complex allowed.
sum_by <- function(x, id) {
  sums <- rowsum(Re(x), id)
  if (is.complex(x)) sums <- sums + 1i * rowsum(Im(x), id)
  unname(sums)
}

# A set of cells: rows y (n x k), weights, id (1..m, all present), eta (q x m).
twin_value <- function(data, eta = data$eta) {
  sum_by(data$weight * twin_rows(data$y, eta[, data$id, drop = FALSE]), data$id)[, 1]
}

twin_gradient <- function(data, eta = data$eta) {
  scores <- twin_scores(data$y, eta[, data$id, drop = FALSE])
  t(sum_by(data$weight * t(scores), data$id))
}

# q x m complex steps of twin_value; q^2 x m of twin_gradient.
twin_derivatives <- function(data, f = twin_value) {
  steps <- lapply(seq_len(nrow(data$eta)), function(j) {
    eta <- data$eta + 0i
    eta[j, ] <- eta[j, ] + 1i * COMPLEX_STEP
    t(Im(f(data, eta)) / COMPLEX_STEP)
  })
  if (identical(f, twin_value)) do.call(rbind, steps) else do.call(rbind, lapply(steps, t))
}

# Statistics of cells: weight, means, root of the scatter by Gram-Schmidt on the centred rows,
# which unlike a factor of the scatter matrix is accurate for nearly collinear responses.
twin_cells <- function(y, weight, id) {
  one <- function(rows) {
    y <- y[rows, , drop = FALSE]
    w <- weight[rows]
    mean <- colSums(w * y) / sum(w)
    mean <- mean + colSums(w * sweep(y, 2, mean)) / sum(w)
    x <- sqrt(w) * sweep(y, 2, mean)
    c(sum(w), mean, if (nrow(y) == 1) rep(0, ncol(y) * (ncol(y) + 1) / 2) else twin_root(x))
  }
  unname(vapply(split(seq_along(id), id), one, numeric(1 + ncol(y) * (ncol(y) + 3) / 2)))
}

twin_root <- function(x) {
  k <- ncol(x)
  root <- numeric()
  for (j in seq_len(k)) {
    norm <- sqrt(sum(x[, j]^2))
    later <- seq_len(k)[seq_len(k) > j]
    direction <- if (norm > 0) x[, j] / norm else 0 * x[, j]
    projection <- colSums(direction * x[, later, drop = FALSE])
    x[, later] <- x[, later] - outer(direction, projection)
    root <- c(root, norm, projection)
  }
  root
}

# Random cells, from single rows to six, half of them with weights that are not whole.
# |rho| from 0 to 1 - 1e-8 (evenly in the logarithm of 1 - |rho|); with `fit` residuals come
# from the model itself, otherwise they ignore rho.
random_points <- function(k, m, fit, location = 1) {
  q <- predictors_of(k)
  eta <- matrix(stats::rnorm(q * m, sd = rep(c(location, 1), c(k, q - k))), q)
  rows <- sample(c(1, 1, 1, 2:6), m, TRUE)
  id <- rep(seq_len(m), rows)
  z <- matrix(stats::rnorm(length(id) * k), ncol = k)
  if (k == 2) {
    gap <- 10^stats::runif(m, -8, 0)
    gap[1] <- 1e-8
    eta[5, ] <- sample(c(-1, 1), m, TRUE) * log((2 - gap) / gap)
    rho <- correlation_parts(eta[5, id])
    if (fit) z[, 2] <- rho$rho * z[, 1] + rho$root * z[, 2]
  }
  if (k > 2) {
    eta[-seq_len(2 * k), ] <- random_pairs(k, m)
    if (fit) z <- partial_spread(z, eta[-seq_len(2 * k), id])
  }
  scale <- exp(t(eta[k + seq_len(k), id, drop = FALSE]))
  y <- t(eta[seq_len(k), id, drop = FALSE]) + scale * z
  whole <- rep(stats::runif(m) < 0.5, rows)
  weight <- ifelse(whole, 1, stats::runif(length(id), 0.2, 3))
  list(k = k, id = id, y = y, weight = weight, eta = eta, cells = twin_cells(y, weight, id))
}

# What the doors call the normal likelihood of k responses.
# The cells of a covariate, as src/moments.h has them
grid_of <- function(inverse_width, first, count) {
  list(inverse_width = inverse_width, first = first, count = count)
}

normal_of <- function(k) list(name = "normal", responses = k)

# Vector code evaluates blocks of 32 cells, the plain form one by one; both are the same formulas.
at_level <- function(level, code) {
  old <- options(covary.simd = level)
  on.exit(options(old))
  code
}

# Expectations of cells (size x m) under N(mean, cov), mean q x m, cov q x q x m: (1 + q + q^2) x m.
# rule: 0 closed forms where there are any, 1 cubature, 2 cubature with the Hessian at the mean.
likelihood_expect <- function(likelihood, cells, mean, cov, rule = 0L) {
  .Call(C_likelihood_expect, likelihood, cells, mean, cov, rule)
}

# Scaled errors of the likelihood in C, three numbers (value, gradient, Hessian) a point.
likelihood_errors <- function(data) {
  q <- nrow(data$eta)
  out <- .Call(C_likelihood, normal_of(data$k), data$cells, data$eta)
  cbind(
    value = scaled_errors(out[1, , drop = FALSE], t(twin_value(data)), data$cells[1, ]),
    gradient = scaled_errors(out[1 + 1:q, ], twin_derivatives(data)),
    hessian = scaled_errors(out[-(1:(1 + q)), ], twin_derivatives(data, twin_gradient))
  )
}

## Quadrature ----------------------------------------------------------------------------------

# Nodes and weights for a standard normal (Golub and Welsch 1969).
gauss_hermite <- function(n) {
  jacobi <- matrix(0, n, n)
  jacobi[cbind(seq_len(n - 1), 2:n)] <- jacobi[cbind(2:n, seq_len(n - 1))] <- sqrt(seq_len(n - 1))
  e <- eigen(jacobi, symmetric = TRUE)
  list(node = e$values, weight = e$vectors[1, ]^2)
}

# E f(x), x ~ N(mean, sd^2), piece by piece so that narrow features are not missed.
normal_integral <- function(f, mean, sd, breaks = numeric(), reach = 12) {
  ends <- sort(c(mean + sd * seq(-reach, reach, by = 2), breaks))
  ends <- unique(ends[ends >= mean - reach * sd & ends <= mean + reach * sd])
  piece <- function(i) {
    stats::integrate(function(x) f(x) * stats::dnorm(x, mean, sd), ends[i], ends[i + 1],
      rel.tol = 1e-11, abs.tol = 0, stop.on.error = FALSE
    )$value
  }
  sum(vapply(seq_len(length(ends) - 1), piece, 0))
}

# Root of a random covariance matrix with the given sds.
random_cov <- function(sd) {
  x <- matrix(stats::rnorm(3 * length(sd)^2), ncol = length(sd))
  diag(sd, length(sd)) %*% stats::cov2cor(crossprod(x)) %*% diag(sd, length(sd))
}

## Priors --------------------------------------------------------------------------------------

# Textbook log densities as formulas in x and par = (a, s, df); derivatives are symbolic (D()).
# Those of a positive sd tau are written in tau and get tau = exp(x) and the Jacobian x.
prior_codes <- c(
  normal = 1L, student_t = 2L, logistic = 3L, lkj = 4L, half_t = 11L, half_normal = 12L,
  exponential = 13L, gamma = 14L, inv_gamma = 15L
)

prior_formulas <- local({
  t_density <- quote(lgamma((df + 1) / 2) - lgamma(df / 2) - log(pi * df) / 2 - log(s) -
    (df + 1) / 2 * log(1 + (u / s)^2 / df))
  on_log_sd <- function(f) {
    eval(substitute(substitute(f + x, list(tau = quote(exp(x)))), list(f = f)))
  }
  with_u <- function(f, u) eval(substitute(substitute(f, list(u = u)), list(f = f)))
  list(
    normal = quote(-log(2 * pi) / 2 - log(s) - (x - a)^2 / (2 * s^2)),
    student_t = with_u(t_density, quote((x - a))),
    logistic = quote(-(x - a) / s - log(s) - 2 * log(1 + exp(-(x - a) / s))),
    lkj = quote(lgamma(2 * df) - 2 * lgamma(df) - log(s) - df * (x - a) / s -
      2 * df * log(1 + exp(-(x - a) / s))),
    half_t = on_log_sd(call("+", quote(log(2)), with_u(t_density, quote(tau)))),
    half_normal = on_log_sd(quote(log(2) - log(2 * pi) / 2 - log(s) - tau^2 / (2 * s^2))),
    exponential = on_log_sd(quote(-log(s) - tau / s)),
    gamma = on_log_sd(quote(-lgamma(a) - a * log(s) + (a - 1) * log(tau) - tau / s)),
    inv_gamma = on_log_sd(quote(a * log(s) - lgamma(a) - (a + 1) * log(tau) - s / tau))
  )
})

# Derivative of the given order of the log density of one family at x (a vector).
twin_prior <- function(family, par, x, order = 0) {
  f <- prior_formulas[[family]]
  for (i in seq_len(order)) f <- stats::D(f, "x")
  eval(f, list(x = x, a = par[1], s = par[2], df = par[3])) + 0 * x
}

# The same by the code of a family; zero for 0, no prior.
twin_prior_code <- function(code, par, x, order = 0) {
  if (code == 0) 0 * x else twin_prior(names(prior_codes)[prior_codes == code], par, x, order)
}

## Regression ----------------------------------------------------------------------------------

# A small random model in the layout of the doors, with the rows its cells were made of.
# p: columns a predictor. The last `penalised` coefficients belong to smooths in turn.
random_model <- function(k, p, m = 12, smooths = 0, penalised = 0) {
  q <- predictors_of(k)
  stopifnot(length(p) == q)
  d <- sum(p)
  id <- rep(seq_len(m), sample(1:4, m, TRUE))
  x <- lapply(p, function(pj) matrix(stats::rnorm(pj * m), pj, m))
  offset <- matrix(stats::rnorm(q * m, sd = 0.3), q)
  y <- matrix(stats::rnorm(length(id) * k), ncol = k)
  weight <- stats::runif(length(id), 0.3, 2)
  group <- rep(0L, d)
  if (penalised > 0) {
    group[d - penalised + seq_len(penalised)] <- rep_len(
      seq_len(smooths),
      penalised
    )
  }
  model <- list(
    likelihood = normal_of(k),
    size = list(cells = m, coefficients = d, smooths = smooths),
    cells = twin_cells(y, weight, id),
    offset = offset, x = x, group = group,
    family = rep_len(c(1L, 2L, 3L, 0L), d), prior = rbind(stats::rnorm(d), 1 + stats::runif(d), 4),
    sd_family = rep_len(c(11L, 12L, 13L, 14L, 15L), smooths),
    sd_prior = cbind(c(2, 1.5, 3))[, rep(1, smooths), drop = FALSE]
  )
  list(model = model, id = id, y = y, weight = weight)
}

# Predictors (q x m) and the dense design ((q m) x d, predictors of a cell together).
twin_predictors <- function(model, beta) {
  q <- nrow(model$offset)
  eta <- model$offset + 0 * beta[1]
  from <- 0
  for (j in seq_len(q)) {
    index <- from + seq_len(nrow(model$x[[j]]))
    if (length(index)) eta[j, ] <- eta[j, ] + colSums(beta[index] * model$x[[j]])
    from <- from + length(index)
  }
  eta
}

twin_design <- function(model) {
  q <- nrow(model$offset)
  m <- ncol(model$offset)
  owner <- rep(seq_len(q), vapply(model$x, nrow, 0L))
  stacked <- do.call(rbind, model$x)
  design <- matrix(0, q * m, nrow(stacked))
  for (a in seq_along(owner)) design[owner[a] + q * (seq_len(m) - 1), a] <- stacked[a, ]
  design
}

twin_density <- function(problem, beta) {
  model <- problem$model
  eta <- twin_predictors(model, beta)[, problem$id, drop = FALSE]
  free <- which(model$group == 0)
  priors <- lapply(free, function(a) twin_prior_code(model$family[a], model$prior[, a], beta[a]))
  sum(problem$weight * twin_rows(problem$y, eta)) + Reduce(`+`, priors, 0)
}

twin_density_gradient <- function(problem, beta) {
  model <- problem$model
  eta <- twin_predictors(model, beta)[, problem$id, drop = FALSE]
  scores <- sum_by(problem$weight * t(twin_scores(problem$y, eta)), problem$id)
  priors <- lapply(seq_along(beta), function(a) {
    if (model$group[a] > 0) 0 else twin_prior_code(model$family[a], model$prior[, a], beta[a], 1)
  })
  as.vector(crossprod(twin_design(model), as.vector(t(scores)))) + unlist(priors)
}

# Expectations of twin_density() and its derivatives under N(beta, cov) by dense algebra, from those
# of single cells and priors (which have tests of their own). list(value, gradient, hessian)
twin_expect <- function(model, beta, cov) {
  q <- nrow(model$offset)
  m <- ncol(model$offset)
  design <- twin_design(model)
  x <- lapply(seq_len(m), function(i) design[q * (i - 1) + seq_len(q), , drop = FALSE])
  v <- vapply(x, function(x) as.vector(x %*% cov %*% t(x)), numeric(q^2))
  each <- likelihood_expect(model$likelihood, model$cells, twin_predictors(model, beta), v)
  value <- sum(each[1, ])
  gradient <- drop(crossprod(design, as.vector(each[1 + 1:q, ])))
  hessian <- Reduce(
    `+`,
    lapply(seq_len(m), function(i) t(x[[i]]) %*% matrix(each[-(1:(1 + q)), i], q) %*% x[[i]])
  )
  for (a in which(model$group == 0)) {
    prior <- .Call(C_prior, model$family[a], model$prior[, a], beta[a], sqrt(cov[a, a]))
    value <- value + prior[1]
    gradient[a] <- gradient[a] + prior[2]
    hessian[a, a] <- hessian[a, a] + prior[3]
  }
  list(value = value, gradient = gradient, hessian = hessian)
}

# theta = (beta, t)
twin_smooths <- function(model, theta) {
  d <- model$size$coefficients
  beta <- theta[seq_len(d)]
  t <- theta[d + seq_len(model$size$smooths)]
  total <- 0 * theta[1]
  for (i in which(model$group > 0)) {
    tau <- exp(t[model$group[i]])
    total <- total - log(2 * pi) / 2 - log(tau) - (beta[i] / tau)^2 / 2
  }
  for (g in seq_along(t)) {
    total <- total + twin_prior_code(
      model$sd_family[g], model$sd_prior[, g],
      t[g]
    )
  }
  total
}

twin_smooths_gradient <- function(model, theta) {
  d <- model$size$coefficients
  out <- 0 * theta
  for (i in which(model$group > 0)) {
    g <- d + model$group[i]
    out[i] <- out[i] - theta[i] / exp(theta[g])^2
    out[g] <- out[g] - 1 + theta[i]^2 / exp(theta[g])^2
  }
  for (g in seq_len(model$size$smooths)) {
    out[d + g] <- out[d + g] +
      twin_prior_code(model$sd_family[g], model$sd_prior[, g], theta[d + g], 1)
  }
  out
}
