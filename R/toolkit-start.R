# Starting values, as users write them, to free numbers.

# Free numbers of starting values given by parameter; those left out start where the target does.
read_start <- function(start, target) {
  if (is.null(start)) {
    return(target$start)
  }
  read <- if (is.list(start)) start_list else start_vector
  values <- read(start, target$transforms)
  free <- target$start
  at <- 0
  for (n in names(target$transforms)) {
    transform <- target$transforms[[n]]
    if (!is.null(values[[n]])) {
      free[at + seq_len(transform$free)] <- free_start(values[[n]], n, transform)
    }
    at <- at + transform$free
  }
  free
}

# Free numbers of the start of one parameter, values v.
free_start <- function(v, name, transform) {
  v <- start_value(v, name, transform)
  free <- transform$inverse(v)
  if (any(!is.finite(free))) {
    stop_covary("start", "Start of '", name, "' must lie inside its range, not so near its edge: ",
      paste(format(v), collapse = ", "), ".",
      fields = list(arg = "start", parameter = name)
    )
  }
  free
}

# Values by parameter, from a list with an element for each.
start_list <- function(start, transforms) {
  given <- names(start)
  if (length(start) && (is.null(given) || anyNA(given) || anyDuplicated(given) ||
    !all(given %in% names(transforms)))) {
    stop_covary("start", "`start` must be named by parameters, each at most once: ",
      enumerate(names(transforms), most = 12), "; found ",
      if (is.null(given)) "no names" else enumerate(given, most = 12), ".",
      fields = list(arg = "start", found = given)
    )
  }
  unclass(start)
}

# Values by parameter, from a vector with a number for each value: all of them in order, or by their
# labels, such as 'mu' or 'weight[2]'.
start_vector <- function(start, transforms) {
  labels <- value_labels(transforms, "size")
  if (!is.numeric(start)) {
    stop_covary("start", "`start` must be a list or a numeric vector, not ", describe(start), ".",
      fields = list(arg = "start")
    )
  }
  given <- names(start)
  if (is.null(given) && length(start) != length(labels)) {
    stop_covary("start", "`start` without names must hold ", length(labels),
      " numbers (", enumerate(labels, most = 12), "), not ",
      describe(start), ".",
      fields = list(arg = "start")
    )
  }
  if (!is.null(given) && (anyNA(given) || anyDuplicated(given) || !all(given %in% labels))) {
    stop_covary("start", "Names in `start` must be among ", enumerate(labels, most = 12),
      ", each at most once; found ",
      enumerate(given, most = 12), ".",
      fields = list(arg = "start", found = given)
    )
  }
  if (is.null(given)) names(start) <- labels
  owner <- rep(names(transforms), vapply(transforms, `[[`, 0L, "size"))[match(names(start), labels)]
  split(start, factor(owner, unique(owner)))
}

# The values v of one parameter, in order.
start_value <- function(v, name, transform) {
  if (!is.numeric(v) || length(v) != transform$size || any(!is.finite(v))) {
    stop_covary("start", "Start of '", name, "' must be ", transform$size, " finite number",
      if (transform$size > 1) "s", ", not ", describe(v), ".",
      fields = list(arg = "start", parameter = name)
    )
  }
  # one number has no order; the name it may carry comes from elsewhere
  if (transform$size > 1) {
    v <- by_name(
      v, value_labels(stats::setNames(list(transform), name), "size"),
      paste0("the start of '", name, "'"), "start", "start"
    )
  }
  as.double(v)
}
