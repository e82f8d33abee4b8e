# What cells must be when they come back from a user.

cells_rules <- list(
  k = rule("the number of responses", alone(is_whole_number, 1)),
  responses = rule("the names of the responses", function(v, x) {
    is_text(v, x$k) &&
      !anyDuplicated(v)
  }),
  scaling = rule("a finite matrix of centres and positive scales", function(v, x) {
    is_matrix(v, x$k, 2) && all_finite(v) && all(v[, 2] > 0)
  }),
  covariates = rule("a named list of descriptions", function(v, x) {
    is.list(v) && (length(v) == 0 || is_text(names(v), length(v))) && !anyDuplicated(names(v)) &&
      all(vapply(v, is_description, TRUE)) && length(continuous_names(x)) <= 2
  }),
  resolution = rule("a positive number", alone(is_one_number, .Machine$double.xmin, 1e9)),
  rows = rule("a count", alone(is_one_number, 0, 1e300)),
  dropped = rule("the count of missing rows", function(v, x) {
    is_one_number(v, 0, 1e300) && identical(names(v), "missing")
  }),
  passes = rule("how often a data base read the rows", function(v, x) {
    is.null(v) || is_one_number(v, 0, 1e300)
  }),
  groups = rule("a data frame of the exact covariates", function(v, x) {
    exact <- setdiff(names(x$covariates), continuous_names(x))
    fits <- function(name) is_group_column(v[[name]], x$covariates[[name]], nrow(v))
    is.data.frame(v) && identical(as.character(names(v)), as.character(exact)) &&
      all(vapply(exact, fits, TRUE))
  }),
  observed = rule("the observed responses of each group", function(v, x) {
    is.null(v) && is.null(x$incomplete) || is.numeric(v) &&
      length(v) == max(1, nrow(x$groups)) && all(v %in% seq_len(all_observed(x$k)))
  }),
  incomplete = rule("counts of rows that lack responses", function(v, x) {
    is.null(v) && is.null(x$observed) || is.numeric(v) && all(v >= 0 & v <= 1e300) &&
      (length(v) == 0 || all(names(v) %in% as.character(x$observed)))
  }),
  stats = rule("a column of sums a group", function(v, x) {
    if (length(continuous_names(x))) {
      return(is.null(v))
    }
    is_matrix(v, 1 + x$k + x$k * (x$k + 1) / 2, nrow(x$groups)) && is.double(v) &&
      all_finite(some_of(v)) && all(some_of(v, nrow(v)) >= 0)
  }),
  table = rule("an array of moments, as many as its cells and groups", function(v, x) {
    n <- length(continuous_names(x))
    if (n == 0) {
      return(is.null(v))
    }
    size <- c(moments_padded(x$k), 4, if (n == 1) c(NA, max(1, nrow(x$groups))) else c(4, NA))
    is.double(v) && length(dim(v)) == 4 && all(dim(v) == size, na.rm = TRUE) &&
      all_finite(some_of(v)) && all(some_of(v, prod(dim(v)[seq_len(1 + n)])) >= 0)
  }),
  step = rule("a whole number for each continuous covariate", function(v, x) {
    continuous <- continuous_names(x)
    if (length(continuous) == 0) {
      return(TRUE)
    }
    all_finite(v) && length(v) == length(continuous) && all(v == round(v)) &&
      (length(v) == 1 || setequal(names(v), continuous))
  }),
  core = rule("the width of the central half", function(v, x) {
    is.null(v) || all_finite(v) && length(v) == length(continuous_names(x))
  }),
  first = rule("the number of the first cell", function(v, x) {
    if (length(continuous_names(x)) == 1) is_one_number(v) && v == round(v) else is.null(v)
  }),
  places = rule("the places of the rectangles", function(v, x) {
    if (length(continuous_names(x)) < 2) {
      return(is.null(v))
    }
    is_matrix(v, dim(x$table)[4], 3) && all_finite(v) &&
      all(v[, 3] >= 1 & v[, 3] <= max(1, nrow(x$groups)))
  }),
  range = rule("the ends of each continuous covariate, inside its cells", function(v, x) {
    n <- length(continuous_names(x))
    if (n == 0) {
      return(TRUE)
    }
    all_finite(v) && length(v) == 2 * n && (n == 1 || identical(dim(v), c(2L, 2L))) &&
      is_inside(matrix(v, 2), x, n)
  })
)

# All cells lie between the ends of the covariates: merge() lays out a grid by them.
is_inside <- function(range, x, n) {
  at <- floor(range * rep(2^as.vector(x$step), each = 2))
  if (any(range[1, ] > range[2, ]) || any(abs(at) >= 2^52)) {
    return(FALSE)
  }
  cells <- if (n == 1) {
    cbind(x$first + c(0, dim(x$table)[3] - 1))
  } else {
    apply(x$places[, 1:2, drop = FALSE], 2, base::range)
  }
  all(cells[1, ] >= at[1, ] & cells[2, ] <= at[2, ])
}

is_description <- function(v) {
  is.list(v) && is_among(v$kind, c("exact", "continuous")) &&
    is_among(v$type, c("factor", "logical", "character", number_types)) &&
    (v$kind == "exact" || v$type %in% number_types) &&
    (is.null(v$levels) || is.character(v$levels)) &&
    is_flag(v$ordered) && (v$type != "time" || is_text(v$zone)) &&
    (v$type != "difference of times" ||
      is_among(v$units, c("secs", "mins", "hours", "days", "weeks")))
}

# Groups hold texts for factors, and numbers for dates and times.
is_group_column <- function(v, how, n) {
  fits <- switch(how$type,
    logical = is.logical(v),
    character = is.character(v),
    factor = is.character(v) && all(v %in% how$levels),
    is.numeric(v)
  )
  is.atomic(v) && is.null(dim(v)) && length(v) == n && !anyNA(v) && fits
}

# The object with the class of its kind, or a typed error
check_cells <- function(x, arg = "object") as_suffstats(check_object(x, "cells", arg))

register_class("cells",
  title = "object of compress()", remedy = "compress again",
  rules = cells_rules
)
