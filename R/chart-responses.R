# Responses of new data, and which people are scored.

# n x K responses of new data, NA where missing. A chart knows columns; a fit evaluates what its
# formula says.
chart_responses <- function(object, chart, newdata) {
  if (inherits(object, "covary")) {
    y <- observed_responses(object, newdata, chart$responses)
    for (label in chart$responses) finite_numbers(y[, label], "Response", label)
    return(y)
  }
  y <- vapply(chart$responses, function(label) {
    as_response(newdata[[response_column(chart, label, newdata)]], label)
  }, numeric(nrow(newdata)))
  matrix(y, nrow(newdata), length(chart$responses), dimnames = list(NULL, chart$responses))
}

# The column of new data that holds a response.
response_column <- function(chart, label, newdata) {
  name <- chart$columns[[label]]
  if (is.na(name)) name <- label
  if (!name %in% names(newdata)) {
    stop_covary("variable", "`newdata` has no column '", name, "', which holds response ", label,
      ".", if (is.na(chart$columns[[label]])) {
        " A chart holds no code: compute it as a column of that name."
      },
      fields = list(arg = "newdata", columns = name)
    )
  }
  name
}

as_response <- function(v, label) {
  if (!(is.numeric(v) && NCOL(v) == 1 || all(is.na(v)))) {
    stop_covary("newdata", "Response '", label, "' of `newdata` must be numeric, not ",
      describe(v), ".",
      fields = list(arg = "newdata", columns = label)
    )
  }
  finite_numbers(v, "Response", label)
}

# New data of a chart or fit; the rows of a fit where it is NULL.
people_of <- function(object, newdata) {
  if (!is.null(newdata)) {
    if (!is.data.frame(newdata)) check_chart_columns(character(), newdata)
    return(newdata)
  }
  if (!inherits(object, "covary")) {
    stop_covary("argument", "`newdata` must be given: a chart holds no people.",
      fields = list(arg = "newdata")
    )
  }
  stats::model.frame(object)
}

# Labels of terms that are left out: those of `exclude`, and with re_formula = NA all random
# effects.
excluded_terms <- function(chart, exclude, re_formula = NULL) {
  exclude <- check_names(exclude, "exclude")
  tables <- unlist(lapply(chart$predictors, `[[`, "tables"), recursive = FALSE, use.names = FALSE)
  known <- unique(unlist(lapply(tables, `[[`, "labels")))
  stop_unknown_terms(exclude, known)
  random <- unique(unlist(lapply(tables, function(table) if (table$random) table$labels)))
  out <- unique(c(exclude, if (is_population(re_formula)) random))
  parted <- Find(function(table) any(table$labels %in% out) && !all(table$labels %in% out), tables)
  if (!is.null(parted)) {
    stop_covary("argument", "`exclude` must name ", enumerate(parted$labels, most = 20),
      " all or none: they are one curve of the chart.",
      fields = list(arg = "exclude")
    )
  }
  out
}
