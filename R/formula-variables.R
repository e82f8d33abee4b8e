# Variables of a formula: the columns, or calls of columns such as log(x), that its terms are made
# of. Expressions only; their values are for the room of rows (rows-term-state.R).

# Calls whose parts are not values of their own.
opaque_calls <- c(
  "function", "~", "quote", "bquote", "substitute", "$", "@", "::", ":::", "{",
  "<-", "=", "for", "while",
  "repeat", "with", "within", "local", "eval", "evalq"
)

is_call_to <- function(expr, names) {
  is.call(expr) && is.symbol(expr[[1]]) && as.character(expr[[1]]) %in% names
}

# The parts of a call after its head that are there; `x[, 1]` has one that is not.
given_parts <- function(expr) {
  Filter(function(i) !identical(expr[[i]], quote(expr = )), seq_along(expr)[-1])
}

# Those of them that are calls.
call_parts <- function(expr) Filter(function(i) is.call(expr[[i]]), given_parts(expr))

# The arguments of s() and t2() that are variables; the others must be named.
smooth_arguments <- function(call) {
  given <- names(call)
  if (is.null(given)) given <- rep("", length(call))
  setdiff(which(given %in% c("", "by")), 1)
}

# Names whose values an expression takes from where it is evaluated; `d` of d$x.
free_variables <- function(expr) {
  if (is.symbol(expr)) {
    return(as.character(expr))
  }
  if (!is.call(expr) || is_call_to(expr, c("::", ":::"))) {
    return(character())
  }
  if (is_call_to(expr, "function")) {
    return(setdiff(free_variables(expr[[3]]), names(expr[[2]])))
  }
  parts <- if (is_call_to(expr, c("$", "@"))) {
    2
  } else if (is_call_to(expr, c("s", "t2"))) {
    smooth_arguments(expr)
  } else {
    given_parts(expr)
  }
  head <- if (is.call(expr[[1]])) free_variables(expr[[1]])
  unique(c(head, unlist(lapply(parts, function(i) free_variables(expr[[i]])))))
}

# The right side with f() of each variable in its place.
map_variables <- function(expr, f) {
  sums <- is_call_to(expr, c("+", "-", "*", "/", "^", ":", "%in%", "("))
  if (!sums && !is_call_to(expr, c("s", "t2", "offset"))) {
    return(if (is.language(expr)) f(expr) else expr)
  }
  parts <- if (is_call_to(expr, c("s", "t2"))) smooth_arguments(expr) else given_parts(expr)
  inside <- if (sums) function(part) map_variables(part, f) else f
  for (i in parts) if (is.language(expr[[i]])) expr[[i]] <- inside(expr[[i]])
  expr
}

# The key of a variable, spelt as in terms() and mgcv.
variable_key <- function(expr) {
  paste(deparse(expr, width.cutoff = 500L, backtick = TRUE),
    collapse = " "
  )
}

# The call to evaluate for a variable.
stateful <- function(states, expr) {
  state <- states[[variable_key(expr)]]
  if (is.null(state)) expr else state
}

# Does `v` hold a value for each of n rows?
is_row_value <- function(v, n) is_column(v) && NROW(v) == n && n > 1

is_column <- function(v) !is.null(v) && (is.atomic(v) || inherits(v, "POSIXlt"))
