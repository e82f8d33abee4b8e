# Types of columns: decided once, the same in every source.

columns_of <- function() {
  n <- 60
  x <- rep(1:6, 10)
  list(
    numeric = x / 2, logical = x > 3, character = letters[x],
    ordered = factor(letters[x], ordered = TRUE),
    date = as.Date("2024-02-27") + x, time = as.POSIXct("2024-02-27", tz = "UTC") + x,
    difference = as.difftime(x, units = "hours")
  )
}

test_that("columns that change their type are refused in chunks, files and merges, and named", {
  set.seed(751)
  y <- rnorm(60)
  columns <- columns_of()
  for (first in names(columns)) {
    for (second in setdiff(names(columns), first)) {
      a <- data.frame(x = columns[[first]], y = y)
      b <- data.frame(x = columns[[second]], y = y)
      b$x[1] <- NA
      e <- expect_error(compress(chunks(a, a, b), "y", by = ~x), class = "covary_error_column_type")
      expect_match(conditionMessage(e), "'x'.* row 2 of chunk 3")
      expect_identical(e$column, "x")
      expect_error(merge(compress(a, "y", by = ~x), suppressMessages(compress(b, "y", by = ~x))),
        "'x'",
        class = "covary_error_merge"
      )
      files <- tempfile(c("first", "second"), fileext = ".rds")
      saveRDS(a, files[1])
      saveRDS(b, files[2])
      expect_error(compress(files, "y", by = ~x), "second", class = "covary_error_column_type")
    }
  }
})

test_that("the first value that is no number is the one named", {
  a <- data.frame(x = 1:3, y = rnorm(30))
  expect_error(compress(chunks(a, transform(a, x = replace(as.character(x), 17, "n/a"))), "y",
    by = ~x
  ), "row 17 of chunk 2.*n/a")
  expect_error(
    compress(chunks(a, transform(a, y = replace(as.character(y), 8, "?"))), "y",
      by = ~x
    ), "row 8 of chunk 2",
    class = "covary_error_response"
  )
})

test_that("integers, doubles and integer64 are one type, and so are text and factors", {
  skip_if_not_installed("bit64")
  set.seed(752)
  d <- data.frame(x = rep(1:4, 25), g = rep(c("b", "a"), 50), y = rnorm(100))
  whole <- compress(d[rep(1:100, 3), ], "y", by = ~ x + g)
  big <- transform(d, g = factor(g, levels = c("b", "a", "c")))
  big$x <- bit64::as.integer64(d$x)
  cells <- compress(chunks(transform(d, x = as.integer(x)), big, transform(d, x = as.double(x))),
    "y",
    by = ~ x + g
  )
  expect_setequal(group_keys(cells$groups), group_keys(whole$groups))
  expect_identical(nobs(cells), 300)
  expect_identical(levels(factor_groups(cells)$g), c("b", "a", "c"))
  expect_identical(levels(factor_groups(compress(chunks(transform(d, g = "new"), big), "y",
    by = ~g
  ))$g), c("b", "a", "c", "new"))
  weights <- transform(d, w = 1)
  weights$w <- bit64::as.integer64(2)
  weights$y <- bit64::as.integer64(d$x)
  expect_equal(compress(weights, "y", by = ~g, weights = "w")$stats[1, ], c(100, 100))
  expect_equal(summary(compress(weights, "y", by = ~g))$mean, mean(d$x))
  expect_equal(summary(compress(weights, ~ log(y), by = ~g))$mean, mean(log(d$x)))
  big$x <- bit64::as.integer64("9007199254740993")
  expect_error(compress(big, "y", by = ~x), "2^53", fixed = TRUE, class = "covary_error_covariate")
})

test_that("levels of ordered factors must be in one order", {
  d <- data.frame(x = factor(c("low", "high"), c("low", "high"), ordered = TRUE), y = rnorm(20))
  more <- transform(d, x = factor(x, c("low", "mid", "high"), ordered = TRUE))
  turned <- transform(d, x = factor(x, c("high", "low"), ordered = TRUE))
  expect_identical(
    levels(factor_groups(compress(chunks(d, more, d), "y", by = ~x))$x),
    c("low", "mid", "high")
  )
  expect_error(compress(chunks(d, turned), "y", by = ~x), class = "covary_error_column_type")
  expect_error(merge(compress(d, "y", by = ~x), compress(turned, "y", by = ~x)),
    class = "covary_error_merge"
  )
  expect_error(compress(chunks(d, transform(d, x = as.character(x))), "y", by = ~x),
    class = "covary_error_column_type"
  )
})

test_that("dates and times keep their class, exact and continuous; time differences their units", {
  set.seed(753)
  n <- 12000
  d <- data.frame(
    day = as.Date("2000-01-01") + sample(6000, n, TRUE),
    few = as.POSIXct("2020-01-01", tz = "UTC") + sample(5, n, TRUE) * 3600,
    wait = as.difftime(sample(3, n, TRUE), units = "hours"), y = rnorm(n)
  )
  cells <- compress(d, "y", by = ~ day + few + wait)
  expect_identical(cells$covariates$day$kind, "continuous")
  expect_output(print(cells), "day in [2000-01-", fixed = TRUE)
  groups <- factor_groups(cells)
  expect_s3_class(groups$few, "POSIXct")
  expect_identical(attr(groups$few, "tzone"), "UTC")
  expect_setequal(as.double(groups$wait, units = "mins"), 60 * 1:3)
  expect_identical(nobs(subset(cells, few == min(d$few))), as.double(sum(d$few == min(d$few))))
  minutes <- d
  units(minutes$wait) <- "mins"
  expect_identical(
    compress(chunks(d, minutes), "y", by = ~wait)$groups,
    compress(d, "y", by = ~wait)$groups
  )
  expect_error(merge(compress(d, "y", by = ~wait), compress(minutes, "y", by = ~wait)), "mins",
    class = "covary_error_merge"
  )
  many <- compress(d, "y", by = ~day)
  numbers <- compress(transform(d, day = as.numeric(day)), "y", by = ~day)
  expect_identical(many$table, numbers$table)
})

test_that("keys of groups collide only where groups are equal", {
  d <- data.frame(
    a = c("a\rb", "a", "1:", "1"), b = c("c", "b\rc", "2", ":2"),
    y = c(0, 10, 20, 30)
  )[rep(1:4, 50), ]
  one <- function(i) compress(d[d$y == 10 * (i - 1), ], "y", by = ~ a + b)
  expect_identical(nrow(c(one(1), one(2), one(3), one(4))$groups), 4L)
  zeros <- data.frame(x = c(0, 1), y = rnorm(100))
  minus <- transform(zeros, x = ifelse(x == 0, -0, x))
  expect_identical(nrow(merge(
    compress(zeros, "y", by = ~x),
    compress(minus, "y", by = ~x)
  )$groups), 2L)
  expect_identical(nrow(compress(chunks(minus, zeros), "y", by = ~x)$groups), 2L)
  latin <- "caf\xe9"
  Encoding(latin) <- "latin1"
  words <- data.frame(g = c(latin, enc2utf8(latin)), y = rnorm(10))
  expect_identical(nrow(merge(
    compress(words[1, ], "y", by = ~g),
    compress(words[-1, ], "y", by = ~g)
  )$groups), 1L)
})

test_that("what is no column of numbers, text or categories is refused", {
  d <- data.frame(x = 1:2, y = rnorm(20))
  expect_error(compress(transform(d, x = x * 1i), "y", by = ~x), "'x'",
    class = "covary_error_covariate"
  )
  d$m <- matrix(1, 20, 2)
  d$one <- matrix(d$x)
  d$l <- as.list(d$x)
  expect_error(compress(d, "y", by = ~m), "'m'", class = "covary_error_covariate")
  expect_error(compress(d, "y", by = ~l), "'l'", class = "covary_error_covariate")
  expect_identical(nrow(compress(d, "y", by = ~one)$groups), 2L)
  expect_error(compress(transform(d, y = factor(y)), "y", by = ~x),
    class = "covary_error_response"
  )
  expect_error(compress(transform(d, w = "1"), "y", by = ~x, weights = "w"),
    class = "covary_error_weights"
  )
  twice <- stats::setNames(d[c("x", "x", "y")], c("x", "x", "y"))
  expect_error(compress(twice, "y", by = ~x), "more than one", class = "covary_error_variable")
})

test_that("a level that is NA needs a name in cells", {
  d <- data.frame(g = addNA(factor(c("a", NA, "b", "a"))), y = 1:4)
  expect_error(compress(d, "y", by = ~g), "addNA", class = "covary_error_covariate")
  levels(d$g)[is.na(levels(d$g))] <- "none"
  expect_identical(compress(d, "y", by = ~g)$groups$g, c("a", "none", "b"))
})
