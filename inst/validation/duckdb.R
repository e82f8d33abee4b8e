# Cells from DuckDB, in the process of R, against those of the same rows in R; and moments of more rows summed by it and streamed.
#   Rscript inst/validation/duckdb.R [rows, default 2e5] [rows of the timing, default 2e6]
# Needs duckdb, and for the lazy table dbplyr. Stored run: inst/validation/duckdb.txt.
suppressMessages(library(covary))
library(DBI)
script <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
source(file.path(dirname(script), "database-checks.R"))
n <- as.numeric(c(commandArgs(TRUE), 2e5)[1])
timed <- if (length(commandArgs(TRUE)) > 1) as.numeric(commandArgs(TRUE)[2]) else 2e6
connection <- dbConnect(duckdb::duckdb())
cat(made_with("duckdb"), "\n")
cat("DuckDB", dbGetQuery(connection, "SELECT version()")[[1]], "\n")
invisible(check_database(connection, n))
dbExecute(connection, paste("CREATE TABLE large AS SELECT x, sin(6 * x) + exp(0.5 * cos(4 * x) - 1) * e AS a, cos(7 * x) + f AS b FROM",
  "(SELECT random() AS x, sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()) AS e, sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()) AS f",
  "FROM range(", format(timed, scientific = FALSE), ")) AS noise")) |> invisible()
cells <- lapply(c(stream = "stream", database = "database"), function(way) compress(connection, c("a", "b"), by = ~ x, query = "large", moments = way))
stopifnot(cells$stream$step == cells$database$step)
check_cells(sprintf("%g rows, one against the other", timed), cells$database, cells$stream)
dbDisconnect(connection)
