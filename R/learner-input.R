# What a learner is given: stimuli from a formula, rates, starting points. Each is checked here
# once; the engine trusts them.

largest_stimulus <- 1e150

# ---- stimuli -----------------------------------------------------------------------------

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
  terms <- retype(stats::terms(formula, data = data), "formula", about,
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
  frame <- retype(stats::model.frame(terms, data, na.action = stats::na.pass), "data", about,
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
    tied = stimuli_tied(terms, data, x)
  )
}

# TRUE where a stimulus is not the same without the others, as x / max(x): then there are no new
# ones.
stimuli_tied <- function(terms, data, x) {
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

# ---- rates and other numbers ---------------------------------------------------------------

check_rate <- function(x, name) {
  if (!(is.numeric(x) && length(x) == 1 && is.finite(x) && x > 0)) {
    stop_covary("rates", "The learning rate `", name, "` must be one finite number above 0, not ",
      describe(x),
      ". To keep a part fixed use `freeze`.",
      fields = list(arg = name)
    )
  }
  as.numeric(x)
}

check_rates <- function(rates) {
  known <- c("mean", "scale", "weight")
  if (!(is.numeric(rates) || is.list(rates)) || is.null(names(rates)) ||
    !all(names(rates) %in% known) || anyDuplicated(names(rates))) {
    stop_covary("rates", "`rates` must be made by `learning_rates()` or be named ",
      enumerate(known), ", each at most once, not ",
      describe(rates), ".",
      fields = list(arg = "rates")
    )
  }
  unclass(do.call(learning_rates, as.list(rates)))
}

check_momentum <- function(x) {
  check_number(x, "momentum", 0, 1)
  if (x == 1) {
    stop_covary("argument", "`momentum` must be below 1: at 1 no velocity ever fades.",
      fields = list(arg = "momentum")
    )
  }
  x
}

check_freeze <- function(freeze) {
  parts <- c("mean", "scale", "weight")
  if (!is.null(freeze) && !(is.character(freeze) && all(freeze %in% parts))) {
    stop_covary("argument", "`freeze` must be any of ", enumerate(parts), ", not ",
      describe(freeze), ".",
      fields = list(arg = "freeze")
    )
  }
  freeze
}

check_thin <- function(thin, trials) {
  if (is.null(thin)) {
    return(max(1L, as.integer(ceiling(trials / 10000))))
  }
  check_count(thin, "thin")
}
