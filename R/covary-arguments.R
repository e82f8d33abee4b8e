# Arguments of covary(), and what the two kinds of data, data frames and cells, mean for them.

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

check_given <- function(no_formula, no_data) {
  if (no_formula) {
    stop_covary("formula", "`formula` is missing; give one such as `cbind(y1, y2) ~ s(x)`.",
      fields = list(arg = "formula")
    )
  }
  if (no_data) {
    stop_covary("data", "`data` is missing; it must be a data frame.",
      fields = list(arg = "data")
    )
  }
}

check_source <- function(data) {
  if (inherits(data, "cells")) {
    return(check_cells(data, "data"))
  }
  check_data(data)
  data
}

# What `weights` and `subset` are evaluated in, and what `.` stands for.
data_columns <- function(data) if (inherits(data, "cells")) list() else data

data_names <- function(data) names(if (inherits(data, "cells")) data$covariates else data)

check_choice_of_rows <- function(choice, data) {
  if (!inherits(data, "cells") || is.null(choice$weights) && is.null(choice$subset)) {
    return()
  }
  stop_covary("argument", "`weights` and `subset` cannot be used with cells: ",
    "give weights to compress(), and use subset() on the cells.",
    fields = list(arg = if (is.null(choice$weights)) "subset" else "weights")
  )
}
