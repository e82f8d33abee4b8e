# Cells from a real PostgreSQL server, against those of the same rows in R. Starts a server of its own in a
# temporary folder (initdb, pg_ctl on the PATH; as root it runs under the user `postgres` or `nobody`).
#   Rscript inst/validation/postgresql.R [rows, default 2e5] [rows of the timing, default 2e6]
# Needs RPostgres, and for the lazy table dbplyr. Stored run: inst/validation/postgresql.txt.
suppressMessages(library(covary))
library(DBI)
internal <- asNamespace("covary")
n <- as.numeric(c(commandArgs(TRUE), 2e5)[1])
timed <- if (length(commandArgs(TRUE)) > 1) as.numeric(commandArgs(TRUE)[2]) else 2e6
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
    at <- if (length(truth$groups)) match(internal$group_keys(truth$groups), internal$group_keys(a$groups)) else 1
    error <- if (is.null(truth$table)) max(abs(a$stats[, at] - truth$stats) / (1 + abs(truth$stats)))
      else max(abs(a$table[, , , at, drop = FALSE] - truth$table)) / max(abs(truth$table))
    cat(sprintf("%-34s rows %s, largest relative error %.1e\n", label, format(nobs(cells)), error))
    stopifnot(error < 1e-8, nobs(cells) == truth$rows)
  }
  seconds <- function(expr) system.time(expr)[["elapsed"]]
  quiet <- suppressMessages
  t <- seconds(exact <- quiet(compress(connection, c("sbp", "dbp"), by = ~ age + sex, query = "health")))
  check("GROUP BY", exact, quiet(compress(d, c("sbp", "dbp"), by = ~ age + sex)))
  check("GROUP BY with weights", quiet(compress(connection, c("sbp", "dbp"), by = ~ age + sex, weights = "w", query = "health")),
    quiet(compress(d, c("sbp", "dbp"), by = ~ age + sex, weights = "w")))
  truth <- quiet(compress(d, c("sbp", "dbp"), by = ~ x + sex))
  for (way in c("stream", "database")) {
    moments <- quiet(compress(connection, c("sbp", "dbp"), by = ~ x + sex, query = "health", chunk = 5e4, moments = way))
    if (moments$step == truth$step) check(paste0("continuous covariate, \"", way, "\""), moments, truth)
  }
  weighted <- lapply(c("stream", "database"), function(way) quiet(compress(connection, c("sbp", "dbp"), by = ~ x, weights = "w", query = "health", moments = way)))
  if (weighted[[1]]$step == weighted[[2]]$step) check("with weights, one against the other", weighted[[2]], weighted[[1]])
  dbExecute(connection, "UPDATE health SET sbp = 'NaN' WHERE age = 20 AND x < 0.1")
  dbExecute(connection, "UPDATE health SET sbp = '-Infinity' WHERE age = 21 AND x < 0.1")
  d$sbp[d$age == 20 & d$x < 0.1] <- NaN
  d$sbp[d$age == 21 & d$x < 0.1] <- -Inf
  check("GROUP BY beside NaN and infinities", quiet(compress(connection, c("sbp", "dbp"), by = ~ age, query = "health")),
    quiet(compress(d, c("sbp", "dbp"), by = ~ age)))
  if (requireNamespace("dbplyr", quietly = TRUE)) {
    lazy <- dplyr::filter(dplyr::tbl(connection, "health"), sex == "f", age < 60)
    check("lazy table of dbplyr", quiet(compress(lazy, c("sbp", "dbp"), by = ~ age)), quiet(compress(d[d$sex == "f" & d$age < 60, ], c("sbp", "dbp"), by = ~ age)))
  }
  check("SELECT statement", quiet(compress(connection, "sbp", by = ~ age, query = "SELECT * FROM health WHERE sex = 'f'")),
    compress(d[d$sex == "f", ], "sbp", by = ~ age))
  cat(sprintf("GROUP BY of %g rows %.2f s\n\n", n, t))
  fit <- covary(cbind(sbp, dbp) ~ age + sex, sigma ~ age, rho ~ age, data = exact, draws = 500)
  print(fit)

  # Time, elapsed, server and R on one machine; and a complete fit.
  dbExecute(connection, paste("CREATE TABLE large AS SELECT x, sin(6 * x) + exp(0.5 * cos(4 * x) - 1) * e AS a, cos(7 * x) + f AS b FROM",
    "(SELECT random() AS x, sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()) AS e, sqrt(-2 * ln(1 - random())) * cos(6.283185307 * random()) AS f",
    "FROM generate_series(1,", format(timed, scientific = FALSE), ")) AS noise"))
  dbExecute(connection, "ANALYZE large")
  cat(sprintf("\n%s rows with a continuous covariate, server and R on one machine, elapsed seconds:\n", format(timed, big.mark = ",", scientific = FALSE)))
  runs <- lapply(c(stream = "stream", database = "database"), function(way) {
    t <- seconds(cells <- compress(connection, c("a", "b"), by = ~ x, query = "large", moments = way))
    t_fit <- seconds(fit <- covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x), data = cells))
    cat(sprintf("moments = %-10s %6.1f s, fit %.2f s\n", dQuote(way, FALSE), t, t_fit))
    fit
  })
  at <- lapply(runs, function(f) predict(f, data.frame(x = seq(0.05, 0.95, by = 0.05)), dpar = "mu", resp = "a"))
  cat(sprintf("the two fits differ by %.3f posterior sds at most (4000 draws each)\n",
    max(abs(at$stream$estimate - at$database$estimate) / ((at$stream$upper - at$stream$lower) / 4))))
}, finally = {
  dbDisconnect(connection)
  as_user(paste("pg_ctl -D", base, "-m fast stop"))
  unlink(folder, recursive = TRUE)
})
