test_that("Parquet files are read, and give the cells of the data frame", {
  skip_if_not_installed("nanoparquet")
  set.seed(1)
  d <- data.frame(age = sample(20:60, 500, TRUE), y = rnorm(500))
  files <- file.path(tempdir(), c("one.parquet", "two.parquet"))
  on.exit(unlink(files))
  nanoparquet::write_parquet(d[1:200, ], files[1])
  nanoparquet::write_parquet(d[201:500, ], files[2])
  fit <- function(data) {
    set.seed(2)
    covary(y ~ age, data = data, draws = 200)
  }
  expect_equal(coef(fit(compress(files, "y", by = "age"))), coef(fit(compress(d, "y", by = "age"))), tolerance = 1e-10)
})
