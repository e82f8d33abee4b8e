# Checks of arguments: each raises a typed error, or returns its argument. (check_function()
# and need_package() return nothing.)

check_number <- function(x, arg, lower = -Inf, upper = Inf, open = FALSE, whole = FALSE) {
  ok <- is.numeric(x) && length(x) == 1 && !is.na(x)
  if (ok) ok <- if (open) x > lower && x < upper else x >= lower && x <= upper
  if (ok && whole) ok <- x == round(x)
  if (!ok) {
    range <- if (is.finite(lower) || is.finite(upper)) {
      paste0(if (open) " strictly", " between ", lower, " and ", upper)
    }
    stop_covary("argument", "`", arg, "` must be one ", if (whole) "whole ", "number", range,
      ", not ", describe(x), ".",
      fields = list(arg = arg)
    )
  }
  x
}

check_count <- function(x, arg, lower = 1) {
  as.integer(check_number(x, arg, lower, .Machine$integer.max, whole = TRUE))
}

# Draws of a whole fit: more than ten million would take all memory and tell nothing more.
check_draw_count <- function(draws) {
  as.integer(check_number(draws, "draws", 100, 10000000L, whole = TRUE))
}

check_flag <- function(x, arg) {
  if (!is_flag(x)) {
    stop_covary("argument", "`", arg, "` must be TRUE or FALSE, not ", describe(x), ".",
      fields = list(arg = arg)
    )
  }
  x
}

# NULL, or names of responses, covariates or coefficients.
check_names <- function(x, arg) {
  if (!is.null(x) && (!(is.character(x) || is.factor(x)) || length(x) == 0 || anyNA(x))) {
    stop_covary("argument", "`", arg, "` must be NULL or names, not ", describe(x), ".",
      fields = list(arg = arg)
    )
  }
  if (is.factor(x)) as.character(x) else x
}

check_choice <- function(x, choices, arg) {
  if (identical(x, choices)) {
    return(choices[1])
  }
  if (!(is.character(x) && length(x) == 1 && !is.na(x) && x %in% choices)) {
    stop_covary("argument", "`", arg, "` must be one of ", enumerate(choices, most = 20), ", not ",
      describe(x), ".",
      fields = list(arg = arg)
    )
  }
  x
}

# A vector in the order of `labels`: as it stands where it has no names, else by name.
by_name <- function(x, labels, what, arg, condition = "argument") {
  given <- names(x)
  if (is.null(given)) {
    return(x)
  }
  if (anyNA(given) || anyDuplicated(given) || !setequal(given, labels)) {
    stop_covary(condition, "Names in ", what, " must be ", enumerate(labels, most = 12),
      ", each once, not ",
      enumerate(given, most = 12), ".",
      fields = list(arg = arg, expected = labels, found = given)
    )
  }
  x[labels]
}

check_function <- function(x, arg) {
  if (!is.function(x)) {
    stop_covary("argument", "`", arg, "` must be a function, not ", describe(x),
      ".",
      fields = list(arg = arg)
    )
  }
}

# A probability that an interval holds.
check_interval <- function(x, arg) {
  # predict() of lm() has the kind of interval there.
  if (is.character(x)) {
    stop_covary("argument", "`", arg, "` is the probability of an interval, such as 0.95, not ",
      describe(x), ". Intervals of new responses are those of predictive_interval().",
      fields = list(arg = arg)
    )
  }
  if (is.data.frame(x)) {
    stop_covary("argument", "`", arg, "` is the probability of an interval, such as 0.95; give ",
      "the data frame by its name, newdata = .",
      fields = list(arg = arg)
    )
  }
  check_number(x, arg, 0, 1, open = TRUE)
}

# An argument that has no default; `what` it is.
check_supplied <- function(absent, arg, what) {
  if (absent) {
    stop_covary("argument", "`", arg, "` must be given: ", what, ".", fields = list(arg = arg))
  }
}

# `prob` is the name everywhere; some functions know it as `interval` too.
check_one_name <- function(both) {
  if (both) {
    stop_covary("argument", "`prob` and `interval` are one argument; give `prob`.",
      fields = list(arg = "interval")
    )
  }
}

# A suggested package that `what` cannot do without.
need_package <- function(package, what) {
  if (!requireNamespace(package, quietly = TRUE)) {
    stop_covary("package", "Package '", package, "' is needed for ", what,
      "; install it by install.packages(\"", package, "\").",
      fields = list(package = package)
    )
  }
}

# A whole object of a class, which `from` makes.
check_class <- function(x, class, arg, from) {
  if (!inherits(x, class)) {
    stop_covary("argument", "`", arg, "` must come from ", from, ", not ",
      describe(x), ".",
      fields = list(arg = arg)
    )
  }
  if (is_registered(class)) check_object(x, class, arg) else x
}
