# Progress of a fit, and what is kept of it should the user interrupt.

# list(tick(stage, share), keep(state), kept(), close()). Silent for two seconds, then a bar on the
# console; never in knitr or scripts unless `refresh` asks for it.
new_progress <- function(refresh = NULL) {
  refresh <- check_refresh(refresh)
  show <- if (is.null(refresh)) {
    interactive() && !isTRUE(getOption("knitr.in.progress"))
  } else {
    refresh
  }
  started <- proc.time()[["elapsed"]]
  state <- NULL
  width <- 0
  list(
    tick = function(stage, share) {
      if (!show || proc.time()[["elapsed"]] - started < 2) {
        return(invisible())
      }
      share <- min(max(share, 0), 1)
      bar <- paste0(strrep("=", round(20 * share)), strrep(" ", 20 - round(20 * share)))
      text <- sprintf("\rcovary: %s [%s] %3.0f%%", stage, bar, 100 * share)
      width <<- max(width, nchar(text))
      message(text, strrep(" ", width - nchar(text)), appendLF = FALSE)
    },
    keep = function(new) state <<- new,
    kept = function() state,
    close = function() if (width > 0) message("\r", strrep(" ", width), "\r", appendLF = FALSE)
  )
}

# NULL, TRUE or FALSE; 0 and larger numbers, as for Stan, are FALSE and TRUE.
check_refresh <- function(refresh) {
  if (is.numeric(refresh)) refresh <- check_number(refresh, "refresh", 0) > 0
  if (is.null(refresh)) NULL else check_flag(refresh, "refresh")
}
