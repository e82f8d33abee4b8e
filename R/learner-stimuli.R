# Stimuli: a formula and data as a matrix and a factor, at learning and later. Each is checked here
# once; the engine trusts them. N stimuli, D dimensions, G categories.

largest_stimulus <- 1e150 # in absolute value

# list(x (N x D), category (N), categories (G), dimensions (D), terms, columns (of the data that the
# dimensions are made of), tied (does a dimension depend on the other rows?)).
learner_stimuli <- function(formula, data) {
  if (!inherits(formula, "formula") || length(formula) != 3) {
    stop_covary("formula", "`formula` must look like `category ~ x1 + x2`, not ", describe(formula),
      ".",
      fields = list(arg = "formula")
    )
  }
  if (!is.data.frame(data) || nrow(data) == 0) {
    stop_covary("data", "`data` must be a data frame with at least one row, not ", describe(data),
      ".",
      fields = list(arg = "data")
    )
  }
  about <- "`formula` cannot be evaluated in `data`: "
  terms <- with_typed_errors(stats::terms(formula, data = data), "formula", about,
    fields = list(arg = "formula")
  )
  check_terms(terms)
  found <- function(v) {
    v %in% names(data) || is.atomic(get0(v, environment(terms), ifnotfound = sum))
  }
  unknown <- Filter(Negate(found), all.vars(terms))
  if (length(unknown)) {
    stop_covary("formula", "Every variable of `formula` must be a column of `data`; ",
      enumerate(unknown),
      " cannot be found.",
      fields = list(arg = "formula", column = unknown)
    )
  }
  frame <- with_typed_errors(
    stats::model.frame(terms, data, na.action = stats::na.pass), "data", about,
    fields = list(arg = "data")
  )
  category <- check_categories(stats::model.response(frame), names(frame)[1])
  x <- check_varying(check_range(stimulus_matrix(frame[-1])))
  # those of the frame know the state of terms such as poly() and scale()
  terms <- attr(frame, "terms")
  list(
    x = x, category = category, categories = levels(category), dimensions = colnames(x),
    terms = terms,
    columns = intersect(all.vars(stats::delete.response(terms)), names(data)),
    tied = needs_other_rows(terms, data, x)
  )
}

# Is a stimulus another without the rest of the data, as x / max(x) is? Then there are no new ones.
needs_other_rows <- function(terms, data, x) {
  terms <- stats::delete.response(terms)
  alike <- function(row) {
    # twice, because terms of one row may lose their shape
    frame <- function() {
      stats::model.frame(terms, data[c(row, row), , drop = FALSE],
        na.action = stats::na.pass
      )
    }
    alone <- tryCatch(stimulus_matrix(frame()), error = function(e) NULL)
    isTRUE(all.equal(unname(alone), unname(x[c(row, row), , drop = FALSE]), tolerance = 1e-8))
  }
  !all(vapply(unique(c(1L, (nrow(x) + 1L) %/% 2L, nrow(x))), alike, TRUE))
}

check_terms <- function(terms) {
  response <- deparse1(attr(terms, "variables")[[2]])
  if (length(attr(terms, "term.labels")) == 0 || any(attr(terms, "order") > 1) ||
    !is.null(attr(terms, "offset")) ||
    response %in% attr(terms, "term.labels")) {
    stop_covary("formula",
      "The right-hand side of `formula` must be a sum of numeric dimensions, without",
      " interactions, offsets or the category itself; found `",
      deparse(stats::delete.response(terms)[[2]], nlines = 1), "`.",
      fields = list(arg = "formula")
    )
  }
}

stimulus_matrix <- function(frame) {
  bad <- names(frame)[!vapply(frame, is.numeric, TRUE)]
  if (length(bad)) {
    stop_covary("data", "Dimensions of a stimulus must be numeric; ", enumerate(bad), " is not.",
      fields = list(arg = "data", column = bad)
    )
  }
  x <- as.matrix(frame)
  storage.mode(x) <- "double"
  rownames(x) <- NULL
  x
}

check_range <- function(x) {
  check_missing(rowSums(is.na(x)) > 0, "stimuli")
  beyond <- which(abs(x) > largest_stimulus, arr.ind = TRUE)
  if (nrow(beyond)) {
    stop_covary("range", "Stimuli must lie between -1e150 and 1e150; row ", beyond[1, 1], " of '",
      colnames(x)[beyond[1, 2]], "' is ", format(x[beyond[1, , drop = FALSE]]),
      ". Rescale this column.",
      fields = list(arg = "data", row = beyond[, 1], column = colnames(x)[beyond[1, 2]])
    )
  }
  x
}

check_missing <- function(missing, what) {
  if (any(missing)) {
    stop_covary("missing", "The ", what, " must not have missing values; found them in row ",
      enumerate(which(missing), quote = FALSE), ". Remove or complete these rows.",
      fields = list(arg = "data", row = which(missing))
    )
  }
}

check_varying <- function(x) {
  constant <- colnames(x)[apply(x, 2, function(v) min(v) == max(v))]
  if (length(constant)) {
    stop_covary("constant", "Every dimension must vary over the stimuli; ", enumerate(constant),
      " has one value only. Remove it from `formula`.",
      fields = list(arg = "data", column = constant)
    )
  }
  x
}

check_categories <- function(category, name) {
  fraction <- is.numeric(category) &&
    !all(is.na(category) | category == round(category) & abs(category) < 1e15)
  if (fraction || !is.atomic(category) || !is.null(dim(category))) {
    stop_covary("data", "The category '", name,
      "' must be a factor, text, logical or whole numbers, not ",
      describe(category), ".",
      fields = list(arg = "data", column = name)
    )
  }
  # a factor may have NA among its levels
  check_missing(is.na(category) | is.na(as.character(category)), "categories")
  # in the order of the levels, which means nothing more here
  category <- droplevels(factor(unname(category), ordered = FALSE))
  if (nlevels(category) < 2) {
    stop_covary("one_category", "`data` must hold at least two categories; '", name, "' has only ",
      enumerate(levels(category)), ".",
      fields = list(arg = "data", column = name, category = levels(category))
    )
  }
  category
}

new_stimuli <- function(learner, newdata) {
  if (is.matrix(newdata)) {
    return(check_range(named_matrix(learner, newdata)))
  }
  if (!is.data.frame(newdata)) {
    stop_covary("data", "`newdata` must be a data frame or a matrix, not ", describe(newdata), ".",
      fields = list(arg = "newdata")
    )
  }
  if (isTRUE(learner$tied)) {
    stop_covary("data",
      "New stimuli must mean the same without those of the run; a dimension of this learner",
      " depends on the other rows, as x / max(x) does. Make it a column of the data before",
      " learning.",
      fields = list(arg = "newdata")
    )
  }
  absent <- setdiff(learner$columns, names(newdata))
  if (length(absent)) {
    stop_covary("dimension", "`newdata` must have the columns ", enumerate(learner$columns), "; ",
      enumerate(absent),
      " is missing.",
      fields = list(arg = "newdata", column = absent)
    )
  }
  new_categories(learner, newdata)
  if (nrow(newdata) == 0) {
    return(matrix(0, 0, length(learner$dimensions), dimnames = list(NULL, learner$dimensions)))
  }
  # a single row may lose the shape of its terms
  rows <- if (nrow(newdata) == 1) c(1L, 1L) else seq_len(nrow(newdata))
  terms <- stats::delete.response(learner$terms)
  frame <- with_typed_errors(
    stats::model.frame(terms, newdata[rows, , drop = FALSE],
      na.action = stats::na.pass
    ), "data", "The dimensions cannot be evaluated in `newdata`: ",
    fields = list(arg = "newdata")
  )
  check_range(named_matrix(learner, stimulus_matrix(frame)[seq_len(nrow(newdata)), , drop = FALSE]))
}

named_matrix <- function(learner, x) {
  if (!is.numeric(x) || ncol(x) != length(learner$dimensions)) {
    stop_covary("dimension", "`newdata` must be numeric with ", length(learner$dimensions),
      " dimensions, not ",
      ncol(x), ".",
      fields = list(
        arg = "newdata", expected = length(learner$dimensions),
        found = ncol(x)
      )
    )
  }
  if (!is.null(colnames(x))) {
    x <- x[, match(learner$dimensions, check_names_of(x, learner$dimensions)), drop = FALSE]
  }
  storage.mode(x) <- "double"
  dimnames(x) <- list(NULL, learner$dimensions)
  x
}

check_names_of <- function(x, dimensions) {
  if (setequal(colnames(x), dimensions) && !anyDuplicated(colnames(x))) {
    return(colnames(x))
  }
  stop_covary("dimension",
    "Columns of a matrix of stimuli must have no names or those of the dimensions, ",
    enumerate(dimensions), ", not ", enumerate(colnames(x)), ".",
    fields = list(arg = "newdata", expected = dimensions, found = colnames(x))
  )
}

# The categories of new data, or NULL when it has none.
new_categories <- function(learner, newdata) {
  response <- attr(learner$terms, "variables")[[2]]
  if (!is.data.frame(newdata) || !all(all.vars(response) %in% names(newdata))) {
    return(NULL)
  }
  category <- as.character(eval(response, newdata, environment(learner$terms)))
  unknown <- setdiff(category, c(learner$categories, NA))
  if (length(unknown)) {
    stop_covary("unknown_category", "Categories of `newdata` must be among ",
      enumerate(learner$categories),
      "; found ", enumerate(unknown), ".",
      fields = list(arg = "newdata", category = unknown)
    )
  }
  factor(category, learner$categories)
}
