# Runs the cases `from` .. `to` of one program and writes a line a case: what it began, then how it
# ended.
#
#   Rscript child.R <calls|objects|doors> <from> <to> <log> <R directory>

arguments <- commandArgs(TRUE)
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
suppressMessages(library(covary))
options(warn = -1, covary.progress = FALSE, error = NULL)
source(file.path(here, "hostile.R"))
package_code <- arguments[5]
source(file.path(here, paste0(arguments[1], ".R")))
log <- file(arguments[4], "a")
limit <- as.numeric(Sys.getenv("FUZZ_LIMIT", "20"))

one_line <- function(x) substr(gsub("[[:cntrl:]\t]+", " ", paste(x, collapse = " ")), 1, 300)

# How a call ended: value, typed, untyped, user (an error of the caller's own code), elsewhere
# (of another package, given an object that is not ours), memory, limit
outcome <- function(code) {
  place <- ""
  note <- function(e) {
    calls <- rev(sys.calls())
    ours <- vapply(rev(sys.frames()), function(f) identical(topenv(f), asNamespace("covary")), TRUE)
    place <<- if (any(ours)) {
      one_line(deparse(calls[[which(ours)[1]]][[1]],
        nlines = 1
      ))
    } else {
      "outside"
    }
  }
  found <- tryCatch(
    {
      setTimeLimit(elapsed = limit, transient = TRUE)
      withCallingHandlers(code,
        error = note, warning = function(w) invokeRestart("muffleWarning"),
        message = function(m) invokeRestart("muffleMessage")
      )
      "value"
    },
    error = function(e) {
      text <- tryCatch(conditionMessage(e), error = function(e) "no message")
      kind <- if (inherits(e, c("covary_error", "covary_stop_iteration"))) {
        paste0(
          "typed\t",
          class(e)[1]
        )
      } else if (grepl("time limit", text)) {
        "limit"
      } else if (grepl(
        "cannot allocate|vector memory|too large|memory exhausted|too many elements",
        text
      )) {
        "memory"
      } else if (grepl(user_failure, text, fixed = TRUE)) {
        "user"
      } else
      # objects of other classes, handed on to 'rstantools', 'loo' or 'bayesplot'
      if (place %in% c("outside", "hand_on")) "elsewhere" else "untyped"
      if (startsWith(kind, "typed") && grepl("hostile user code", text,
        fixed = TRUE
      )) {
        kind <- "user"
      }
      paste0(kind, "\t", place, "\t", one_line(text))
    }
  )
  setTimeLimit()
  found
}

grDevices::pdf(NULL)
sink(nullfile())
for (i in seq.int(as.integer(arguments[2]), as.integer(arguments[3]))) {
  set.seed(i)
  case <- new_case()
  writeLines(paste0("begin\t", i, "\t", one_line(case$label)), log)
  flush(log)
  set.seed(i)
  writeLines(paste0("end\t", i, "\t", outcome(case$run())), log)
  flush(log)
  while (grDevices::dev.cur() > 2) grDevices::dev.off()
}
