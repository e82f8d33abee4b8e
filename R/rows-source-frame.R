# The rows of a data frame: responses, weights and the raw covariates of the rows that are used.

# Columns are evaluated in `data` first, then in the environment of the formula.
# weights to missing: as covary() was given them, evaluated
read_frame <- function(parsed, data, weights, subset, na_action, missing = "use") {
  check_data(data)
  fail <- check_na_action(na_action)
  use <- !identical(missing, "drop")
  n <- nrow(data)
  sources <- if (length(parsed$outside_columns)) c(as.list(data), parsed$outside_columns) else data
  env <- environment(parsed$predictors[[1]]$rhs)
  columns <- evaluate_responses(parsed$responses, env, sources, n)
  covariates <- raw_covariates(parsed$predictors, sources, n)
  weights <- check_weights(weights, n)
  selection <- select_rows(columns, covariates, weights, check_subset(subset, n), use)
  rows <- selection$rows
  report_missing(selection, columns, c(covariates, list(weights)), fail, use)
  used <- if (is.null(rows)) n else length(rows)
  if (used < n || n < 2 || length(selection$incomplete)) check_response_values(columns, rows, used)
  check_infinite(selection)
  columns <- lapply(columns, selected, selection)
  if (!is.null(rows) || changes_in_place(data)) {
    taken <- if (is.null(rows)) seq_len(n) else rows
    covariates <- lapply(covariates, take_rows, taken)
    weights <- weights[taken]
  }
  variables <- response_variables(parsed$responses, env, sources, n)
  calls <- response_states(parsed$responses, sources, variables, env, rows, n)
  for (label in names(calls)[!mapply(identical, calls, parsed$responses)]) {
    used <- row_sources(variables[[label]], sources, env)
    if (!is.null(rows)) used <- lapply(used, take_rows, rows)
    columns[[label]] <- evaluate_responses(calls[label], env, used, length(columns[[label]]))[[1]]
  }
  y <- response_matrix(columns)
  names <- if (is.character(attr(data, "row.names"))) row.names(data)
  new_frame(
    new_rows(y, covariates, weights, selection$dropped), selection,
    row_names = if (is.null(rows)) names else names[rows],
    columns = columns, response_calls = calls, response_variables = variables
  )
}

# Could columns that are shared with `data` change under a fit? Only data.table does that to vectors
# that others hold.
changes_in_place <- function(data) inherits(data, "data.table") || isNamespaceLoaded("data.table")

check_data <- function(data) {
  if (!is.data.frame(data)) {
    stop_covary("data", "`data` must be a data frame, not ", describe(data), ".",
      if (is_arrow(data) || is_database(data)) " Make cells of its rows by compress().",
      fields = list(arg = "data")
    )
  }
  if (nrow(data) == 0) {
    stop_covary("data",
      "`data` has no rows; a fit needs at least two. For draws from the prior alone give ",
      "some rows and `algorithm = \"prior\"`.",
      fields = list(arg = "data")
    )
  }
}

evaluate_call <- function(expr, data, env, what) {
  with_typed_errors(eval(expr, data, env), "variable", what, " ", deparse1(expr),
    " cannot be evaluated (columns of `data` are ",
    enumerate(names(data), most = 12), ")",
    did_you_mean(expr, c("sigma", "rho", names(data))), ": ",
    fields = list(term = deparse1(expr))
  )
}

# "; did you mean ..?" where a name is unknown and another is near; sigma_y is sigma(y).
did_you_mean <- function(expr, known) {
  if (!is.symbol(expr) || as.character(expr) %in% known) {
    return("")
  }
  name <- as.character(expr)
  of <- sub("^(sigma|rho)[_.]", "", name)
  meant <- if (of != name && of %in% known) {
    paste0(sub("^(sigma|rho)[_.].*", "\\1", name), "(", of, ")")
  } else {
    nearest(name, known)[1]
  }
  if (is.na(meant)) "" else paste0("; did you mean '", meant, "'?")
}

evaluate_responses <- function(responses, env, data, n) {
  columns <- lapply(names(responses), function(label) {
    v <- evaluate_call(responses[[label]], data, env, "Response")
    if (is.logical(v) && all(is.na(v))) v <- as.double(v) # NA alone is of no type
    if (!is.numeric(v) || is.factor(v) || !is.null(dim(v)) && ncol(v) != 1 ||
      inherits(v, c("Date", "POSIXct"))) {
      stop_covary("response", "Response '", label, "' must be a numeric vector, not ", describe(v),
        if (is.function(v)) {
          ". Formulas of standard deviations and correlations begin with sigma ~ and rho ~."
        } else {
          ". Convert it, or give several columns by cbind()."
        },
        fields = list(response = label)
      )
    }
    if (length(v) != n) {
      stop_covary("response", "Response '", label, "' has ", length(v), " values for ", n, " rows.",
        fields = list(response = label)
      )
    }
    as.double(plain_column(v, label))
  })
  stats::setNames(columns, names(responses))
}

# By response the columns it is made of.
response_variables <- function(responses, env, data, n) {
  lapply(responses, function(expr) {
    Filter(
      function(name) name %in% names(data) || is_row_value(get0(name, env), n),
      free_variables(expr)
    )
  })
}

row_sources <- function(names, data, env) {
  lapply(
    stats::setNames(nm = names),
    function(name) if (name %in% names(data)) data[[name]] else get(name, env)
  )
}

# The calls that give the responses at any rows: the rows that are used are those that count, as in
# terms.
response_states <- function(responses, data, variables, env, rows, n) {
  for (label in names(responses)[vapply(responses, is.call, TRUE)]) {
    columns <- row_sources(variables[[label]], data, env)
    if (!is.null(rows)) columns <- lapply(columns, take_rows, rows)
    responses[[label]] <- term_state(
      responses[[label]], columns,
      if (is.null(rows)) n else length(rows), env, "the response"
    )
  }
  responses
}

response_matrix <- function(columns) {
  y <- unlist(columns, use.names = FALSE)
  dim(y) <- c(length(columns[[1]]), length(columns))
  dimnames(y) <- list(NULL, names(columns))
  y
}

# Every variable of length n that a predictor uses, by name: from data, else from the formula's
# environment.
raw_covariates <- function(predictors, data, n) {
  out <- list()
  for (p in predictors) {
    for (name in setdiff(free_variables(p$rhs[[2]]), names(out))) {
      value <- if (name %in% names(data)) {
        data[[name]]
      } else {
        environment_column(name, environment(p$rhs), n, p, data)
      }
      if (!is.null(value)) out[[name]] <- plain_column(value, name)
    }
  }
  out
}

# A column as one of the kinds that the package knows.
plain_column <- function(v, name, what = "covariate") {
  if (inherits(v, "POSIXlt")) v <- as.POSIXct(v)
  if (inherits(v, "integer64")) {
    need_package("bit64", paste0("column '", name, "' of class integer64"))
    v <- as.double(v)
  }
  if (!(is_number(v) || is.logical(v) || is.character(v) || is.factor(v))) {
    stop_covary(what, "Covariate '", name,
      "' must be a numeric, logical, character or factor column, not ",
      describe(v), ".",
      fields = list(covariate = name)
    )
  }
  check_text(v, name)
  if (is.matrix(v) && ncol(v) == 1) v[, 1] else v
}

environment_column <- function(name, env, n, predictor, data) {
  value <- get0(name, envir = env)
  if (is.null(value)) {
    stop_covary("variable", "Variable '", name, "' of the formula for ", predictor$key,
      " is neither a column of `data` (",
      enumerate(names(data), most = 12), ") nor found where the formula was written",
      if (nzchar(meant <- did_you_mean(as.name(name), names(data)))) meant else ".",
      if (!l10n_info()[["UTF-8"]] && any(is_foreign(names(data)))) {
        " This session has no UTF-8: Sys.setlocale(\"LC_CTYPE\", \"C.UTF-8\") reads such names."
      },
      fields = list(variable = name)
    )
  }
  if (is_row_value(value, n)) value
}

# Text that is not ASCII
is_foreign <- function(x) !validUTF8(x) | grepl("[^ -~]", enc2utf8(x))

check_weights <- function(weights, n) {
  if (is.null(weights)) {
    return(NULL)
  }
  if (!is.numeric(weights) || length(weights) != n || any(weights < 0, na.rm = TRUE) ||
    is.infinite(sum(weights, na.rm = TRUE))) {
    stop_covary("weights", "`weights` must hold ", n, " finite numbers, none negative; found ",
      describe(weights), ".",
      fields = list(arg = "weights")
    )
  }
  as.double(weights)
}

# The rows that are asked for, logical; NULL: all
check_subset <- function(subset, n) {
  if (is.null(subset)) {
    return(NULL)
  }
  keep <- rep(FALSE, n)
  if (is.logical(subset) && length(subset) == n) {
    return(subset & !is.na(subset))
  }
  if (!is.numeric(subset) || anyNA(subset) || any(subset < 1 | subset > n) ||
    anyDuplicated(subset)) {
    stop_covary("subset", "`subset` must be logical with one value a row (", n,
      "), or row numbers, none twice.",
      fields = list(arg = "subset")
    )
  }
  keep[subset] <- TRUE
  keep
}

# TRUE for na.fail, FALSE for na.omit
check_na_action <- function(na_action) {
  known <- list(omit = stats::na.omit, fail = stats::na.fail, omit = "na.omit", fail = "na.fail")
  at <- which(vapply(known, identical, TRUE, na_action))
  if (length(at) == 0) {
    stop_covary("argument", "`na.action` must be na.omit or na.fail, not ", describe(na_action),
      ".",
      fields = list(arg = "na.action")
    )
  }
  names(at)[1] == "fail"
}

# `rows`: numbers of those that count, NULL for all; `used`: how many they are
check_response_values <- function(columns, rows, used) {
  for (label in names(columns)) {
    v <- columns[[label]]
    if (all(is.na(v)) || used > 1 && all(is.na(if (is.null(rows)) v else v[rows]))) {
      stop_covary("response", "Response '", label, "' has no value that is not missing.",
        fields = list(response = label)
      )
    }
  }
  if (used < 2) {
    stop_covary("data", "A fit needs at least two complete rows; ", used, " of ",
      length(columns[[1]]), " can be used.",
      fields = list(arg = "data")
    )
  }
}
