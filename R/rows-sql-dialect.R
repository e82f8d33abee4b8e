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
#   count           how rows are counted
#   distinct        function(x): about how many distinct values the numbers of a column have
#   distinct_error  by what factor that may be too large
#   windows         are there sums over the rows of a group, OVER (PARTITION BY ..)?
#   kept            function(sql): a SELECT statement whose columns are computed once, where the
#                   optimiser else writes them out wherever they are used
#   few             function(column): what to group by, such that the optimiser knows that the whole
#                   numbers 0 to 3 of a column are few
#   first_rows      function(sql, n): the first n rows of a SELECT statement
#   temporary_table function(name, sql): the statement that writes the rows of a SELECT statement to
#                   a table which ends with the session
#   temporary_name  function(name): what such a table must be called
#   drop_table      words that drop it
#   sent_number     function(column): a column of numbers, such that the driver sends doubles
#   repeated_names  function(names): the names of the columns of a result before the engine made
#                   them differ

# drivers and ...: those that differ from standard SQL
new_sql_dialect <- function(drivers = character(), ...) {
  standard <- list(
    drivers = drivers, embedded = FALSE, double = "DOUBLE PRECISION", column_types = driver_types,
    quotes = NULL, number = sql_number, floor = function(x) paste0("FLOOR(", x, ")"),
    count = "COUNT(*)", distinct = function(x) paste0("COUNT(DISTINCT ", x, ")"),
    distinct_error = 1, windows = TRUE, kept = identity, few = identity, first_rows = rows_by_limit,
    temporary_table = function(name, sql) paste("CREATE TEMPORARY TABLE", name, "AS", sql),
    temporary_name = identity, drop_table = "DROP TABLE",
    sent_number = identity, repeated_names = identity
  )
  mine <- list(...)
  standard[names(mine)] <- mine
  structure(class = "covary_sql_dialect", standard)
}

validate_sql_dialect <- function(x) {
  functions <- c(
    "column_types", "number", "distinct", "kept", "few", "first_rows", "temporary_table",
    "temporary_name", "sent_number", "repeated_names"
  )
  others <- c(
    "drivers", "embedded", "double", "quotes", "floor", "count", "distinct_error", "windows",
    "drop_table"
  )
  stopifnot(
    inherits(x, "covary_sql_dialect"), setequal(names(x), c(functions, others)),
    is.character(x$drivers), is_flag(x$embedded), is_flag(x$windows),
    is.null(x$floor) || is.function(x$floor), is.null(x$quotes) || length(x$quotes) == 2,
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

approximate_distinct <- function(x) paste0("APPROX_COUNT_DISTINCT(", x, ")")

# PostgreSQL sorts the rows to count distinct values. Here a value in 256, by its hash, sets one of
# 64 bits; b bits of 64 are set by about -64 log(1 - b / 64) values.
hashed_distinct <- function(x) {
  hash <- paste0("hashfloat8(", x, ")")
  bits <- paste0(
    "BIT_OR(CASE WHEN (", hash, " & 255) = 0 THEN CAST(1 AS BIGINT) << ((", hash,
    " >> 8) & 63) END)"
  )
  set <- paste0("LENGTH(REPLACE(CAST(CAST(", bits, " AS BIT(64)) AS TEXT), '0', ''))")
  paste0("(-256 * 64 * LN(1 - LEAST(COALESCE(", set, ", 0), 63) / 64.0))")
}

sql_dialects <- function() {
  list(
    # It need not have FLOOR, and its casts cut the fraction off. RSQLite takes the class of a
    # column from its first value, and numbers columns of one name.
    sqlite = new_sql_dialect("SQLiteConnection",
      embedded = TRUE, column_types = sqlite_types, floor = cast_to("INTEGER"),
      sent_number = cast_to("DOUBLE PRECISION"),
      repeated_names = function(names) sub(":[0-9]+$", "", names)
    ),
    postgresql = new_sql_dialect(c("PqConnection", "PostgreSQLConnection", "PostgreSQL"),
      column_types = engine_types(function(column) paste0("CAST(pg_typeof(", column, ") AS TEXT)")),
      distinct = hashed_distinct, distinct_error = 4, kept = function(sql) paste(sql, "OFFSET 0"),
      # An expression is believed to have as many values as its columns, unless it is a truth.
      few = function(column) paste(column, c("< 2", "IN (0, 2)"))
    ),
    redshift = new_sql_dialect(c("RedshiftConnection", "Redshift")),
    duckdb = new_sql_dialect("duckdb_connection",
      embedded = TRUE, double = "DOUBLE",
      column_types = engine_types(function(column) paste0("typeof(", column, ")")),
      distinct = approximate_distinct, distinct_error = 1.5
    ),
    # Names by MySQL's drivers are quoted with backticks, as the engine wants.
    mysql = new_sql_dialect(c("MariaDBConnection", "MySQLConnection", "MySQL", "MariaDB"),
      double = "DOUBLE", kept = function(sql) paste(sql, "LIMIT 18446744073709551615")
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
      double = "FLOAT", count = "COUNT_BIG(*)", first_rows = rows_by_top,
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
