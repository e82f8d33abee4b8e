# Moments over cells and the pass over rows in C against naive twins in R, on every level of vector
# code.

levels_of_simd <- function() 0:2

moments_of <- function(x, y, weights = NULL, group = NULL, grid, scaling, level = 2, threads = 1) {
  k <- ncol(y)
  out <- .Call(
    C_moments, x, lapply(seq_len(k), function(j) y[, j]), weights, group, grid, scaling,
    list(level = level, threads = threads, groups = max(group, 1))
  )
  out$table <- array(out$table, c(moments_padded(k), 4, grid$count, max(group, 1)))
  out
}

twin_moments <- function(x, y, weights, group, grid, scaling) {
  k <- ncol(y)
  z <- sweep(sweep(y, 2, scaling[, 1]), 2, scaling[, 2], "/")
  pair <- which(lower.tri(diag(k), TRUE), arr.ind = TRUE)
  s <- weights * cbind(1, z, z[, pair[, 1], drop = FALSE] * z[, pair[, 2], drop = FALSE])
  u <- x * grid$inverse_width - grid$first
  cell <- floor(u)
  t <- 2 * (u - cell) - 1
  out <- array(0, c(moments_padded(k), 4, grid$count, max(group)))
  for (i in seq_along(x)) {
    at <- out[seq_len(ncol(s)), , cell[i] + 1, group[i]]
    out[seq_len(ncol(s)), , cell[i] + 1, group[i]] <- at + outer(s[i, ], cos(0:3 * acos(t[i])))
  }
  out
}

test_that("moments are those of a naive pass", {
  set.seed(701)
  for (k in 1:4) {
    for (n in c(1, 7, 300)) {
      x <- runif(n, -3, 2)
      y <- matrix(rnorm(n * k, 5), n)
      weights <- runif(n)
      group <- sample.int(3, n, TRUE)
      group[1] <- 3L
      scaling <- cbind(rnorm(k), runif(k, 0.5, 2))
      grid <- grid_of(4, -12, 20)
      truth <- twin_moments(x, y, weights, group, grid, scaling)
      for (level in levels_of_simd()) {
        out <- moments_of(x, y, weights, group, grid, scaling, level)
        expect_close(out$table, truth, 1e-12, floor = 1e-3)
        expect_identical(out$counts, c(0, 0, 0))
      }
    }
  }
})

test_that("rows that are not finite or outside are counted and left out", {
  set.seed(702)
  n <- 500
  x <- runif(n)
  y <- cbind(rnorm(n), rnorm(n))
  grid <- grid_of(16, 0, 16)
  scaling <- cbind(c(0, 0), 1)
  bad_x <- replace(x, c(3, 200, 201), c(NA, Inf, 1.5))
  bad_y <- replace(y, c(5, n + 6, n + 7), c(NaN, -Inf, NA))
  keep <- setdiff(seq_len(n), c(3, 200, 201, 5, 6, 7))
  for (level in levels_of_simd()) {
    out <- moments_of(bad_x, bad_y, NULL, NULL, grid, scaling, level)
    expect_identical(out$counts, c(3, 2, 1))
    expect_close(out$table, moments_of(x[keep], y[keep, ], NULL, NULL, grid, scaling, level)$table,
      1e-13,
      floor = 1e-3
    )
  }
})

test_that("any number of threads gives the same bits", {
  set.seed(703)
  n <- 3e5
  x <- runif(n)
  y <- cbind(rnorm(n), rnorm(n))
  one <- moments_of(x, y, NULL, NULL, grid_of(256, 0, 256), cbind(c(0, 0), 1), threads = 1)
  expect_identical(
    moments_of(x, y, NULL, NULL, grid_of(256, 0, 256), cbind(c(0, 0), 1), threads = 2),
    one
  )
  term <- list(
    x = x, group = NULL, grid = grid_of(256, 0, 256), groups = 1L,
    coefficients = rnorm(5 * 4 * 256) / 10
  )
  rows <- lapply(1:2, function(threads) {
    .Call(
      C_rows, y, NULL, cbind(c(0, 0), 1), list(term),
      list(likelihood = normal_of(2), level = 2, threads = threads, value = TRUE)
    )
  })
  expect_identical(rows[[1]], rows[[2]])
})

test_that("the exponential of the vector code is exact to 2 ulp", {
  x <- c(seq(-690, 690, length.out = 2e5), seq(-1, 1, length.out = 1e5), 0, -0, 1e-300)
  for (level in 1:2) expect_lt(max(abs(.Call(C_exponential, x, level) / exp(x) - 1)), 2 * 2^-52)
  expect_true(all(is.finite(.Call(C_exponential, c(-1e4, 1e4, 1e300, -1e300), 2L))))
})

test_that("the pass over rows sums the kernels of the rows", {
  set.seed(704)
  for (k in 1:2) {
    for (weighted in c(FALSE, TRUE)) {
      n <- 333
      q <- predictors_of(k)
      y <- matrix(rnorm(n * k, 2), n)
      scaling <- cbind(rnorm(k), runif(k, 0.5, 2))
      weights <- if (weighted) runif(n, 0, 3)
      x <- cbind(runif(n), rnorm(n))
      group <- sample.int(2, n, TRUE)
      grids <- list(grid_of(8, 0, 8), grid_of(2, -10, 20))
      terms <- list(
        list(
          x = x[, 1], group = group, grid = grids[[1]], groups = 2L,
          coefficients = rnorm(q * 4 * 16) / 4
        ),
        list(
          x = x[, 2], group = NULL, grid = grids[[2]], groups = 1L,
          coefficients = rnorm(q * 4 * 20) / 4
        ),
        list(
          x = NULL, group = group, grid = grid_of(1, 0, 1), groups = 2L,
          coefficients = rnorm(q * 8) / 4
        )
      )
      eta <- matrix(0, q, n)
      place <- list()
      for (j in 1:3) {
        term <- terms[[j]]
        grid <- term$grid
        u <- if (is.null(term$x)) rep(0.5, n) else term$x * grid$inverse_width - grid$first
        cell <- pmin(floor(u), grid$count - 1)
        t <- 2 * (u - cell) - 1
        cell <- cell + (if (is.null(term$group)) 0 else grid$count * (term$group - 1))
        b <- array(term$coefficients, c(q, 4, length(term$coefficients) / q / 4))
        for (d in 1:4) eta <- eta + b[seq_len(q), d, cell + 1] * rep(t^(d - 1), each = q)
        place[[j]] <- list(cell = cell, t = t, shape = dim(b))
      }
      z <- sweep(sweep(y, 2, scaling[, 1]), 2, scaling[, 2], "/")
      w <- if (weighted) weights else rep(1, n)
      at <- .Call(C_likelihood, normal_of(k), rbind(w, t(z), matrix(0, k * (k + 1) / 2, n)), eta)
      scores <- unlist(lapply(place, function(p) {
        out <- array(0, p$shape)
        for (d in 1:4) {
          for (i in seq_len(n)) {
            out[seq_len(q), d, p$cell[i] + 1] <- out[seq_len(q), d, p$cell[i] + 1] +
              at[1 + seq_len(q), i] * p$t[i]^(d - 1)
          }
        }
        out
      }))
      for (level in levels_of_simd()) {
        out <- .Call(
          C_rows, y, weights, scaling, terms,
          list(likelihood = normal_of(k), level = level, threads = 1, value = TRUE)
        )
        expect_equal(out$value, sum(at[1, ]), tolerance = rounding)
        expect_close(out$scores, scores, 1e-11, floor = 1e-3)
      }
    }
  }
})

test_that("vector code stays finite at extreme predictors", {
  y <- cbind(c(1e3, -1e3, 0, 1), c(-1e3, 1e3, 0, 1))
  coefficients <- array(0, c(5, 4, 1))
  for (r in c(-40, 40)) {
    coefficients[5, 1, 1] <- r
    term <- list(
      x = NULL, group = NULL, grid = grid_of(1, 0, 1), groups = 1L,
      coefficients = as.vector(coefficients)
    )
    for (level in 1:2) {
      plain <- .Call(
        C_rows, y, NULL, cbind(c(0, 0), 1), list(term),
        list(likelihood = normal_of(2), level = 0, threads = 1, value = TRUE)
      )
      out <- .Call(
        C_rows, y, NULL, cbind(c(0, 0), 1), list(term),
        list(likelihood = normal_of(2), level = level, threads = 1, value = TRUE)
      )
      expect_true(is.finite(out$value))
      expect_equal(out$value, plain$value, tolerance = last_bits)
      expect_equal(out$scores[1:5], plain$scores[1:5], tolerance = rounding)
    }
  }
})

test_that("nodes of rows have the densities of their cells", {
  set.seed(705)
  for (k in 1:2) {
    q <- predictors_of(k)
    m <- 40
    rows <- lapply(seq_len(m), function(i) matrix(rnorm(6 * k), 6))
    cells <- vapply(
      rows, function(v) .Call(C_cells, rep(1L, 6), 1L, v, rep(1, 6)),
      numeric(1 + k + k * (k + 1) / 2)
    )
    nodes <- vapply(rows, function(v) {
      centre <- rnorm(k) / 3
      d <- sweep(v, 2, centre)
      s <- crossprod(d)
      c(6, centre, colSums(d), s[lower.tri(s, TRUE)])
    }, numeric(1 + 2 * k + k * (k + 1) / 2))
    eta <- matrix(rnorm(q * m), q)
    cov <- vapply(
      seq_len(m), function(i) as.vector(crossprod(matrix(rnorm(q * q) / 3, q))),
      numeric(q^2)
    )
    expect_close(.Call(C_likelihood, normal_of(k), nodes, eta),
      .Call(C_likelihood, normal_of(k), cells, eta), 1e-12,
      floor = 1e-2
    )
    expect_close(likelihood_expect(normal_of(k), nodes, eta, cov),
      likelihood_expect(normal_of(k), cells, eta, cov), 1e-11,
      floor = 1e-2
    )
    # Signed weights: two nodes of one place add.
    half <- nodes
    half[-(1 + seq_len(k)), ] <- half[-(1 + seq_len(k)), ] * 3
    minus <- nodes
    minus[-(1 + seq_len(k)), ] <- minus[-(1 + seq_len(k)), ] * -2
    expect_close(
      .Call(C_likelihood, normal_of(k), half, eta) + .Call(C_likelihood, normal_of(k), minus, eta),
      .Call(C_likelihood, normal_of(k), nodes, eta), 1e-11,
      floor = 1e-2
    )
  }
})

test_that("a process that was forked after threads were used works with one", {
  skip_on_cran()
  skip_on_os("windows")
  code <- "d <- data.frame(x = runif(2e5)); d$y <- d$x
    f <- function(i) covary::compress(d, 'y', by = ~ x, threads = 2)
    one <- f(0)
    cat(all(vapply(parallel::mclapply(1:2, f, mc.cores = 2), identical, TRUE, one)))"
  said <- suppressWarnings(system2("timeout", c(
    "60", file.path(R.home("bin"), "Rscript"),
    "--vanilla", "-e", shQuote(code)
  ),
  stdout = TRUE,
  stderr = FALSE, env = paste0("R_LIBS=", paste(c(
    dirname(getNamespaceInfo("covary", "path")),
    .libPaths()
  ), collapse = ":"))
  ))
  expect_identical(tail(said, 1), "TRUE")
})
