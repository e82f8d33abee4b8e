# Words for values in messages.

# What was found, for messages: the value if short, else its class and length. Nothing is known of
# it, so its methods may fail.
describe <- function(x) {
  if (is.null(x)) {
    return("NULL")
  }
  if (is.character(x) && length(x) == 1) {
    return(dQuote(substr(x, 1, 80), FALSE))
  }
  known <- paste0("an object of class ", dQuote(c(registered_class(x), class(x))[1], FALSE))
  if (is.atomic(x) && length(x) == 1) {
    return(tryCatch(paste(format(x)), error = function(e) known))
  }
  paste0(known, " and length ", length(x))
}

# "a", "b" and "c", for messages; long lists are cut and counted.
enumerate <- function(x, quote = TRUE, most = 5) {
  more <- length(x) - most
  if (more > 0) x <- x[seq_len(most)]
  if (quote) x <- paste0("'", x, "'")
  text <- if (length(x) > 1 && more <= 0) {
    paste(paste(x[-length(x)], collapse = ", "), "and", x[length(x)])
  } else {
    paste(x, collapse = ", ")
  }
  if (more > 0) paste0(text, " and ", more, " more") else text
}
