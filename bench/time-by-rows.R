# Seconds that compress() takes by rows in the engines that are here, for the figure of the
# large-data vignette. Servers as for bench/databases.R.
#   Rscript bench/time-by-rows.R > vignettes/time-by-rows.csv
suppressMessages(library(covary))
library(DBI)
connections <- list(SQLite = dbConnect(RSQLite::SQLite(), tempfile()))
if (nzchar(place <- Sys.getenv("COVARY_POSTGRESQL"))) {
  connections$PostgreSQL <- suppressWarnings(
    dbConnect(RPostgres::Postgres(), host = place, dbname = "postgres", user = "covary")
  )
}
if (nzchar(place <- Sys.getenv("COVARY_MARIADB"))) {
  connections$MariaDB <- dbConnect(RMariaDB::MariaDB(),
    unix.socket = place, user = "root", load_data_local_infile = TRUE
  )
  dbExecute(connections$MariaDB, "CREATE DATABASE IF NOT EXISTS bench")
  dbExecute(connections$MariaDB, "USE bench")
}
if (requireNamespace("duckdb", quietly = TRUE)) {
  connections$DuckDB <- dbConnect(duckdb::duckdb())
}
cat("engine,rows,what,seconds\n")
for (rows in c(1e4, 1e5, 1e6)) {
  set.seed(1)
  d <- data.frame(age = sample(20:80, rows, TRUE), x = runif(rows), y = rnorm(rows))
  for (engine in names(connections)) {
    connection <- connections[[engine]]
    if (dbExistsTable(connection, "by_rows")) dbRemoveTable(connection, "by_rows")
    dbWriteTable(connection, "by_rows", d)
    for (what in c("cells", "moments")) {
      by <- if (what == "cells") ~age else ~x
      seconds <- min(replicate(2, system.time(
        compress(connection, "y", by = by, query = "by_rows", moments = "database")
      )[["elapsed"]]))
      cat(engine, format(rows, scientific = FALSE), what, round(seconds, 3), sep = ",")
      cat("\n")
    }
    dbRemoveTable(connection, "by_rows")
  }
}
