# Cells from a real PostgreSQL server, against those of the same rows in R. Starts a server of its own in a
# temporary folder (initdb, pg_ctl on the PATH; as root it runs under the user `postgres` or `nobody`).
#   Rscript inst/validation/postgresql.R [rows]
library(covary)
library(DBI)
internal <- asNamespace("covary")
n <- as.numeric(c(commandArgs(TRUE), 2e5)[1])
folder <- tempfile("pg", tmpdir = "/tmp")
dir.create(folder, mode = "0777")
Sys.chmod(folder, "0777", use_umask = FALSE)
user <- if (Sys.info()[["user"]] == "root") "postgres" else ""
as_user <- function(command) {
  status <- system(if (nzchar(user)) paste0("su ", user, " -s /bin/sh -c ", shQuote(command)) else command, ignore.stdout = TRUE)
  if (status != 0) stop("failed: ", command)
}
port <- 54000 + Sys.getpid() %% 1000
base <- file.path(folder, "data")
as_user(paste("initdb -A trust -U covary -D", base))
as_user(paste0("pg_ctl -w -D ", base, " -l ", folder, "/log -o '-p ", port, " -k ", folder, " -c listen_addresses=' start"))
connection <- dbConnect(RPostgres::Postgres(), host = folder, port = port, user = "covary", dbname = "postgres")
tryCatch({
  set.seed(1)
  d <- data.frame(age = sample(20:80, n, TRUE), sex = sample(c("f", "m"), n, TRUE), x = runif(n), w = runif(n))
  d$sbp <- rnorm(n, 120 + d$age / 3, 10)
  d$dbp <- rnorm(n, 1e6 + d$sbp, 5)
  d$dbp[3] <- NA
  dbWriteTable(connection, "health", d)
  cat(dbGetQuery(connection, "SELECT version()")[[1]], "\n")
  check <- function(label, cells, truth) {
    a <- internal$rescale_tally(unclass(cells), truth$scaling)
    truth <- unclass(truth)
    at <- match(internal$group_keys(truth$groups), internal$group_keys(a$groups))
    error <- if (is.null(truth$table)) max(abs(a$stats[, at] - truth$stats) / (1 + abs(truth$stats)))
      else max(abs(a$table[, , , at] - truth$table)) / max(abs(truth$table))
    cat(sprintf("%-34s rows %s, largest relative error %.1e\n", label, format(nobs(cells)), error))
    stopifnot(error < 1e-8, nobs(cells) == truth$rows)
  }
  seconds <- function(expr) system.time(expr)[["elapsed"]]
  quiet <- suppressMessages
  t <- seconds(exact <- quiet(compress(connection, c("sbp", "dbp"), by = ~ age + sex, query = "health")))
  check("GROUP BY", exact, quiet(compress(d, c("sbp", "dbp"), by = ~ age + sex)))
  check("GROUP BY with weights", quiet(compress(connection, c("sbp", "dbp"), by = ~ age + sex, weights = "w", query = "health")),
    quiet(compress(d, c("sbp", "dbp"), by = ~ age + sex, weights = "w")))
  t2 <- seconds(moments <- quiet(compress(connection, c("sbp", "dbp"), by = ~ x + sex, query = "health", chunk = 5e4)))
  truth <- quiet(compress(d, c("sbp", "dbp"), by = ~ x + sex))
  if (moments$step == truth$step) check("continuous covariate, streamed", moments, truth)
  check("SELECT statement", quiet(compress(connection, "sbp", by = ~ age, query = "SELECT * FROM health WHERE sex = 'f'")),
    compress(d[d$sex == "f", ], "sbp", by = ~ age))
  cat(sprintf("GROUP BY of %g rows %.2f s, streamed moments %.2f s\n", n, t, t2))
  fit <- covary(cbind(sbp, dbp) ~ age + sex, sigma ~ age, rho ~ age, data = exact, draws = 500)
  print(fit)
}, finally = {
  dbDisconnect(connection)
  as_user(paste("pg_ctl -D", base, "-m fast stop"))
  unlink(folder, recursive = TRUE)
})
