# The statements that compress() sends, in every dialect, read by a parser of that dialect (sqlglot
# of Python: Debian's python3-sqlglot). Says which cannot be read; needs covary to be installed.
# The parser does not know BINARY_DOUBLE and numbers such as 1d of Oracle, which are written as it
# does, nor PostgreSQL's BIT(64), of which the server is asked in tests.
#   Rscript tools/sql-text.R
suppressMessages({
  library(testthat)
  library(covary)
})
env <- test_env("covary")
source_file("tests/testthat/helper-servers.R", env, wrap = FALSE)
readers <- c(
  sqlite = "sqlite", redshift = "redshift", duckdb = "duckdb",
  mysql = "mysql", spark = "spark", bigquery = "bigquery", snowflake = "snowflake",
  sqlserver = "tsql", oracle = "oracle"
)
python <- "
import sys, sqlglot
bad = 0
lines = sys.stdin.read().split('\\0')
for line in filter(None, lines):
    reader, sql = line.split('\\t', 1)
    try:
        sqlglot.parse_one(sql, read=reader)
    except Exception as error:
        bad += 1
        print(reader, str(error)[:300], sql[:200])
print(len(lines) - 1, 'statements,', bad, 'that cannot be read; sqlglot', sqlglot.__version__)
sys.exit(bad > 0)
"
file <- tempfile()
out <- file(file, "wb")
for (name in names(readers)) {
  for (weights in list("w", NULL)) {
    env$arguments <- list(name, weights)
    said <- evalq(dialect_statements(sql_dialects()[[arguments[[1]]]], arguments[[2]]), env)
    if (name %in% c("mysql", "spark", "bigquery")) said <- gsub("\"", "`", said)
    if (name == "oracle") {
      said <- gsub("BINARY_DOUBLE", "DOUBLE PRECISION", gsub("([0-9])d\\b", "\\1", said))
    }
    for (statement in said) {
      writeBin(c(charToRaw(paste0(readers[[name]], "\t", statement)), as.raw(0)), out)
    }
  }
}
close(out)
quit(status = system2("/usr/bin/python3", c("-c", shQuote(python)), stdin = file))
