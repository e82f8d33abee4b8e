# Settings of a run that need a check of their own.

check_momentum <- function(x) {
  check_number(x, "momentum", 0, 1)
  if (x == 1) {
    stop_covary("argument", "`momentum` must be below 1: at 1 no velocity ever fades.",
      fields = list(arg = "momentum")
    )
  }
  x
}

check_freeze <- function(freeze) {
  parts <- c("mean", "scale", "weight")
  if (!is.null(freeze) && !(is.character(freeze) && all(freeze %in% parts))) {
    stop_covary("argument", "`freeze` must be any of ", enumerate(parts), ", not ",
      describe(freeze), ".",
      fields = list(arg = "freeze")
    )
  }
  freeze
}

check_thin <- function(thin, trials) {
  if (is.null(thin)) {
    return(max(1L, as.integer(ceiling(trials / 10000))))
  }
  check_count(thin, "thin")
}
