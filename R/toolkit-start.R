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
    b <- target$transforms[[n]]
    v <- values[[n]]
    if (!is.null(v)) free[at + seq_len(b$free)] <- b$inverse(start_value(v, n, b))
    at <- at + b$free
  }
  free
}

# An element a parameter.
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

# A number a value: all of them in order, or by their labels, such as 'mu' or 'weight[2]'.
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

start_value <- function(v, name, block) {
  if (!is.numeric(v) || length(v) != block$size || any(!is.finite(v))) {
    stop_covary("start", "Start of '", name, "' must be ", block$size, " finite number",
      if (block$size > 1) "s", ", not ", describe(v), ".",
      fields = list(arg = "start", parameter = name)
    )
  }
  # one number has no order; the name it may carry comes from elsewhere
  if (block$size > 1) {
    v <- by_name(
      v, value_labels(stats::setNames(list(block), name), "size"),
      paste0("the start of '", name, "'"), "start", "start"
    )
  }
  as.double(v)
}
