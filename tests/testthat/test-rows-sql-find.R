# Engines that no class tells: SQLite by another name, which takes some words and not others.

skip_if_not_installed("RSQLite")

setClass("StrangerConnection", contains = "DBIConnection", slots = c(
  inside = "DBIConnection", refuses = "character", asked = "environment"
))
stranger <- function(refuses = "DOUBLE PRECISION|BINARY_DOUBLE|FLOAT64|\\bFLOOR") {
  asked <- new.env()
  asked$statements <- character()
  methods::new("StrangerConnection",
    inside = DBI::dbConnect(RSQLite::SQLite(), ":memory:"), refuses = refuses, asked = asked
  )
}
setMethod(DBI::dbSendQuery, c("StrangerConnection", "character"), function(conn, statement, ...) {
  conn@asked$statements <- c(conn@asked$statements, statement)
  if (grepl(conn@refuses, statement)) stop("near ", sub(".*?(\\w+).*", "\\1", conn@refuses))
  DBI::dbSendQuery(conn@inside, statement)
})
setMethod(DBI::dbQuoteIdentifier, c("StrangerConnection", "character"), function(conn, x, ...) {
  DBI::SQL(paste0("[", x, "]"))
})
setMethod(DBI::dbExistsTable, c("StrangerConnection", "character"), function(conn, name, ...) {
  DBI::dbExistsTable(conn@inside, name)
})
setMethod(DBI::dbIsValid, "StrangerConnection", function(dbObj, ...) DBI::dbIsValid(dbObj@inside))

stranger_with_rows <- function(...) {
  connection <- stranger(...)
  set.seed(3)
  d <- data.frame(g = sample(letters[1:3], 6000, TRUE), x = stats::runif(6000))
  d$y <- stats::rnorm(6000, d$x)
  DBI::dbWriteTable(connection@inside, "t", d)
  list(connection = connection, data = d)
}

test_that("an engine that nobody knows is asked once, and sums", {
  skip_if_not_installed("RSQLite")
  here <- stranger_with_rows()
  on.exit(DBI::dbDisconnect(here$connection@inside))
  dialect <- sql_dialect(here$connection)
  expect_identical(dialect$double, "DOUBLE")
  expect_identical(dialect$floor("u"), "CAST(u AS INTEGER)")
  expect_identical(dialect$quotes, c("\"", "\""))
  expect_true(dialect$windows)
  asked <- length(here$connection@asked$statements)
  for (by in list(~g, ~ x + g)) {
    cells <- compress(here$connection, "y", by = by, query = "t", moments = "database")
    rows <- compress(here$data, "y", by = by)
    expect_identical(nobs(cells), nobs(rows))
    expect_equal(summary(cells)$sd, summary(rows)$sd, tolerance = rounding)
  }
  probes <- grepl("1e300|covary_one|AS one", here$connection@asked$statements)
  expect_identical(sum(probes[-seq_len(asked)]), 0L)
  expect_lt(asked, 20)
})

test_that("first rows are those of the way that the engine takes", {
  skip_if_not_installed("RSQLite")
  here <- stranger("LIMIT|TOP")
  on.exit(DBI::dbDisconnect(here@inside))
  # SQLite has none of the others.
  expect_identical(sql_dialect(here)$first_rows("SELECT 1", 1), "SELECT 1")
  expect_identical(rows_by_top("SELECT a FROM t", 1), "SELECT TOP 1 a FROM t")
})

test_that("what an engine cannot do is streamed and said, or an error with its words", {
  skip_if_not_installed("RSQLite")
  mute <- stranger_with_rows("CAST")
  plain <- stranger_with_rows("FLOOR|INTEGER")
  on.exit(for (one in list(mute, plain)) DBI::dbDisconnect(one$connection@inside))
  expect_message(
    cells <- compress(mute$connection, "y", by = ~g, query = "t"), "come to R",
    class = "covary_message_streamed"
  )
  expect_identical(nobs(cells), 6000)
  expect_error(
    compress(mute$connection, "y", by = ~g, query = "t", moments = "database"), "near CAST",
    class = "covary_error_database"
  )
  expect_error(
    compress(plain$connection, "y", by = ~x, query = "t", moments = "database"), "FLOOR",
    class = "covary_error_database"
  )
  expect_silent(compress(plain$connection, "y", by = ~g, query = "t", moments = "database"))
  far <- stranger_with_rows("OVER")
  on.exit(DBI::dbDisconnect(far$connection@inside), add = TRUE)
  far$data$y <- far$data$y + 1e6 * (far$data$g == "a")
  DBI::dbWriteTable(far$connection@inside, "far", far$data)
  expect_error(compress(far$connection, "y", by = ~g, query = "far", moments = "database"),
    "window",
    class = "covary_error_database"
  )
  expect_message(compress(far$connection, "y", by = ~g, query = "far"), "window",
    class = "covary_message_streamed"
  )
})
