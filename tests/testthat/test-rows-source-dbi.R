# Queries: their text, and the types of their columns.

sqlite <- function(...) {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:", ...)
  set.seed(771)
  DBI::dbWriteTable(connection, "t", data.frame(g = rep(1:2, 50), s = c("a", "b"), y = rnorm(100)))
  connection
}

test_that("comments and semicolons do no harm", {
  connection <- sqlite()
  on.exit(DBI::dbDisconnect(connection))
  queries <- c(
    "SELECT * FROM t -- all of it", "SELECT * FROM t; -- all",
    "/* first */ SELECT * FROM t;", "-- first\nselect * from t\n", "t",
    "WITH v AS (SELECT * FROM t) SELECT * FROM v", "SELECT *, '--' AS \"/*\" FROM t",
    "SELECT * FROM t /* a\nb */ WHERE s <> ';--'"
  )
  for (query in queries) {
    expect_identical(
      nobs(compress(connection, "y", by = ~g, query = query)),
      100
    )
  }
  expect_identical(
    query_text("SELECT 'a--b', \"c/*\" -- d\n FROM t /*+ hint */ ;"),
    "SELECT 'a--b', \"c/*\"  \n FROM t /*+ hint */"
  )
})

test_that("what cannot be asked is a typed error", {
  connection <- sqlite()
  ask <- function(query, responses = "y", by = ~g, ...) {
    compress(connection, responses,
      by = by,
      query = query, ...
    )
  }
  for (query in list(
    "", " ", "-- nothing", ";", NULL, NA_character_, c("t", "t"),
    1
  )) {
    expect_error(ask(query), class = "covary_error_argument")
  }
  expect_error(ask("nowhere"), class = "covary_error_data")
  expect_error(ask("SELECT * FROM nowhere"), "nowhere", class = "covary_error_database")
  expect_error(ask("SELECT * FROM t WHERE"), class = "covary_error_database")
  expect_error(ask("SELECT * FROM t WHERE 1 = 0"), class = "covary_error_data")
  expect_error(ask("SELECT * FROM t WHERE 1 = 0", moments = "stream"), class = "covary_error_data")
  for (how in c("auto", "stream")) {
    expect_error(ask("t", by = ~nowhere, moments = how), "nowhere",
      class = "covary_error_variable"
    )
    expect_error(ask("t", responses = "nowhere", moments = how), class = "covary_error_variable")
    expect_error(ask("t", weights = "nowhere", moments = how), class = "covary_error_variable")
    expect_error(ask("t", responses = "log(y)", moments = how), "~ log(y)",
      fixed = TRUE,
      class = "covary_error_variable"
    )
    expect_error(ask("SELECT a.*, b.* FROM t a JOIN t b ON a.g = b.g", moments = how),
      "more than one",
      class = "covary_error_variable"
    )
  }
  DBI::dbDisconnect(connection)
  expect_error(ask("t"), "closed", class = "covary_error_database")
})

test_that("SQLite's columns are what their values are, not what the driver sends", {
  connection <- sqlite(bigint = "character")
  on.exit(DBI::dbDisconnect(connection))
  DBI::dbExecute(
    connection,
    "CREATE TABLE v (k BIGINT, d DECIMAL(10, 2), tx TEXT, mix NUMERIC, n REAL, big BIGINT)"
  )
  DBI::dbExecute(
    connection,
    "INSERT INTO v VALUES (NULL, '12.5', '7', 1, NULL, 9007199254740993),
      (3000000000, 13.25, '8', 'n/a', 1, 9007199254740992),
    (3000000001, 14, '7', 2, 2, 1), (3000000000, '15', '8', 3, 3, 2)"
  )
  for (how in c("auto", "stream")) {
    ask <- function(responses, by, ...) {
      suppressMessages(compress(connection, responses,
        by = by,
        query = "v", moments = how, ...
      ))
    }
    expect_equal(sort(ask("d", ~k)$groups$k), c(3e9, 3e9 + 1))
    expect_equal(summary(ask("k", ~1))$mean, 3e9 + 1 / 3)
    expect_equal(summary(ask("d", ~n))$mean, mean(c(13.25, 14, 15)))
    expect_setequal(ask("d", ~tx)$groups$tx, c("7", "8"))
    expect_error(ask("tx", ~k), class = "covary_error_response")
    expect_error(ask("d", ~k, weights = "tx"), class = "covary_error_weights")
    expect_error(ask("mix", ~k), "n/a", class = "covary_error_column_type")
    expect_error(ask("d", ~mix), "n/a", class = "covary_error_column_type")
    expect_error(ask("d", ~big), "2^53", fixed = TRUE, class = "covary_error_covariate")
    expect_identical(nobs(ask("big", ~tx)), 4)
  }
  first <- paste0(
    "SELECT NULL AS b, 1 AS y UNION ALL SELECT 1, 2 UNION ALL SELECT 2.5, 2.5 UNION ALL ",
    "SELECT 2.5, 4"
  )
  for (how in c("auto", "stream")) {
    cells <- suppressMessages(compress(connection, "y", by = ~b, query = first, moments = how))
    expect_setequal(cells$groups$b, c(1, 2.5))
    expect_equal(summary(cells)$mean, 8.5 / 3)
  }
})

test_that("a covariate of many values that begins with NULL is continuous", {
  connection <- sqlite()
  on.exit(DBI::dbDisconnect(connection))
  DBI::dbWriteTable(connection, "w", data.frame(w = c(NA, runif(5999)), y = rnorm(6000)))
  for (how in c("auto", "stream", "database")) {
    cells <- suppressMessages(compress(connection, "y",
      by = ~b,
      query = "SELECT w * 2 AS b, y FROM w", moments = how
    ))
    expect_identical(cells$covariates$b$kind, "continuous")
    expect_identical(cells$dropped, c(missing = 1))
  }
})

test_that("squares that a data base cannot sum are refused, and streamed", {
  connection <- sqlite()
  on.exit(DBI::dbDisconnect(connection))
  huge <- "SELECT 1e200 AS y, 1 AS g UNION ALL SELECT 1, 1"
  expect_error(compress(connection, "y", by = ~g, query = huge), "stream",
    class = "covary_error_response"
  )
  expect_equal(
    summary(compress(connection, "y", by = ~g, query = huge, moments = "stream"))$mean,
    5e199
  )
})

for (engine in engines_of_tests) {
  test_that(paste("a temporary table leaves the transaction of the user open in", engine), {
    connection <- connect_to(engine)
    on.exit(DBI::dbDisconnect(connection))
    if (DBI::dbExistsTable(connection, "in_doubt")) DBI::dbRemoveTable(connection, "in_doubt")
    DBI::dbWriteTable(connection, "in_doubt", data.frame(g = c("a", "b", "b"), y = c(1, 2, 4)))
    DBI::dbBegin(connection)
    DBI::dbExecute(connection, "INSERT INTO in_doubt VALUES ('a', 7)")
    cells <- function(...) {
      compress(connection, "y", by = ~g, query = "in_doubt", materialise = TRUE, ...)
    }
    expect_identical(nobs(cells()), 4)
    expect_identical(nobs(cells(moments = "stream")), 4)
    expect_error(compress(connection, "y", by = ~k, query = "in_doubt", materialise = TRUE),
      class = "covary_error_variable"
    )
    expect_identical(nobs(cells()), 4)
    DBI::dbRollback(connection)
    expect_identical(nobs(cells()), 3)
  })
}

test_that("an interrupt leaves no temporary table behind", {
  skip_if_not_installed("RSQLite")
  methods::setClass("InterruptedConnection",
    contains = "SQLiteConnection", where = globalenv(), slots = c(own = "environment")
  )
  on.exit(methods::removeClass("InterruptedConnection", where = globalenv()))
  methods::setMethod(DBI::dbExecute, c("InterruptedConnection", "character"),
    function(conn, statement, ...) {
      out <- DBI::dbExecute(conn@own$connection, statement, ...)
      if (grepl("^CREATE", statement)) {
        conn@own$written <- TRUE
        signalCondition(structure(class = c("interrupt", "condition"), list()))
      }
      out
    },
    where = globalenv()
  )
  own <- new.env()
  own$connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(own$connection), add = TRUE)
  DBI::dbWriteTable(own$connection, "d", data.frame(g = c("a", "b", "b"), y = c(1, 2, 4)))
  interrupted <- methods::as(own$connection, "InterruptedConnection")
  interrupted@own <- own
  out <- tryCatch(
    compress(interrupted, "y", by = ~g, query = "d", materialise = TRUE),
    interrupt = function(e) "interrupted"
  )
  expect_identical(out, "interrupted")
  expect_true(own$written)
  left <- DBI::dbGetQuery(own$connection, "SELECT name FROM sqlite_temp_master")
  expect_identical(nrow(left), 0L)
})

test_that("a lazy table of a closed connection says so", {
  skip_if_not_installed("RSQLite")
  skip_if_not_installed("dbplyr")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  DBI::dbWriteTable(connection, "d", data.frame(g = c("a", "b", "b"), y = c(1, 2, 4)))
  lazy <- dplyr::tbl(connection, "d")
  DBI::dbDisconnect(connection)
  expect_error(compress(lazy, "y", by = ~g), "is closed", class = "covary_error_database")
})
