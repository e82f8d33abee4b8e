# Every error and warning of the package is raised here, so each has a class.
# Message pattern: what was expected, what was found, where, what to do.

#' Conditions raised by covary
#'
#' Every error has class `covary_error_<what>` and `covary_error`; every warning
#' has class `covary_warning_<what>` and `covary_warning`; every message has class
#' `covary_message`. Extra facts (the offending argument, column or row) are
#' fields of the condition object, so programs can react without reading the text.
#'
#' @name covary-conditions
#' @examples
#' tryCatch(
#'   covary(y ~ x, data = data.frame(y = numeric(), x = numeric())),
#'   covary_error = function(e) class(e)
#' )
NULL

stop_covary <- function(what, ..., fields = list()) {
  stop(new_condition(
    paste0("covary_error_", what), c("covary_error", "error"), one_text(...),
    fields
  ))
}

# Parts of a message, some of them several, as one text.
one_text <- function(...) paste(unlist(lapply(list(...), as.character)), collapse = "")

# Called by the C code (fail() in src/r_read.c) where a value breaks what a door relies on.
stop_internal <- function(text) {
  stop_covary(
    "internal", "The C code of covary was given a value that it cannot use: ", text,
    ". An object was edited or cut, or comes ",
    "from another version of covary: make it again (fit, compress, build the target). ",
    "If none was, this is a bug; please report it."
  )
}

warn_covary <- function(what, ..., fields = list()) {
  warning(new_condition(
    paste0("covary_warning_", what), c("covary_warning", "warning"),
    one_text(...), fields
  ))
}

inform_covary <- function(what, ..., fields = list()) {
  text <- one_text(..., "\n")
  message(new_condition(
    paste0("covary_message_", what), c("covary_message", "message"), text,
    fields
  ))
}

new_condition <- function(class, parents, message, fields) {
  structure(class = c(class, parents, "condition"), c(list(message = message, call = NULL), fields))
}

# The value of code that is not ours: its plain errors become typed, with its own words at the end.
with_typed_errors <- function(code, what, ..., fields = list()) {
  tryCatch(code, error = function(e) {
    if (inherits(e, "covary_error") || is_limit(e)) stop(e)
    stop_covary(what, ..., conditionMessage(e), fields = fields)
  })
}

# The value of code, or of `otherwise` where it fails.
attempt <- function(code, otherwise = NULL) {
  tryCatch(code, error = function(e) if (is_limit(e)) stop(e) else otherwise)
}

# The value of code, without the package's own warnings, or these and its messages.
without_warnings <- function(code) {
  withCallingHandlers(code, covary_warning = function(w) tryInvokeRestart("muffleWarning"))
}

without_words <- function(code) {
  withCallingHandlers(without_warnings(code),
    covary_message = function(m) tryInvokeRestart("muffleMessage")
  )
}

# Is the error about time, memory or depth, and not about the code? R has no classes for most, and
# may translate the words.
is_limit <- function(e) {
  if (inherits(e, c("stackOverflowError", "TimeoutException"))) {
    return(TRUE)
  }
  words <- c(
    "reached elapsed time limit", "reached CPU time limit",
    "reached session elapsed time limit", "reached session CPU time limit",
    "cannot allocate vector of size %0.1f %s", "cannot allocate vector of length %lld",
    "cannot allocate memory block of size %0.1f %s", "cannot allocate buffer",
    "vector memory exhausted (limit reached?)", "memory exhausted (limit reached?)",
    "evaluation nested too deeply: infinite recursion / options(expressions=)?"
  )
  words <- sub("%.*", "", c(words, gettext(words, domain = "R")))
  any(startsWith(conditionMessage(e), trimws(words)))
}

# For generics of this package: objects of other classes.
stop_no_method <- function(x, generic, wanted, arg) {
  stop_covary("argument", generic, " is for ", wanted, "; there is no applicable method for ",
    describe(x), ".",
    fields = list(arg = arg)
  )
}
