# Cells of rows: exact grouping, moments, merging, and fits of them.

rows_of <- function(n, seed, x = runif(n)) {
  set.seed(seed)
  force(x)
  u <- (x - min(x)) / max(diff(range(x)), 1e-9)
  r <- tanh(sin(5 * u))
  z <- matrix(rnorm(2 * n), n)
  data.frame(
    x = x, sex = factor(sample(c("f", "m"), n, TRUE)), age = sample(20:80, n, TRUE),
    y1 = 100 + sin(6 * u) + exp(0.5 * cos(4 * u) - 1) * z[, 1],
    y2 = cos(7 * u) + exp(0.3 * sin(8 * u)) * (r * z[, 1] + sqrt(1 - r^2) * z[, 2])
  )
}

expect_same_suffstats <- function(a, b, bound = 1e-12) {
  order_of <- function(t) if (length(t$groups)) order(group_keys(t$groups)) else 1
  expect_identical(a$rows, b$rows)
  if (!is.null(a$stats)) {
    expect_close(a$stats[, order_of(a)], b$stats[, order_of(b)], bound, floor = 1e-3)
  } else {
    expect_identical(c(a$step, a$first, dim(a$table)), c(b$step, b$first, dim(b$table)))
    expect_close(a$table[, , , order_of(a)], b$table[, , , order_of(b)], bound, floor = 1e-2)
  }
}

test_that("discrete covariates are grouped exactly", {
  d <- rows_of(3000, 711)
  cells <- compress(d, c("y1", "y2"), by = ~ age + sex)
  expect_identical(nobs(cells), 3000)
  expect_identical(nrow(cells$groups), length(unique(paste(d$age, d$sex))))
  i <- which(cells$groups$age == 50 & cells$groups$sex == "m")
  mine <- d[d$age == 50 & d$sex == "m", c("y1", "y2")]
  mean <- cells$stats[2:3, i] * cells$scaling[, 2] + cells$scaling[, 1]
  expect_equal(unname(mean), unname(colMeans(mine)), tolerance = last_bits)
  expect_output(print(cells), "3,000 rows in")
})

test_that("a fit of exact cells is the fit of the rows", {
  d <- rows_of(3000, 712)
  formulas <- list(cbind(y1, y2) ~ age + sex, sigma ~ age, rho ~ sex)
  set.seed(1)
  rows <- covary(formulas, data = d, algorithm = "fullrank", draws = 400)
  set.seed(1)
  cells <- covary(formulas,
    data = compress(d, c("y1", "y2"), by = c("age", "sex")),
    algorithm = "fullrank", draws = 400
  )
  expect_equal(as.matrix(coef(cells)), as.matrix(coef(rows)), tolerance = convergence_error)
  expect_equal(elbo(cells), elbo(rows), tolerance = rounding_of_fit)
  expect_identical(diagnostics(cells)$certificate, 0)
})

test_that("one response of several can be fitted", {
  d <- rows_of(3000, 713)
  cells <- compress(d, c("y1", "y2"), by = ~age)
  set.seed(1)
  a <- covary(y2 ~ age, sigma ~ age, data = cells, algorithm = "fullrank", draws = 200)
  set.seed(1)
  b <- covary(y2 ~ age, sigma ~ age, data = d, algorithm = "fullrank", draws = 200)
  expect_equal(as.matrix(coef(a)), as.matrix(coef(b)), tolerance = convergence_error)
})

test_that("chunks, files and merged parts give the cells of all rows", {
  d <- rows_of(12000, 714)
  for (by in list(~ x + sex, ~ age + sex)) {
    whole <- compress(d, c("y1", "y2"), by = by)
    at <- 0
    reader <- function(reset) {
      if (reset) {
        at <<- 0
        return(NULL)
      }
      if (at >= nrow(d)) {
        return(NULL)
      }
      at <<- at + 5000
      d[(at - 4999):min(at, nrow(d)), ]
    }
    # The first chunk sets scaling and width; they must not matter beyond rounding.
    chunks <- compress(reader, c("y1", "y2"), by = by)
    expect_same_suffstats(rescale(chunks, whole$scaling), whole, 1e-10)
    files <- c(tempfile(fileext = ".csv"), tempfile(fileext = ".rds"))
    write.csv(d[1:7000, ], files[1], row.names = FALSE)
    saveRDS(d[7001:12000, ], files[2])
    from_files <- compress(files, c("y1", "y2"), by = by, chunk = 3000)
    expect_same_suffstats(rescale(from_files, whole$scaling), whole, 1e-9)
    unlink(files)
    parts <- list(
      compress(d[1:3000, ], c("y1", "y2"), by = by),
      compress(d[3001:12000, ], c("y1", "y2"), by = by)
    )
    expect_same_suffstats(
      rescale(merge(parts[[1]], parts[[2]]), whole$scaling), whole,
      1e-10
    )
    expect_same_suffstats(
      rescale(merge(parts[[2]], parts[[1]]), whole$scaling), whole,
      1e-10
    )
  }
})

test_that("moments of two children are those of their parent", {
  d <- rows_of(6000, 715)
  fine <- compress(d, c("y1", "y2"), by = ~x, resolution = 4000)
  coarse <- compress(d, c("y1", "y2"), by = ~x, resolution = 500)
  expect_gt(fine$step, coarse$step)
  expect_same_suffstats(coarsen(fine, coarse$step), coarse, 1e-12)
})

test_that("a covariate that grows too many values becomes continuous on the way", {
  set.seed(716)
  d <- data.frame(x = round(runif(9000), 5), y = rnorm(9000))
  parts <- c(
    compress(d[1:3000, ], "y", ~x), compress(d[3001:6000, ], "y", ~x),
    compress(d[6001:9000, ], "y", ~x)
  )
  expect_identical(parts$covariates$x$kind, "continuous")
  whole <- compress(d, "y", ~x)
  step <- min(parts$step, whole$step)
  expect_same_suffstats(
    rescale(coarsen(parts, step), whole$scaling),
    coarsen(whole, step), 1e-10
  )
})

test_that("weights count rows", {
  d <- rows_of(9000, 717)
  d$w <- sample(0:3, 9000, TRUE)
  a <- compress(d, "y1", by = ~ x + sex, weights = "w")
  b <- compress(d[rep(seq_len(9000), d$w), ], "y1", by = ~ x + sex)
  step <- min(a$step, b$step)
  expect_same_suffstats(
    coarsen(rescale(a, b$scaling), step),
    replace(coarsen(b, step), "rows", a$rows), 1e-10
  )
  for (wrong in list(d$w, c("w", "x"), NA_character_)) {
    expect_error(compress(d, "y1", by = ~x, weights = wrong), class = "covary_error_argument")
  }
})

test_that("missing values are left out and counted", {
  d <- rows_of(5000, 718)
  d$y1[3] <- NA
  d$x[7] <- NaN
  expect_message(cells <- compress(d, c("y1", "y2"), by = ~x, missing = "drop"),
    class = "covary_message_dropped_rows"
  )
  expect_identical(nobs(cells), 4998)
  expect_identical(cells$dropped, c(missing = 2))
  # Also where they come in a later chunk, which the pass itself looks through.
  e <- rows_of(6000, 718)
  reader <- chunks(e[1:5900, ], d[1:2000, ], replace(d[1:9, ], "x", NaN))
  later <- suppressMessages(compress(reader, c("y1", "y2"), by = ~x, missing = "drop"))
  expect_identical(later$dropped, c(missing = 11))
  expect_identical(nobs(later), 5900 + 1998)
  expect_equal(sum(later$table[1, 1, , ]), nobs(later))
})

test_that("an infinite value is an error that says where, unless its row is left out anyhow", {
  d <- rows_of(9000, 726)
  d$w <- 1
  for (column in c("y1", "x", "w")) {
    wrong <- replace(d, column, replace(d[[column]], 4321, -Inf))
    abs_wrong <- replace(d, column, replace(d[[column]], 4321, Inf))
    for (source in list(abs_wrong, chunks(d, abs_wrong), chunks(abs_wrong, d))) {
      e <- expect_error(compress(source, "y1", by = ~x, weights = "w"),
        class = "covary_error_infinite"
      )
      expect_match(conditionMessage(e), "row 4321")
    }
    if (column != "w") {
      expect_error(compress(wrong, "y1", by = ~x), "row 4321",
        class = "covary_error_infinite"
      )
    }
    if (column == "y1") expect_error(covary(y1 ~ x, data = wrong), class = "covary_error_infinite")
    other <- if (column == "y1") "x" else "y1"
    wrong[[other]][4321] <- NA
    if (column != "w") {
      expect_identical(nobs(suppressMessages(compress(chunks(d, wrong), "y1",
        by = ~x
      ))), 17999)
    }
  }
  d$y1[2] <- Inf
  d$w[2] <- 0
  expect_identical(nobs(compress(d, "y1", by = ~x, weights = "w")), 8999)
})

test_that("a first chunk without a complete row is counted and decides no type", {
  d <- rows_of(3000, 727)
  none <- transform(d[1:50, ], y1 = NA, x = NA, sex = NA)
  for (by in list(~x, ~ age + sex, ~ x + age)) {
    cells <- suppressMessages(compress(chunks(none, d, none, none[0, ]), "y1", by = by))
    whole <- compress(d, "y1", by = by)
    expect_identical(cells$dropped, c(missing = 100))
    expect_same_suffstats(cells, whole)
  }
  expect_error(compress(none, "y1", by = ~x), "all 50 have missing", class = "covary_error_data")
})

test_that("a string is the name of a column and never code", {
  set.seed(728)
  d <- data.frame(y = exp(rnorm(20)), g = 1:2, w = 2, `w-1` = 3, `log(y)` = 7, check.names = FALSE)
  expect_equal(compress(d, "y", by = ~g, weights = "w-1")$stats[1, ], c(30, 30))
  expect_equal(summary(compress(d, "log(y)", by = ~g))$mean, 7)
  expect_equal(summary(compress(d, ~ log(y), by = ~g))$mean, mean(log(d$y)))
  expect_identical(compress(d, ~ log(y) + w, by = ~g)$responses, c("log(y)", "w"))
  expect_identical(compress(d, ~ cbind(y, w), by = ~g)$responses, c("y", "w"))
  expect_equal(compress(d, "y", by = ~g, weights = ~ w / 2)$stats[1, ], c(10, 10))
  file <- tempfile()
  code <- sprintf("file.create('%s')", file)
  for (source in list(d, chunks(d))) {
    expect_error(compress(source, code, by = ~g), "~ file.create",
      class = "covary_error_variable",
      fixed = TRUE
    )
    expect_error(compress(source, "y", by = ~g, weights = code), class = "covary_error_variable")
    expect_error(compress(source, "y", by = code), class = "covary_error_variable")
  }
  expect_false(file.exists(file))
  # Nor is it the name of something else that is at hand.
  v <- 1:20
  expect_error(compress(d, "v", by = ~g), class = "covary_error_variable")
  expect_error(compress(chunks(d), "y", by = ~g, weights = "v"), class = "covary_error_variable")
  expect_error(compress(d, "y", by = ~ log(g)), class = "covary_error_argument")
  expect_error(compress(d, c("y", "y"), by = ~g), class = "covary_error_argument")
})

test_that("arguments are used or refused", {
  d <- data.frame(x = 1:2, y = rnorm(20))
  expect_error(compress(d, "y", by = ~x, query = "t"), class = "covary_error_argument")
  expect_error(compress(d, "y", by = ~x, moments = "stream"), class = "covary_error_argument")
  expect_error(compress(d, "y", by = ~x, materialise = TRUE), class = "covary_error_argument")
  expect_error(compress(d, "y", by = ~x, reader = readRDS), class = "covary_error_argument")
  expect_error(compress("a.csv", "y", by = ~x, reader = 1), class = "covary_error_argument")
})

test_that("far values that make the cells of the others wide are said", {
  set.seed(729)
  d <- data.frame(x = exp(rnorm(9000)), z = rnorm(9000), y = rnorm(9000))
  expect_silent(compress(d, "y", by = ~x))
  expect_silent(compress(transform(d, x = ifelse(runif(9000) < 0.6, 0, x)), "y", by = ~x))
  far <- transform(d, x = replace(x, 5, 1e7))
  expect_warning(cells <- compress(far, "y", by = ~x), "log(x)",
    fixed = TRUE,
    class = "covary_warning_resolution"
  )
  expect_warning(compress(transform(d, x = replace(x, 1:300, 1e7)), "y", by = ~x),
    class = "covary_warning_resolution"
  )
  expect_warning(compress(chunks(d, far), "y", by = ~x), class = "covary_warning_resolution")
  expect_warning(merge(compress(d, "y", by = ~x), cells), class = "covary_warning_resolution")
  expect_warning(compress(transform(far, x = replace(x, 5, 1e9)), "y", by = ~ x + z),
    class = "covary_warning_resolution"
  )
  # Rows in the order of the covariate begin with cells too fine for the rest.
  expect_silent(compress(chunks(d[order(d$x), ][1:4500, ], d[order(d$x), ][4501:9000, ]), "y",
    by = ~x
  ))
})

test_that("subset keeps groups, saveRDS keeps everything", {
  d <- rows_of(9000, 719)
  cells <- compress(d, "y1", by = ~ x + sex)
  f <- subset(cells, sex == "f")
  truth <- compress(d[d$sex == "f", ], "y1", by = ~x)
  expect_identical(nobs(f), nobs(truth))
  file <- tempfile()
  saveRDS(cells, file)
  expect_identical(readRDS(file), cells)
})

test_that("what cells cannot hold is said", {
  d <- rows_of(9000, 720)
  d$v <- rnorm(9000)
  d$u <- rnorm(9000)
  expect_error(compress(d, "y1", by = ~ x + v + u), class = "covary_error_too_many_continuous")
  expect_error(compress(d, "y1", by = ~nowhere), class = "covary_error_variable")
  expect_error(compress(list(), "y1", by = ~x), class = "covary_error_data")
  expect_error(compress(d, 3, by = ~x), class = "covary_error_argument")
  cells <- compress(d, "y1", by = ~x)
  expect_error(covary(y1 ~ age, data = cells), class = "covary_error_variable")
  expect_error(covary(y2 ~ x, data = cells), class = "covary_error_variable")
  expect_error(covary(y1 ~ rank(x), data = cells), class = "covary_error_cells")
  expect_error(covary(y1 ~ I(scale(x)^2), data = cells), class = "covary_error_cells")
  expect_error(covary(y1 ~ x, data = cells, weights = rep(1, 9000)),
    class = "covary_error_argument"
  )
  fit <- covary(y1 ~ x, data = cells, draws = 100)
  expect_error(fitted(fit), class = "covary_error_no_rows")
})

test_that("large data frames are compressed and say so; the certificate holds", {
  d <- rows_of(24000, 721)
  formulas <- list(cbind(y1, y2) ~ s(x) + sex, sigma ~ s(x), rho ~ s(x))
  expect_message(fit <- covary(formulas, data = d, draws = 200),
    class = "covary_message_compressed"
  )
  info <- diagnostics(fit)
  expect_lt(info$certificate, 1e-5)
  expect_lt(info$compression$nodes, 1000)
  expect_identical(info$rows, 24000L)
  expect_output(print(fit), "certificate")
  expect_output(print(info), "certificate")
  expect_silent(covary(y1 ~ x, data = d, draws = 100, control = covary_control(compress = "never")))
  expect_message(covary(y1 ~ cbind(x, sin(9 * x)), data = d, draws = 100),
    class = "covary_message_rows"
  )
})

test_that("the compressed mode is that of the rows", {
  # With the columns of the same basis at the rows.
  n <- if (full_tests()) 1e6 else 3e4
  set.seed(722)
  covariates <- list(uniform = runif(n), skewed = rexp(n)^1.5, tied = round(rnorm(n), 3))
  cases <- expand.grid(
    x = names(covariates), k = c(8, 16, 20), basis = c("ps", "cr", "tp"),
    stringsAsFactors = FALSE
  )
  if (full_tests()) {
    cases <- cases[cases$basis == "ps" | cases$x == "skewed" & cases$k == 16 &
      cases$basis == "cr", ]
  } else {
    cases <- cases[cases$basis == "ps" & cases$k == 16, ]
  }
  for (i in seq_len(nrow(cases))) {
    d <- rows_of(n, 723, covariates[[cases$x[i]]])
    formulas <- lapply(
      list(
        cbind(y1, y2) ~ s(x, bs = B, k = K), sigma ~ s(x, bs = B, k = K),
        rho ~ s(x, bs = B, k = K)
      ),
      function(f) {
        as.formula(do.call(
          substitute,
          list(f, list(K = cases$k[i], B = cases$basis[i]))
        ))
      }
    )
    parsed <- parse_formulas(formulas, data_names = names(d))
    ready <- prepare_fit(
      parsed, d, list(na_action = na.omit),
      list(algorithm = "nested", control = covary_control(compress = "always"))
    )
    # A weak penalty, but one under which the rows have a mode: at a tenth of it the smooths of the
    # skewed covariate run through its last row, where sd and 1 - |rho| go to zero together.
    t <- rep(-2, ready$target$n_sds)
    ridge <- penalty(ready$target, t)
    mode <- newton_mode(ready$target, ridge, tolerance = 1e-13)
    cov <- solve(diag(ridge) - loglik_and_priors(ready$target, mode$mean)$hessian)
    expect_gt(min(eigen(cov, symmetric = TRUE, only.values = TRUE)$values), 0)
    gradient <- 0
    for (block in split(seq_len(n), ceiling(seq_len(n) / 1e5))) {
      frame <- read_frame(parsed, d[block, ], NULL, NULL, na.omit)
      cells <- list(
        id = NULL, first = block, m = length(block), y_scale = c(1, 1),
        y_centre = c(0, 0), stats = rbind(1, t(frame$y), 0, 0, 0)
      )
      target <- new_cells_model(
        at_nodes(ready$design, d[block, "x", drop = FALSE]), cells, ready$priors,
        response_scales(response_moments(ready$suffstats), ready$suffstats$responses)
      )
      gradient <- gradient + loglik_and_priors(target, mode$mean, 1L)$gradient -
        likelihood_free_gradient(target, mode$mean)
    }
    # The whole distance from the mode of the rows, what the optimiser left over included.
    g <- gradient + likelihood_free_gradient(target, mode$mean) - ridge * mode$mean
    expect_lt(shift_in_sds(g, cov), 1e-5)
    # The certificate does not deny what compression moved.
    moved <- shift_in_sds(gradient + likelihood_free_gradient(target, mode$mean) -
      loglik_and_priors(ready$target, mode$mean, 1L)$gradient, cov)
    certificate <- compression_error_of_rows(
      ready, list(beta = rbind(mode$mean, mode$mean), log_tau = rbind(t, t))
    )
    expect_lt(certificate, 1e-5)
    expect_gt(certificate, moved / 2 - 1e-10)
  }
})

test_that("the certificate sees what a cubic on a cell leaves out", {
  # Two cells a wave: cubics on the cells are not the column, and agree among themselves. The exact
  # gradient tells.
  d <- rows_of(12000, 725)
  parsed <- parse_formulas(list(y1 ~ sin(200 * x), sigma ~ 1), data_names = names(d))
  frame <- read_frame(parsed, d, NULL, NULL, na.omit)
  control <- covary_control(compress = "always", resolution = 60)
  settings <- list(algorithm = "nested", control = control)
  # Left to itself, the value of the wave becomes the covariate of the cells.
  expect_identical(names(hold_terms(parsed, frame, control)$frame$covariates), "`sin(200 * x)`")
  ready <- prepare_compressed_fit(
    parsed, try_compression(parsed, list(frame = frame), settings), settings
  )
  mode <- newton_mode(ready$target, numeric(ready$target$dim))
  cells <- list(
    id = NULL, first = seq_len(12000), m = 12000L, y_scale = 1, y_centre = 0,
    stats = rbind(1, t(frame$y), 0)
  )
  rows <- new_cells_model(
    at_nodes(ready$design, d["x"]), cells, ready$priors,
    response_scales(response_moments(ready$suffstats), ready$suffstats$responses)
  )
  change <- loglik_and_priors(rows, mode$mean, 1L)$gradient -
    loglik_and_priors(ready$target, mode$mean, 1L)$gradient
  moved <- shift_in_sds(change, chol2inv(mode$chol_precision))
  certificate <- compression_error_of_rows(
    ready, list(beta = rbind(mode$mean, mode$mean), log_tau = matrix(0, 2, 0))
  )
  expect_gt(moved, 1e-3)
  expect_gt(certificate, moved)
  expect_lt(certificate, 3 * moved)
})

test_that("a certificate that fails refines the cells", {
  d <- rows_of(24000, 724)
  d$y1 <- d$y1 + sin(3000 * d$x)
  told <- character()
  fit <- withCallingHandlers(
    covary(y1 ~ poly(sin(3000 * x), 1),
      data = d, draws = 100,
      control = covary_control(resolution = 100)
    ),
    covary_message = function(m) {
      told <<- c(told, class(m)[1])
      invokeRestart("muffleMessage")
    }
  )
  expect_true("covary_message_refined" %in% told)
  rows <- covary(y1 ~ poly(sin(3000 * x), 1),
    data = d, draws = 100,
    control = covary_control(compress = "never")
  )
  expect_equal(coef(fit)[[2]], coef(rows)[[2]], tolerance = 1e-2)
})
