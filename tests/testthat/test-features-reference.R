test_that("facts of people are counts of levels and moments of features", {
  p <- fit_features()
  d <- data_features()
  facts <- p$margins$facts
  expect_identical(unname(facts$counts$site[, "f1"]), as.double(table(d$site)))
  expect_identical(unname(facts$counts$sex[, "f4"]), as.double(table(d$sex)))
  expect_equal(facts$baseline["f2", ], c(mean = mean(d$f2), sd = sd(d$f2)), tolerance = 1e-3)
  d$f1[d$site == "s01" & seq_len(nrow(d)) %% 3 > 0] <- NA
  set.seed(1)
  m <- fit_margins(d, c("f1", "f2"), mu = ~site, refresh = FALSE)
  expect_identical(
    unname(m$facts$counts$site["s01", ]),
    as.double(c(sum(d$site == "s01" & !is.na(d$f1)), sum(d$site == "s01")))
  )
  pairs <- fit_pairs(m, d, rho = ~sex, refresh = FALSE)
  expect_identical(as.vector(pairs$counts$sex), as.double(table(d$sex[!is.na(d$f1)])))
  d$w <- 2
  weighted <- fit_margins(d, "f2", mu = ~site, weights = "w", refresh = FALSE)
  expect_true(all(is.na(weighted$facts$counts$site)))
  expect_error(reference(weighted), class = "covary_error_small_group")
})

test_that("a chart of features carries no person, and small sites are left out", {
  p <- fit_features()
  d <- data_features()
  ref <- reference(p, title = "Regions", units = "mm")
  found <- audit(ref, d)
  expect_true(attr(found, "clean"))
  expect_identical(unname(ref$charts$f3$units), "mm")
  expect_output(print(ref), "4 features: Regions")
  expect_output(print(feature_chart(ref, "f1")), "Regions")
  ref$charts$f1$baseline[1] <- d$f1[7]
  expect_false(attr(audit(ref, d), "clean"))
  few <- d[d$site != "s10" | cumsum(d$site == "s10") <= 3, ]
  set.seed(2)
  m <- fit_margins(few, c("f1", "f2"), mu = ~ age + s(site, bs = "re"), refresh = FALSE)
  expect_warning(small <- reference(m), "'s10'", class = "covary_warning_small_group")
  expect_error(deviations(small, few[few$site == "s10", ]), class = "covary_error_new_level")
  set.seed(2)
  fixed <- fit_margins(few, c("f1", "f2"), mu = ~site, refresh = FALSE)
  expect_error(reference(fixed), class = "covary_error_small_group")
})

test_that("files of features are whole, and edited ones are seen", {
  skip_if_not_installed("jsonlite")
  p <- fit_features()
  d <- data_features()[1:50, ]
  ref <- reference(p, source = "simulated")
  file <- tempfile(fileext = ".json")
  on.exit(unlink(file))
  write_reference(ref, file)
  back <- read_reference(file)
  expect_identical(names(back$charts), names(ref$charts))
  w <- c(f1 = 0.5, f2 = 0.3, f4 = -1)
  expect_identical(combine(back, w, d), combine(ref, w, d))
  expect_identical(correlation_matrix(back, d[1:3, ]), correlation_matrix(ref, d[1:3, ]))
  text <- readLines(file)
  writeLines(sub("simulated", "measured", text), file)
  expect_warning(read_reference(file), class = "covary_warning_edited")
  broken <- ref
  broken$charts$f2$responses <- "f1"
  expect_error(deviations(broken, d), class = "covary_error_object")
  expect_error(write_reference(broken, file), class = "covary_error_object")
  broken <- ref
  broken$correlations$pairs[1] <- 99
  expect_error(combine(broken, w, d), class = "covary_error_object")
})

test_that("one call takes a new site in for all features, as one for each does", {
  p <- fit_features()
  d <- data_features()
  d$site[d$site == "s10"] <- "new"
  controls <- d[d$site == "new", ][1:30, ]
  controls$f2[1:3] <- NA
  ref <- adapt(reference(p), controls)
  found <- sites(ref)
  expect_identical(found$n[found$adapted], c(30L, 27L, 30L, 30L))
  alone <- adapt(feature_chart(reference(p), "f3"), controls)
  last <- found[found$adapted & found$resp == "f3", ]
  expect_identical(last$mu, sites(alone)$mu_f3[11])
  expect_identical(last$sigma_sd, sites(alone)$sigma_f3_sd[11])
  expect_identical(
    deviations(ref, controls[1:5, ], resp = "f3")$z, deviations(alone, controls[1:5, ])$z
  )
  expect_true(all(deviations(ref, controls[4:9, ])$status == "ok"))
  expect_warning(adapt(p, controls[4:9, ]), class = "covary_warning_few_controls")
  controls$f4 <- NA
  expect_error(adapt(reference(p), controls), "'f4'", class = "covary_error_small_group")
  part <- adapt(reference(p), controls, resp = c("f1", "f2"))
  expect_error(deviations(part, d[d$site == "new", ], resp = "f3"),
    class = "covary_error_new_level"
  )
})

test_that("harmonised features have the z that they had, and centiles invert z", {
  p <- fit_features()
  d <- data_features()[1:60, ]
  moved <- harmonise(p, d)
  expect_equal(
    deviations(p, moved, exclude = "s(site)", joint = FALSE)$z, deviations(p, d, joint = FALSE)$z,
    tolerance = rounding
  )
  expect_equal(harmonise(p, d, to = "s03")[d$site == "s03", ], d[d$site == "s03", ])
  lines <- centiles(p, d[1:3, ], z = c(-1, 2), resp = c("f2", "f4"))
  expect_identical(nrow(lines), 12L)
  d[1:3, "f2"] <- lines$value[lines$resp == "f2" & lines$z == 2]
  expect_equal(deviations(p, d[1:3, ], resp = "f2")$z, rep(2, 3), tolerance = rounding)
  expect_error(centiles(p, p = 0.5, z = 0), class = "covary_error_argument")
})

test_that("evaluate() of features has the joint measures of the whitened", {
  p <- fit_features()
  d <- data_features()
  out <- evaluate(p, d, by = "sex", measures = c("joint_log_score", "coverage_joint", "mace"))
  expect_identical(nrow(out), 12L)
  rows <- which(d$sex == "F")[1:200]
  z <- exact_z(p, d[rows, ])
  r <- correlation_matrix(p, d[rows, ])
  log_density <- vapply(seq_along(rows), function(i) {
    root <- chol(r[i, , ])
    w <- backsolve(root, z[i, ], transpose = TRUE)
    sum(dnorm(w, log = TRUE)) - sum(log(diag(root)))
  }, 0)
  sds <- vapply(colnames(z), function(name) {
    exact_curve(p, "sigma", name, d[rows, ])
  }, numeric(200))
  one <- evaluate(p, d[rows, ], measures = "joint_log_score")
  expect_equal(one$estimate, mean(log_density - rowSums(sds)), tolerance = 1e-6)
  expect_lt(abs(out$estimate[out$measure == "coverage_joint"][1] - 0.95), 0.02)
})

test_that("curves of pairs are in files as basis and weights, exactly, or as values", {
  skip_if_not_installed("jsonlite")
  p <- fit_features()
  d <- data_features()[1:20, ]
  ref <- reference(p)
  table <- ref$correlations$predictors$rho$tables[[2]]
  naive <- vapply(seq_len(6), function(k) {
    round(table$basis %*% table$weights[, k], 8)
  }, numeric(nrow(table$basis)))
  # Sums in another order may round to another eighth decimal.
  expect_lt(max(abs(table$values - as.vector(naive))), 1.1e-8)
  age <- grepl("age", rownames(p$mean))
  expect_lt(max(abs(table$weights - p$mean[age, , drop = FALSE])), 1e-12)
  file <- tempfile(fileext = ".json")
  on.exit(unlink(file))
  write_reference(ref, file)
  back <- read_reference(file)$correlations$predictors$rho$tables[[2]]
  expect_identical(back[names(table)], table)
  plain <- ref
  plain$version <- 2
  plain$correlations$predictors$rho$tables[[2]][c("basis", "weights")] <- NULL
  write_reference(plain, file)
  expect_identical(deviations(read_reference(file), d), deviations(ref, d))
})
