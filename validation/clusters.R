# Cells from the clusters of packages parallel, snow and mirai, against those of one process; then
# with a worker that is killed on the way, and with all of them killed. Each kind in a process of
# its own, as MPI may take all processes with it.
#   Rscript validation/clusters.R [kinds, default all] > validation/clusters.txt
# Needs snow and Rmpi (OpenMPI, and its mpirun), mirai. Kinds of which a package is absent are said
# to be.
kinds <- c(
  "PSOCK", "fork", "snow SOCK", "mirai", "MPI", "MPI under mpirun", "MPI with recovery",
  "MPI under mpirun with recovery"
)
arguments <- commandArgs(TRUE)
script <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
folder <- Sys.getenv("COVARY_CLUSTERS")

# Five files; the reader kills its process when it first meets part 3, as many times as the file
# `deaths` has lines.
set_up <- function(folder) {
  dir.create(folder)
  set.seed(741)
  d <- data.frame(x = runif(2e5), sex = sample(c("f", "m"), 2e5, TRUE), z = sample(1:5, 2e5, TRUE))
  d$y <- rnorm(2e5, sin(6 * d$x), exp(d$x - 1))
  for (i in 1:5) saveRDS(d[(i - 1) * 4e4 + 1:4e4, ], file.path(folder, sprintf("part%d.rds", i)))
  saveRDS(d, file.path(folder, "all.rds"))
}
killing_reader <- function(file) {
  mark <- file.path(dirname(file), "deaths")
  left <- if (file.exists(mark)) readLines(mark) else character()
  if (grepl("part3", file) && length(left)) {
    writeLines(left[-1], mark)
    tools::pskill(Sys.getpid(), 9L)
    Sys.sleep(60)
  }
  readRDS(file)
}
# The first file of the second round; the answer to the other of that round must not be lost.
failing_reader <- function(file) if (grepl("part3", file)) stop("part 3 is bad") else readRDS(file)
environment(killing_reader) <- environment(failing_reader) <- baseenv()

new_workers <- function(kind) {
  switch(sub(" (under|with).*", "", kind),
    PSOCK = parallel::makeCluster(2),
    fork = parallel::makeForkCluster(2),
    "snow SOCK" = snow::makeSOCKcluster(c("localhost", "localhost")),
    mirai = mirai::make_cluster(2),
    MPI = parallel::makeCluster(2, type = "MPI")
  )
}

largest_difference <- function(a, b) {
  stopifnot(identical(
    a[c("rows", "range", "step", "first", "groups")],
    b[c("rows", "range", "step", "first", "groups")]
  ))
  max(abs(a$table - b$table)) / max(abs(b$table))
}

check_kind <- function(kind) {
  suppressMessages(library(covary))
  files <- file.path(folder, sprintf("part%d.rds", 1:5))
  d <- readRDS(file.path(folder, "all.rds"))
  workers <- new_workers(kind)
  on <- function(data, cluster, ...) {
    compress(data, "y",
      by = ~ x + sex + z, cluster = cluster,
      chunk = 1e4, ...
    )
  }
  two <- on(files, workers)
  one <- on(files, NULL)
  alone <- workers[1]
  attributes(alone) <- attributes(workers)
  stopifnot(identical(on(files, alone), two))
  cat(sprintf(
    "  files: two workers against one process %.1e, against one worker the same bits\n",
    largest_difference(two, one)
  ))
  frame <- on(d, workers)
  stopifnot(largest_difference(two, one) < 1e-12, largest_difference(frame, on(d, NULL)) < 1e-12)
  cat(sprintf("  blocks of a data frame: %.1e\n", largest_difference(frame, on(d, NULL))))
  said <- tryCatch(on(files, workers, reader = failing_reader), error = conditionMessage)
  stopifnot(grepl("part 3 is bad", said), identical(on(files, workers), two))
  cat("  an error in one file is raised; the workers then work on\n")
  # A cluster of MPI that has lost a worker cannot be used again.
  for (deaths in if (grepl("MPI", kind)) 1 else 1:2) {
    writeLines(rep("once", deaths), file.path(folder, "deaths"))
    cat(if (deaths == 1) "  a worker is killed\n" else "  all are killed\n")
    begin <- proc.time()[["elapsed"]]
    out <- tryCatch(withCallingHandlers(on(files, workers, reader = killing_reader),
      message = function(m) {
        cat("   ", conditionMessage(m))
        invokeRestart("muffleMessage")
      }
    ), error = conditionMessage)
    cat(
      "   ", if (is.character(out)) {
        out
      } else if (identical(out, two)) {
        "The same bits as before."
      } else {
        "OTHER CELLS"
      },
      sprintf("(%.1f s)\n", proc.time()[["elapsed"]] - begin)
    )
    if (is.character(out)) break
  }
  cat("  end of the session\n")
}

# OpenMPI as root on few cores; Debian's Rmpi looks for libmpi.so, which only the development
# package has.
mpi_environment <- function(kind) {
  library_folder <- file.path(folder, "lib")
  dir.create(library_folder, showWarnings = FALSE)
  known <- Sys.glob(c("/usr/lib/*/libmpi.so", "/usr/lib/*/libmpi.so.40"))
  if (length(known)) {
    suppressWarnings(file.symlink(known[1], file.path(library_folder, "libmpi.so")))
  }
  c(
    "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
    "OMPI_MCA_rmaps_base_oversubscribe=1", paste0("LD_LIBRARY_PATH=", library_folder),
    if (kind == "MPI with recovery") "OMPI_MCA_orte_enable_recovery=1"
  )
}

run_kind <- function(kind) {
  needed <- switch(sub(" .*", "", kind),
    snow = "snow",
    mirai = "mirai",
    MPI = c("snow", "Rmpi")
  )
  absent <- needed[!nzchar(vapply(needed, function(p) system.file(package = p), ""))]
  versions <- vapply(
    setdiff(needed, absent), function(p) as.character(utils::packageVersion(p)),
    ""
  )
  cat(kind, if (length(versions)) {
    paste0(
      "(", paste(names(versions), versions, collapse = ", "),
      ")"
    )
  }, "\n")
  if (length(absent)) {
    return(cat("  not run, no package", absent, "\n"))
  }
  command <- paste(
    "timeout -k 5 75", if (grepl("mpirun", kind)) {
      paste("mpirun -n 1", if (grepl("recovery", kind)) "--enable-recovery")
    }, "Rscript",
    shQuote(script), shQuote(kind)
  )
  environment <- c(paste0("COVARY_CLUSTERS=", folder), if (grepl("MPI", kind)) {
    mpi_environment(kind)
  })
  said <- suppressWarnings(system(paste(c("env", environment, command, "2>&1"), collapse = " "),
    intern = TRUE
  ))
  status <- attr(said, "status")
  cat(grep("^  +([ab]|en|files|Worker|All|The|OTHER)|exited on signal", said, value = TRUE),
    sep = "\n"
  )
  cat("  exit status", if (is.null(status)) 0 else status, if (identical(status, 124L)) {
    "(did not end by itself, stopped after 75 s)"
  }, "\n")
}

if (nzchar(folder)) {
  check_kind(arguments[1])
} else {
  folder <- tempfile("clusters")
  set_up(folder)
  machine <- sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1])
  cat(
    format(Sys.Date()), machine, R.version.string, "covary",
    as.character(utils::packageVersion("covary")), "\n"
  )
  cat(tryCatch(system("mpirun --version", intern = TRUE)[1],
    error = function(e) "no mpirun",
    warning = function(w) "no mpirun"
  ), "\n")
  cat(paste0(
    "Two workers, 200,000 rows in five files, a continuous covariate and two discrete ones; ",
    "largest difference relative to the largest moment.\n\n"
  ))
  for (kind in if (length(arguments)) arguments else kinds) run_kind(kind)
  unlink(folder, recursive = TRUE)
}
