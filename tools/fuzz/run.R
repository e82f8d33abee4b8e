# Runs the fuzzing programs in child processes, a crash or hang costing one case, and prints a
# table.
#
#   Rscript run.R <R directory> <calls> <objects> <doors> [first seed]

arguments <- commandArgs(TRUE)
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
counts <- c(
  calls = as.integer(arguments[2]), objects = as.integer(arguments[3]),
  doors = as.integer(arguments[4])
)
first <- if (length(arguments) > 4) as.integer(arguments[5]) else 1L
batch <- 250L
workers <- as.integer(Sys.getenv("FUZZ_WORKERS", "1"))
logs <- Sys.getenv("FUZZ_LOGS", tempfile("fuzz"))
dir.create(logs, showWarnings = FALSE)

# list(begun, ended) of a log: seeds with their labels and outcomes
read_log <- function(path) {
  lines <- strsplit(if (file.exists(path)) readLines(path, warn = FALSE) else character(), "\t")
  part <- function(kind) lines[vapply(lines, function(l) length(l) > 1 && l[1] == kind, TRUE)]
  list(begun = part("begin"), ended = part("end"))
}

# One batch to its end, whatever happens to the children.
run_batch <- function(program, from, to) {
  path <- file.path(logs, paste0(program, "-", from, ".log"))
  output <- paste0(path, ".out")
  while (from <= to) {
    status <- system2("timeout", c(
      "-k", "10", Sys.getenv("FUZZ_WATCHDOG", "900"), "Rscript",
      file.path(here, "child.R"), program, from, to, path, arguments[1]
    ),
    stdout = output, stderr = output
    )
    log <- read_log(path)
    if (status == 0) break
    last <- if (length(log$begun)) as.integer(log$begun[[length(log$begun)]][2]) else from - 1L
    report <- grep("runtime error|AddressSanitizer|segfault|caught",
      readLines(output, warn = FALSE),
      value = TRUE
    )
    if (last < from) {
      cat("The objects of ", program, " could not be made:\n",
        paste(utils::tail(readLines(output, warn = FALSE), 5), collapse = "\n"), "\n",
        sep = ""
      )
      break
    }
    cat(
      paste0(
        "end\t", last, "\t", if (status %in% c(124, 137)) "hang" else "crash", "\t\t",
        substr(paste(report, collapse = " "), 1, 300), "\n"
      ),
      file = path, append = TRUE
    )
    from <- last + 1L
  }
  reports <- grep("runtime error|ERROR: AddressSanitizer",
    if (file.exists(output)) readLines(output, warn = FALSE) else "",
    value = TRUE
  )
  list(log = read_log(path), reports = unique(reports))
}

run_program <- function(program) {
  starts <- seq.int(first, by = batch, length.out = ceiling(counts[[program]] / batch))
  parts <- parallel::mclapply(starts, function(s) {
    run_batch(program, s, min(
      s + batch,
      first + counts[[program]]
    ) - 1L)
  }, mc.cores = workers, mc.preschedule = FALSE)
  ended <- unlist(lapply(parts, function(p) p$log$ended), recursive = FALSE)
  labels <- unlist(lapply(parts, function(p) p$log$begun), recursive = FALSE)
  labels <- stats::setNames(vapply(labels, function(l) l[3], ""), vapply(labels, `[`, "", 2))
  field <- function(i) vapply(ended, function(l) if (length(l) >= i) l[i] else "", "")
  list(
    table = data.frame(
      seed = field(2), outcome = field(3), place = field(4), text = field(5),
      label = unname(labels[field(2)])
    ),
    reports = unlist(lapply(parts, `[[`, "reports"))
  )
}

kinds <- c("typed", "value", "user", "elsewhere", "memory", "limit", "untyped", "crash", "hang")
said <- c(
  typed = "typed error", value = "value", user = "error of the caller's code",
  elsewhere = "error of another package", memory = "out of memory", limit = "time limit",
  untyped = "untyped error", crash = "crash", hang = "hang"
)
results <- lapply(stats::setNames(nm = names(counts)[counts > 0]), run_program)
cat("covary ", as.character(utils::packageVersion("covary")), ", ", R.version.string,
  ", seeds from ", first, "\n\n",
  sep = ""
)
cat(sprintf("%-28s", ""), sprintf("%10s", names(results)), "\n", sep = "")
for (k in kinds) {
  cat(sprintf("%-28s", said[[k]]), sprintf("%10d", vapply(
    results,
    function(r) sum(r$table$outcome == k), 0L
  )), "\n", sep = "")
}
cat(sprintf("%-28s", "in all"), sprintf("%10d", vapply(results, function(r) nrow(r$table), 0L)),
  "\n",
  sep = ""
)
cat(sprintf("%-28s", "sanitizer reports"), sprintf("%10d", vapply(
  results,
  function(r) length(r$reports), 0L
)), "\n", sep = "")
for (program in names(results)) {
  bad <- results[[program]]$table
  bad <- bad[bad$outcome %in% c("untyped", "crash", "hang"), ]
  bad <- bad[order(bad$outcome, bad$place, bad$text), ]
  if (nrow(bad)) {
    cat("\n", program, "\n", paste0(
      "  ", bad$outcome, " seed ", bad$seed, " in ",
      bad$place, ": ", bad$text, "\n      ", bad$label, "\n"
    ), sep = "")
  }
  if (length(results[[program]]$reports)) cat(unique(results[[program]]$reports), sep = "\n")
}
failed <- sum(vapply(results, function(r) {
  sum(r$table$outcome %in% c(
    "untyped", "crash",
    "hang"
  )) + length(r$reports)
}, 0))
complete <- all(vapply(names(results), function(p) nrow(results[[p]]$table) == counts[[p]], TRUE))
if (failed || !complete) quit(status = 1)
