# Rows in many groups: cells as wide as an estimate allows (R/covary-compress-groups.R).

sites_frame <- function(n, sites, wave = 3, seed = 11) {
  set.seed(seed)
  site <- factor(sample(sites, n, TRUE), seq_len(sites))
  x <- runif(n)
  offset <- rnorm(sites, 0, 0.4)
  spread <- rnorm(sites, 0, 0.1)
  y <- sin(wave * x) + offset[site] + exp(0.4 * x - 0.5 + spread[site]) * rnorm(n)
  data.frame(x, site, y)
}

site_formulas <- function(k = 10) {
  smooth <- substitute(s(x, k = k), list(k = k))
  list(
    eval(bquote(y ~ .(smooth) + s(site, bs = "re"))), sigma ~ s(x) + s(site, bs = "re")
  )
}

fit_sites <- function(d, formulas = site_formulas(), ...) {
  suppressMessages(covary(formulas, data = d, draws = 400, refresh = FALSE, seed = 4, ...))
}

test_that("cells of many groups are as wide as their estimate allows, and the fit is the rows'", {
  d <- sites_frame(12000, 20)
  fit <- fit_sites(d)
  found <- fit$info$compression
  expect_equal(found$groups, 20)
  expect_lt(found$nodes, 6000)
  expect_lt(found$resolution, 200)
  expect_lt(found$certificate, 1e-3)
  expect_equal(found$kind, "exact pass over the rows")
  rows <- fit_sites(d, control = covary_control(compress = "never"))
  a <- posterior::as_draws_matrix(fit)
  b <- posterior::as_draws_matrix(rows)
  common <- intersect(colnames(a), colnames(b))
  shift <- (colMeans(a[, common]) - colMeans(b[, common])) / apply(b[, common], 2, stats::sd)
  # 400 draws each, which have the mean of their Gaussian and are weighed
  expect_lt(sqrt(mean(shift^2)), 3 / sqrt(400))
})

# list(parsed, frame, settings) as prepare_many() has them
prepare_sites <- function(d, formulas = site_formulas()) {
  parsed <- parse_formulas(formulas, data_names = names(d))
  read <- read_rows(parsed, d, list(na_action = stats::na.omit, missing = "use"))
  settings <- list(control = covary_control(), prior = NULL, algorithm = "laplace")
  c(read[c("parsed", "frame")], list(settings = settings))
}

test_that("steeper curves have narrower cells", {
  resolution <- function(wave, k) {
    at <- prepare_sites(sites_frame(20000, 6, wave), site_formulas(k))
    compress_by_group(at$parsed, at$frame, at$settings)$resolution
  }
  expect_gt(resolution(40, 40), resolution(3, 10))
})

test_that("few rows a group are single cells by level, or none; many are not asked", {
  at <- prepare_sites(sites_frame(12000, 300))
  expect_true(has_many_groups(at$frame))
  compressed <- compress_by_group(at$parsed, at$frame, at$settings)
  expect_equal(compressed$resolution, single_rows_resolution)
  at$settings$algorithm <- "fullrank"
  expect_null(compress_by_group(at$parsed, at$frame, at$settings))
  expect_false(has_many_groups(prepare_sites(sites_frame(12000, 3))$frame))
})

test_that("cells that an estimate wrongly allowed are refused by the pass over the rows", {
  at <- prepare_sites(sites_frame(20000, 6, wave = 40), site_formulas(40))
  check <- function(limit) {
    compressed <- compress_by_group(at$parsed, at$frame, at$settings, limit)
    prepared <- prepare_compressed_fit(at$parsed, compressed, at$settings)
    result <- run_engine(
      engines()$laplace, prepared$target, 200, at$settings$control, new_progress(FALSE)
    )
    estimate_compression_error(prepared, result, at$settings$control)
  }
  wrong <- check(1e6)
  expect_false(is_accepted(wrong))
  finer <- suppressMessages(refine_compression(wrong, at$settings$control))
  expect_equal(finer$coarsest, 4 * wrong$resolution)
  expect_true(is_accepted(check(halving_limit)))
})
