# Cells of two continuous covariates against naive twins in R and against the rows.

rows_of_two <- function(n, seed) {
  set.seed(seed)
  x <- rnorm(n)
  z <- 0.6 * x + 0.8 * rnorm(n)
  u <- pnorm(x)
  r <- tanh(sin(4 * u) + z / 4)
  e <- matrix(rnorm(2 * n), n)
  data.frame(
    x = u, z = z, sex = factor(sample(c("f", "m"), n, TRUE)), age = sample(20:24, n, TRUE),
    y1 = 100 + sin(6 * u) + cos(z) + exp(0.4 * cos(4 * u) + 0.2 * z - 1) * e[, 1],
    y2 = u - 0.15 * z^2 + exp(0.3 * sin(5 * u)) * (r * e[, 1] + sqrt(1 - r^2) * e[, 2])
  )
}

# padded x 4 x 4 x m by sums over rows, rectangle by rectangle.
twin_tensor <- function(x, z, y, weights, group, step, scaling) {
  k <- ncol(y)
  s <- sweep(sweep(y, 2, scaling[, 1]), 2, scaling[, 2], "/")
  pair <- which(lower.tri(diag(k), TRUE), arr.ind = TRUE)
  s <- weights * cbind(1, s, s[, pair[, 1], drop = FALSE] * s[, pair[, 2], drop = FALSE])
  at <- cbind(floor(x * 2^step[1]), floor(z * 2^step[2]), group)
  t <- 2 * (x * 2^step[1] - at[, 1]) - 1
  u <- 2 * (z * 2^step[2] - at[, 2]) - 1
  places <- unique(at)
  places <- places[order(places[, 3], places[, 2], places[, 1]), , drop = FALSE]
  table <- array(0, c(moments_padded(k), 4, 4, nrow(places)))
  for (c in seq_len(nrow(places))) {
    mine <- which(at[, 1] == places[c, 1] & at[, 2] == places[c, 2] & at[, 3] == places[c, 3])
    for (a in 0:3) {
      for (b in 0:3) {
        table[seq_len(ncol(s)), a + 1, b + 1, c] <-
          colSums(cos(a * acos(t[mine])) * cos(b * acos(u[mine])) * s[mine, , drop = FALSE])
      }
    }
  }
  list(places = unname(places), table = table)
}

expect_same_grid2d <- function(a, b, bound = 1e-10) {
  b <- rescale(b, a$scaling)
  step <- pmin(a$step, b$step)
  ids <- match_groups(a, b)
  b$places[, 3] <- ids$b[b$places[, 3]]
  b[c("places", "table")] <- sum_places(b$places, matrix(b$table, prod(dim(b$table)[1:3])))
  b$table <- array(b$table, c(dim(a$table)[1:3], nrow(b$places)))
  a <- coarsen(a, step)
  b <- coarsen(b, step)
  expect_identical(a$rows, b$rows)
  expect_identical(a$places, b$places)
  expect_close(a$table, b$table, bound, floor = 1e-2)
}

test_that("moments of two covariates are those of a naive pass", {
  set.seed(801)
  for (k in 1:3) {
    n <- 700
    x <- rnorm(n)
    z <- runif(n, -3, 2)
    y <- matrix(rnorm(n * k, 5), n)
    weights <- runif(n)
    group <- rep_len(1:2, n)
    scaling <- cbind(rnorm(k), runif(k, 0.5, 2))
    step <- c(1, 0)
    truth <- twin_tensor(x, z, y, weights, group, step, scaling)
    first <- c(floor(min(x) * 2), floor(min(z)))
    count <- c(floor(max(x) * 2), floor(max(z))) - first + 1
    grids <- lapply(1:2, function(i) grid_of(2^step[i], first[i], count[i]))
    for (level in 0:2) {
      out <- .Call(
        C_moments_two, x, z, lapply(seq_len(k), function(j) y[, j]), weights, group,
        grids, scaling, list(level = level, threads = 1, groups = 2, most_numbers = 2^20)
      )
      expect_identical(out$outside, 0)
      expect_identical(length(out$places), nrow(truth$places))
      expect_close(array(out$table, dim(truth$table)), truth$table, 1e-12, floor = 1e-3)
    }
  }
  expect_null(.Call(
    C_moments_two, x, z, list(y[, 1]), NULL, NULL, grids, scaling[1, , drop = FALSE],
    list(level = 0, threads = 1, groups = 1, most_numbers = 10)
  )$table)
})

test_that("threads do not change the bits of moments of two covariates", {
  d <- rows_of_two(2e5, 802)
  fit <- function(threads) {
    compress(d, c("y1", "y2"),
      by = ~ x + z, threads = threads,
      resolution = 40
    )
  }
  expect_identical(fit(1), fit(2))
})

test_that("compress() of two covariates holds the moments, by group", {
  d <- rows_of_two(9000, 803)
  cells <- compress(d, c("y1", "y2"), by = ~ x + z + sex)
  group <- match(as.character(d$sex), cells$groups$sex)
  truth <- twin_tensor(d$x, d$z, as.matrix(d[c("y1", "y2")]), 1, group, cells$step, cells$scaling)
  expect_identical(cells$places, truth$places)
  expect_close(cells$table, truth$table, 1e-11, floor = 1e-2)
})

test_that("chunks, merged parts, subsets and saved objects are cells of their rows", {
  d <- rows_of_two(18000, 804)
  by <- ~ x + z + sex
  whole <- compress(d, c("y1", "y2"), by = by)
  left <- NULL
  reader <- function(reset) {
    if (reset) {
      left <<- split(d, rep(1:3, each = 6000))
    } else if (length(left)) {
      out <- left[[1]]
      left <<- left[-1]
      out
    }
  }
  expect_same_grid2d(compress(reader, c("y1", "y2"), by = by), whole)
  parts <- list(
    compress(d[1:7000, ], c("y1", "y2"), by = by),
    compress(d[7001:18000, ], c("y1", "y2"), by = ~ z + sex + x)
  )
  expect_same_grid2d(merge(parts[[1]], parts[[2]]), whole)
  expect_same_grid2d(c(parts[[2]], parts[[1]]), transpose_axes(whole, c("z", "x")))
  f <- subset(whole, sex == "f")
  expect_same_grid2d(f, compress(d[d$sex == "f", ], c("y1", "y2"), by = by))
  file <- tempfile()
  saveRDS(whole, file)
  expect_identical(readRDS(file), whole)
  expect_equal(summary(whole)$mean, c(mean(d$y1), mean(d$y2)), tolerance = rounding)
  expect_output(print(whole), "x in .* and z in .*16 moments")
})

test_that("a covariate that grows too many values becomes the second continuous one on the way", {
  d <- rows_of_two(15000, 805)
  d$z <- round(d$z, 4)
  parts <- lapply(split(d, rep(1:5, each = 3000)), compress,
    responses = "y1", by = ~ x + z,
    resolution = 200
  )
  # Exact, then one continuous, then two.
  expect_identical(length(continuous_names(parts[[1]])), 0L)
  all <- Reduce(merge, parts)
  expect_identical(continuous_names(all), c("x", "z"))
  expect_same_grid2d(all, compress(d, "y1", by = ~ x + z, resolution = 200))
  one <- compress(d[1:6000, ], "y1", by = ~ x + z, resolution = 200)
  some <- compress(d[6001:9000, ], "y1", by = ~ x + z, resolution = 200)
  expect_identical(nobs(merge(one, some)), 9000)
})

test_that("weights count rows, also with two covariates", {
  d <- rows_of_two(9000, 806)
  d$w <- sample(0:3, 9000, TRUE)
  a <- compress(d, "y1", by = ~ x + z, weights = "w")
  b <- compress(d[rep(seq_len(9000), d$w), ], "y1", by = ~ x + z)
  a$rows <- b$rows
  expect_same_grid2d(a, b)
})

test_that("a cluster of any size makes the same cells of two covariates", {
  skip_on_cran()
  d <- rows_of_two(6000, 811)
  cluster <- parallel::makePSOCKcluster(2)
  on.exit(parallel::stopCluster(cluster))
  two <- compress(d, c("y1", "y2"), by = ~ x + z + sex, cluster = cluster)
  expect_identical(two, compress(d, c("y1", "y2"), by = ~ x + z + sex, cluster = cluster[1]))
  expect_same_grid2d(compress(d, c("y1", "y2"), by = ~ x + z + sex), two)
})

test_that("nodes carry every product of cubics exactly", {
  d <- rows_of_two(5000, 807)
  cells <- compress(d, "y1", by = ~ x + z + sex)
  fine <- quadrature_nodes(cells)
  merged <- merge_point_cells(fine)
  expect_lt(ncol(merged$stats), ncol(fine$stats))
  s <- cbind(1, (d$y1 - cells$scaling[1]) / cells$scaling[2])
  for (nodes in list(fine, merged)) {
    for (a in 0:3) {
      for (b in 0:3) {
        f <- function(x, z) x^a * z^b
        expect_equal(as.vector(nodes$stats[1:2, ] %*% f(nodes$x[, "x"], nodes$x[, "z"])),
          colSums(f(d$x, d$z) * s),
          tolerance = rounding_of_fit
        )
      }
    }
  }
  few <- aggregate_nodes(cells, merged, list(range(d$x), range(d$z)), 8)
  expect_lt(ncol(few$stats), 140)
  expect_equal(sum(few$stats[2, ] * few$x[, "x"]^3 * few$x[, "z"]),
    sum(d$x^3 * d$z * s[, 2]),
    tolerance = rounding_of_fit
  )
})

test_that("rows of two covariates are compressed by themselves, and the certificate is exact", {
  n <- if (full_tests()) 1e5 else 3e4
  d <- rows_of_two(n, 808)
  for (formulas in list(
    list(y1 ~ s(x, k = 5) + s(z, k = 5) + sex, sigma ~ x + z),
    if (full_tests()) {
      list(y1 ~ s(x, z, k = 6), sigma ~ x * z)
    }
  )) {
    if (is.null(formulas)) next
    parsed <- parse_formulas(formulas, data_names = names(d))
    ready <- prepare_fit(
      parsed, d, list(na_action = na.omit),
      list(algorithm = "nested", control = covary_control(compress = "always"))
    )
    t <- rep(-1, ready$target$n_sds)
    ridge <- penalty(ready$target, t)
    mode <- newton_mode(ready$target, ridge)
    exact <- exact_rows_gradient(ready, mode$mean) +
      likelihood_free_gradient(ready$target, mode$mean)
    moved <- shift_in_sds(
      exact - loglik_and_priors(ready$target, mode$mean, 1L)$gradient,
      chol2inv(mode$chol_precision)
    )
    certificate <- compression_error_of_rows(
      ready, list(beta = rbind(mode$mean, mode$mean), log_tau = rbind(t, t))
    )
    expect_lt(moved, 1e-3)
    expect_gt(certificate, 0.9 * moved - 1e-8)
    expect_lt(certificate, 3 * moved + 1e-6)
  }
})

test_that("two covariates are compressed by themselves where that is faster, and print says so", {
  d <- rows_of_two(24000, 810)
  joint <- y1 ~ s(x, z, k = 6)
  expect_true(has_joint_term(parse_formulas(joint, data_names = names(d)), c("x", "z")))
  expect_false(has_joint_term(
    parse_formulas(y1 ~ s(x) + z, sigma ~ z, data_names = names(d)),
    c("x", "z")
  ))
  set.seed(1)
  expect_message(fit <- covary(joint, data = d, draws = 200), class = "covary_message_compressed")
  expect_lt(diagnostics(fit)$certificate, 1e-3)
  expect_output(print(diagnostics(fit)), "nodes from .* cells; certificate")
  expect_message(covary(y1 ~ s(x, k = 5) + age, sigma ~ s(z, k = 5), data = d, draws = 200), NA,
    class = "covary_message_compressed"
  )
})

test_that("fits of cells of two covariates are those of the rows", {
  d <- rows_of_two(12000, 809)
  formulas <- list(cbind(y1, y2) ~ x + z + I(x * z), sigma ~ x + z, rho ~ z)
  cells <- compress(d, c("y1", "y2"), by = ~ x + z)
  rows <- covary(formulas,
    data = d, algorithm = "fullrank", draws = 400,
    control = covary_control(compress = "never")
  )
  fit <- covary(formulas, data = cells, algorithm = "fullrank", draws = 400)
  expect_lt(max(abs(coef(fit) - coef(rows)) / sqrt(diag(vcov(rows)))), 0.02)
  expect_lt(diagnostics(fit)$certificate, 1e-3)
})

# A function of the package that sees other versions of what it calls.
with_others <- function(f, ...) {
  environment(f) <- list2env(list(...), parent = environment(f))
  f
}

test_that("Newton's method says where a log posterior overflows", {
  steep <- function(target, beta, ...) list(value = 0, gradient = rep(NaN, 2), hessian = -diag(2))
  newton <- with_others(newton_mode, loglik_and_priors = steep)
  expect_error(newton(list(start = c(1, 1)), c(1, 1)), class = "covary_error_numerics")
})

test_that("nodes of two covariates without a mode are a typed error", {
  d <- rows_of_two(6000, 811)
  parsed <- parse_formulas(list(y1 ~ s(x, z, k = 6), sigma ~ x), data_names = names(d))
  prepared <- prepare_compressed(parsed, compress(d, "y1", by = ~ x + z, resolution = 30))
  priors <- resolve_priors(prepared$design, prepared$scales, NULL)
  no_mode <- function(...) stop_covary("numerics", "no mode")
  choose <- with_others(choose_nodes.covary_suffstats_grid2d,
    approximate_mode = no_mode,
    check_mode_exists = with_others(check_mode_exists, approximate_mode = no_mode)
  )
  expect_error(choose(prepared$suffstats, prepared, priors), class = "covary_error_nodes")
})
