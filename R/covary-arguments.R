# Arguments of covary() that are none.

# Arguments that covary() does not have arrive among the formulas; they are not evaluated as such,
# but named.
check_further_formulas <- function(...) {
  for (i in seq_len(...length())) {
    name <- c(...names(), "")[i]
    if (is.na(name) || !nzchar(name) ||
      inherits(tryCatch(...elt(i), error = function(e) NULL), "formula")) {
      next
    }
    advice <- switch(name,
      offset = "write offset() in the formula of its predictor, such as y ~ x + offset(o)",
      seed = "call set.seed() before",
      family = "responses are normal; transform them in the formula, such as log(y) ~ x",
      sigma = ,
      rho = paste0("write a formula with that left side, ", name, " ~ x"),
      paste0(
        "see ?covary; it has ",
        enumerate(setdiff(names(formals(covary)), "..."), quote = FALSE, most = 20)
      )
    )
    stop_covary("formula", "covary() has no argument '", name, "': ", advice, ".",
      fields = list(arg = name)
    )
  }
}

check_cells_arguments <- function(data, weights, subset) {
  if (!inherits(data, "cells") || is.null(weights) && is.null(subset)) {
    return()
  }
  stop_covary("argument",
    "`weights` and `subset` cannot be used with cells: give weights to compress(), and use subset() on the cells.",
    fields = list(arg = if (is.null(weights)) "subset" else "weights")
  )
}
