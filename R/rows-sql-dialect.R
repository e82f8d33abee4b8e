# SQL engines: all that differs between them. A new one is a new entry of sql_dialects(); one that
# is not there is asked (rows-sql-find.R).
#
# Fields of a `covary_sql_dialect`:
#   drivers         classes of DBI connections
#   embedded        does the engine run inside R, so that rows need not travel?
#   double          its word for the type of a double
#   column_types    function(connection, source, columns): types of the columns, SQL by name, of the
#                   rows that `source` stands for, as in rows-columns.R; NA where nobody knows
#   quotes          pair of characters around names; NULL: as the driver does
#   number          function(x): a number as SQL
#   floor           function(x): the whole part of a number that is not negative; NULL: none
#   power           function(x, n): the nth power, n from 1 to 3
#   count           how rows are counted
#   finite          are all its numbers finite?
#   widens          is a number of any type a double beside one that is?
#   distinct        function(x, typical): about how many distinct values the numbers of a column
#                   have, of which `typical` is one
#   distinct_error  by what factor that may be too large
#   windows         are there sums over the rows of a group, OVER (PARTITION BY ..)?
#   kept            function(sql, uses): a SELECT statement whose columns are computed once, where
#                   the optimiser else writes an expression out in all its `uses`
#   exact_text      function(column): a text and a point, which the engine groups by all its
#                   characters; NULL: it groups texts so as they are
#   first_rows      function(sql, n): the first n rows of a SELECT statement
#   temporary_table function(name, sql): the statement that writes the rows of a SELECT statement to
#                   a table which ends with the session
#   temporary_name  function(name): what such a table must be called
#   drop_table      words that drop it, if it is there where an error would end a transaction
#   sent_number     function(column): a column of numbers, such that the driver sends doubles
#   repeated_names  function(names): the names of the columns of a result before the engine made
#                   them differ

# drivers and ...: those that differ from standard SQL
new_sql_dialect <- function(drivers = character(), ...) {
  standard <- list(
    drivers = drivers, embedded = FALSE, double = "DOUBLE PRECISION", column_types = driver_types,
    quotes = NULL, number = sql_number, floor = function(x) paste0("FLOOR(", x, ")"),
    finite = FALSE, widens = FALSE, count = "COUNT(*)",
    distinct = function(x, typical) paste0("COUNT(DISTINCT ", x, ")"),
    distinct_error = 1, windows = TRUE, kept = function(sql, uses) sql, first_rows = rows_by_limit,
    temporary_table = function(name, sql) paste("CREATE TEMPORARY TABLE", name, "AS", sql),
    power = function(x, n) paste(rep(x, n), collapse = " * "),
    exact_text = NULL, temporary_name = identity, drop_table = "DROP TABLE",
    sent_number = identity, repeated_names = identity
  )
  mine <- list(...)
  standard[names(mine)] <- mine
  structure(class = "covary_sql_dialect", standard)
}

validate_sql_dialect <- function(x) {
  functions <- c(
    "column_types", "number", "power", "distinct", "kept", "first_rows", "temporary_table",
    "temporary_name", "sent_number", "repeated_names"
  )
  others <- c(
    "drivers", "embedded", "double", "quotes", "floor", "finite", "widens", "count",
    "distinct_error", "windows", "exact_text", "drop_table"
  )
  flags <- c("embedded", "finite", "widens", "windows")
  stopifnot(
    inherits(x, "covary_sql_dialect"), setequal(names(x), c(functions, others)),
    is.character(x$drivers), vapply(x[flags], is_flag, TRUE),
    is.null(x$floor) || is.function(x$floor), is.null(x$exact_text) || is.function(x$exact_text),
    is.null(x$quotes) || length(x$quotes) == 2,
    vapply(x[functions], is.function, TRUE), x$distinct_error >= 1
  )
  x
}

cast_to <- function(type) function(column) paste0("CAST(", column, " AS ", type, ")")

# Columns as double precision numbers
as_double <- function(dialect, columns) {
  paste0("CAST(", columns, " AS ", dialect$double, ")", recycle0 = TRUE)
}

rows_by_limit <- function(sql, n) paste(sql, "LIMIT", n)
rows_by_fetch <- function(sql, n) paste(sql, "FETCH FIRST", n, "ROWS ONLY")
rows_by_top <- function(sql, n) sub("^SELECT", paste("SELECT TOP", n), sql)

approximate_distinct <- function(x, typical) paste0("APPROX_COUNT_DISTINCT(", x, ")")

# Where an engine sorts the rows to count distinct values: a value in 256, by its hash, sets one of
# 64 bits; b of them are set by about -64 log(1 - b / 64) values.
values_of_bits <- function(set) {
  paste0("(-256 * 64 * LN(1 - LEAST(COALESCE(", set, ", 0), 63) / 64.0))")
}

postgresql_distinct <- function(x, typical) {
  hash <- paste0("hashfloat8(", x, ")")
  bits <- paste0(
    "BIT_OR(CASE WHEN (", hash, " & 255) = 0 THEN CAST(1 AS BIGINT) << ((", hash,
    " >> 8) & 63) END)"
  )
  values_of_bits(paste0("LENGTH(REPLACE(CAST(CAST(", bits, " AS BIT(64)) AS TEXT), '0', ''))"))
}

# The hash is what is left of an irrational multiple by 2^14, which takes values of the size of the
# typical one, if that has a size; else CRC32, which takes the digits as text, four times as slow.
mysql_distinct <- function(x, typical) {
  size <- abs(typical)
  if (size > 1e-200 && size < 1e200) {
    factor <- (1 + sqrt(5)) / 2 * 2^36 / size
    hash <- paste0(
      "MOD(LEAST(ABS(", x, "), ", sql_number(size * 1e16), ") * ", sql_number(factor), ", 16384e0)"
    )
    bit <- paste("CASE WHEN", hash, "< 64 THEN 1 << FLOOR(", hash, ") END")
  } else {
    hash <- paste0("CRC32(", x, ")")
    bit <- paste0("CASE WHEN (", hash, " & 255) = 0 THEN 1 << ((", hash, " >> 8) & 63) END")
  }
  values_of_bits(paste0("BIT_COUNT(BIT_OR(", bit, "))"))
}

sql_dialects <- function() {
  list(
    # It need not have FLOOR, and its casts cut the fraction off. RSQLite takes the class of a
    # column from its first value, and numbers columns of one name.
    sqlite = new_sql_dialect("SQLiteConnection",
      embedded = TRUE, column_types = sqlite_types, floor = cast_to("INTEGER"),
      exact_text = function(column) paste0("(", column, " || '.')", recycle0 = TRUE),
      sent_number = cast_to("DOUBLE PRECISION"),
      repeated_names = function(names) sub(":[0-9]+$", "", names)
    ),
    postgresql = new_sql_dialect(c("PqConnection", "PostgreSQLConnection", "PostgreSQL"),
      column_types = engine_types(function(column) paste0("CAST(pg_typeof(", column, ") AS TEXT)")),
      distinct = postgresql_distinct, distinct_error = 4,
      # It also believes that the columns of such a subquery have few values, where else they have
      # as many as the rows, and would not be grouped by several processes. (OFFSET 0 allows one.)
      kept = function(sql, uses) paste(sql, "LIMIT ALL"),
      drop_table = "DROP TABLE IF EXISTS"
    ),
    redshift = new_sql_dialect(c("RedshiftConnection", "Redshift"),
      drop_table = "DROP TABLE IF EXISTS"
    ),
    duckdb = new_sql_dialect("duckdb_connection",
      embedded = TRUE, double = "DOUBLE",
      column_types = engine_types(function(column) paste0("typeof(", column, ")")),
      distinct = approximate_distinct, distinct_error = 1.5,
      drop_table = "DROP TABLE IF EXISTS"
    ),
    # Names by MySQL's drivers are quoted with backticks, as the engine wants. A subquery that is
    # kept would be written to a table first, which costs more than to compute an expression in all
    # its uses, if it is short: an operation takes some 7 ns a row there, and some as much for every
    # subquery that a column is handed through.
    mysql = new_sql_dialect(c("MariaDBConnection", "MySQLConnection", "MySQL", "MariaDB"),
      exact_text = function(column) {
        paste0("CONCAT(CONVERT(", column, " USING utf8mb4), '.') COLLATE utf8mb4_bin",
          recycle0 = TRUE
        )
      },
      double = "DOUBLE", finite = TRUE, widens = TRUE, distinct = mysql_distinct,
      distinct_error = 4,
      power = function(x, n) if (n > 1) paste0("POW(", x, ", ", n, ")") else x,
      # Without TEMPORARY it commits the transaction of the user.
      drop_table = "DROP TEMPORARY TABLE"
    ),
    spark = new_sql_dialect(
      c("spark_connection", "Spark SQL", "DatabricksConnection", "Databricks", "Hive", "Impala"),
      double = "DOUBLE", distinct = approximate_distinct, distinct_error = 1.25,
      temporary_table = function(name, sql) paste("CACHE TABLE", name, "AS", sql),
      drop_table = "DROP VIEW"
    ),
    bigquery = new_sql_dialect("BigQueryConnection",
      double = "FLOAT64", distinct = approximate_distinct, distinct_error = 1.25
    ),
    snowflake = new_sql_dialect("Snowflake",
      distinct = approximate_distinct, distinct_error = 1.25
    ),
    # COUNT has 31 bits; names of temporary tables begin with #.
    sqlserver = new_sql_dialect("Microsoft SQL Server",
      exact_text = function(column) {
        # CONCAT makes an empty text of NULL, and without N loses characters of other code pages.
        paste0("CASE WHEN ", column, " IS NULL THEN NULL ELSE CONCAT(", column,
          ", N'.') END COLLATE Latin1_General_BIN2",
          recycle0 = TRUE
        )
      },
      double = "FLOAT", finite = TRUE, count = "COUNT_BIG(*)", first_rows = rows_by_top,
      temporary_table = function(name, sql) paste("SELECT * INTO", name, "FROM (", sql, ") made"),
      temporary_name = function(name) paste0("#", name)
    ),
    # Numbers without the letter are decimals, which end at 1e126.
    oracle = new_sql_dialect(c("Oracle", "OraConnection"),
      double = "BINARY_DOUBLE", number = function(x) paste0(sql_number(x), "d"),
      first_rows = rows_by_fetch,
      temporary_table = function(name, sql) {
        paste(
          "CREATE PRIVATE TEMPORARY TABLE", name, "ON COMMIT PRESERVE DEFINITION AS", sql
        )
      },
      temporary_name = function(name) paste0("ORA$PTT_", name)
    )
  )
}
