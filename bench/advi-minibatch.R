# advi() by minibatches: a logistic regression of columns whose neighbours have correlation .5,
# prior N(0, 1), start 0, with a vectorised gradient. Passes are rows read by density or gradient,
# each counted, in units of all rows, the verdict included; errors are root mean squares over
# coefficients against the mean-field optimum of all rows, which Newton steps with quadrature of
# the linear predictors find.
#   Rscript bench/advi-minibatch.R <rows> <columns> <batch> <first seed> <seeds>
#   Rscript bench/advi-minibatch.R 100000 1000 500 1 3 >> bench/results/advi-minibatch.txt
suppressMessages(library(covary))
asked <- as.integer(commandArgs(TRUE))
n <- asked[1]
p <- asked[2]
set.seed(5)
x <- matrix(rnorm(n * p), p)
for (j in 2:p) x[j, ] <- 0.5 * x[j - 1, ] + sqrt(0.75) * x[j, ]
y <- as.numeric(runif(n) < plogis(as.vector((rnorm(p) * 0.2) %*% x)))

seen <- 0
columns <- function(rows) if (length(rows) == n) x else x[, rows, drop = FALSE]
target <- target_density(
  function(b, rows) {
    seen <<- seen + length(rows)
    eta <- as.vector(b %*% columns(rows))
    sum(y[rows] * eta - log1p(exp(-abs(eta))) - pmax(eta, 0))
  },
  gradient = function(b, rows) {
    seen <<- seen + length(rows)
    z <- columns(rows)
    as.vector(z %*% (y[rows] - plogis(as.vector(b %*% z))))
  }, log_prior = function(b) -sum(b^2) / 2, prior_gradient = function(b) -b, names = "b",
  transforms = list(b = transform_identity(p)), rows = n
)

# Nodes and weights of Gauss-Hermite quadrature for the standard normal
hermite <- function(k) {
  jacobi <- matrix(0, k, k)
  jacobi[cbind(1:(k - 1), 2:k)] <- jacobi[cbind(2:k, 1:(k - 1))] <- sqrt(1:(k - 1))
  e <- eigen(jacobi)
  list(z = e$values, w = e$vectors[1, ]^2)
}

# A^-1 b by conjugate gradients, `s`: roots of the inverse diagonal of A
solve_by_products <- function(times, b, s) {
  u <- numeric(length(b))
  q <- s^2 * b
  square <- sum(b * q)
  for (i in 1:40) {
    aq <- times(q)
    size <- square / sum(q * aq)
    u <- u + size * q
    b <- b - size * aq
    now <- sum(b^2 * s^2)
    if (now < 1e-10) break
    q <- s^2 * b + q * now / square
    square <- now
  }
  u
}

optimum <- function(m, s) {
  at <- hermite(15)
  x2 <- x^2
  for (i in 1:15) {
    eta <- as.vector(m %*% x)
    v <- sqrt(as.vector(s^2 %*% x2))
    mean <- weight <- 0
    for (k in seq_along(at$z)) {
      q <- plogis(eta + v * at$z[k])
      mean <- mean + at$w[k] * q
      weight <- weight + at$w[k] * q * (1 - q)
    }
    new <- 1 / sqrt(as.vector(x2 %*% weight) + 1)
    times <- function(v) as.vector(x %*% (weight * as.vector(v %*% x))) + v
    move <- solve_by_products(times, as.vector(x %*% (y - mean)) - m, new)
    far <- max(abs(move / new), abs(log(new / s)))
    m <- m + move
    s <- new
    if (far < 1e-5) {
      return(list(mean = m, sd = s))
    }
  }
  stop("no optimum after 15 steps")
}

best <- NULL
for (seed in seq(asked[4], length.out = asked[5])) {
  seen <- 0
  set.seed(seed)
  time <- system.time(fit <- advi(target, "meanfield", batch_size = asked[3], refresh = FALSE))
  passes <- seen / n
  if (is.null(best)) best <- optimum(fit$mean, fit$sd)
  rms <- function(e) sqrt(mean(e^2))
  cat(sprintf(
    paste(
      "%d rows x %d columns, batch %d, seed %d: %.1f passes, %.0f s; rms of means %.3f sds,",
      "of log sds %.3f; it said %.3f, converged %s\n"
    ), n, p, asked[3], seed, passes, sum(time[1:2]), rms((fit$mean - best$mean) / best$sd),
    rms(log(fit$sd / best$sd)), fit$info$error, fit$info$converged
  ))
}
