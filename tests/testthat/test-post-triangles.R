test_that("coefficients of the pairs of four responses are triangles", {
  fit <- quiet(covary(cbind(mpg, qsec, drat, disp) ~ 1, rho ~ wt, rho(qsec, drat) ~ 1,
    rho(mpg, disp) ~ wt + am,
    data = mtcars, algorithm = "laplace", draws = 100
  ))
  means <- coef(fit)
  out <- coefficient_triangles(fit, means, means + 1)
  expect_named(out$tables, c("Coefficient Intercept of rho", "Coefficient wt of rho"))
  table <- out$tables[[2]]
  expect_identical(dim(table), c(4L, 4L))
  expect_identical(table["drat", "mpg"], means[["b_rho_mpg_drat_wt"]])
  expect_identical(table["mpg", "drat"], means[["b_rho_mpg_drat_wt"]] + 1)
  expect_true(is.na(table["drat", "qsec"]))
  expect_identical(sort(out$names), sort(grep("rho.*(Intercept|wt)$", names(means), value = TRUE)))
  text <- capture.output(print(fit))
  expect_true(any(grepl("b_rho_mpg_disp_am", text)))
  expect_false(any(grepl("b_rho_mpg_disp_wt", text)))
  expect_true(any(grepl("rho(mpg:qsec, mpg:drat, qsec:disp, drat:disp)", text, fixed = TRUE)))
  expect_length(coefficient_triangles(fixture("two"), coef(fixture("two")))$tables, 0)
  expect_output(print(summary(fit)), "sds above the diagonal")
})

test_that("predictors of three responses or more that share a formula are one line", {
  fit <- quiet(covary(cbind(mpg, qsec, drat) ~ wt, drat ~ 1, rho(mpg, qsec) ~ wt,
    data = mtcars, algorithm = "laplace", draws = 100
  ))
  lines <- predictor_lines(fit$design$predictors, fit$responses)
  expect_match(lines[1], "^mu\\(mpg, qsec\\) +\\[identity\\] ~wt$")
  expect_match(lines[2], "^mu\\(drat\\) +\\[identity\\] ~1$")
  expect_match(lines[3], "^sigma\\(all 3 responses\\) +\\[log\\] +~1 \\(default\\)$")
  expect_match(lines[4], "^rho\\(mpg, qsec\\)")
  expect_match(lines[5], "^rho\\(mpg:drat, qsec:drat\\)")
})
