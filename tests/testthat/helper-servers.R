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
  said$connection <- connection
  name <- paste0("Spied", class(connection)[1])
  if (!methods::isClass(name, where = globalenv())) {
    methods::setClass(name,
      contains = class(connection)[1], where = globalenv(),
      slots = c(said = "environment")
    )
    methods::setMethod(DBI::dbSendQuery, c(name, "character"), function(conn, statement, ...) {
      conn@said$statements <- c(conn@said$statements, statement)
      DBI::dbSendQuery(conn@said$connection, statement, ...)
    }, where = globalenv())
  }
  spied <- methods::as(connection, name)
  spied@said <- said
  spied
}

# A connection to no data base, which notes the statements that it gets and answers with ones.
new_noting <- function() {
  noted <- new.env()
  noted$statements <- character()
  methods::new("NotingConnection", noted = noted)
}

if (requireNamespace("DBI", quietly = TRUE)) {
  setClass("NotingConnection", contains = "DBIConnection", slots = c(noted = "environment"))
  setClass("NotingResult", contains = "DBIResult")
  setMethod(DBI::dbSendQuery, c("NotingConnection", "character"), function(conn, statement, ...) {
    conn@noted$statements <- c(conn@noted$statements, statement)
    methods::new("NotingResult")
  })
  setMethod(DBI::dbExecute, c("NotingConnection", "character"), function(conn, statement, ...) {
    conn@noted$statements <- c(conn@noted$statements, statement)
    0
  })
  setMethod(DBI::dbFetch, "NotingResult", function(res, n = -1, ...) {
    as.data.frame(as.list(rep(1, 200)))
  })
  setMethod(DBI::dbClearResult, "NotingResult", function(res, ...) TRUE)
  setMethod(DBI::dbQuoteIdentifier, c("NotingConnection", "character"), function(conn, x, ...) {
    DBI::SQL(paste0("\"", x, "\""))
  })
}

# Every statement that compress() sends in a dialect, but for those about types and temporary tables
# where the engine has its own
dialect_statements <- function(dialect, weights = "w") {
  connection <- new_noting()
  spec <- new_row_spec(connection, c("a", "b"), c("g", "x", "day"), weights, globalenv())
  columns <- stats::setNames(sql_names(connection, spec$columns), spec$columns)
  query <- structure(class = "covary_query", list(
    connection = connection, dialect = dialect, source = "\"rows\"", columns = columns,
    types = c(
      g = "character", x = "numeric", day = "date", a = "numeric", b = "numeric",
      w = "numeric"
    )[spec$columns]
  ))
  plan <- new_sql_plan(query, spec)
  rules <- plan_rules(plan)
  summarise_query(plan, rules, typical_values(plan, rules))
  try(stop_infinite_query(plan, rules), silent = TRUE)
  plan[c("x_name", "x")] <- list("x", plan$numbers[["x"]])
  plan$incomplete <- TRUE
  plan$keys <- c("g", "day")
  plan$group <- c("g1", "g2", "g3")
  plan$scaling <- cbind(c(1, 2), c(4, 8))
  plan$unit <- 1
  plan$rows <- 1e7
  plan$near <- c(0, 1)
  plan$scaled <- scaled_rows(plan)
  count_bins(plan, 4096)
  count_groups(plan)
  moments_of_cells(plan, list(step = 3, first = -2, count = 100))
  group_sums(plan, around_means = FALSE)
  if (dialect$windows) group_sums(plan, around_means = TRUE)
  suppressWarnings(query_rows(query, 100)$read()) # of too many columns
  name <- temporary_name(query)
  try(write_temporary(query, name, columns), silent = TRUE)
  try(drop_temporary(query, name), silent = TRUE)
  connection@noted$statements
}
