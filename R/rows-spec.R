# What to take from each row of a table, whatever it is read from. Fields of a `covary_row_spec`:
#   responses  names or calls, by their labels
#   by         names of the covariates
#   weights    a name, a call or NULL
#   env        where calls find what is no column
#   columns    names of all columns that are used
#   numbers    names of those that must hold numbers

# Responses whose moments are summed together (MOMENTS_MAX_K, src/moments.h)
most_summed_responses <- 16L

# most: responses that are read together
new_row_spec <- function(data, responses, by, weights, env, most = most_summed_responses) {
  exprs <- read_responses(responses, most)
  weights <- read_weights(weights)
  by <- read_covariates(by)
  if (is.null(by)) {
    if (!is.data.frame(data)) {
      stop_covary("argument", "`by` must name the covariates.", fields = list(arg = "by"))
    }
    by <- setdiff(names(data), c(unlist(lapply(exprs, all.vars)), all.vars(weights)))
  }
  spec <- structure(class = "covary_row_spec", list(
    responses = exprs, by = by, weights = weights, env = env,
    columns = unique(c(by, unlist(lapply(exprs, all.vars)), all.vars(weights))),
    numbers = names_alone(c(exprs, list(weights)))
  ))
  if (is.data.frame(data)) check_columns(names(data), spec)
  spec
}

# Names and calls, with their labels
read_responses <- function(responses, most) {
  exprs <- if (is.character(responses) && length(responses) && !anyNA(responses)) {
    lapply(responses, as.name)
  } else if (inherits(responses, "formula") && length(responses) == 2) {
    formula_parts(responses[[2]])
  }
  if (is.null(exprs)) {
    stop_covary("argument", "`responses` must name columns, such as c(\"sbp\", \"dbp\"), or be a ",
      "one-sided formula of expressions, such as ~ log(sbp) + dbp, not ", describe(responses), ".",
      fields = list(arg = "responses")
    )
  }
  if (length(exprs) > most) {
    stop_covary("argument", "At most ", most, " responses can be compressed together.",
      fields = list(arg = "responses")
    )
  }
  names(exprs) <- vapply(exprs, label_of, "")
  twice <- unique(names(exprs)[duplicated(names(exprs))])
  if (length(twice)) {
    stop_covary("argument", "`responses` has ", enumerate(twice), " twice.",
      fields = list(arg = "responses")
    )
  }
  exprs
}

formula_parts <- function(expr) {
  what <- if (is.call(expr) && is.symbol(expr[[1]])) as.character(expr[[1]]) else ""
  if (what == "+" && length(expr) == 3) {
    return(unlist(lapply(as.list(expr)[-1], formula_parts)))
  }
  if (what %in% c("cbind", "mvbind")) {
    return(unname(as.list(expr)[-1]))
  }
  list(expr)
}

read_weights <- function(weights) {
  if (is.null(weights)) {
    return(NULL)
  }
  if (inherits(weights, "formula") && length(weights) == 2) {
    return(weights[[2]])
  }
  if (is.character(weights) && length(weights) == 1 && !is.na(weights)) {
    return(as.name(weights))
  }
  stop_covary("argument",
    "`weights` must name a column, such as \"w\", or be a one-sided formula, ",
    "such as ~ w / 2, not ", describe(weights), ".",
    fields = list(arg = "weights")
  )
}

# NULL: all other columns
read_covariates <- function(by) {
  if (inherits(by, "formula")) {
    calls <- setdiff(
      all.names(by[[length(by)]], unique = TRUE),
      c(all.vars(by), "+", ":", "*", "(")
    )
    if (length(by) != 2 || length(calls)) {
      stop_covary("argument", "`by` must be a one-sided formula of names such as ~ age + sex",
        if (length(calls)) paste0("; ", enumerate(calls), "() must be a column of the data first"),
        ".",
        fields = list(arg = "by")
      )
    }
    by <- all.vars(by)
  }
  if (!is.null(by) && (!is.character(by) || anyNA(by))) {
    stop_covary("argument", "`by` must be a one-sided formula or names of covariates, not ",
      describe(by), ".",
      fields = list(arg = "by")
    )
  }
  if (!"." %in% by) unique(by)
}

names_alone <- function(exprs) vapply(unname(Filter(is.symbol, exprs)), as.character, "")

# Covariates, and names that stand alone, must be columns; a call may also use what is found where
# compress() was called.
check_columns <- function(found, spec, where = NULL) {
  absent <- setdiff(c(spec$by, spec$numbers), found)
  if (length(absent)) {
    code <- Filter(function(name) is.call(attempt(str2lang(name))), intersect(spec$numbers, absent))
    stop_covary("variable", "The data have no column ", enumerate(absent),
      if (!is.null(where)) paste(" in", where), "; they have ", enumerate(found, most = 12), ".",
      if (length(code)) paste0(" A string names a column; for an expression type ~ ", code[1], "."),
      fields = list(variable = absent)
    )
  }
  twice <- intersect(spec$columns, found[duplicated(found)])
  if (length(twice)) {
    stop_covary("variable", "The data have more than one column ", enumerate(twice), ".",
      fields = list(variable = twice)
    )
  }
}
