# The same table in every data base that is here, against the same rows in R.

case_rows <- function() {
  set.seed(17)
  n <- 6000
  g <- sample(c("a", "b", "c d", "\u00e9"), n, TRUE)
  d <- data.frame(
    g = g, h = c("alone", "also alone", sample(letters[1:3], n - 2, TRUE)),
    k = sample(1:9, n, TRUE), big = sample(c(3e9, 3e9 + 1, 12), n, TRUE),
    yes = sample(c(TRUE, FALSE), n, TRUE),
    day = as.Date("2024-02-27") + sample(0:4, n, TRUE),
    moment = as.POSIXct("2024-02-27 23:59:58", tz = "UTC") + sample(c(0, 1.5, 7200), n, TRUE),
    money = sample(c(0.1, 12.35, -7.5), n, TRUE), dose = sample(c(1 / 3, 0.7, 1e-9), n, TRUE),
    x = c(-1, 2, stats::rnorm(n - 2)), skew = exp(2 * stats::rnorm(n)),
    w = sample(0:3, n, TRUE), v = stats::runif(n)
  )
  d$y <- stats::rnorm(n, 120 + d$k, 10)
  d$z <- 0.5 * d$y + stats::rnorm(n, 0, 3)
  d$count <- stats::rpois(n, 30)
  d$price <- round(stats::rnorm(n, 500, 20), 2)
  d$off <- 1e6 * 10 + 10 * stats::rnorm(n)
  d$far <- 1e6 * match(d$g, unique(d$g)) + stats::rnorm(n)
  d$y[5] <- NA
  d$z[7] <- NA
  d$y[31:40] <- NA
  d$z[36:45] <- NA
  d$g[9] <- NA
  d$x[11] <- NA
  d$w[13] <- NA
  d
}

case_types <- c(
  g = "VARCHAR(20)", h = "VARCHAR(20)", k = "INTEGER", big = "BIGINT", yes = "BOOLEAN",
  day = "DATE", moment = "TIMESTAMP", money = "DECIMAL(10, 2)", dose = "DOUBLE PRECISION",
  x = "DOUBLE PRECISION", skew = "DOUBLE PRECISION", w = "INTEGER", v = "DOUBLE PRECISION",
  y = "DOUBLE PRECISION", z = "DOUBLE PRECISION", count = "INTEGER", price = "DECIMAL(12, 2)",
  off = "DOUBLE PRECISION", far = "DOUBLE PRECISION"
)

# responses, covariates, weights; the last twelve have a continuous covariate
table_of_cases <- function() {
  case <- function(responses, by, weights = NULL, rows = NULL) {
    list(responses = responses, by = by, weights = weights, rows = rows)
  }
  exact <- list(~1, ~g, ~h, ~k, ~big, ~yes, ~day, ~moment, ~money, ~dose, ~ g + k, ~ h + yes + day)
  c(
    lapply(exact, function(by) case("y", by)),
    lapply(exact[c(2, 4, 11)], function(by) case(c("y", "z"), by)),
    lapply(exact[c(1, 3, 9)], function(by) case(c("z", "y"), by, "w")),
    lapply(list("count", "price", "big"), function(y) case(y, ~g)),
    list(
      case("off", ~g), case(c("off", "y"), ~k, "v"), case("far", ~g),
      case(c("far", "off"), ~g, "w"),
      case(c("far", "y"), ~ g + h), case("y", ~g, rows = "k > 9 OR k = 1"), case("z", ~g, "v"),
      case(c("y", "z", "count"), ~h)
    ),
    lapply(list(~x, ~skew, ~ x + g, ~ x + k, ~ h + skew + yes), function(by) case(c("y", "z"), by)),
    list(
      case("y", ~x), case("y", ~x, "w"), case("off", ~x), case(c("off", "far"), ~ x + g, "v"),
      case("price", ~ skew + money), case("y", ~ x + dose)
    )
  )
}

for (engine in engines_of_tests) {
  test_that(paste("forty cases are those of the data frame in", engine), {
    connection <- connect_to(engine)
    on.exit(DBI::dbDisconnect(connection))
    d <- write_typed(connection, engine, "covary_cases", case_rows(), case_types)
    cases <- table_of_cases()
    expect_length(cases, 40)
    for (case in cases) {
      query <- "covary_cases"
      rows <- d
      if (!is.null(case$rows)) {
        query <- paste("SELECT * FROM covary_cases WHERE", case$rows)
        rows <- d[eval(str2lang(gsub("OR", "|", gsub(" = ", " == ", case$rows))), d), ]
      }
      compressed <- function(...) {
        suppressMessages(compress(...,
          responses = case$responses, by = case$by, weights = case$weights
        ))
      }
      summed <- compressed(connection, query = query, moments = "database")
      label <- paste(c(case$responses, deparse1(case$by), case$weights), collapse = " ")
      expect_lt(difference(summed, compressed(rows)), rounding, label = label)
      expect_lte(summed$passes, 4 + (engine == "SQLite"), label = label)
    }
  })
}

test_that("forty cases are those of the data frame in tables and data sets of Arrow", {
  suppressWarnings(skip_if_not_installed("arrow"))
  d <- case_rows()
  folder <- tempfile()
  arrow::write_dataset(d, folder, partitioning = "k")
  set <- arrow::open_dataset(folder)
  batches <- lapply(arrow::Scanner$create(set)$ToRecordBatchReader()$batches(), as.data.frame)
  for (case in table_of_cases()) {
    compressed <- function(...) {
      suppressMessages(compress(...,
        responses = case$responses, by = case$by, weights = case$weights
      ))
    }
    label <- paste(c(case$responses, deparse1(case$by), case$weights), collapse = " ")
    in_table <- compressed(arrow::arrow_table(d))
    expect_lt(difference(in_table, compressed(d)), rounding, label = label)
    expect_identical(compressed(set), compressed(do.call(chunks, batches)), label = label)
  }
})
