# Many features from one pass over the rows: the sufficient statistics of each, of its own rows.
#
# Statistics of features are list(
#   features  by name of the feature, covary_suffstats of one response (suffstats-class.R), which is
#             called `feature_label`; of the rows where the feature and the covariates are there
#   common    the same of all rows with covariates, of a response that is zero: what the design and
#             the cells are chosen by)

feature_label <- ".feature"

# What is read: list(data, spec (rows-spec.R), query, settings (of compress())). Columns that are
# matrices give a feature a column.
new_feature_source <- function(data, responses, formulas, weights, query, settings) {
  if (inherits(data, "cells")) {
    return(list(data = check_cells(data, "data"), responses = responses))
  }
  check_source_arguments(data, query, settings)
  if (is.null(responses)) {
    stop_covary("argument", "`responses` must name the features; only cells of compress() know ",
      "theirs.",
      fields = list(arg = "responses")
    )
  }
  if (is.data.frame(data)) {
    split <- split_matrix_columns(data, responses)
    data <- split$data
    responses <- split$responses
  }
  by <- feature_covariates(formulas, data)
  spec <- new_row_spec(data, responses, by, weights, environment(formulas[[1]]), most = Inf)
  list(data = data, spec = spec, query = query, settings = settings)
}

feature_names <- function(source) {
  if (!is.null(source$spec)) {
    return(names(source$spec$responses))
  }
  if (is.null(source$responses)) source$data$responses else source$responses
}

# The data frame with the columns of its matrices among `responses` as columns of their own:
# list(data, responses)
split_matrix_columns <- function(data, responses) {
  if (!is.character(responses)) {
    return(list(data = data, responses = responses))
  }
  wide <- Filter(function(name) is.matrix(data[[name]]), unique(responses))
  for (name in wide) {
    columns <- response_columns(unclass(data[[name]]))
    labels <- names(columns)
    if (is.null(labels)) labels <- paste0(name, seq_along(columns))
    if (anyDuplicated(labels) || any(labels %in% names(data))) {
      stop_covary("variable", "The columns of the matrix '", name, "' need names of their own ",
        "that no other column has.",
        fields = list(variable = name)
      )
    }
    rest <- as.list(data)[setdiff(names(data), name)]
    data <- unchecked_frame(c(rest, stats::setNames(columns, labels)), nrow(data))
    at <- match(name, responses)
    responses <- append(responses[-at], labels, at - 1)
  }
  list(data = data, responses = responses)
}

# Names in the formulas that are columns. Of data that are not a frame every name is, but for
# numbers and functions that are found where the formula was written.
feature_covariates <- function(formulas, data) {
  names <- unique(unlist(lapply(formulas, all.vars)))
  if (is.data.frame(data)) {
    return(intersect(names, names(data)))
  }
  known <- vapply(names, function(name) {
    exists(name, envir = environment(formulas[[1]]), mode = "numeric")
  }, TRUE)
  names[!known]
}

open_feature_source <- function(source) {
  if (!is_database(source$data)) {
    return(open_source(source$data, source$spec, source$settings))
  }
  need_package("DBI", "data bases")
  query <- type_query(new_query(source$data, source$query), source$spec)
  query_rows(query, source$settings$chunk)
}

# f(state, chunk, place) over all chunks of a source, from `start` on.
fold_chunks <- function(source, start, f) {
  rows <- open_feature_source(source)
  on.exit(rows$close())
  with_restarts(function() {
    state <- start
    while (!is.null(chunk <- rows$read())) {
      if (nrow(chunk) > 0) state <- f(state, chunk_rows(chunk, source$spec, rows$place), rows$place)
    }
    state
  })
}

sum_features <- function(source) {
  if (inherits(source$data, "cells")) {
    return(sums_of_cells(source))
  }
  names <- feature_names(source)
  start <- list(
    common = new_suffstats_empty(),
    features = stats::setNames(rep(list(new_suffstats_empty()), length(names)), names)
  )
  sums <- fold_chunks(source, start, function(sums, rows, place) {
    add_feature_rows(sums, rows, source$settings, place)
  })
  if (sums$common$rows == 0) new_cells_object(sums$common)
  warn_wide_cells(sums$common)
  sums
}

# Cells of compress(): all features have the same rows.
sums_of_cells <- function(source) {
  features <- lapply(stats::setNames(nm = feature_names(source)), function(name) {
    one <- select_responses(source$data, name)
    one$responses <- feature_label
    one
  })
  list(common = features[[1]], features = features)
}

# The sums with the rows of a chunk (rows-chunk.R) added
add_feature_rows <- function(sums, rows, settings, place) {
  n <- length(rows$y[[1]])
  zero <- stats::setNames(list(numeric(n)), feature_label)
  all <- new_rows(zero, rows$covariates, rows$weights)
  sums$common <- add_rows(sums$common, all, settings, place = place)
  if (sums$common$rows == 0) {
    return(sums)
  }
  pattern <- pattern_of(sums$common)
  rows$covariates <- read_columns(sums$common$covariates, rows$covariates, place)$values
  sums$features <- Map(function(known, y, name) {
    y <- stats::setNames(list(y), name)
    own <- rows_that_count(new_rows(y, rows$covariates, rows$weights), FALSE, place)
    add_feature(known, own, pattern, settings$threads)
  }, sums$features, rows$y, names(sums$features))
  sums
}

# `own`: the rows of one feature that count
add_feature <- function(known, own, pattern, threads) {
  if (length(own$y[[1]]) == 0) {
    known$dropped <- known$dropped + own$dropped
    return(known)
  }
  pattern$scaling <- if (known$rows > 0) known$scaling else power_scaling(own$y)
  names(own$y) <- feature_label
  merge_suffstats(known, suffstats_of_rows(pattern, own, threads))
}
