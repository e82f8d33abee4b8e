# Data bases that are there for tests: SQLite, and the servers that tools/databases.sh has started.
# DuckDB takes half an hour to compile and is looked for where COVARY_DUCKDB is "true" alone.

engines_of_tests <- c("SQLite", "PostgreSQL", "MariaDB", "DuckDB")

# A new connection, or the reason why there is none
connect_to <- function(engine) {
  place <- Sys.getenv(switch(engine,
    PostgreSQL = "COVARY_POSTGRESQL",
    MariaDB = "COVARY_MARIADB",
    DuckDB = "COVARY_DUCKDB",
    "HOME"
  ))
  driver <- c(SQLite = "RSQLite", PostgreSQL = "RPostgres", MariaDB = "RMariaDB", DuckDB = "duckdb")
  if (!nzchar(place)) testthat::skip(paste(engine, "was not started"))
  testthat::skip_if_not_installed("DBI")
  testthat::skip_if_not_installed(driver[[engine]])
  if (engine == "SQLite") {
    DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  } else if (engine == "PostgreSQL") {
    # It warns where nobody tells it the time zone.
    suppressWarnings(
      DBI::dbConnect(RPostgres::Postgres(), host = place, dbname = "postgres", user = "covary")
    )
  } else if (engine == "MariaDB") {
    connection <- DBI::dbConnect(RMariaDB::MariaDB(), unix.socket = place, user = "root")
    DBI::dbExecute(connection, "CREATE DATABASE IF NOT EXISTS test")
    DBI::dbExecute(connection, "USE test")
    connection
  } else {
    DBI::dbConnect(duckdb::duckdb())
  }
}

# A data frame as a table of these types (names of columns; others as the driver chooses), and the
# frame as the engine knows it: SQLite has no dates, MariaDB no truth.
write_typed <- function(connection, engine, name, d, types) {
  if (DBI::dbExistsTable(connection, name)) DBI::dbRemoveTable(connection, name)
  if (engine == "SQLite") {
    d[] <- lapply(d, function(v) if (is.character(v)) v else as.numeric(v))
    DBI::dbWriteTable(connection, name, d)
    return(d)
  }
  if (engine == "MariaDB") {
    types <- gsub("TIMESTAMP", "DATETIME(6)", types)
    d[] <- lapply(d, function(v) if (is.logical(v)) as.integer(v) else v)
  }
  DBI::dbCreateTable(connection, name, types)
  DBI::dbAppendTable(connection, name, d)
  d
}

# A connection that remembers its statements in `said`, an environment, with the dialect of the one
# that it stands for.
spy_on <- function(connection, said) {
  said$statements <- character()
  name <- paste0("Spied", class(connection)[1])
  if (!methods::isClass(name, where = globalenv())) {
    methods::setClass(name,
      contains = class(connection)[1], where = globalenv(),
      slots = c(said = "environment")
    )
    methods::setMethod(DBI::dbSendQuery, c(name, "character"), function(conn, statement, ...) {
      conn@said$statements <- c(conn@said$statements, statement)
      methods::callNextMethod()
    }, where = globalenv())
  }
  spied <- methods::as(connection, name)
  spied@said <- said
  spied
}
