# The cases of the validation run, three times each in this process, in random order.

source(test_path("bad-input-cases.R"), local = TRUE)

test_that("every bad input ends in a typed condition or a finite fit with a verdict", {
  data <- bad_input_data()
  cases <- bad_input_cases()
  set.seed(1)
  for (i in sample(rep(seq_along(cases), 3))) {
    found <- bad_input_outcome(cases[[i]], data)
    if (!found$ok) {
      fail(paste0(cases[[i]]$name, ": ", found$outcome, " ", paste(found$warnings, collapse = " ")))
    }
    if (i %% 25 == 0) gc()
  }
  succeed()
})

test_that("conditions carry the offending part", {
  d <- rows_60()
  field <- function(code, name) tryCatch(code, covary_error = function(e) e[[name]])
  expect_identical(field(covary(a ~ nothing, data = d), "variable"), "nothing")
  expect_identical(
    field(covary(a ~ x, data = transform(d, x = replace(x, c(3, 7), Inf))), "rows"),
    c(3L, 7L)
  )
  expect_identical(field(covary(a ~ x, data = transform(d, x = replace(x, 3, Inf))), "column"), "x")
  expect_identical(field(
    covary(a ~ s(x, k = 30), data = transform(d, x = rep(1:12, 5))),
    "largest_k"
  ), 12L)
  expect_identical(field(covary(a ~ x, data = d, draws = "a"), "arg"), "draws")
  fit <- quick(a ~ x + g, data = d)
  expect_identical(field(all_predictors(fit, d["x"]), "columns"), "g")
  expect_identical(field(all_predictors(fit, transform(d, g = "q")), "levels"), "q")
})

test_that("dropped rows are counted by a message", {
  d <- rows_60()
  d$x[1:2] <- NA
  d$a[2:4] <- NaN
  seen <- NULL
  fit <- withCallingHandlers(covary(a ~ x, data = d, draws = 1000), message = function(m) {
    seen <<- m
    invokeRestart("muffleMessage")
  })
  expect_s3_class(seen, "covary_message_dropped_rows")
  expect_match(conditionMessage(seen),
    "4 of 60 rows have missing values (3 in a response, 2 in a covariate",
    fixed = TRUE
  )
  expect_identical(seen$rows, 1:4)
  expect_identical(fit$frame$n, 56L)
})

test_that("formulas that are none, and terms of another length, are typed errors", {
  d <- rows_60()
  d$w <- as.list(d$x)
  for (f in list(
    a ~ NULL, a ~ x[1:3], a ~ s(x)[1], a ~ s(w), a ~ w, a ~ mean, a ~ nope(x),
    a ~ (1 | g), 3 ~ x, a ~ "x", as.Date("2020-01-01"), list(a ~ x, 3)
  )) {
    expect_error(suppressMessages(quick(f, data = d)), class = "covary_error")
  }
  # Nested columns of new data come back beside the results.
  d$nested <- data.frame(one = d$x)
  expect_identical(dim(predict(quick(a ~ x, data = d), d[1:3, ])), c(6L, 14L))
})
