# The learner's naive twin: the same model in plain R, written for reading. Every function takes
# complex numbers, so that a complex step gives its derivative to the last digit.

learner_twin_cholesky <- function(s) {
  d <- nrow(s)
  l <- s * 0
  for (j in seq_len(d)) {
    before <- seq_len(j - 1)
    l[j, j] <- sqrt(s[j, j] - sum(l[j, before]^2))
    for (i in seq_len(d)[seq_len(d) > j]) {
      l[i, j] <- (s[i, j] - sum(l[i, before] * l[j, before])) /
        l[j, j]
    }
  }
  l
}

learner_twin_factor <- function(triangle, scale, d) {
  l <- matrix(triangle[1] * 0, d, d)
  l[lower.tri(l, diag = TRUE)] <- triangle
  if (scale == "covariance") {
    l[upper.tri(l)] <- t(l)[upper.tri(l)]
    return(learner_twin_cholesky(l))
  }
  if (scale == "log_cholesky") diag(l) <- exp(diag(l))
  l
}

learner_twin_log_density <- function(x, m, l) {
  d <- length(x)
  u <- m * 0
  for (i in seq_len(d)) {
    u[i] <- (x[i] - m[i] - sum(l[i, seq_len(i - 1)] * u[seq_len(i - 1)])) /
      l[i, i]
  }
  -d / 2 * log(2 * pi) - sum(log(diag(l))) - sum(u^2) / 2
}

# model: list(d, g, scale, activation, bias)
learner_twin_split <- function(parameter, model) {
  t <- model$d * (model$d + 1) / 2
  at <- cumsum(c(model$d * model$g, t * model$g, model$g^2))
  list(
    mean = matrix(parameter[seq_len(at[1])], model$d),
    triangle = matrix(parameter[at[1] + seq_len(t * model$g)], t),
    weight = matrix(parameter[at[2] + seq_len(model$g^2)], model$g),
    bias = if (model$bias) parameter[at[3] + seq_len(model$g)] else 0
  )
}

learner_twin_loss <- function(parameter, x, y, model) {
  p <- learner_twin_split(parameter, model)
  a <- sapply(seq_len(model$g), function(k) {
    learner_twin_log_density(
      x, p$mean[, k],
      learner_twin_factor(p$triangle[, k], model$scale, model$d)
    )
  })
  if (model$activation == "density") a <- exp(a)
  z <- p$weight %*% a + p$bias
  # -log softmax(z)[y]; against z[y] first, so nothing cancels when the response is sure
  top <- max(Re(z - z[y]))
  top + log(sum(exp(z - z[y] - top)))
}

learner_twin_gradient <- function(parameter, x, y, model, step = 1e-30) {
  gradient <- vapply(seq_along(parameter), function(i) {
    parameter[i] <- parameter[i] + step * 1i
    Im(learner_twin_loss(as.complex(parameter), x, y, model)) / step
  }, 0)
  # a covariance stands twice in its matrix; each of the two entries takes half of the derivative
  if (model$scale == "covariance") {
    off <- !diag(model$d)[lower.tri(diag(model$d), diag = TRUE)]
    at <- model$d * model$g + seq_len(length(off) * model$g)
    gradient[at] <- gradient[at] / ifelse(rep(off, model$g), 2, 1)
  }
  gradient
}

# Plain stochastic gradient descent; returns the parameters after every trial, one row each.
learner_twin_run <- function(
  parameter, x, y, order, model, rate, momentum, batch = 1,
  rows = nrow(x)
) {
  path <- matrix(0, length(order), length(parameter))
  velocity <- gradient <- parameter * 0
  waiting <- 0
  for (t in seq_along(order)) {
    gradient <- gradient + learner_twin_gradient(parameter, x[order[t], ], y[order[t]], model)
    waiting <- waiting + 1
    if (waiting == batch || t %% rows == 0) {
      velocity <- momentum * velocity + gradient / waiting
      parameter <- parameter - rate * velocity
      gradient <- gradient * 0
      waiting <- 0
    }
    path[t, ] <- parameter
  }
  path
}

# ---- the engine on one state -----------------------------------------------------------------

learner_engine_settings <- function(
  model, rows = 10, batch = rows, rate = c(1, 1, 1), momentum = 0,
  unit = NULL
) {
  list(
    dimensions = model$d, categories = model$g, rows = as.integer(rows),
    batch = as.integer(batch),
    scale = match(model$scale, c("log_cholesky", "cholesky", "covariance")) - 1L,
    log_activation = model$activation == "log_density", bias = model$bias,
    mean_rate = rate[1], scale_rate = rate[2], weight_rate = rate[3], momentum = momentum,
    unit = if (is.null(unit)) rep(1, model$d * model$g) else unit
  )
}

# One trial of a batch of ten leaves its gradient in the state and takes no step.
learner_engine_gradient <- function(parameter, x, y, model) {
  state <- list(
    parameter = parameter, velocity = 0 * parameter, gradient = 0 * parameter,
    trial = 0, waiting = 0L
  )
  out <- .Call(
    covary:::C_learner_run, learner_engine_settings(model), matrix(x), y - 1L, 0L, 0L,
    state
  )
  list(gradient = out$gradient, loss = out$loss, status = out$status)
}

# A random model and state. A loss below 1e-250 is drawn again: a complex step of 1e-30 underflows
# there, in the twin.
learner_random_state <- function() {
  repeat {
    state <- learner_any_state()
    if (learner_twin_loss(state$parameter, state$x, state$y, state$model) > 1e-250) {
      return(state)
    }
  }
}

learner_any_state <- function() {
  model <- list(
    d = sample(1:5, 1), g = sample(2:4, 1),
    scale = sample(c("log_cholesky", "cholesky", "covariance"), 1),
    activation = sample(c("density", "log_density"), 1), bias = runif(1) < .5
  )
  spread <- exp(runif(1, -2, 1))
  triangles <- replicate(model$g, {
    l <- matrix(rnorm(model$d^2, sd = .5), model$d)
    diag(l) <- exp(rnorm(model$d, sd = .5))
    l <- spread * l * lower.tri(l, diag = TRUE)
    if (model$scale == "covariance") l <- tcrossprod(l)
    if (model$scale == "log_cholesky") diag(l) <- log(diag(l))
    l[lower.tri(l, diag = TRUE)]
  })
  weight <- rnorm(model$g^2, sd = exp(runif(1, -3, 2)))
  list(
    model = model, x = rnorm(model$d, sd = spread), y = sample(model$g, 1),
    parameter = c(rnorm(model$d * model$g, sd = spread), triangles, weight, if (model$bias) {
      rnorm(model$g)
    })
  )
}

# Largest error of a gradient as a share of its largest entry.
learner_scaled_error <- function(found, expected) {
  max(abs(found - expected)) /
    max(abs(expected), .Machine$double.xmin)
}

learner_gradient_errors <- function(states) {
  do.call(rbind, lapply(seq_len(states), function(i) {
    s <- learner_random_state()
    expected <- learner_twin_gradient(s$parameter, s$x, s$y, s$model)
    found <- learner_engine_gradient(s$parameter, s$x, s$y, s$model)
    loss <- learner_twin_loss(s$parameter, s$x, s$y, s$model)
    data.frame(s$model,
      error = learner_scaled_error(found$gradient, expected),
      loss_error = abs(found$loss - loss) / max(1, abs(loss))
    )
  }))
}

# The two categories of the original study, 200 stimuli each.
original_stimuli <- function(n = 200) {
  draw <- function(mean, covariance) {
    sweep(
      matrix(rnorm(2 * n), n) %*% chol(covariance), 2, mean,
      "+"
    )
  }
  x <- rbind(
    draw(c(-.5, .25), matrix(c(.0185, -.005, -.005, .065), 2)),
    draw(c(-.25, -.6), matrix(c(.0125, .005, .005, .005), 2))
  )
  data.frame(category = rep(c("a", "b"), each = n), x1 = x[, 1], x2 = x[, 2])
}

original_start <- list(mean = rbind(c(-.25, .05), c(-.15, -.25)), covariance = .02)
