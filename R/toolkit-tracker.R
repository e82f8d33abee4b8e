# Trackers: callbacks that keep what functions say of the approximation.

#' @rdname callbacks
#' @export
tracker <- function(..., every = 1) {
  functions <- list(...)
  if (length(functions) == 0 || is.null(names(functions)) || any(names(functions) == "") ||
    !all(vapply(functions, is.function, TRUE))) {
    stop_covary("argument",
      "`tracker()` takes named functions, such as tracker(mean = mean, sd = sd).",
      fields = list(arg = "...")
    )
  }
  check_tracked_names(names(functions))
  calls <- Map(tracked_call, functions, names(functions))
  new_callback("tracker", every, run = function(memory, approx, losses, i) {
    add_entry(memory, list(iteration = i, values = lapply(calls, function(f) f(approx, losses, i))))
  }, memory = growing_list(), values = names(calls))
}

# The function f, which tracks `name`, as one of (approx, losses, i).
tracked_call <- function(f, name) {
  takes <- names(formals(f))
  if (is.primitive(f) || "..." %in% takes || length(takes) == 1) {
    return(function(approx, losses, i) f(approx))
  }
  if (length(takes) == 0) {
    return(function(approx, losses, i) f())
  }
  check_callable(f, name, c("approx", "losses", "i"))
}

# Names of tracked values become columns beside `iteration`.
check_tracked_names <- function(names) {
  if ("iteration" %in% names) {
    stop_covary("argument",
      "`tracker()` keeps the iterations themselves under the name 'iteration'; give this function ",
      "another name.",
      fields = list(arg = "...")
    )
  }
  twice <- unique(names[duplicated(names)])
  if (length(twice)) {
    stop_covary("argument",
      "Each tracked function needs a name of its own, also between trackers; found twice: ",
      enumerate(twice), ".",
      fields = list(arg = "...", names = twice)
    )
  }
}

# A list that grows at constant cost, though R copies a list when an entry is added: `filling`, at
# most part_length entries, is copied, and joins the parts in `full` when it has so many.
part_length <- 500L

growing_list <- function() list(full = list(), filling = list())

# The growing list x with one more entry.
add_entry <- function(x, entry) {
  x$filling <- c(x$filling, list(entry))
  if (length(x$filling) < part_length) {
    return(x)
  }
  list(full = c(x$full, list(x$filling)), filling = list())
}

# All entries, in order.
entries <- function(x) c(unlist(x$full, recursive = FALSE), x$filling)

#' What trackers have kept
#'
#' @param object A fit of [advi()] or [svgd()].
#' @return A list: `iteration`, and a matrix (a row an iteration) or list for each tracked
#'   function. Several trackers that look at different iterations share `iteration`; a row where
#'   one did not look is `NA` (in a list: `NULL`).
#' @examples
#' fit <- advi(normal_mixture(1, 0, 1),
#'   optimizer = adam(.05), iterations = 50,
#'   callbacks = tracker(mean = mean)
#' )
#' str(tracked(fit))
#' @export
tracked <- function(object) {
  check_class(object, "covary_approximation", "object", "advi() or svgd()")
  callbacks <- lapply(object$callbacks, check_object, "covary_callback", "object$callbacks")
  trackers <- Filter(function(cb) cb$kind == "tracker", callbacks)
  if (length(trackers) == 0) {
    stop_covary(
      "tracker",
      "The fit has no tracker; give `callbacks = tracker(...)` to the fit."
    )
  }
  kept <- lapply(trackers, function(cb) entries(cb$memory))
  looked <- lapply(kept, function(e) vapply(e, `[[`, 0, "iteration"))
  iteration <- sort(unique(unlist(looked)))
  place <- function(cb, e, at) tracked_values(cb$values, e, match(at, iteration), length(iteration))
  values <- Map(place, trackers, kept, looked)
  c(list(iteration = iteration), unlist(unname(values), recursive = FALSE))
}

# What one tracker has kept, a value for each of `names`: a matrix of n rows where all are vectors
# of one length, else a list of n. kept: the entries, which belong into rows `at`.
tracked_values <- function(names, kept, at, n) {
  lapply(stats::setNames(names, names), function(name) {
    v <- lapply(kept, function(e) e$values[[name]])
    are_vectors <- vapply(v, function(x) is.numeric(x) && is.null(dim(x)), TRUE)
    if (!all(are_vectors) || length(unique(lengths(v))) != 1) {
      return(replace(vector("list", n), at, v))
    }
    rows <- do.call(rbind, v)
    if (nrow(rows) == n) {
      return(rows)
    }
    out <- matrix(NA_real_, n, ncol(rows), dimnames = list(NULL, colnames(rows)))
    out[at, ] <- rows
    out
  })
}
