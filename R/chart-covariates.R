# Covariates of a chart: what it says of each, and how new data are read by that.

# By name: list(type ("numeric" or "factor"), and of a numeric one: kind (class of times, else
# "numeric"), range (rounded outward), step (to which); of a factor: logical (is it one?), levels,
# n (how many people each level has, NA where unknown)).
chart_covariates <- function(fit) {
  used <- intersect(predictor_variables(fit$design$predictors), names(fit$design$covariates))
  lapply(stats::setNames(nm = used), function(name) {
    known <- fit$design$covariates[[name]]
    if (known$type == "matrix") {
      stop_chart("covariate '", name, "' is a matrix", "use its columns, one by one",
        covariate = name
      )
    }
    if (known$type == "numeric") {
      return(c(list(type = "numeric", kind = kind_of(known$like)), round_outward(known$range)))
    }
    list(
      type = "factor", logical = known$type == "logical", levels = known$levels,
      n = people_by_level(fit$frame, name, known$levels)
    )
  })
}

# How many people each level has; NA where the frame has neither rows nor counts.
people_by_level <- function(frame, name, levels) {
  if (!is_rowless(frame)) {
    return(tabulate(match(as.character(frame$covariates[[name]]), levels), length(levels)))
  }
  counts <- frame$counts[[name]]
  if (is.null(counts)) rep(NA_integer_, length(levels)) else as.integer(counts)
}

kind_of <- function(like) if (is.null(like)) "numeric" else number_kind(like)

stop_chart <- function(what, remedy, ...) {
  stop_covary("chart", "The fit cannot become a chart: ", what, "; ", remedy, ".",
    fields = list(...)
  )
}

# list(range, step): the ends moved outward to a multiple of a step of 1, 2 or 5 times a power of
# ten, about a twentieth of the range.
round_outward <- function(range, parts = 20) {
  width <- diff(range)
  if (width == 0) width <- max(abs(range[1]), 1)
  power <- 10^floor(log10(width / parts))
  step <- power * c(1, 2, 5)[findInterval(width / parts / power, c(1, 2, 5))]
  ends <- c(floor(range[1] / step), ceiling(range[2] / step))
  if (ends[1] == ends[2]) ends <- ends + c(-1, 1)
  list(range = signif(ends * step, 12), step = step)
}

# A row of the types of the fit at which covariates that a term does not have are held.
chart_row <- function(fit, covariates) {
  columns <- lapply(stats::setNames(nm = names(covariates)), function(name) {
    known <- fit$design$covariates[[name]]
    typed_values(if (known$type == "numeric") known$quantiles[2] else known$common, known)
  })
  unchecked_frame(columns, 1L)
}

# Numbers or levels as values of the type that a covariate of the fit has.
typed_values <- function(v, known) {
  if (known$type == "logical") {
    return(as.logical(v))
  }
  if (known$type == "numeric") {
    return(of_type(as.double(v), known$like))
  }
  if (is.factor(known$like)) as_fitted_type(v, known$like, FALSE) else as.character(v)
}

# Points of a table as new data of the fit.
points_as_newdata <- function(fit, points, row) {
  out <- row[rep(1L, nrow(points)), , drop = FALSE]
  for (name in names(points)) {
    out[[name]] <- typed_values(points[[name]], fit$design$covariates[[name]])
  }
  out
}

# Names of the covariates that the terms of a chart need, but for those that are left out.
needed_covariates <- function(chart, excluded = character()) {
  needed <- unlist(lapply(chart$predictors, function(p) {
    lapply(kept_tables(p$tables, excluded), function(table) c(table$numeric, table$factors))
  }))
  intersect(names(chart$covariates), needed)
}

# New data read by a chart: list(n, columns (by covariate: numbers, or codes of levels, NA for
# none), missing, outside (both n), unseen (by factor, n: a level that the chart does not have)).
read_people <- function(chart, newdata, excluded = character()) {
  needed <- needed_covariates(chart, excluded)
  check_chart_columns(needed, newdata)
  n <- nrow(newdata)
  no <- rep(FALSE, n)
  out <- list(n = n, columns = list(), missing = no, outside = no, unseen = list())
  for (name in needed) {
    known <- chart$covariates[[name]]
    v <- newdata[[name]]
    if (!is.atomic(v) || is.object(v) && !is.factor(v)) v <- plain_column(v, name, "newdata")
    out$missing <- out$missing | is.na(v)
    if (known$type == "numeric") {
      x <- chart_number(v, known, name)
      out$columns[[name]] <- x
      out$outside <- out$outside | (!is.na(x) & (x < known$range[1] | x > known$range[2]))
    } else {
      code <- level_codes(v, known$levels)
      out$columns[[name]] <- code
      new <- is.na(code) & !is.na(v)
      if (any(new)) out$unseen[[name]] <- new
    }
  }
  out
}

level_codes <- function(v, levels) {
  if (is.factor(v)) match(levels(v), levels)[as.integer(v)] else match(as.character(v), levels)
}

chart_number <- function(v, known, name) {
  if (!(is_number(v) && NCOL(v) == 1 && number_kind(v) == known$kind || all(is.na(v)))) {
    stop_covary("newdata", "Column '", name, "' of `newdata` must be ", known$kind,
      ", not ", describe(v), ".",
      fields = list(arg = "newdata", columns = name)
    )
  }
  finite_numbers(v, "Column", name)
}

# As numbers, of which none is infinite; what: "Column" or "Response" of that name.
finite_numbers <- function(v, what, name) {
  v <- as.double(v)
  if (any(is.infinite(v))) {
    stop_covary("infinite", what, " '", name, "' of `newdata` is infinite in row ",
      which(is.infinite(v))[1], ".",
      fields = list(column = name)
    )
  }
  v
}

check_chart_columns <- function(needed, newdata) {
  if (!is.data.frame(newdata)) {
    stop_covary("newdata", "`newdata` must be a data frame, not ", describe(newdata), ".",
      fields = list(arg = "newdata")
    )
  }
  absent <- setdiff(needed, names(newdata))
  if (length(absent)) {
    stop_covary("newdata", "`newdata` has no column ", enumerate(absent), "; the chart needs ",
      enumerate(needed, most = 12), ".",
      fields = list(arg = "newdata", columns = absent)
    )
  }
}
