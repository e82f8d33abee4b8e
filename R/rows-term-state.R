# What the variables of a formula are at other rows than those of the fit.
#
# A variable of a formula is a column, or a call such as log(x), scale(x) or d$x. Its value in a row
# may depend on that row alone, or a prediction would mean something else than the fit. So every
# call is tried on single rows and on a part of the rows in reverse (rows-term-context.R). Where the
# values differ it gets its *state*: scale(x) keeps the centre of the training rows
# (makepredictcall()), x - mean(x) their mean. What has no state, such as rank(x) or cumsum(x), is
# refused when the model is fitted.

# What new data need to know of the frame: how responses are evaluated, types of columns, those that
# are not of `data`.
record_columns <- function(parsed, frame, data) {
  parsed$responses <- frame$response_calls
  parsed$response_variables <- frame$response_variables
  parsed$types <- lapply(frame$covariates, take_rows, 0)
  parsed$outside <- setdiff(names(frame$covariates), names(data))
  parsed
}

# The predictors with `states`, a list of calls by variable_key(): what the variables that are calls
# are at any rows. `columns`: the covariates of the rows of the fit.
add_term_states <- function(parsed, columns, n) {
  done <- list()
  parsed$predictors <- lapply(parsed$predictors, function(p) {
    known <- Position(function(other) identical(other$rhs, p$rhs), done)
    p$states <- if (is.na(known)) term_states(p, columns, n) else done[[known]]$states
    done <<- c(done, list(p))
    p
  })
  parsed
}

term_states <- function(p, columns, n) {
  states <- list()
  map_variables(p$rhs[[2]], function(v) {
    if (!is.call(v)) {
      return(v)
    }
    states[[variable_key(v)]] <<- term_state(v, columns, n, environment(p$rhs), p$key)
    v
  })
  states
}

# The call that gives the values of `expr` at any rows, or a typed error. What cannot be evaluated
# is left to those who use it, whose messages say more.
term_state <- function(expr, columns, n, env, where) {
  columns <- columns[intersect(free_variables(expr), names(columns))]
  if (length(columns) == 0) {
    return(expr)
  }
  keep_seed({
    folded <- fold_constants(expr, names(columns), env)
    few <- context_rows(columns, n)
    some <- if (length(few) < n) lapply(columns, take_rows, few) else columns
    value <- evaluate_quietly(folded, some, env)
    alone <- is_row_value(value, length(few)) &&
      same_in_parts(folded, value, some, length(few), env)
    if (isTRUE(alone)) {
      return(with_predict_call(value, folded))
    }
    value <- evaluate_quietly(folded, columns, env)
    # One value for all rows is one for new rows too.
    if (!is_row_value(value, n)) {
      return(folded)
    }
    state <- add_state(folded, columns, n, env)
    everywhere <- same_in_parts(state, value, columns, n, env)
    if (!isFALSE(everywhere)) {
      return(state)
    }
    if (is.na(alone)) {
      return(folded)
    }
  })
  stop_row_term(
    variable_key(expr),
    "depends on other rows of the data: it changes when rows are left out or put in another order",
    where
  )
}

stop_row_term <- function(term, why, where = NULL) {
  stop_covary("term", "Term ", term, if (!is.null(where)) paste(" of", where), " ", why,
    ", so it has no meaning at new data. ",
    "Compute it as a column of `data` first and use that column.",
    fields = list(term = term, predictor = where)
  )
}

# Parts without a column are what they were when the model was fitted.
fold_constants <- function(expr, columns, env) {
  if (is.symbol(expr)) {
    if (as.character(expr) %in% columns) {
      return(expr)
    }
    value <- get0(as.character(expr), env)
    return(if (is.atomic(value) && !is.null(value)) value else expr)
  }
  if (!is.call(expr) || is_call_to(expr, "function")) {
    return(expr)
  }
  if (!any(free_variables(expr) %in% columns)) {
    value <- evaluate_quietly(expr, NULL, env)
    return(if (is.atomic(value) && !is.null(value)) value else expr)
  }
  if (is_call_to(expr, opaque_calls)) {
    return(expr)
  }
  for (i in given_parts(expr)) {
    if (is.language(expr[[i]])) expr[[i]] <- fold_constants(expr[[i]], columns, env)
  }
  expr
}

# Numbers that sum the rows up, such as mean(x), stay what they are at the training rows; functions
# that know how to predict, such as scale() and poly(), get their state, wherever they stand.
add_state <- function(expr, columns, n, env) {
  if (!is.call(expr) || !any(free_variables(expr) %in% names(columns))) {
    return(expr)
  }
  value <- evaluate_quietly(expr, columns, env)
  if (is.atomic(value) && !is.null(value) && NROW(value) != n) {
    return(value)
  }
  if (is_call_to(expr, opaque_calls)) {
    return(expr)
  }
  for (i in call_parts(expr)) expr[[i]] <- add_state(expr[[i]], columns, n, env)
  with_predict_call(value, expr)
}

# makepredictcall(), also for pkg::f(x); factors keep their levels.
with_predict_call <- function(value, call) {
  if (!is.call(call)) {
    return(call)
  }
  if (is_call_to(call, c("factor", "as.factor", "ordered", "as.ordered")) && is.factor(value) &&
    is.null(call$levels)) {
    if (is_call_to(call, c("as.factor", "as.ordered"))) {
      call <- call("factor", call[[2]], ordered = is.ordered(value))
    }
    call$levels <- levels(value)
    return(call)
  }
  head <- call[[1]]
  bare <- call
  if (is_call_to(head, c("::", ":::"))) bare[[1]] <- head[[3]]
  out <- attempt(stats::makepredictcall(value, bare), bare)
  out[[1]] <- head
  out
}
