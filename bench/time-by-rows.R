# Seconds that compress() takes by rows in the engines that are here, for the figure of the
# large-data vignette. Servers as for bench/databases.R; the engines make the rows.
#   Rscript bench/time-by-rows.R [engines, default all that are here] > vignettes/time-by-rows.csv
suppressMessages(library(covary))
library(DBI)
connections <- list(SQLite = function() dbConnect(RSQLite::SQLite(), tempfile()))
if (nzchar(postgresql <- Sys.getenv("COVARY_POSTGRESQL"))) {
  connections$PostgreSQL <- function() {
    suppressWarnings(
      dbConnect(RPostgres::Postgres(), host = postgresql, dbname = "postgres", user = "covary")
    )
  }
}
if (nzchar(mariadb <- Sys.getenv("COVARY_MARIADB"))) {
  connections$MariaDB <- function() {
    connection <- dbConnect(RMariaDB::MariaDB(), unix.socket = mariadb, user = "root")
    dbExecute(connection, "CREATE DATABASE IF NOT EXISTS bench")
    dbExecute(connection, "USE bench")
    connection
  }
}
if (Sys.getenv("COVARY_DUCKDB") == "true") {
  connections$DuckDB <- function() dbConnect(duckdb::duckdb())
}
random <- c(
  SQLite = "((RANDOM() & 9007199254740991) / 9007199254740992.0)",
  PostgreSQL = "RANDOM()", MariaDB = "RAND()", DuckDB = "RANDOM()"
)
numbered <- c(
  SQLite = paste(
    "(WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < %s)",
    "SELECT i FROM counted)"
  ),
  PostgreSQL = "generate_series(1, %s) i", MariaDB = "seq_1_to_%s", DuckDB = "range(%s)"
)
cat("engine,rows,what,seconds\n")
asked <- if (length(commandArgs(TRUE))) commandArgs(TRUE) else names(connections)
for (engine in asked) {
  connection <- connections[[engine]]()
  for (rows in c("10000", "100000", "1000000", "10000000")) {
    dbExecute(connection, "DROP TABLE IF EXISTS by_rows")
    dbExecute(connection, paste0(
      "CREATE TABLE by_rows AS SELECT 20 + ROUND(", random[[engine]], " * 60) AS age, ",
      random[[engine]], " AS x, 120 + 10 * ", random[[engine]], " AS y FROM ",
      sprintf(numbered[[engine]], rows)
    ))
    for (what in c("cells", "moments")) {
      by <- if (what == "cells") ~age else ~x
      seconds <- system.time(
        compress(connection, "y", by = by, query = "by_rows", moments = "database")
      )[["elapsed"]]
      cat(engine, rows, what, round(seconds, 3), sep = ",")
      cat("\n")
    }
  }
  dbExecute(connection, "DROP TABLE by_rows")
  dbDisconnect(connection)
}
