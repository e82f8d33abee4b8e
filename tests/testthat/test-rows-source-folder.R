test_that("a folder stands for its Parquet files, and its folders for columns", {
  skip_if_not_installed("nanoparquet")
  set.seed(6)
  d <- data.frame(
    year = rep(2023:2024, each = 300), site = rep(c("a b", "c"), 300), y = stats::rnorm(600)
  )
  folder <- tempfile()
  for (rows in split(d, list(d$year, d$site))) {
    place <- file.path(
      folder, paste0("year=", rows$year[1]), paste0("site=", utils::URLencode(rows$site[1]))
    )
    dir.create(place, recursive = TRUE)
    nanoparquet::write_parquet(rows["y"], file.path(place, "part-0.parquet"))
  }
  dir.create(file.path(folder, "_delta_log"))
  file.copy(file.path(place, "part-0.parquet"), file.path(folder, "_delta_log", "old.parquet"))
  cells <- compress(folder, "y", by = ~ year + site)
  truth <- compress(d, "y", by = ~ year + site)
  expect_lt(difference(cells, truth), rounding)
  expect_identical(cells$covariates$year$type, "numeric")
  empty <- tempfile()
  dir.create(empty)
  expect_error(compress(empty, "y", by = ~year), "no Parquet", class = "covary_error_data")
  expect_identical(
    partition_values("a/k=__HIVE_DEFAULT_PARTITION__/b=1.5/x=t%2Fu/f.parquet"),
    list(k = NA, b = 1.5, x = "t/u")
  )
})
