test_that("words for types are read as the engines mean them", {
  words <- c(
    VARCHAR = "character", "character varying" = "character", text = "character",
    DECIMAL = "numeric", "DECIMAL(10,2)" = "numeric",
    numeric = "numeric", int8 = "numeric", "double precision" = "numeric", BIGINT = "numeric",
    HUGEINT = "numeric", boolean = "logical", date = "date",
    "timestamp without time zone" = "time", interval = "difference of times",
    "time without time zone" = "difference of times", float8 = "numeric"
  )
  expect_identical(vapply(names(words), read_type, ""), words)
  expect_identical(read_type("geometry"), NA_character_)
  expect_identical(typed_column(c("1.50", NA), "numeric", "d"), c(1.5, NA))
  expect_identical(typed_column(c(1, 2), "character", "d"), c("1", "2"))
  expect_error(typed_column("9007199254740993", "numeric", "d"), "2^53",
    fixed = TRUE,
    class = "covary_error_covariate"
  )
})

test_that("every dialect is whole, and that of the nearest class is taken", {
  dialects <- sql_dialects()
  for (dialect in dialects) expect_s3_class(validate_sql_dialect(dialect), "covary_sql_dialect")
  classes <- unlist(lapply(dialects, `[[`, "drivers"))
  expect_false(anyDuplicated(classes) > 0)
  for (name in names(dialects)) {
    connection <- structure(list(), class = dialects[[name]]$drivers[1])
    expect_identical(sql_dialect(connection)$embedded, dialects[[name]]$embedded, label = name)
  }
  wrapped <- structure(list(), class = c("duckdb_connection", "SQLiteConnection"))
  expect_identical(sql_dialect(wrapped)$double, "DOUBLE")
  expect_identical(sql_dialect(wrapped)$floor("u"), "FLOOR(u)")
  expect_identical(sql_dialect(structure(list(), class = "Hive"))$double, "DOUBLE")
})

test_that("conditions on rows are written from the rules for rows", {
  plain <- list(number = function(x) format(x), finite = FALSE)
  rules <- sql_row_rules(c("g", "a", "w"), c("a", "w"), "w", numeric = plain)
  used <- "NOT (g IS NULL) AND ABS(a) <= 1e+308 AND ABS(w) <= 1e+308"
  expect_identical(rules$used, paste(used, "AND NOT (w = 0)"))
  expect_identical(sql_row_rules("a", "a", numeric = plain)$used, "ABS(a) <= 1e+308")
  plain$finite <- TRUE
  rules <- sql_row_rules(c("g", "a", "b"), c("a", "b"), responses = c("a", "b"), numeric = plain)
  expect_identical(rules$used, "NOT (g IS NULL) AND (NOT (a IS NULL) OR NOT (b IS NULL))")
  expect_match(sql_row_rules("a", "a")$used, "e+308", fixed = TRUE)
  expect_length(sql_row_rules("g", character())$infinite, 0)
})

test_that("no dialect has words that its engine does not take", {
  skip_if_not_installed("DBI")
  dialects <- c(sql_dialects(), list(standard = new_sql_dialect()))
  for (name in names(dialects)) {
    for (weights in list("w", NULL)) {
      said <- paste(dialect_statements(dialects[[name]], weights), collapse = "\n")
      expect_gt(nchar(said), 3000)
      never <- function(words) expect_false(grepl(words, said), label = paste(name, words))
      # No engine needs AS before the alias of a table, and Oracle takes none.
      never("\\) +AS +covary_|FROM +\\S+ +AS ")
      if (name %in% c("spark", "mysql", "bigquery", "sqlserver", "oracle")) {
        never("DOUBLE PRECISION")
      }
      if (name %in% c("sqlserver", "oracle")) never("\\bLIMIT\\b")
      if (name != "oracle") never("FETCH|[0-9]d\\b")
      if (name != "sqlserver") never("\\bTOP\\b|COUNT_BIG")
      if (name != "postgresql") never("hashfloat8|LIMIT ALL|AS BIT")
      if (name != "mysql") never("LEAST\\(ABS|CRC32")
      if (name == "sqlite") never("FLOOR")
      # What brackets open they close.
      count <- function(sign) lengths(regmatches(said, gregexpr(sign, said, fixed = TRUE)))
      expect_identical(count("("), count(")"))
    }
  }
})

test_that("first rows and doubles are what dbplyr writes for the same engines", {
  skip_if_not_installed("dbplyr")
  dialects <- sql_dialects()
  simulated <- list(
    spark = dbplyr::simulate_hive(), spark = dbplyr::simulate_impala(),
    sqlserver = dbplyr::simulate_mssql(), oracle = dbplyr::simulate_oracle(),
    snowflake = dbplyr::simulate_snowflake(), mysql = dbplyr::simulate_mysql(),
    redshift = dbplyr::simulate_redshift(), postgresql = dbplyr::simulate_postgres(),
    sqlite = dbplyr::simulate_sqlite()
  )
  for (i in seq_along(simulated)) {
    name <- names(simulated)[i]
    connection <- simulated[[i]]
    expect_identical(sql_dialect(connection)$double, dialects[[name]]$double, label = name)
    lazy <- utils::head(dbplyr::lazy_frame(x = 1, con = connection, .name = "t"), 1)
    written <- as.character(dbplyr::sql_render(lazy))
    written <- gsub("\\s+", " ", gsub("[`\"()]", "", written))
    expect_identical(dialects[[name]]$first_rows("SELECT * FROM t", 1), written, label = name)
  }
  cast <- as.character(dbplyr::translate_sql(as.numeric(x), con = dbplyr::simulate_hive()))
  expect_identical(gsub("`", "", cast), cast_to(dialects$spark$double)("x"))
})
