# Columns of odd types: what the engine has is what cells have, streamed or summed, or an error.

tried <- function(connection, y, by, moments, ...) {
  tryCatch(
    suppressMessages(
      compress(connection, y, by = by, query = "odd_types", moments = moments, ...)
    ),
    covary_error = identity
  )
}

# The values of the covariate as cells have them, in order
levels_of <- function(cells) sort(cells$groups[[1]])

test_that("PostgreSQL's odd types are read or refused", {
  connection <- connect_to("PostgreSQL")
  on.exit(DBI::dbDisconnect(connection))
  DBI::dbExecute(connection, "DROP TABLE IF EXISTS odd_types")
  DBI::dbExecute(connection, paste(
    "CREATE TABLE odd_types AS SELECT i, sin(i) AS y, CASE i % 5 WHEN 0 THEN 'NaN'::numeric ELSE",
    "(i % 3)::numeric END AS nan, CASE WHEN i % 2 = 0 THEN -0.0::float8 ELSE 0 END AS zero,",
    "DATE '1890-03-01' + i % 4 AS old, 'infinity'::date AS never, ARRAY[i % 2] AS several,",
    "(i % 3)::bit(4) AS bits, (i % 4)::money AS money, int4range(1, 2 + i % 2) AS span,",
    "9007199254740993 + i % 2 AS large, CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE",
    "'it''s a \\ \"' END AS text FROM generate_series(1, 300) i"
  ))
  for (moments in c("database", "stream")) {
    got <- function(by) tried(connection, "y", by, moments)
    expect_identical(levels_of(got(~nan)), c(0, 1, 2))
    expect_identical(got(~nan)$dropped[["missing"]], 60)
    expect_identical(levels_of(got(~zero)), 0)
    expect_identical(
      levels_of(got(~old)), as.double(as.Date("1890-03-01") + 0:3)
    )
    expect_identical(levels_of(got(~text)), sort(c("", "it's a \\ \"")))
    for (by in list(~several, ~bits, ~money, ~span)) {
      expect_s3_class(got(by), "covary_error_column_type")
    }
    for (by in list(~never, ~large)) expect_s3_class(got(by), "covary_error_covariate")
    for (y in c("money", "bits")) {
      expect_s3_class(tried(connection, y, ~1, moments), "covary_error_response")
    }
    expect_s3_class(tried(connection, "large", ~1, moments), "covary_error_covariate")
  }
})

test_that("MariaDB's odd types are read or refused", {
  connection <- connect_to("MariaDB")
  on.exit(DBI::dbDisconnect(connection))
  DBI::dbExecute(connection, "SET sql_mode = ''")
  DBI::dbExecute(connection, "DROP TABLE IF EXISTS odd_types")
  DBI::dbExecute(connection, paste(
    "CREATE TABLE odd_types (i INT, y DOUBLE, small BIGINT UNSIGNED, large BIGINT UNSIGNED,",
    "filled INT(8) ZEROFILL, bits BIT(4), level ENUM('lo', 'mid', 'hi'), never DATE,",
    "text VARCHAR(9), w SMALLINT UNSIGNED)"
  ))
  DBI::dbExecute(connection, paste(
    "INSERT INTO odd_types SELECT seq, sin(seq), seq % 3, 18446744073709551610 + seq % 3, seq % 4,",
    "seq % 3, 1 + seq % 3, IF(seq % 3, '2020-01-01', '0000-00-00'),",
    "ELT(1 + seq % 4, 'a', 'A', 'a ', 'b'), seq % 5 FROM seq_1_to_300"
  ))
  for (moments in c("database", "stream")) {
    got <- function(by, ...) tried(connection, "y", by, moments, ...)
    expect_identical(levels_of(got(~small)), c(0, 1, 2))
    expect_identical(levels_of(got(~filled)), c(0, 1, 2, 3))
    expect_identical(levels_of(got(~level)), sort(c("lo", "mid", "hi")))
    # Collations take some of these for the same.
    expect_identical(levels_of(got(~text)), sort(c("a", "A", "a ", "b")))
    expect_identical(got(~1, weights = "w")$rows, 240)
    expect_s3_class(got(~bits), "covary_error_column_type")
    for (by in list(~never, ~large)) expect_s3_class(got(by), "covary_error_covariate")
    expect_s3_class(tried(connection, "bits", ~1, moments), "covary_error_response")
    expect_s3_class(tried(connection, "large", ~1, moments), "covary_error_covariate")
  }
})

test_that("SQLite groups texts by their case, whatever the column's collation", {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  DBI::dbExecute(connection, "CREATE TABLE odd_types (y DOUBLE, text TEXT COLLATE NOCASE)")
  DBI::dbExecute(connection, "INSERT INTO odd_types VALUES (1, 'a'), (2, 'A'), (3, 'a'), (4, '')")
  for (moments in c("database", "stream")) {
    expect_identical(levels_of(tried(connection, "y", ~text, moments)), sort(c("", "a", "A")))
  }
})

test_that("large whole numbers and dates that are none are refused", {
  skip_if_not_installed("bit64")
  bit64_of_text <- function(x) bit64::as.integer64(x)
  large <- bit64_of_text("9007199254740993")
  expect_error(typed_column(large, "numeric", "n", whole = TRUE), "2^53",
    fixed = TRUE, class = "covary_error_covariate"
  )
  expect_identical(typed_column(bit64_of_text("12"), "numeric", "n", whole = TRUE), 12)
  days <- as.Date(c("0001-01-01", "9999-12-31", NA))
  expect_identical(typed_column(days, "date", "d"), days)
  expect_identical(typed_column(as.POSIXct(days), "time", "d"), as.POSIXct(days))
  expect_error(typed_column(days + 1, "date", "d"), "9999", class = "covary_error_covariate")
})

test_that("types that no number or text stands for are found by their names, others are not", {
  unread <- function(words) grepl(unread_types, words, ignore.case = TRUE)
  expect_true(all(unread(c(
    "integer[]", "int4range", "NUMRANGE", "money", "bit", "bit varying(3)", "STRUCT(a INTEGER)"
  ))))
  expect_false(any(unread(c("ENUM('orange', 'blue')", "pathology", "linear", "bitter", "text"))))
})
