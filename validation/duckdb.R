# Cells from DuckDB, in the process of R, against those of the same rows in R; and moments of more
# rows summed by it and streamed.
#   Rscript validation/duckdb.R [rows, default 2e5] [rows of the timing, default 2e6]
# Needs duckdb, and for the lazy table dbplyr. Stored run: vignettes/duckdb.txt.
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "database-checks.R"
))
connection <- dbConnect(duckdb::duckdb())
cat(made_with("duckdb"), "\n")
cat("DuckDB", dbGetQuery(connection, "SELECT version()")[[1]], "\n")
invisible(check_database(connection, n))
write_large(connection, "range(%s)", timed)
cells <- lapply(
  c(stream = "stream", database = "database"),
  function(way) compress(connection, c("a", "b"), by = ~x, query = "large", moments = way)
)
stopifnot(cells$stream$step == cells$database$step)
check_cells(sprintf("%g rows, one against the other", timed), cells$database, cells$stream)
dbDisconnect(connection)
