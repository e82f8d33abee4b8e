test_that("predictors of all kinds of formulas are whole", {
  d <- rows_60(921)
  for (formulas in list(
    list(a ~ x + g, sigma ~ 0 + g), list(a ~ s(x, k = 5) + s(g, bs = "re") + offset(z)),
    list(a ~ t2(x, z, k = 4), sigma ~ poly(x, 3, raw = TRUE)), list(a ~ 0 + offset(z), sigma ~ x)
  )) {
    parsed <- parse_formulas(formulas, data_names = names(d))
    frame <- read_frame(parsed, d, NULL, NULL, stats::na.omit)
    design <- new_design(parsed, frame, new_cells(frame))
    for (p in design$predictors) expect_identical(validate_predictor(p), p)
    sds <- unlist(lapply(design$predictors, function(p) p$columns$sd))
    expect_identical(max(0L, sds), as.integer(design$n_sds))
  }
})
