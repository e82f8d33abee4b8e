# What stands for the rows in front of the engine: each source keeps the contract, and is the one
# that the data ask for.

rows <- function(n) {
  set.seed(2)
  d <- data.frame(x = runif(n), z = runif(n))
  d$y <- d$x + rnorm(n)
  d
}
prepared_of <- function(formula, data, ...) {
  names <- if (inherits(data, "cells")) names(data$covariates) else names(data)
  suppressMessages(prepare_fit(
    parse_formulas(list(formula), data_names = names), data, list(na_action = na.omit),
    list(algorithm = "nested", control = covary_control(...))
  ))
}

test_that("each kind of data has its source", {
  expect <- function(prepared, source) {
    expect_s3_class(validate_prepared(prepared), paste0("prepared_", source))
  }
  expect(prepared_of(y ~ x, rows(100)), "rows")
  expect(prepared_of(y ~ x, compress(rows(100), "y", by = ~x)), "cells")
  expect(prepared_of(y ~ x, rows(5000), compress = "always"), "compressed")
  expect(prepared_of(y ~ s(x, k = 5) + s(z, k = 5), rows(21000)), "tables")
})

test_that("a model that breaks the contract is named", {
  prepared <- prepared_of(y ~ x, rows(100))
  prepared$cells$m <- NULL
  expect_error(validate_prepared(prepared), "cells", class = "covary_error_internal")
})
