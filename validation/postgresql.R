# Cells from a real PostgreSQL server, against those of the same rows in R. Starts a server of its
# own in a temporary folder (initdb, pg_ctl on the PATH; as root it runs under the user `postgres`
# or `nobody`).
#   Rscript validation/postgresql.R [rows, default 2e5] [rows of the timing, default 2e6]
# Needs RPostgres, and for the lazy table dbplyr. Stored run: vignettes/postgresql.txt.
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "database-checks.R"
))
folder <- tempfile("pg", tmpdir = "/tmp")
dir.create(folder, mode = "0777")
Sys.chmod(folder, "0777", use_umask = FALSE)
user <- if (Sys.info()[["user"]] == "root") "postgres" else ""
as_user <- function(command) {
  status <- system(if (nzchar(user)) {
    paste0("su ", user, " -s /bin/sh -c ", shQuote(command))
  } else {
    command
  }, ignore.stdout = TRUE)
  if (status != 0) stop("failed: ", command)
}
port <- 54000 + Sys.getpid() %% 1000
base <- file.path(folder, "data")
as_user(paste("initdb -A trust -U covary -D", base))
as_user(paste0(
  "pg_ctl -w -D ", base, " -l ", folder, "/log -o '-p ", port, " -k ", folder,
  " -c listen_addresses=' start"
))
connection <- dbConnect(RPostgres::Postgres(),
  host = folder, port = port, user = "covary",
  dbname = "postgres"
)
tryCatch({
  cat(made_with("RPostgres"), "\n")
  cat(dbGetQuery(connection, "SELECT version()")[[1]], "\n")
  exact <- check_database(connection, n)
  seconds <- function(expr) system.time(expr)[["elapsed"]]
  t <- seconds(compress(connection, c("sbp", "dbp"),
    by = ~ age + sex,
    query = "SELECT * FROM health WHERE age > 21"
  ))
  cat(sprintf("GROUP BY of %g rows %.2f s\n\n", n, t))
  fit <- covary(cbind(sbp, dbp) ~ age + sex, sigma ~ age, rho ~ age, data = exact, draws = 500)
  print(fit)

  # Time, elapsed, server and R on one machine; and a complete fit.
  write_large(connection, "generate_series(1, %s)", timed)
  dbExecute(connection, "ANALYZE large")
  cat(sprintf(paste0(
    "\n%s rows with a continuous covariate, server and R on one machine, elapsed seconds:\n"
  ), format(timed, big.mark = ",", scientific = FALSE)))
  runs <- lapply(c(stream = "stream", database = "database"), function(way) {
    t <- seconds(cells <- compress(connection, c("a", "b"),
      by = ~x, query = "large",
      moments = way
    ))
    t_fit <- seconds(fit <- covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x), data = cells))
    cat(sprintf("moments = %-10s %6.1f s, fit %.2f s\n", dQuote(way, FALSE), t, t_fit))
    fit
  })
  at <- lapply(runs, function(f) {
    predict(f, data.frame(x = seq(0.05, 0.95, by = 0.05)),
      dpar = "mu",
      resp = "a"
    )
  })
  cat(sprintf(
    "the two fits differ by %.3f posterior sds at most (4000 draws each)\n",
    max(abs(at$stream$estimate - at$database$estimate) /
      ((at$stream$upper - at$stream$lower) / 4))
  ))
}, finally = {
  dbDisconnect(connection)
  as_user(paste("pg_ctl -D", base, "-m fast stop"))
  unlink(folder, recursive = TRUE)
})
