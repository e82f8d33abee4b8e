# CSV files: the same rows in one chunk and in many.

csv <- function(...) {
  file <- tempfile(fileext = ".csv")
  writeLines(c(...), file)
  file
}

both_ways <- function(files, responses, by, ...) {
  one <- suppressMessages(compress(files, responses, by = by, ...))
  many <- suppressMessages(compress(files, responses, by = by, chunk = 100, ...))
  expect_identical(many$covariates, one$covariates)
  expect_identical(many$groups, one$groups)
  expect_identical(many$dropped, one$dropped)
  expect_lt(difference(many, one), rounding)
  one
}

test_that("chunks do not change what is read", {
  set.seed(761)
  d <- data.frame(
    x = rep(1:3, 100), s = rep(c("F", "M"), 150),
    l = rep(c(TRUE, FALSE, NA), each = 100), y = round(rnorm(300), 3)
  )
  plain <- tempfile(fileext = ".csv")
  write.csv(d, plain)
  cells <- both_ways(plain, "y", ~ x + s)
  expect_lt(difference(cells, compress(d, "y", by = ~ x + s)), rounding)
  expect_identical(both_ways(plain, "y", ~l)$covariates$l$type, "logical")
  quoted <- csv("x,y,unused", sprintf('"%d","%.3f",%s', d$x, d$y, c(1:299, "z")))
  by_x <- compress(d, "y", by = ~x)
  expect_lt(difference(both_ways(quoted, "y", ~x), by_x), rounding)
  expect_identical(both_ways(quoted, "y", ~x)$covariates$x$type, "numeric")
  expect_identical(nrow(both_ways(csv("x,y", sprintf(
    "%s,%d", c(rep("", 150), rep("a", 150)),
    1:300
  )), "y", ~x)$groups), 2L)
  expect_identical(nrow(both_ways(csv("x,y", sprintf(
    "%s,%d", c(rep("", 150), rep("1", 150)),
    1:300
  )), "y", ~x)$groups), 1L)
  zipped <- tempfile(fileext = ".csv.gz")
  write.csv(d, out <- gzfile(zipped), row.names = FALSE)
  expect_lt(difference(both_ways(zipped, "y", ~x), by_x), rounding)
  expect_equal(summary(both_ways(c(plain, zipped), "y", ~x))$n, 600)
})

test_that("the whole of the first file decides; a later contradiction names file, row and column", {
  codes <- csv("x,y", sprintf("%s,%d", c(1:299, "A3"), 1:300))
  expect_identical(both_ways(codes, "y", ~x)$covariates$x$type, "character")
  numbers <- csv("x,y", sprintf("%d,%d", rep(1:3, 100), 1:300))
  expect_identical(nobs(both_ways(c(codes, numbers), "y", ~x)), 600)
  for (chunk in c(100, 1e6)) {
    e <- expect_error(compress(c(numbers, codes), "y", by = ~x, chunk = chunk),
      class = "covary_error_column_type"
    )
    expect_match(conditionMessage(e), paste0("'x'.*row 300 of file .*", basename(codes), ".*A3"))
    e <- expect_error(compress(codes, "x", by = ~y, chunk = chunk),
      class = "covary_error_response"
    )
    expect_match(conditionMessage(e), "row 300 of file")
  }
  # F and T alone are text; TRUE and FALSE are logical.
  women <- csv("s,y", sprintf("F,%d", 1:9))
  men <- csv("s,y", sprintf("M,%d", 1:9))
  expect_setequal(both_ways(c(women, men), "y", ~s)$groups$s, c("F", "M"))
  yes <- csv("s,y", sprintf("TRUE,%d", 1:9))
  expect_error(compress(c(yes, men), "y", by = ~s), class = "covary_error_column_type")
  # A file without values decides nothing.
  none <- csv("s,y", sprintf("NA,%d", 1:9))
  expect_identical(nobs(both_ways(c(none, men), "y", ~s)), 9)
})

test_that("fields are split as they were written", {
  rows <- csv(
    's,y,"a,b"', '"x,1",1,1', '"x', 'y",2,1', '"say ""so""",3,1', "plain,4,1", "",
    " ,5,1"
  )
  cells <- compress(rows, "y", by = c("s", "a,b"))
  expect_setequal(cells$groups$s, c("x,1", "x\ny", 'say "so"', "plain", " "))
  expect_equal(summary(cells)$mean, 3)
  wide <- csv("y,x", " 1 ,0x10", "-2.5e0,16", "NA,16", ",16")
  expect_identical(suppressMessages(compress(wide, "y", by = ~x))$groups$x, 16)
  marked <- tempfile(fileext = ".csv")
  writeBin(c(as.raw(c(0xef, 0xbb, 0xbf)), charToRaw("x,y\r\n1,2\r\n1,4")), marked)
  expect_equal(summary(compress(marked, "y", by = ~x))$mean, 3)
  tabs <- tempfile(fileext = ".tsv")
  write.table(data.frame(x = 1:2, y = 1:20), tabs, sep = "\t", row.names = FALSE)
  expect_identical(nobs(compress(tabs, "y", by = ~x)), 20)
})

test_that("rows that do not fit the header are refused", {
  cases <- list(
    csv("x,y,z", rep("1,2,3,", 9)), csv("x,y", "1,2", "1,2,3,4", "1,2"),
    csv("x,y,z", "1,2,3", "1,2", "1,2,3"),
    csv("y", "1", "2,3"), csv("x,y", "1,2,3"), csv("x,y", '"1,2', "1,2")
  )
  for (file in cases) {
    expect_error(compress(file, "y", by = ~1), basename(file),
      class = "covary_error_data"
    )
  }
  expect_error(compress(csv("x,y,x", "1,2,3"), "y", by = ~x), "twice",
    class = "covary_error_variable"
  )
  expect_error(compress(csv("x,y", "1,2"), "y", by = ~z), class = "covary_error_variable")
  expect_error(compress(csv(character()), "y", by = ~x), "empty", class = "covary_error_data")
  expect_error(compress(csv("x,y"), "y", by = ~x), class = "covary_error_data")
})

test_that("splitting gives what read.csv() gives", {
  skip_if_not(l10n_info()[["UTF-8"]], "UTF-8")
  set.seed(762)
  field <- function(n) {
    part <- c("a", ",", '"', " ", "\n", "7", "NA", "'", "#", "\u00e9")
    vapply(seq_len(n), function(i) paste(sample(part, sample(0:6, 1), TRUE), collapse = ""), "")
  }
  d <- data.frame(u = field(500), v = field(500), n = rnorm(500))
  file <- tempfile(fileext = ".csv")
  write.csv(d, file, row.names = FALSE)
  lines <- readLines(file)[-1]
  out <- .Call(C_split_lines, lines, ",", 3L, 1:3, c(FALSE, FALSE, TRUE))
  expect_identical(out$columns[[1]], d$u)
  expect_identical(out$columns[[2]], d$v)
  expect_identical(out$columns[[3]], read.csv(file)$n)
  expect_null(.Call(C_split_lines, "a,1", ",", 2L, 1:2, c(TRUE, TRUE))$columns[[1]])
})
