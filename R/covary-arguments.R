# Arguments of covary(), and what the two kinds of data, data frames and cells, mean for them.

# What stands among the further formulas of a call of covary(): `formulas`; `data`, where it is the
# second argument and has no name; `call`, in which it has its name. Arguments that covary() does
# not have are refused by name, and not evaluated for that.
further_arguments <- function(call, takes_data, ...) {
  out <- list(formulas = list(), data = NULL, call = call)
  names <- dots_names(...)
  for (i in seq_along(names)) {
    name <- names[i]
    value <- if (nzchar(name)) tryCatch(...elt(i), error = function(e) NULL) else ...elt(i)
    if (!nzchar(name) && takes_data && is.null(out$data) && is_source(value)) {
      out$data <- value
      out$call <- name_data(call, i)
    } else if (!is_normal_family(name, value)) {
      if (nzchar(name) && !is_two_sided(value)) refuse_argument(name)
      out$formulas <- c(out$formulas, list(value))
    }
  }
  out
}

is_two_sided <- function(x) inherits(x, "formula") && length(x) == 3

is_source <- function(x) is.data.frame(x) || inherits(x, "cells")

# The call with its i-th further argument named data. Arguments of covary() have their names.
name_data <- function(call, i) {
  further <- setdiff(which(!names(call) %in% names(formals(covary))), 1)
  names(call)[further[i]] <- "data"
  call
}

# family = gaussian() is what every fit has.
is_normal_family <- function(name, value) {
  if (name != "family") {
    return(FALSE)
  }
  if (is.function(value)) value <- attempt(value())
  identical(value, "gaussian") ||
    inherits(value, "family") && identical(c(value$family, value$link), c("gaussian", "identity"))
}

refuse_argument <- function(name) {
  has <- setdiff(names(formals(covary)), "...")
  advice <- switch(name,
    offset = "write offset() in the formula of its predictor, such as y ~ x + offset(o)",
    family = "responses are normal; transform them in the formula, such as log(y) ~ x",
    sigma = ,
    rho = paste0("write a formula with that left side, ", name, " ~ x"),
    chains = ,
    iter = ,
    warmup = ,
    thin = "the default algorithm has no chains; `draws` is the number of independent draws, and
      algorithm = \"nuts\" takes its settings from covary_control()",
    cores = ,
    threads = "a fit uses one core",
    backend = "there is nothing to compile; see `algorithm`",
    method = "see `algorithm`",
    k = "write it in the smooth, such as s(x, k = 20)",
    knots = paste0(
      "write them in the smooth, such as s(month, bs = \"cc\", xt = list(knots = c(0.5, 12.5))) ",
      "for the ends of a cycle"
    ),
    argument_advice(name, has)
  )
  stop_covary("formula", "covary() has no argument '", name, "'",
    if (length(advice)) paste0(": ", gsub("\n *", " ", advice)),
    "; it has ", enumerate(has, quote = FALSE, most = 20), ".",
    fields = list(arg = name)
  )
}

check_given <- function(no_formula, no_data, formula = NULL) {
  if (is_source(formula)) {
    stop_covary("formula", "`formula` comes first and `data` after it, covary(y ~ x, data); ",
      "behind a pipe, data |> covary(formula = y ~ x).",
      fields = list(arg = "formula")
    )
  }
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
