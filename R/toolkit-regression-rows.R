# Rows of a linear regression beyond those it was fitted to: what the target keeps of its formula
# and data, and the design at new rows.

# The blueprint of the design, from model frame mf, design x (n x p) and offset (n) of the complete
# rows of `data`: list(terms, xlevels, contrasts,
#   covariates: descriptions of the columns that the predictors need,
#   constants: values that the formula took from where it was written,
#   row_dependence: why a row cannot be evaluated without the others, NULL if it can).
regression_blueprint <- function(mf, x, offset, data) {
  terms <- attr(mf, "terms")
  used <- setdiff(seq_len(nrow(data)), attr(mf, "na.action"))
  needed <- all.vars(stats::delete.response(terms))
  elsewhere <- mget(setdiff(needed, names(data)), envir = environment(terms), inherits = TRUE)
  by_row <- vapply(elsewhere, function(v) is.atomic(v) && NROW(v) == nrow(data), TRUE)
  columns <- c(as.list(data)[intersect(needed, names(data))], elsewhere[by_row])
  columns <- lapply(columns, take_rows, used)
  out <- list(
    xlevels = stats::.getXlevels(terms, mf), contrasts = attr(x, "contrasts"),
    covariates = summarise_covariates(columns), constants = elsewhere[!by_row]
  )
  out$terms <- stats::delete.response(terms)
  attr(out$terms, ".Environment") <- globalenv()
  out$row_dependence <- find_row_dependence(out, columns, x, offset)
  out
}

# Why a row cannot be evaluated without the others, or NULL. Predictors such as x / max(x), or d$x,
# show when some rows are evaluated alone and compared with the design x and the offset of all.
find_row_dependence <- function(own, columns, x, offset) {
  n <- nrow(x)
  same <- function(a, b) isTRUE(all.equal(a, b, tolerance = 1e-8, check.attributes = FALSE))
  for (rows in list(1L, (n + 1L) %/% 2L, n, seq(1L, min(n, 1000L), by = 2L))) {
    at <- tryCatch(design_rows(own, lapply(columns, take_rows, rows), length(rows)),
      error = conditionMessage
    )
    if (is.character(at)) {
      return(at)
    }
    if (!same(at$x, x[rows, , drop = FALSE]) || !same(at$offset, offset[rows])) {
      return("a predictor depends on the other rows, as x / max(x) does")
    }
  }
}

# list(x (n x p), offset (n)) at n complete rows, given as a list of columns
design_rows <- function(own, columns, n) {
  # terms of a single row may lose their shape
  if (n == 1) {
    at <- design_rows(own, lapply(columns, take_rows, c(1, 1)), 2)
    return(list(x = at$x[1, , drop = FALSE], offset = at$offset[1]))
  }
  frame <- structure(columns, class = "data.frame", row.names = .set_row_names(n))
  terms <- own$terms
  environment(terms) <- list2env(own$constants, parent = globalenv())
  mf <- if (length(attr(terms, "variables")) == 1) {
    empty_frame(terms, n)
  } else {
    suppressWarnings(stats::model.frame(terms, frame,
      na.action = stats::na.pass,
      xlev = own$xlevels
    ))
  }
  x <- stats::model.matrix(terms, mf, contrasts.arg = own$contrasts)
  list(x = unname(x), offset = regression_offset(mf, n))
}

regression_offset <- function(mf, n) {
  offset <- stats::model.offset(mf)
  if (is.null(offset)) numeric(n) else as.double(offset)
}

# list(x (n x p), offset (n)) at the n rows of newdata; NA where a covariate is missing
regression_rows <- function(own, newdata) {
  check_regression_data(own, newdata)
  n <- nrow(newdata)
  columns <- as.list(newdata)[names(own$covariates)]
  complete <- which(!Reduce(`|`, lapply(columns, row_is_na), rep(FALSE, n)))
  out <- list(x = matrix(NA_real_, n, own$size), offset = rep(NA_real_, n))
  if (length(complete) == 0) {
    return(out)
  }
  at <- with_typed_errors(
    design_rows(own, lapply(columns, take_rows, complete), length(complete)), "newdata",
    "The predictors cannot be evaluated in `newdata`: ",
    fields = list(arg = "newdata")
  )
  bad <- which(!is.finite(rowSums(at$x) + at$offset))
  if (length(bad)) {
    stop_covary("infinite", "The predictors are not finite in row ", complete[bad[1]],
      " of `newdata`.",
      fields = list(arg = "newdata", rows = complete[bad])
    )
  }
  out$x[complete, ] <- at$x
  out$offset[complete] <- at$offset
  out
}

# newdata must have the columns that the predictors need, of the kinds they had.
check_regression_data <- function(own, newdata) {
  if (!is.null(own$row_dependence)) {
    stop_covary("newdata",
      "Predictors at new rows must not need the rows of the fit, nor what only ",
      "its formula could see; evaluated without them: ", own$row_dependence,
      ". Make the predictor a column of ",
      "the data before the fit.",
      fields = list(arg = "newdata")
    )
  }
  if (!is.data.frame(newdata)) {
    stop_covary("newdata", "`newdata` must be a data frame, not ", describe(newdata), ".",
      fields = list(arg = "newdata")
    )
  }
  needed <- names(own$covariates)
  absent <- setdiff(needed, names(newdata))
  if (length(absent)) {
    stop_covary("newdata", "`newdata` has no column ", enumerate(absent), "; the regression needs ",
      enumerate(needed, most = 12), ".",
      fields = list(arg = "newdata", columns = absent)
    )
  }
  for (name in needed) check_new_column(name, newdata[[name]], own$covariates[[name]], FALSE)
}
