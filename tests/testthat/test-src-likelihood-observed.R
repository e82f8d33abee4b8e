# A random model of two responses whose cells lack some, and its twin: each cell by the density of
# one response with the predictors of that response, or of both.
observed_model <- function(m = 40, nodes = FALSE) {
  problem <- random_model(2, c(2, 1, 1, 2, 1), m)
  model <- problem$model
  model$observed <- sample(1:3, m, TRUE)
  if (nodes) {
    k <- 2
    model$cells <- nodes_of_sums(cells_to_sums(model$cells, k), k)
    model$cells <- model$cells * rep(sample(c(1, 1, 1, -1), m, TRUE), each = nrow(model$cells))
  }
  at <- lapply(model$observed, which_observed, 2)
  for (i in seq_len(m)) {
    lacking <- setdiff(1:2, at[[i]])
    zero <- c(1 + lacking, 3 + nodes * 2 + c(lower_places(2)[lacking, ]))
    if (nodes) zero <- c(zero, 3 + lacking)
    if (length(lacking)) model$cells[zero, i] <- 0
  }
  model
}

alone <- function(model, kind) {
  mine <- which(model$observed == kind)
  at <- which_observed(kind, 2)
  predictors <- if (kind == 3) 1:5 else c(at, 2 + at)
  k <- length(at)
  rows <- if (nrow(model$cells) == 8) {
    c(1, 1 + at, 3 + at, 5 + lower_triangle(lower_places(2)[at, at, drop = FALSE]))
  } else {
    sum_rows_of(2, at)
  }
  list(
    cells = model$cells[rows, mine, drop = FALSE], mine = mine, predictors = predictors,
    likelihood = normal_of(k)
  )
}

# (1 + q + q^2) x m by kinds of cells; cov: q^2 x m, or NULL
by_kinds <- function(model, eta, cov = NULL) {
  out <- matrix(0, 31, ncol(eta))
  for (kind in 1:3) {
    part <- alone(model, kind)
    at <- part$predictors
    hess <- outer(at, 5 * (at - 1), "+")
    eta_of <- eta[at, part$mine, drop = FALSE]
    value <- if (is.null(cov)) {
      .Call(C_likelihood, part$likelihood, part$cells, eta_of)
    } else {
      likelihood_expect(part$likelihood, part$cells, eta_of, cov[hess, part$mine, drop = FALSE])
    }
    out[c(1, 1 + at, 6 + hess), part$mine] <- value
  }
  out
}

sums_of_design <- function(model, each) {
  design <- twin_design(model)
  m <- ncol(each)
  hessian <- matrix(0, ncol(design), ncol(design))
  for (i in seq_len(m)) {
    x <- design[5 * (i - 1) + 1:5, , drop = FALSE]
    hessian <- hessian + t(x) %*% matrix(each[-(1:6), i], 5) %*% x
  }
  list(
    value = sum(each[1, ]), gradient = drop(crossprod(design, as.vector(each[2:6, ]))),
    hessian = hessian
  )
}

test_that("cells that lack a response count by the density of the other", {
  for (nodes in c(FALSE, TRUE)) {
    set.seed(31 + nodes)
    model <- observed_model(nodes = nodes)
    model$family[] <- 0L
    beta <- rnorm(7, sd = 0.3)
    got <- .Call(C_loglik_and_priors, model, beta, 2L)
    want <- sums_of_design(model, by_kinds(model, twin_predictors(model, beta)))
    for (part in names(want)) expect_close(got[[part]], want[[part]], rounding_of_sums)
    expect_close(
      .Call(C_loglik_and_priors_draws, model, rbind(beta, beta))[2], got$value,
      rounding_of_sums
    )
    for (order in 0:1) {
      expect_identical(.Call(C_loglik_and_priors, model, beta, order)$value, got$value)
    }
    cov <- crossprod(matrix(rnorm(49, sd = 0.1), 7))
    got <- .Call(C_expect_loglik_and_priors, model, beta, cov, 1L)
    x <- twin_design(model)
    v <- vapply(seq_len(ncol(model$cells)), function(i) {
      at <- x[5 * (i - 1) + 1:5, , drop = FALSE]
      as.vector(at %*% cov %*% t(at))
    }, numeric(25))
    want <- sums_of_design(model, by_kinds(model, twin_predictors(model, beta), v))
    for (part in names(want)) expect_close(got[[part]], want[[part]], rounding_of_sums)
  }
})

test_that("a cell of one response is the naive density of its rows", {
  set.seed(33)
  model <- observed_model(30)
  model$family[] <- 0L
  model$observed[] <- 2L
  model$cells[c(2, 4, 5), ] <- 0
  eta <- twin_predictors(model, beta <- rnorm(7, sd = 0.3))
  y <- model$cells[3, ]
  squares <- (y - eta[2, ])^2 * model$cells[1, ] + model$cells[6, ]^2
  naive <- sum(-model$cells[1, ] * (log(2 * pi) / 2 + eta[4, ]) - squares * exp(-2 * eta[4, ]) / 2)
  expect_close(.Call(C_loglik_and_priors, model, beta, 0L)$value, naive, rounding_of_sums)
})

test_that("what the C core does not know is refused", {
  set.seed(34)
  model <- observed_model(5)
  refused <- function(observed) {
    model$observed <- observed
    expect_error(.Call(C_loglik_and_priors, model, numeric(7), 0L),
      class = "covary_error_internal"
    )
  }
  refused(rep(0L, 5))
  refused(rep(4L, 5))
  refused(rep(1L, 4))
  refused(rep(1, 5))
})
