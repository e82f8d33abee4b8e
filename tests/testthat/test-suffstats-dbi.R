# Cells from a data base are those of its rows.

database <- function() {
  skip_if_not_installed("DBI")
  skip_if_not_installed("RSQLite")
  set.seed(731)
  n <- 9000
  d <- data.frame(
    age = sample(20:70, n, TRUE), sex = sample(c("f", "m"), n, TRUE),
    x = runif(n, -1, 2), w = sample(1:3, n, TRUE)
  )
  d$y1 <- rnorm(n, 1e6 + d$age, 1)
  d$y2 <- d$y1 - 1e6 + rnorm(n)
  d$y2[5] <- NA
  d$y1[7] <- NA
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  DBI::dbWriteTable(connection, "rows", d)
  list(connection = connection, data = d)
}

quietly <- function(expr) suppressMessages(expr)

same_cells <- function(a, b, bound) {
  a <- rescale(a, b$scaling)
  at <- match(group_keys(b$groups, b$observed), group_keys(a$groups, a$observed))
  expect_identical(a[c("rows", "dropped", "incomplete")], b[c("rows", "dropped", "incomplete")])
  expect_close(a$stats[, at], b$stats, bound, floor = 1e-2)
}

# Tables of moments on the coarser of two widths, against the sums of absolute values.
same_moments <- function(a, b, bound) {
  a <- rescale(a, b$scaling)
  step <- min(a$step, b$step)
  a <- coarsen(a, step)
  b <- coarsen(b, step)
  same <- c("first", "rows", "dropped", "incomplete", "range")
  expect_identical(a[same], b[same])
  at <- match(group_keys(b$groups, b$observed), group_keys(a$groups, a$observed))
  size <- 1 + b$k + b$k * (b$k + 1) / 2
  difference <- abs(a$table[, , , at, drop = FALSE] - b$table)[seq_len(size), , , , drop = FALSE]
  expect_lt(
    max(difference / (apply(abs(b$table[seq_len(size), , , , drop = FALSE]), 1, max))),
    bound
  )
}

test_that("exact cells are grouped by the data base", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  for (weights in list(NULL, "w")) {
    truth <- quietly(compress(db$data, c("y1", "y2"), by = ~ age + sex, weights = weights))
    cells <- quietly(compress(db$connection, c("y1", "y2"),
      by = ~ age + sex, weights = weights,
      query = "rows"
    ))
    same_cells(cells, truth, 1e-8)
    expect_identical(cells$incomplete, c(`1` = 1, `2` = 1))
    same_cells(
      quietly(compress(db$connection, c("y1", "y2"),
        by = ~ age + sex, weights = weights, query = "rows", missing = "drop"
      )),
      quietly(compress(db$data, c("y1", "y2"),
        by = ~ age + sex, weights = weights, missing = "drop"
      )),
      1e-8
    )
  }
  young <- quietly(compress(db$connection, "y2",
    by = ~sex,
    query = "SELECT * FROM rows WHERE age < 30;"
  ))
  expect_identical(nobs(young), as.double(sum(db$data$age < 30 & !is.na(db$data$y2))))
  DBI::dbExecute(db$connection, "UPDATE rows SET w = -1 WHERE age = 40")
  expect_error(compress(db$connection, "y1", by = ~sex, weights = "w", query = "rows"),
    class = "covary_error_weights"
  )
})

test_that("a continuous covariate is streamed", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  truth <- quietly(compress(db$data, c("y1", "y2"), by = ~ x + sex))
  cells <- quietly(compress(db$connection, c("y1", "y2"),
    by = ~ x + sex, query = "rows",
    chunk = 5000
  ))
  expect_identical(nobs(cells), nobs(truth))
  expect_identical(cells$step, truth$step)
  squared <- quietly(compress(db$connection, ~ y2^2, by = ~x, query = "rows"))
  expect_equal(summary(squared)$mean, mean(db$data$y2^2, na.rm = TRUE))
  expect_error(compress(db$connection, "y1", by = ~x, query = "nowhere"),
    class = "covary_error_data"
  )
  expect_error(compress(db$connection, "y1", by = ~x), class = "covary_error_argument")
})

test_that("moments summed by the data base are those of streamed rows", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  for (by in list(~x, ~ x + sex, ~ sex + x + age)) {
    for (weights in list(NULL, "w")) {
      streamed <- quietly(compress(db$connection, c("y1", "y2"),
        by = by, weights = weights,
        query = "rows", moments = "stream"
      ))
      summed <- quietly(compress(db$connection, c("y1", "y2"),
        by = by, weights = weights,
        query = "rows", moments = "database"
      ))
      expect_identical(names(summed$covariates), names(streamed$covariates))
      same_moments(summed, streamed, 1e-9)
    }
  }
  # Both can be merged, and be fitted.
  half <- function(where, moments) {
    quietly(compress(db$connection, "y2",
      by = ~x,
      query = paste("SELECT * FROM rows WHERE", where), moments = moments
    ))
  }
  both <- merge(half("age < 40", "stream"), half("age >= 40", "database"))
  expect_identical(nobs(both), 8999)
  expect_error(compress(db$connection, "y2", by = ~ x + y1, query = "rows", moments = "database"),
    class = "covary_error_too_many_continuous"
  )
  two <- quietly(compress(db$connection, "y2", by = ~ x + y1, query = "rows"))
  expect_identical(nobs(two), 8998)
  expect_error(compress(db$connection, ~ log(y2), by = ~x, query = "rows", moments = "database"),
    class = "covary_error_argument"
  )
})

test_that("cells are as fine as for rows where there are outliers", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  DBI::dbExecute(db$connection, "UPDATE rows SET x = 1e9 WHERE age = 20 AND x < -0.9")
  spec <- new_row_spec(db$connection, "y2", "x", NULL, globalenv())
  query <- type_query(new_query(db$connection, "rows"), spec)
  plan <- scale_plan(new_sql_plan(query, spec), spec)
  x <- DBI::dbGetQuery(db$connection, "SELECT x FROM rows WHERE y2 IS NOT NULL")$x
  expect_equal(choose_step(spread_sample(plan), 1000), choose_step(x, 1000),
    tolerance = 1
  )
  expect_gt(max(x), 1e8)
})

test_that("some of many rows tell how a covariate is spread", {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  set.seed(735)
  n <- 40000
  # A fifth of the rows have one value.
  d <- data.frame(x = ifelse(stats::runif(n) < 0.2, -1, stats::rnorm(n)), y = stats::rnorm(n))
  DBI::dbWriteTable(connection, "rows", d)
  spec <- new_row_spec(connection, "y", "x", NULL, globalenv())
  plan <- scale_plan(new_sql_plan(type_query(new_query(connection, "rows"), spec), spec), spec)
  all <- count_bins(plan, 4096)
  expect_identical(sum(all$n), as.double(n))
  for (every in c(2, 8, 32)) {
    some <- count_bins(plan, 4096, every)
    expect_true(all(some$bin %in% all$bin & some$n <= all$n[match(some$bin, all$bin)]))
    # Five standard errors of shares: of all rows, and of the frequent value among those chosen
    expect_lt(abs(sum(some$n) / n - 1 / every), 5 * sqrt(1 / every / n))
    one <- max(some$n) / sum(some$n)
    expect_lt(abs(one - max(all$n) / n), 5 * sqrt(0.2 * 0.8 / sum(some$n)))
    plan$rows <- rows_of_spread * every
    expect_equal(choose_step(spread_sample(plan), 1000), choose_step(d$x, 1000), tolerance = 1)
  }
  # None is chosen.
  expect_identical(count_bins(plan, 4096, 2^60), count_bins(plan, 4096, 1))
})

test_that("more groups than are fetched are said", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  spec <- new_row_spec(db$connection, "y1", c("age", "sex"), NULL, globalenv())
  query <- type_query(new_query(db$connection, "rows"), spec)
  plan <- scale_plan(new_sql_plan(query, spec), spec)
  expect_identical(nrow(group_sums(plan, around_means = FALSE)$out), 102L)
  expect_error(group_sums(plan, around_means = FALSE, most = 101), "101 distinct tuples",
    class = "covary_error_too_many_cells"
  )
})

test_that("a lazy table is a source", {
  skip_if_not_installed("dbplyr")
  skip_if_not_installed("dplyr")
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  lazy <- dplyr::filter(dplyr::tbl(db$connection, "rows"), age < 30)
  young <- db$data[db$data$age < 30, ]
  same_cells(
    quietly(compress(lazy, c("y1", "y2"), by = ~ age + sex)),
    quietly(compress(young, c("y1", "y2"), by = ~ age + sex)), 1e-8
  )
})

test_that("groups far from each other keep their digits, and cost the rows alone", {
  skip_if_not_installed("RSQLite")
  set.seed(732)
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  d <- data.frame(g = sample(2000, 2e4, TRUE), w = sample(1:3, 2e4, TRUE))
  d$y <- 1e7 * d$g + rnorm(2e4)
  d$z <- rnorm(2e4)
  DBI::dbWriteTable(connection, "far", d)
  for (weights in list(NULL, "w")) {
    truth <- compress(d, c("y", "z"), by = ~g, weights = weights)
    same_cells(
      compress(connection, c("y", "z"), by = ~g, weights = weights, query = "far"), truth,
      1e-4
    )
    same_cells(
      compress(connection, "z", by = ~g, weights = weights, query = "far"),
      compress(d, "z", by = ~g, weights = weights), 1e-9
    )
  }
  seconds <- function(by) {
    min(replicate(2, system.time(compress(connection, "y",
      by = by,
      query = "far"
    ))[[1]]))
  }
  expect_lt(seconds(~g), 10 * seconds(~w) + 0.3)
})

test_that("a query that gives other rows each time is noticed, streamed or written down first", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  DBI::dbExecute(db$connection, "CREATE VIEW lot AS SELECT * FROM rows ORDER BY RANDOM() LIMIT 400")
  for (query in c(
    "SELECT * FROM rows ORDER BY RANDOM() LIMIT 400",
    "SELECT * FROM rows WHERE RANDOM() > 0", "lot"
  )) {
    e <- expect_error(compress(db$connection, "x", by = ~sex, query = query), "materialise = TRUE",
      class = "covary_error_evaluation"
    )
    for (how in list(list(moments = "stream"), list(materialise = TRUE))) {
      cells <- do.call(compress, c(list(db$connection, "x", by = ~sex, query = query), how))
      if (query != "SELECT * FROM rows WHERE RANDOM() > 0") expect_identical(nobs(cells), 400)
      expect_lt(abs(summary(cells)$sd - sd(db$data$x)), 0.2)
    }
  }
  expect_error(
    compress(db$connection, "w",
      by = ~x,
      query = "SELECT * FROM rows WHERE RANDOM() > 0", moments = "database"
    ),
    class = "covary_error_evaluation"
  )
  expect_identical(DBI::dbListTables(db$connection), c("lot", "rows"))
  # What changes by evaluation but not by statement is no fault.
  expect_identical(nobs(compress(db$connection, "x",
    by = ~g,
    query = "SELECT x, ABS(RANDOM()) % 2 AS g FROM rows"
  )), 9000)
})

test_that("infinite values and missing ones are those of data frames", {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  d <- data.frame(x = c(1, 2, Inf, 3), y = c(1, 2, 3, NaN), z = c(-Inf, 1:3), w = c(1, 1, 1, Inf))
  DBI::dbWriteTable(connection, "rows", d)
  asks <- list(
    list("y", ~x), list("z", ~y), list("y", ~z), list("z", ~1), list("y", ~w),
    list("y", ~1)
  )
  for (ask in asks) {
    for (weights in list(NULL, "w")) {
      run <- function(...) {
        tryCatch(suppressMessages(nobs(compress(...,
          responses = ask[[1]], by = ask[[2]],
          weights = weights
        ))), covary_error = function(e) class(e)[1])
      }
      expect_identical(run(connection, query = "rows"), run(d))
      expect_identical(run(connection, query = "rows", moments = "stream"), run(d))
    }
  }
})

# Statements that read all rows of a table: not those of catalogues, of no row or of the first.
reads <- function(statements, table) {
  sum(grepl(paste0("FROM [\"`]", table, "[\"`]"), statements) &
    !grepl("WHERE 1 = 0|WHERE FALSE|LIMIT 1$", statements))
}

test_that("the rows are read two to four times, as print() says and PostgreSQL plans", {
  for (engine in c("SQLite", "PostgreSQL", "MariaDB")) {
    if (engine != "SQLite" && !nzchar(Sys.getenv(paste0("COVARY_", toupper(engine))))) next
    connection <- connect_to(engine)
    set.seed(4)
    # The servers count distinct values roughly.
    n <- if (engine == "SQLite") 6000 else 40000
    d <- data.frame(g = sample(c("a", "b"), n, TRUE), k = sample(5, n, TRUE), x = stats::rnorm(n))
    d$y <- stats::rnorm(n)
    d$far <- 1e6 * d$k + d$y
    if (DBI::dbExistsTable(connection, "read_rows")) DBI::dbRemoveTable(connection, "read_rows")
    DBI::dbWriteTable(connection, "read_rows", d)
    said <- new.env()
    spied <- spy_on(connection, said)
    cases <- list(
      list("y", ~ g + k, 2), list("far", ~k, 3), list("y", ~x, 3), list("y", ~ x + g, 4),
      list(c("y", "far"), ~ k + x + g, 4)
    )
    for (case in cases) {
      said$statements <- character()
      cells <- compress(spied, case[[1]], by = case[[2]], query = "read_rows", moments = "database")
      wanted <- case[[3]] + (engine == "SQLite")
      label <- paste(engine, deparse1(case[[2]]))
      expect_identical(reads(said$statements, "read_rows"), as.integer(wanted), label = label)
      expect_output(print(cells), paste("a data base,", wanted, "times"))
      truth <- compress(d, case[[1]], by = case[[2]])
      if (has_moments(truth)) same_moments(cells, truth, rounding_of_sums)
    }
    if (engine == "PostgreSQL") {
      for (sql in grep("^SELECT .*covary", said$statements, value = TRUE)) {
        plan <- DBI::dbGetQuery(connection, paste("EXPLAIN", sql))[[1]]
        expect_identical(sum(grepl("Scan on read_rows", plan)), 1L)
      }
    }
    written <- compress(spied, "y",
      by = ~ x + g, query = "read_rows", moments = "database",
      materialise = TRUE
    )
    expect_identical(written$passes, 1)
    DBI::dbDisconnect(connection)
  }
})

test_that("an interrupt clears the result, and blocks are put together", {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  DBI::dbWriteTable(connection, "t", data.frame(i = seq_len(120001)))
  expect_identical(ask_database(connection, "SELECT i FROM t")$i, seq_len(120001))
  expect_identical(nrow(ask_database(connection, "SELECT i FROM t", most = 10)), 50000L)
  # The result of a query that is interrupted while it is fetched
  setClass("InterruptedResult", contains = "DBIResult", where = globalenv())
  setClass("InterruptedConnection", contains = "DBIConnection", where = globalenv())
  cleared <- 0
  setMethod(DBI::dbSendQuery, c("InterruptedConnection", "character"),
    function(conn, statement, ...) methods::new("InterruptedResult"),
    where = globalenv()
  )
  setMethod(DBI::dbFetch, "InterruptedResult", function(res, n = -1, ...) {
    signalCondition(structure(list(), class = c("interrupt", "condition")))
  }, where = globalenv())
  setMethod(DBI::dbClearResult, "InterruptedResult", function(res, ...) {
    cleared <<- cleared + 1
    TRUE
  }, where = globalenv())
  out <- tryCatch(
    ask_database(methods::new("InterruptedConnection"), "SELECT 1"),
    interrupt = function(e) "interrupted"
  )
  expect_identical(out, "interrupted")
  expect_identical(cleared, 1)
})

test_that("names in another case, tables by DBI::Id() and truths as text are taken", {
  skip_if_not_installed("RSQLite")
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  upper <- stats::setNames(db$data, toupper(names(db$data)))
  DBI::dbWriteTable(db$connection, "UPPER", upper)
  truth <- quietly(compress(db$data, "y1", by = ~ age + sex))
  for (query in list("UPPER", DBI::Id(table = "UPPER"), "main.UPPER", "SELECT * FROM main.UPPER")) {
    cells <- quietly(compress(db$connection, "y1", by = ~ age + sex, query = query))
    expect_identical(names(cells$groups), c("age", "sex"))
    same_cells(cells, truth, rounding_of_sums)
  }
  expect_identical(
    typed_column(c("t", "F", "true", NA, "0"), "logical", "b"), c(TRUE, FALSE, TRUE, NA, FALSE)
  )
  expect_error(compress(db$connection, "y1", by = ~sex, query = DBI::Id(table = "none")),
    class = "covary_error_data"
  )
})
