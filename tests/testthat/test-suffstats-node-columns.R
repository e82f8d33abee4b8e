# Sums (n, y, y y') of k responses over some rows with weights of both signs.
signed_sums <- function(k, m) {
  pair <- lower_pairs(k)
  vapply(seq_len(m), function(i) {
    n <- sample(1:6, 1)
    y <- matrix(stats::rnorm(n * k), n)
    w <- stats::rnorm(n)
    c(sum(w), colSums(w * y), colSums(w * y[, pair[, 1], drop = FALSE] * y[, pair[, 2]]))
  }, numeric(1 + k + nrow(pair)))
}

# Scatter about means m (k): sum of a (u - g m)(u - g m)' of the residuals of a node
scatter_about <- function(column, m, k) {
  at <- matrix(column, k + 2)
  u <- at[-(1:2), ] - outer(m, at[2, ])
  u %*% (at[1, ] * t(u))
}

test_that("residuals of nodes have the scatter of their sums about any means", {
  set.seed(3)
  for (k in c(3, 5, 10)) {
    sums <- signed_sums(k, 40)
    sums[1, 1] <- 0 # no weight at all, yet sums
    positive <- cells_to_sums(twin_cells(matrix(rnorm(60 * k), 60), runif(60), rep(1:3, 20)), k)
    sums <- cbind(sums, positive, 0)
    columns <- node_columns(sums, k)
    expect_identical(dim(columns), as.integer(c((k + 1) * (k + 2), ncol(sums))))
    expect_close(sums_of_columns(columns, k), sums, rounding)
    expect_close(cell_weights(columns, k), sums[1, ], rounding, floor = 1)
    m <- rnorm(k)
    for (i in seq_len(ncol(sums))) {
      first <- sums[1 + seq_len(k), i]
      about <- symmetric_matrix(sums[-seq_len(1 + k), i], k) - outer(first, m) - outer(m, first) +
        sums[1, i] * tcrossprod(m)
      expect_close(scatter_about(columns[, i], m, k), about, rounding, floor = 1)
    }
    # Rows keep their positive weights.
    expect_true(all(matrix(columns[, 41:43], k + 2)[1, ] > 0))
  }
})

test_that("the C core reads nodes of three responses as cells where they are cells", {
  set.seed(4)
  k <- 3
  cells <- twin_cells(matrix(rnorm(60 * k), 60), runif(60), rep(1:6, 10))
  eta <- matrix(rnorm(9 * 6, sd = 0.5), 9)
  by_cells <- .Call(C_likelihood, normal_of(k), cells, eta)
  by_nodes <- .Call(C_likelihood, normal_of(k), nodes_of_sums(cells_to_sums(cells, k), k), eta)
  expect_close(by_nodes, by_cells, rounding_of_solve)
})

test_that("nodes that lack responses are cells that lack them, where they are cells", {
  set.seed(8)
  k <- 3
  kinds <- rep(1:7, 3)
  m <- length(kinds)
  id <- rep(seq_len(m), each = 10)
  y <- matrix(rnorm(10 * m * k), ncol = k) * t(is_observed(kinds[id], k))
  cells <- twin_cells(y, runif(10 * m), id)
  eta <- matrix(rnorm(9 * m, sd = 0.5), 9)
  cov <- vapply(seq_len(m), function(i) crossprod(matrix(rnorm(81, sd = 0.1), 9)), matrix(0, 9, 9))
  likelihood <- c(normal_of(k), list(observed = kinds))
  sums <- cells_to_sums(cells, k)
  nodes <- nodes_of_sums(sums, k, kinds)
  expect_close(sums_of_nodes(nodes, k), sums, rounding, floor = 1)
  expect_close(
    .Call(C_likelihood, likelihood, nodes, eta), .Call(C_likelihood, likelihood, cells, eta),
    rounding_of_fit
  )
  expect_close(
    likelihood_expect(likelihood, nodes, eta, cov),
    likelihood_expect(likelihood, cells, eta, cov), rounding_of_fit
  )
  # Sums of the opposite sign have the opposite density, by eigenvectors too.
  signed <- nodes_of_sums(-sums, k, kinds)
  expect_close(
    .Call(C_likelihood, likelihood, signed, eta), -.Call(C_likelihood, likelihood, cells, eta),
    rounding_of_fit
  )
})

test_that("one and two responses keep sums, and all can be turned back", {
  set.seed(5)
  for (k in 1:4) {
    sums <- signed_sums(k, 10)
    expect_close(sums_of_nodes(nodes_of_sums(sums, k), k), sums, rounding)
    expect_true(is_of_nodes(nodes_of_sums(sums, k), k))
  }
})

test_that("statistics of so many times the rows", {
  set.seed(9)
  for (k in 1:4) {
    cells <- twin_cells(matrix(rnorm(20 * k), 20), runif(20), rep(1:2, 10))
    sums <- cells_to_sums(cells, k)
    expect_close(cells_to_sums(count_stats(cells, k, 2.5), k), 2.5 * sums, rounding)
    nodes <- count_stats(nodes_of_sums(sums, k), k, 2.5)
    expect_close(sums_of_nodes(nodes, k), 2.5 * sums, rounding)
  }
})

# --- fits of several responses --------------------------------------------------------------------

rows_of_three <- function(n) {
  set.seed(6)
  d <- data.frame(x = stats::runif(n), z = stats::runif(n), g = sample(c("u", "v"), n, TRUE))
  a <- stats::rnorm(n)
  d$a <- 10 + sin(6 * d$x) + a
  d$b <- exp(d$x) * (0.6 * a + stats::rnorm(n)) + d$z
  d$c <- 2 * d$x + sin(5 * d$x) * a + stats::rnorm(n)
  d
}

predictors_at <- function(fit, new) {
  draws <- lapply(c("mu", "sigma", "rho"), function(dpar) {
    posterior_linpred(fit, newdata = new, dpar = dpar)
  })
  do.call(cbind, lapply(draws, function(v) matrix(v, nrow(v))))
}

test_that("three responses are compressed as two are, and the fit is that of the rows", {
  d <- rows_of_three(12000)
  new <- data.frame(x = seq(0.05, 0.95, by = 0.1), z = 0.5, g = "u")
  formulas <- list(cbind(a, b, c) ~ s(x, k = 5), sigma ~ x, rho ~ x)
  fit <- function(data, ...) {
    set.seed(1)
    suppressWarnings(suppressMessages(
      covary(formulas, data = data, algorithm = "laplace", draws = 400, ...)
    ))
  }
  rows <- predictors_at(fit(d, control = covary_control(compress = "never")), new)
  auto <- fit(d)
  expect_lt(auto$info$certificate, 1e-5)
  expect_true(is_accurate(auto$info$accuracy))
  cells <- fit(compress(d, c("a", "b", "c"), by = ~x))
  expect_lt(cells$info$certificate, 1e-5)
  for (one in list(auto, cells)) {
    one <- predictors_at(one, new)
    # Bases have their knots elsewhere: smoothing differs a little.
    expect_lt(max(abs(colMeans(one) - colMeans(rows)) / apply(rows, 2, stats::sd)), 0.15)
    expect_lt(max(abs(log(apply(one, 2, stats::sd) / apply(rows, 2, stats::sd)))), 0.15)
  }
  # Nodes leave the mode where all nodes have it.
  expect_lt(auto$info$compression$quadrature_error, 1e-5)
})

test_that("fits of compressed rows that lack some of three responses are those of the rows", {
  d <- rows_of_three(14000)
  d$b[stats::plogis(d$a - 10) > stats::runif(14000)] <- NA
  d$c[sample(14000, 4000)] <- NA
  new <- data.frame(x = seq(0.05, 0.95, by = 0.1))
  f <- list(cbind(a, b, c) ~ x + I(x^2), sigma ~ x, rho ~ x)
  fit <- function(data, ...) {
    set.seed(1)
    suppressWarnings(suppressMessages(
      covary(f, data = data, algorithm = "laplace", draws = 400, ...)
    ))
  }
  rows <- fit(d, control = covary_control(compress = "never"))
  compressed <- fit(d, control = covary_control(compress = "always"))
  expect_lt(compressed$info$certificate, 1e-4)
  cells <- fit(suppressMessages(compress(d, c("a", "b", "c"), by = ~x)))
  expect_lt(cells$info$certificate, 1e-4)
  one <- coefficients_of(rows)
  for (other in list(compressed, cells)) {
    shift <- abs(colMeans(coefficients_of(other)) - colMeans(one)) / apply(one, 2, stats::sd)
    expect_lt(max(shift), 0.01)
  }
})

test_that("two continuous covariates of three responses are compressed too", {
  d <- rows_of_three(20000)
  cells <- compress(d, c("a", "b", "c"), by = ~ x + z)
  set.seed(1)
  fit <- covary(cbind(a, b, c) ~ x + I(x^2) + z, sigma ~ x, rho ~ x,
    data = cells,
    algorithm = "laplace", draws = 400
  )
  set.seed(1)
  rows <- covary(cbind(a, b, c) ~ x + I(x^2) + z, sigma ~ x, rho ~ x,
    data = d,
    algorithm = "laplace", draws = 400, control = covary_control(compress = "never")
  )
  one <- coefficients_of(rows)
  shift <- abs(colMeans(coefficients_of(fit)) - colMeans(one)) / apply(one, 2, stats::sd)
  expect_lt(max(shift), 0.01)
})

test_that("exact cells of ten responses are those of the rows, in chunks and merged", {
  set.seed(7)
  names <- paste0("y", 1:10)
  d <- data.frame(g = sample(letters[1:5], 600, TRUE), matrix(rnorm(6000), 600))
  names(d)[-1] <- names
  whole <- compress(d, names, by = ~g)
  parts <- merge(compress(d[1:250, ], names, by = ~g), compress(d[251:600, ], names, by = ~g))
  at <- match(whole$groups$g, parts$groups$g)
  expect_close(rescale(parts, whole$scaling)$stats[, at], whole$stats, rounding_of_solve,
    floor = 1
  )
  expect_identical(nrow(whole$stats), 66L)
})
