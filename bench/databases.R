# Cells and moments summed by PostgreSQL, MariaDB and DuckDB, against the engine's own means and
# standard deviations of the same rows: seconds, their ratio, and how often the rows were read. The
# two are run by turns, twice, and the shortest of each is taken.
#   sh tools/databases.sh start FOLDER; export $(cat FOLDER/environment)
#   Rscript bench/databases.R [rows, default 1e7]     (COVARY_DUCKDB=true for DuckDB)
#   sh tools/databases.sh stop FOLDER
# Stored run: bench/results/databases.txt, also in the large-data vignette.
suppressMessages(library(covary))
library(DBI)
n <- format(as.numeric(c(commandArgs(TRUE), 1e7)[1]), scientific = FALSE)
servers <- list()
if (nzchar(place <- Sys.getenv("COVARY_POSTGRESQL"))) {
  servers$PostgreSQL <- suppressWarnings(
    dbConnect(RPostgres::Postgres(), host = place, dbname = "postgres", user = "covary")
  )
}
if (nzchar(place <- Sys.getenv("COVARY_MARIADB"))) {
  servers$MariaDB <- dbConnect(RMariaDB::MariaDB(), unix.socket = place, user = "root")
  invisible(dbExecute(servers$MariaDB, "CREATE DATABASE IF NOT EXISTS bench"))
  invisible(dbExecute(servers$MariaDB, "USE bench"))
}
if (Sys.getenv("COVARY_DUCKDB") == "true") servers$DuckDB <- dbConnect(duckdb::duckdb())
columns <- "20 + FLOOR(%1$s * 60) AS age, CASE WHEN %1$s < 0.5 THEN 'f' ELSE 'm' END AS sex,
  %1$s AS x, 120 + 10 * %1$s AS y, 80 + 10 * %1$s AS z"
make <- c(
  PostgreSQL = paste("SELECT", sprintf(columns, "random()"), "FROM generate_series(1,", n, ")"),
  MariaDB = paste0("SELECT ", sprintf(columns, "rand()"), " FROM seq_1_to_", n),
  DuckDB = paste0("SELECT ", sprintf(columns, "random()"), " FROM range(", n, ")")
)
seconds <- function(code) system.time(code())[["elapsed"]]
load <- function() strsplit(readLines("/proc/loadavg"), " ")[[1]][1]
machine <- sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1])
cat(
  format(Sys.Date()), " ", machine, ", ", parallel::detectCores(), " cores, load average ", load(),
  ", ", n, " rows\n",
  sep = ""
)
cases <- list(
  list(what = "cells", by = ~ age + sex, y = "y", own = " GROUP BY age, sex"),
  list(what = "cells", by = ~ age + sex, y = c("y", "z"), own = " GROUP BY age, sex"),
  list(what = "moments", by = ~x, y = "y", own = ""),
  list(what = "moments", by = ~ x + sex, y = "y", own = " GROUP BY sex"),
  list(what = "moments", by = ~ x + sex, y = c("y", "z"), own = " GROUP BY sex")
)
for (name in names(servers)) {
  connection <- servers[[name]]
  dbExecute(connection, "DROP TABLE IF EXISTS covary_bench")
  dbExecute(connection, paste("CREATE TABLE covary_bench AS", make[[name]]))
  if (name == "PostgreSQL") dbExecute(connection, "VACUUM ANALYZE covary_bench")
  version <- dbGetQuery(connection, "SELECT version()")[[1]]
  cat(name, sub(".*?([0-9][0-9.]+).*", "\\1", version, perl = TRUE), "\n")
  for (case in cases) {
    means <- paste0("AVG(", case$y, "), STDDEV(", case$y, ")", collapse = ", ")
    sql <- paste0("SELECT ", means, " FROM covary_bench", case$own)
    times <- replicate(2, c(
      own = seconds(function() dbGetQuery(connection, sql)),
      ours = seconds(function() {
        cells <<- suppressMessages(compress(connection, case$y,
          by = case$by, query = "covary_bench", moments = "database"
        ))
      })
    ))
    own <- min(times["own", ])
    ours <- min(times["ours", ])
    cat(sprintf(
      paste0(
        "  %-8s %d response%s by %-9s engine's own %6.2f s, covary %6.2f s, ratio %5.1f, ",
        "read %d times, load average %s\n"
      ),
      case$what, length(case$y), if (length(case$y) > 1) "s" else " ", deparse1(case$by[[2]]), own,
      ours, ours / own, cells$passes, load()
    ))
  }
  dbExecute(connection, "DROP TABLE covary_bench")
  dbDisconnect(connection)
}
cat("load average at the end", load(), "\n")
