# What cells and tables of rows hold: the covariates of the formulas, or the values of terms.
#
# Within a cell of a continuous covariate a term is read off as a cubic. A term that is none there
# (it jumps, as I(x > 0) or cut(x, 3), waves faster than the cells, or is the log of a wide range)
# and one whose values depend on all rows in a way that is not known is evaluated at the rows and
# becomes a covariate itself: an exact one where it has few values, a continuous one else. Its name
# is its code in backticks, which no column of the data has.

# Functions of formulas with values row by row, smooth but for single points.
smooth_functions <- c(
  "~", "+", "-", "*", "/", "^", ":", "%in%", "(", "I", "offset", "c", "list",
  "::",
  "splines", "mgcv", "stats", "base", "s", "t2", "log", "log2", "log10", "log1p", "exp", "expm1",
  "sqrt",
  "sin", "cos", "tan", "sinpi", "cospi", "tanpi", "asin", "acos", "atan", "sinh", "cosh", "tanh",
  "plogis", "qlogis", "pnorm", "qnorm", "abs", "pmin", "pmax", "as.numeric", "as.double"
)

# Row by row too, but they jump.
jump_functions <- c(
  ">", "<", ">=", "<=", "==", "!=", "!", "&", "|", "%%", "%/%", "floor",
  "ceiling",
  "round", "trunc", "signif", "sign", "ifelse", "factor", "as.factor", "ordered", "as.integer",
  "as.character", "as.logical", "is.na", "relevel"
)

# Their bases depend on all rows, and stats::makepredictcall() keeps what they need.
state_functions <- c("poly", "bs", "ns", "scale")

functions_in <- function(expr) setdiff(all.names(expr, unique = TRUE), all.vars(expr))

value_name <- function(expr) paste0("`", deparse1(expr, backtick = TRUE), "`")

# The covariates among `known` that an expression is evaluated from: values of its parts where they
# are known, else their variables.
covariates_in <- function(expr, known) {
  if (is.symbol(expr)) {
    return(intersect(as.character(expr), known))
  }
  if (!is.call(expr)) {
    return(character())
  }
  value <- value_name(expr)
  if (value %in% known) {
    value
  } else {
    unique(unlist(lapply(as.list(expr)[-1], covariates_in, known = known)))
  }
}

# The expression with known values in place of its parts.
with_values <- function(expr, known) {
  if (!is.call(expr)) {
    return(expr)
  }
  value <- value_name(expr)
  if (value %in% known) {
    return(as.name(value))
  }
  expr[-1] <- lapply(as.list(expr)[-1], with_values, known = known)
  expr
}

known_values <- function(names) names[substr(names, 1, 1) == "`"]

# Terms evaluated with the values among `names`.
terms_with_values <- function(terms, names) {
  known <- known_values(names)
  if (length(known) == 0) {
    return(terms)
  }
  predvars <- attr(terms, "predvars")
  if (is.null(predvars)) predvars <- attr(terms, "variables")
  variables <- as.list(attr(terms, "variables"))
  for (i in seq_along(variables)[-1]) {
    held <- value_name(variables[[i]]) %in% known
    predvars[[i]] <- with_values(if (held) variables[[i]] else predvars[[i]], known)
  }
  attr(terms, "predvars") <- predvars
  terms
}

# The value of a term of a smooth, given as text.
term_value <- function(term, data, env, states = NULL) {
  eval(known_or_stateful(str2lang(term), names(data), states), data, env)
}

# What to evaluate for a variable: its value where that is among the names, else itself with the
# state of the training rows and with the known values of its parts.
known_or_stateful <- function(expr, names, states) {
  known <- known_values(names)
  if (is.call(expr) && value_name(expr) %in% known) {
    return(as.name(value_name(expr)))
  }
  with_values(stateful(states, expr), known)
}

# Variables of the formulas that are calls: list(expr, call: what to evaluate for it, env, what:
# "term", "offset" or "smooth"), each once.
called_variables <- function(parsed) {
  out <- list()
  sides <- parsed$predictors[!duplicated(lapply(parsed$predictors, `[[`, "rhs"))]
  for (p in sides) {
    env <- environment(p$rhs)
    parts <- split_rhs(p$rhs)
    add <- function(exprs, what) {
      out <<- c(out, lapply(Filter(is.call, exprs), function(e) {
        list(expr = e, call = stateful(p$states, e), env = env, what = what)
      }))
    }
    add(as.list(attr(stats::terms(parts$parametric), "variables"))[-1], "term")
    add(lapply(parts$offsets, `[[`, 2), "offset")
    for (call in parts$smooths) add(smooth_variables(call, env), "smooth")
  }
  out[!duplicated(out)]
}

smooth_variables <- function(call, env) {
  spec <- read_smooth(call, env)
  lapply(unique(c(spec$term, if (spec$by != "NA") spec$by)), str2lang)
}

# The frame of what cells or tables shall hold, with `values`, the names of terms among its
# covariates, and `all_covariates`, those that the terms are made of too; or with `unheld`, a text:
# why none can hold the terms. Most formulas have plain variables, and the frame stays as it is.
held_frame <- function(parsed, frame, control) {
  frame$values <- character()
  calls <- called_variables(parsed)
  if (length(calls) == 0) {
    return(frame)
  }
  continuous <- continuous_count(frame)
  values <- list()
  for (v in calls) {
    if (!needs_value(v, frame, continuous, control)) next
    value <- row_value(v, frame)
    if (is.null(value)) {
      frame$unheld <- paste0(
        "the term ", deparse1(v$expr),
        " has no single value a row that cells could hold."
      )
      return(frame)
    }
    values[[value_name(v$expr)]] <- value
  }
  if (length(values) == 0) {
    return(frame)
  }
  frame$all_covariates <- c(frame$covariates, values)
  used <- lapply(parsed$predictors, side_covariates, known = names(frame$all_covariates))
  frame$covariates <- frame$all_covariates[intersect(names(frame$all_covariates), unlist(used))]
  frame$values <- names(values)
  frame
}

side_covariates <- function(p, known) {
  parts <- split_rhs(p$rhs)
  smooths <- unlist(lapply(parts$smooths, smooth_variables, env = environment(p$rhs)))
  unlist(lapply(c(attr(stats::terms(parts$parametric), "variables"), parts$offsets, smooths),
    covariates_in,
    known = known
  ))
}

needs_value <- function(v, frame, continuous, control) {
  used <- intersect(all.vars(v$expr), names(frame$covariates))
  if (length(used) == 0) {
    return(FALSE)
  }
  functions <- functions_in(v$expr)
  stateful <- is_state(v)
  if (length(setdiff(functions, c(
    smooth_functions, jump_functions,
    if (stateful) state_functions
  )))) {
    return(TRUE)
  }
  along <- intersect(used, continuous)
  if (length(along) == 0) {
    return(FALSE)
  }
  if (any(jump_functions %in% functions)) {
    return(TRUE)
  }
  if (v$what == "offset" && length(along) > 1) {
    return(TRUE)
  }
  if (stateful) {
    return(FALSE)
  }
  tables <- length(continuous) > 1 && v$what == "term" && length(along) == 1
  lost_within_cells(v, frame, along, continuous, control) ||
    tables && lost_within_bins(v, frame, along)
}

# A term that is poly() or the like itself.
is_state <- function(v) v$what == "term" && called_function(v$expr) %in% state_functions

# The name of the function that an expression calls, "" for none.
called_function <- function(expr) if (is.call(expr)) sub("^.*::", "", deparse1(expr[[1]])) else ""

# The values of a term at all rows; NULL where they are no vector.
row_value <- function(v, frame) {
  value <- evaluate(v$call, frame$covariates, v$env, "Term")
  class(value) <- setdiff(oldClass(value), "AsIs")
  if (is.matrix(value) && ncol(value) == 1) value <- value[, 1]
  plain <- is.factor(value) || is.atomic(value) && !is.object(value)
  if (plain && is.null(dim(value)) && length(value) == frame$n && !anyNA(value) &&
    none_infinite(value)) {
    value
  }
}

none_infinite <- function(v) !is.numeric(v) || is.finite(sum(as.double(v)))

value_error_limit <- 1e-3 # in sds of the term

# Does a term differ at some rows from its cubics on the cells of a covariate? Of several covariates
# all but one are held.
lost_within_cells <- function(v, frame, along, continuous, control) {
  rows <- accuracy_rows(frame$n, frame$covariates[along])
  data <- lapply(
    frame$covariates[intersect(all.vars(v$expr), names(frame$covariates))], take_rows,
    rows
  )
  value <- function(data) as.matrix(suppressWarnings(evaluate(v$call, data, v$env, "Term")))
  exact <- value(data)
  if (!is.numeric(exact) || nrow(exact) != length(rows)) {
    return(FALSE)
  }
  nodes <- chebyshev_nodes(4)
  for (name in along) {
    ends <- cell_ends(frame$covariates[[name]], rows, length(continuous), control)
    t <- 2 * (data[[name]] - ends$low) / (ends$high - ends$low) - 1
    at <- lapply(data, function(u) u[rep(seq_along(rows), each = 4)])
    at[[name]] <- as.vector(outer((nodes + 1) / 2, ends$high - ends$low) + rep(ends$low, each = 4))
    weights <- lagrange_values(t, nodes)
    read <- apply(value(at), 2, function(u) rowSums(weights * matrix(u, ncol = 4, byrow = TRUE)))
    gap <- apply(abs(read - exact), 2, max) / pmax(column_sds(exact), .Machine$double.xmin)
    if (!isTRUE(all(gap <= value_error_limit))) {
      return(TRUE)
    }
  }
  FALSE
}

bin_loss_limit <- 0.02

# Tables have the curvature of bins of rows (model-rows.R). Does more of a term's variance lie
# within them than its own values, as a covariate, would leave there?
lost_within_bins <- function(v, frame, along) {
  rows <- accuracy_rows(frame$n, frame$covariates[along])
  data <- lapply(
    frame$covariates[intersect(all.vars(v$expr), names(frame$covariates))], take_rows,
    rows
  )
  value <- suppressWarnings(evaluate(v$call, data, v$env, "Term"))
  if (!is.numeric(value) || !is.null(dim(value)) || length(value) != length(rows)) {
    return(FALSE)
  }
  within <- function(x) {
    bin <- floor((x - min(x)) / max(diff(range(x)), .Machine$double.xmin) * row_bins *
      table_cells(x) / row_cells)
    share <- stats::ave(value, bin, FUN = function(u) sum((u - mean(u))^2) / length(u))
    mean(share) / max(stats::var(value), .Machine$double.xmin)
  }
  lost <- within(as.double(data[[along]]))
  lost > bin_loss_limit && lost > 2 * within(value)
}

# Ends of the cells of some rows: of cells of one covariate, else the wider of tables and
# rectangles.
cell_ends <- function(x, rows, continuous, control) {
  x <- as.double(x)
  range <- range(x)
  if (continuous == 1) {
    width <- 2^-choose_step(x, control$resolution)
    first <- 0
  } else {
    width <- max(
      diff(range) / table_cells(x),
      if (continuous == 2) 2^-tensor_step(x, control$resolution)
    )
    first <- range[1]
  }
  low <- pmax(first + floor((x[rows] - first) / width) * width, range[1])
  low <- pmin(low, range[2] - 1e-3 * width) # the last row of all
  list(low = low, high = pmin(low + width, range[2]))
}
