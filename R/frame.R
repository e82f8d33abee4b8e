# The model frame: responses, weights and the raw covariates of the rows that are used.

# Columns are evaluated in `data` first, then in the environment of the formula. list(y (n x k), columns: the same as
# a list, which shares the memory of `data`, covariates, weights (NULL: all one), ...)
new_frame <- function(parsed, data, weights, subset, na_action) {
  check_data(data)
  fail <- check_na_action(na_action)
  n <- nrow(data)
  columns <- evaluate_responses(parsed$responses, parsed$predictors[[1]]$rhs, data)
  covariates <- raw_covariates(parsed$predictors, data)
  weights <- check_weights(weights, n)
  rows <- NULL
  dropped <- 0L
  # Most data are used as they are; one sum a column tells.
  complete <- all(vapply(c(columns, covariates, list(weights)), is_complete, TRUE))
  if (!complete || !is.null(subset) || any(weights == 0) || n < 2) {
    use <- rows_to_use(columns, covariates, weights, check_subset(subset, n), fail)
    rows <- which(use$keep)
    dropped <- use$dropped
    columns <- lapply(columns, `[`, rows)
    covariates <- lapply(covariates, take_rows, rows)
    weights <- weights[rows]
  }
  y <- response_matrix(columns)
  names <- if (is.character(attr(data, "row.names"))) row.names(data)
  list(y = y, columns = columns, covariates = covariates, weights = weights, rows = if (is.null(rows)) seq_len(n) else rows, n = nrow(y),
    row_names = if (is.null(rows)) names else names[rows], dropped = dropped)
}

# No missing and no infinite value, for sure. (A sum that overflows says no.)
is_complete <- function(v) {
  if (is_number(v) || is.logical(v)) is.finite(sum(as.double(v))) else !anyNA(v)
}

# list(keep: the rows that are asked for and complete, dropped: how many were not complete)
rows_to_use <- function(columns, covariates, weights, keep, fail) {
  n <- length(keep)
  missing_y <- Reduce(`|`, lapply(columns, is.na))
  missing_x <- Reduce(`|`, lapply(covariates, row_is_na), rep(FALSE, n))
  if (!is.null(weights)) missing_x <- missing_x | is.na(weights)
  dropped <- keep & (missing_y | missing_x)
  if (any(dropped)) report_dropped(dropped, missing_y, missing_x, fail)
  keep <- keep & !dropped
  if (!is.null(weights)) keep <- keep & !(weights %in% 0)
  check_response_values(columns, keep)
  check_finite(c(columns, covariates), keep)
  list(keep = keep, dropped = sum(dropped))
}

# The weights of the rows, ones where none were given.
row_weights <- function(frame) if (is.null(frame$weights)) rep(1, frame$n) else frame$weights

check_data <- function(data) {
  if (!is.data.frame(data)) {
    stop_covary("data", "`data` must be a data frame, not ", describe(data), ".", fields = list(arg = "data"))
  }
  if (nrow(data) == 0) {
    stop_covary("data", "`data` has no rows; a fit needs at least two. For draws from the prior alone give ",
      "some rows and `algorithm = \"prior\"`.", fields = list(arg = "data"))
  }
}

evaluate <- function(expr, data, env, what) {
  retype(eval(expr, data, env), "variable", what, " ", deparse1(expr), " cannot be evaluated (columns of `data` are ",
    enumerate(names(data), most = 12), "): ", fields = list(term = deparse1(expr)))
}

# Dates and times are numbers too.
is_number <- function(v) is.numeric(v) || inherits(v, c("Date", "POSIXct", "difftime"))

evaluate_responses <- function(responses, rhs, data) {
  env <- environment(rhs)
  columns <- lapply(names(responses), function(label) {
    v <- evaluate(responses[[label]], data, env, "Response")
    if (!is.numeric(v) || is.factor(v) || !is.null(dim(v)) && ncol(v) != 1 || inherits(v, c("Date", "POSIXct"))) {
      stop_covary("response", "Response '", label, "' must be a numeric vector, not ", describe(v),
        ". Convert it, or give several columns by cbind().", fields = list(response = label))
    }
    if (length(v) != nrow(data)) {
      stop_covary("response", "Response '", label, "' has ", length(v), " values for ", nrow(data), " rows.",
        fields = list(response = label))
    }
    as.double(v)
  })
  stats::setNames(columns, names(responses))
}

response_matrix <- function(columns) {
  y <- unlist(columns, use.names = FALSE)
  dim(y) <- c(length(columns[[1]]), length(columns))
  dimnames(y) <- list(NULL, names(columns))
  y
}

# Every variable of length n that a predictor uses, by name: from data, else from the formula's environment.
raw_covariates <- function(predictors, data) {
  out <- list()
  for (p in predictors) {
    for (name in setdiff(all.vars(p$rhs), names(out))) {
      value <- if (name %in% names(data)) data[[name]] else environment_column(name, environment(p$rhs), nrow(data), p, data)
      if (is.null(value)) next
      if (!(is_number(value) || is.logical(value) || is.character(value) || is.factor(value))) {
        stop_covary("covariate", "Covariate '", name, "' must be a numeric, logical, character or factor column, not ",
          describe(value), ".", fields = list(covariate = name))
      }
      out[[name]] <- if (is.matrix(value) && ncol(value) == 1) value[, 1] else value
    }
  }
  out
}

environment_column <- function(name, env, n, predictor, data) {
  value <- get0(name, envir = env)
  if (is.null(value)) {
    stop_covary("variable", "Variable '", name, "' of the formula for ", predictor$key, " is neither a column of `data` (",
      enumerate(names(data), most = 12), ") nor found where the formula was written.", fields = list(variable = name))
  }
  if (is.atomic(value) && NROW(value) == n && n > 1) value
}

row_is_na <- function(v) if (is.matrix(v)) rowSums(is.na(v)) > 0 else is.na(v)

take_rows <- function(v, rows) if (is.matrix(v)) v[rows, , drop = FALSE] else v[rows]

check_weights <- function(weights, n) {
  if (is.null(weights)) return(NULL)
  if (!is.numeric(weights) || length(weights) != n || any(weights < 0, na.rm = TRUE) || is.infinite(sum(weights, na.rm = TRUE))) {
    stop_covary("weights", "`weights` must hold ", n, " finite numbers, none negative; found ", describe(weights), ".",
      fields = list(arg = "weights"))
  }
  as.double(weights)
}

check_subset <- function(subset, n) {
  if (is.null(subset)) return(rep(TRUE, n))
  keep <- rep(FALSE, n)
  if (is.logical(subset) && length(subset) == n) return(subset & !is.na(subset))
  if (!is.numeric(subset) || anyNA(subset) || any(subset < 1 | subset > n) || anyDuplicated(subset)) {
    stop_covary("subset", "`subset` must be logical with one value a row (", n, "), or row numbers, none twice.",
      fields = list(arg = "subset"))
  }
  keep[subset] <- TRUE
  keep
}

# TRUE for na.fail, FALSE for na.omit
check_na_action <- function(na_action) {
  known <- list(omit = stats::na.omit, fail = stats::na.fail, omit = "na.omit", fail = "na.fail")
  at <- which(vapply(known, identical, TRUE, na_action))
  if (length(at) == 0) {
    stop_covary("argument", "`na.action` must be na.omit or na.fail, not ", describe(na_action), ".", fields = list(arg = "na.action"))
  }
  names(at)[1] == "fail"
}

report_dropped <- function(dropped, missing_y, missing_x, fail) {
  counts <- paste0(sum(dropped), " of ", length(dropped), " rows have missing values (", sum(dropped & missing_y),
    " in a response, ", sum(dropped & missing_x), " in a covariate or weight)")
  if (fail) {
    stop_covary("missing", counts, " and `na.action` is na.fail.", fields = list(rows = which(dropped)))
  }
  inform_covary("dropped_rows", counts, " and are left out.", fields = list(rows = which(dropped)))
}

check_response_values <- function(columns, keep) {
  for (label in names(columns)) {
    if (all(is.na(columns[[label]]))) {
      stop_covary("response", "Response '", label, "' has no value that is not missing.", fields = list(response = label))
    }
  }
  if (sum(keep) < 2) {
    stop_covary("data", "A fit needs at least two complete rows; ", sum(keep), " of ", length(keep), " can be used.",
      fields = list(arg = "data"))
  }
}

check_finite <- function(columns, keep) {
  for (name in names(columns)) {
    v <- columns[[name]]
    if (!is_number(v)) next
    bad <- which((if (is.matrix(v)) rowSums(is.infinite(v)) > 0 else is.infinite(v)) & keep)
    if (length(bad)) {
      stop_covary("infinite", "Column '", name, "' has ", length(bad), " infinite value", if (length(bad) > 1) "s",
        ", the first in row ", bad[1], ". Remove such rows or make them NA.",
        fields = list(column = name, rows = bad))
    }
  }
}
