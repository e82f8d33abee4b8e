skip_if_not_installed("jsonlite")

written <- function(ref) {
  file <- tempfile(fileext = ".json")
  write_reference(ref, file)
  file
}

edited <- function(ref, pattern, text) {
  file <- written(ref)
  all <- paste(readLines(file), collapse = "\n")
  changed <- sub(pattern, text, all)
  stopifnot(changed != all)
  writeLines(changed, file)
  file
}

test_that("a file that is read scores as the chart that was written", {
  ref <- reference(fit_sites(), "Growth", c("cm", "kg"))
  back <- read_reference(written(ref))
  d <- data_sites()
  d$weight[1:5] <- NA
  expect_identical(
    as.data.frame(deviations(ref, d, given = ~height, uncertainty = "posterior")),
    as.data.frame(deviations(back, d, given = ~height, uncertainty = "posterior"))
  )
  expect_equal(unclass(back), unclass(ref), tolerance = last_bits)
  expect_lt(file.size(written(ref)), 200e3)
})

test_that("a chart of one response, of surfaces and of slopes survives its file", {
  set.seed(25)
  fit <- quiet(covary(y ~ x + s(g, bs = "re") + s(g, x, bs = "re"),
    data = data_groups(), draws = 200
  ))
  ref <- reference(fit)
  back <- read_reference(written(ref))
  expect_identical(
    deviations(ref, data_groups(), uncertainty = "posterior")$z_se,
    deviations(back, data_groups(), uncertainty = "posterior")$z_se
  )
})

test_that("an edited file is said to be one", {
  ref <- reference(fit_sites(), "Growth")
  expect_warning(
    back <- read_reference(edited(ref, "Growth", "Shrinkage")),
    class = "covary_warning_edited"
  )
  expect_identical(back$title, "Shrinkage")
})

test_that("a file that holds no whole chart is refused by name of the field", {
  ref <- reference(fit_sites(), "Growth")
  broken <- function(pattern, text, class, field = NULL) {
    file <- edited(ref, pattern, text)
    error <- suppressWarnings(expect_error(read_reference(file), class = class))
    if (!is.null(field)) expect_match(conditionMessage(error), field)
  }
  broken("covary chart", "another chart", "covary_error_file")
  broken("\"version\":3", "\"version\":7", "covary_error_file")
  broken("\"n\":1600", "\"n\":\"many\"", "covary_error_object", "'n'")
  broken("\"type\":\"numeric\"", "\"type\":\"odd\"", "covary_error_object")
  broken("\"range\":\\[2,18\\]", "\"range\":[18,2]", "covary_error_object", "'covariates'")
  broken("\"values\":\\[", "\"values\":[1,", "covary_error_object")
  broken("\"values\":\\[", "\"values\":[\"a\",", "covary_error_object")
  broken("\"mu:height\"", "\"mu:length\"", "covary_error_object")
  broken("\\}\\}$", "}", "covary_error_file")
  expect_error(read_reference(tempfile()), class = "covary_error_file")
})
