# What postgresql.R, duckdb.R and arrow.R check: cells from a table of the data base, or of Arrow,
# against those of the same rows in R.
suppressMessages(library(covary))
library(DBI)
internal <- asNamespace("covary")
quiet <- suppressMessages
# Cells of rows with all responses: those of others stand beside them in an order of their own, and
# are compared by tests/testthat/test-whole-databases.R.
compress <- function(...) covary::compress(..., missing = "drop")
n <- as.numeric(c(commandArgs(TRUE), 2e5)[1])
timed <- if (length(commandArgs(TRUE)) > 1) as.numeric(commandArgs(TRUE)[2]) else 2e6

made_with <- function(driver) {
  machine <- sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1])
  load <- strsplit(readLines("/proc/loadavg"), " ")[[1]][1]
  paste0(
    format(Sys.Date()), ", ", machine, ", load average at the start ", load, ", ",
    R.version.string, ", ", driver, " ", utils::packageVersion(driver)
  )
}

check_cells <- function(label, cells, truth, most = 1e-8) {
  a <- internal$rescale(cells, truth$scaling)

  at <- if (length(truth$groups)) {
    match(internal$group_keys(truth$groups), internal$group_keys(a$groups))
  } else {
    1
  }
  error <- if (is.null(truth$table)) {
    max(abs(a$stats[, at] - truth$stats) / (1 + abs(truth$stats)))
  } else {
    max(abs(a$table[, , , at, drop = FALSE] - truth$table)) / max(abs(truth$table))
  }
  cat(sprintf("%-34s rows %s, largest relative error %.1e\n", label, format(nobs(cells)), error))
  stopifnot(error < most, nobs(cells) == truth$rows)
}

# Cells by GROUP BY are returned.
check_database <- function(connection, n) {
  set.seed(1)
  d <- data.frame(
    age = sample(20:80, n, TRUE), sex = sample(c("f", "m"), n, TRUE), x = runif(n),
    w = runif(n)
  )
  d$sbp <- rnorm(n, 120 + d$age / 3, 10)
  d$dbp <- rnorm(n, 1e6 + d$sbp, 5)
  d$dbp[3] <- NA
  dbWriteTable(connection, "health", d)
  exact <- quiet(compress(connection, c("sbp", "dbp"), by = ~ age + sex, query = "health"))
  check_cells("GROUP BY", exact, quiet(compress(d, c("sbp", "dbp"), by = ~ age + sex)))
  check_cells(
    "GROUP BY with weights",
    quiet(compress(connection, c("sbp", "dbp"), by = ~ age + sex, weights = "w", query = "health")),
    quiet(compress(d, c("sbp", "dbp"), by = ~ age + sex, weights = "w"))
  )
  truth <- quiet(compress(d, c("sbp", "dbp"), by = ~ x + sex))
  for (way in c("stream", "database")) {
    moments <- quiet(compress(connection, c("sbp", "dbp"),
      by = ~ x + sex, query = "health",
      chunk = 5e4, moments = way
    ))
    if (moments$step == truth$step) {
      check_cells(
        paste0("continuous covariate, \"", way, "\""),
        moments, truth
      )
    }
  }
  weighted <- lapply(
    c("stream", "database"),
    function(way) {
      quiet(compress(connection, c("sbp", "dbp"),
        by = ~x, weights = "w", query = "health",
        moments = way
      ))
    }
  )
  if (weighted[[1]]$step == weighted[[2]]$step) {
    check_cells("with weights, one against the other", weighted[[2]], weighted[[1]])
  }
  dbExecute(connection, "UPDATE health SET sbp = 'NaN' WHERE age = 20 AND x < 0.1")
  d$sbp[d$age == 20 & d$x < 0.1] <- NaN
  check_cells(
    "GROUP BY beside NaN",
    quiet(compress(connection, c("sbp", "dbp"), by = ~age, query = "health")),
    quiet(compress(d, c("sbp", "dbp"), by = ~age))
  )
  dbExecute(connection, "UPDATE health SET sbp = '-Infinity' WHERE age = 21 AND x < 0.1")
  said <- tryCatch(quiet(compress(connection, c("sbp", "dbp"), by = ~age, query = "health")),
    covary_error_infinite = conditionMessage
  )
  stopifnot(grepl("'sbp'", said))
  dbExecute(connection, "UPDATE health SET sbp = 'NaN' WHERE age = 21 AND x < 0.1")
  d$sbp[d$age == 21 & d$x < 0.1] <- NaN
  if (requireNamespace("dbplyr", quietly = TRUE)) {
    lazy <- dplyr::filter(dplyr::tbl(connection, "health"), sex == "f", age < 60)
    check_cells(
      "lazy table of dbplyr", quiet(compress(lazy, c("sbp", "dbp"), by = ~age)),
      quiet(compress(d[d$sex == "f" & d$age < 60, ], c("sbp", "dbp"), by = ~age))
    )
  }
  check_cells(
    "SELECT statement",
    quiet(compress(connection, "sbp", by = ~age, query = "SELECT * FROM health WHERE sex = 'f'")),
    compress(d[d$sex == "f", ], "sbp", by = ~age)
  )
  exact
}

# The table `large`: rows with a continuous covariate, made by the data base. from: what gives so
# many rows there.
write_large <- function(connection, from, rows) {
  noise <- "sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random())"
  invisible(dbExecute(
    connection,
    paste0(
      paste0(
        "CREATE TABLE large AS SELECT x, sin(6 * x) + exp(0.5 * cos(4 * x) - 1) * e AS a, ",
        "cos(7 * x) + f AS b FROM "
      ),
      "(SELECT random() AS x, ", noise, " AS e, ", noise, " AS f FROM ",
      sprintf(from, format(rows, scientific = FALSE)), ") AS noise"
    )
  ))
}
