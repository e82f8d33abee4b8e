# What a formula needs of the data, and what its variables are at other rows than those of the fit.
#
# A variable of a formula is a column, or a call such as log(x), scale(x) or d$x. Its value in a row
# may depend on that row alone, or a prediction would mean something else than the fit. So every
# call is tried on single rows and on a part of the rows in reverse. Where the values differ it gets
# its *state*: scale(x) keeps the centre of the training rows (makepredictcall()), x - mean(x) their
# mean. What has no state, such as rank(x) or cumsum(x), is refused when the model is fitted.

# Calls whose parts are not values of their own.
opaque_calls <- c(
  "function", "~", "quote", "bquote", "substitute", "$", "@", "::", ":::", "{",
  "<-", "=", "for", "while",
  "repeat", "with", "within", "local", "eval", "evalq"
)

is_call_to <- function(expr, names) {
  is.call(expr) && is.symbol(expr[[1]]) && as.character(expr[[1]]) %in% names
}

# The parts of a call after its head that are there; `x[, 1]` has one that is not.
given_parts <- function(expr) {
  Filter(function(i) !identical(expr[[i]], quote(expr = )), seq_along(expr)[-1])
}

# Those of them that are calls.
call_parts <- function(expr) Filter(function(i) is.call(expr[[i]]), given_parts(expr))

# The arguments of s() and t2() that are variables; the others must be named.
smooth_arguments <- function(call) {
  given <- names(call)
  if (is.null(given)) given <- rep("", length(call))
  setdiff(which(given %in% c("", "by")), 1)
}

# Names whose values an expression takes from where it is evaluated; `d` of d$x.
free_variables <- function(expr) {
  if (is.symbol(expr)) {
    return(as.character(expr))
  }
  if (!is.call(expr) || is_call_to(expr, c("::", ":::"))) {
    return(character())
  }
  if (is_call_to(expr, "function")) {
    return(setdiff(free_variables(expr[[3]]), names(expr[[2]])))
  }
  parts <- if (is_call_to(expr, c("$", "@"))) {
    2
  } else if (is_call_to(expr, c("s", "t2"))) {
    smooth_arguments(expr)
  } else {
    given_parts(expr)
  }
  head <- if (is.call(expr[[1]])) free_variables(expr[[1]])
  unique(c(head, unlist(lapply(parts, function(i) free_variables(expr[[i]])))))
}

# The right side with f() of each variable in its place.
map_variables <- function(expr, f) {
  sums <- is_call_to(expr, c("+", "-", "*", "/", "^", ":", "%in%", "("))
  if (!sums && !is_call_to(expr, c("s", "t2", "offset"))) {
    return(if (is.language(expr)) f(expr) else expr)
  }
  parts <- if (is_call_to(expr, c("s", "t2"))) smooth_arguments(expr) else given_parts(expr)
  inside <- if (sums) function(part) map_variables(part, f) else f
  for (i in parts) if (is.language(expr[[i]])) expr[[i]] <- inside(expr[[i]])
  expr
}

# The key of a variable, spelt as in terms() and mgcv.
variable_key <- function(expr) {
  paste(deparse(expr, width.cutoff = 500L, backtick = TRUE),
    collapse = " "
  )
}

# The call to evaluate for a variable.
stateful <- function(states, expr) {
  state <- states[[variable_key(expr)]]
  if (is.null(state)) expr else state
}

# --- values that do not come from `data` ----------------------------------------------------------

# Parts such as d$x hold a value a row but use no column of `data`: they become columns of their
# own, called by their text, which new data do not have.
take_outside <- function(parsed, data) {
  found <- new.env(parent = emptyenv())
  replace <- function(expr, env) outside_columns(expr, names(data), nrow(data), env, found)
  parsed$predictors <- lapply(parsed$predictors, function(p) {
    env <- environment(p$rhs)
    p$rhs[[2]] <- map_variables(p$rhs[[2]], function(v) replace(v, env))
    p
  })
  env <- environment(parsed$predictors[[1]]$rhs)
  parsed$responses <- lapply(parsed$responses, replace, env = env)
  parsed$outside_columns <- as.list(found)
  parsed
}

outside_columns <- function(expr, columns, n, env, found) {
  if (!is.call(expr)) {
    return(expr)
  }
  free <- free_variables(expr)
  inside <- free %in% columns | vapply(
    free,
    function(name) is_row_value(get0(name, env, mode = "any"), n), TRUE
  )
  if (any(inside)) {
    if (is_call_to(expr, opaque_calls)) {
      return(expr)
    }
    for (i in call_parts(expr)) expr[[i]] <- outside_columns(expr[[i]], columns, n, env, found)
    return(expr)
  }
  value <- evaluate_quietly(expr, NULL, env)
  if (!is_row_value(value, n)) {
    return(expr)
  }
  key <- variable_key(expr)
  if (!identical(value, evaluate_quietly(expr, NULL, env))) {
    stop_row_term(key, "has other values each time it is evaluated")
  }
  found[[key]] <- value
  as.name(key)
}

is_row_value <- function(v, n) is_column(v) && NROW(v) == n && n > 1

is_column <- function(v) !is.null(v) && (is.atomic(v) || inherits(v, "POSIXlt"))

evaluate_quietly <- function(expr, data, env) {
  suppressWarnings(tryCatch(eval(expr, data, env), error = function(e) NULL))
}

# --- states ---------------------------------------------------------------------------------------

# What new data need to know of the frame: how responses are evaluated, types of columns, those that
# are not of `data`.
settle_frame <- function(parsed, frame, data) {
  parsed$responses <- frame$response_calls
  parsed$response_variables <- frame$response_variables
  parsed$types <- lapply(frame$covariates, take_rows, 0)
  parsed$outside <- setdiff(names(frame$covariates), names(data))
  parsed
}

# The predictors with `states`, a list of calls by variable_key(): what the variables that are calls
# are at any rows. `columns`: the covariates of the rows of the fit.
settle_terms <- function(parsed, columns, n) {
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
    settled <- same_in_parts(state, value, columns, n, env)
    if (!isFALSE(settled)) {
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
  out <- tryCatch(stats::makepredictcall(value, bare), error = function(e) bare)
  out[[1]] <- head
  out
}

# --- does a term depend on other rows? ------------------------------------------------------------

# Enough rows to see it by, the ends of every covariate among them.
context_rows <- function(columns, n, most = 2000) {
  if (n <= most) {
    return(seq_len(n))
  }
  sort(unique(c(round(seq(1, n, length.out = most)), unlist(lapply(columns, telling_rows)))))
}

# The least and the greatest value, or two that differ.
telling_rows <- function(v) {
  if (is.matrix(v)) v <- v[, 1]
  if (is_number(v)) {
    return(c(which.min(as.double(v)), which.max(as.double(v))))
  }
  c(1L, match(FALSE, as.character(v) == as.character(v[1])))
}

# Are the values of `expr` in single rows, and in half of them in reverse, those among all rows? NA
# if they are where there are any, but some parts cannot be evaluated.
same_in_parts <- function(expr, value, columns, n, env) {
  ends <- unlist(lapply(columns, telling_rows))
  single <- unique(stats::na.omit(c(utils::head(ends, 8), 1L, n, ceiling(n / 2), ceiling(n / 3))))
  inner <- setdiff(seq_len(n), ends)
  some <- round(seq(1, length(inner), length.out = min(500, ceiling(length(inner) / 2))))
  half <- inner[unique(some)]
  whole <- rev(seq_len(n))
  tried <- FALSE
  failed <- FALSE
  for (rows in c(as.list(single), list(rev(half)), list(whole))) {
    if (length(rows) == 0 || tried && length(rows) == n) next
    other <- evaluate_quietly(expr, lapply(columns, take_rows, rows), env)
    failed <- failed || is.null(other)
    if (is.null(other)) next
    if (!same_rows(value, rows, other)) {
      return(FALSE)
    }
    tried <- tried || length(rows) > 1
  }
  if (tried && failed) NA else tried
}

same_rows <- function(value, rows, other) {
  if (!is_column(other) || NROW(other) != length(rows) || NCOL(value) != NCOL(other)) {
    return(FALSE)
  }
  if (inherits(value, "difftime") && !identical(attr(value, "units"), attr(other, "units"))) {
    return(FALSE)
  }
  if (is.factor(value) || is.character(value)) {
    return(identical(as.character(value)[rows], as.character(other)))
  }
  all(vapply(seq_len(NCOL(value)), function(j) {
    a <- as.double(if (is.matrix(value)) value[rows, j] else as.double(value)[rows])
    b <- as.double(if (is.matrix(other)) other[, j] else other)
    # Rounding is relative to the column where a value near zero is a difference of larger ones.
    size <- pmax(abs(a), abs(b), 1e-4 * max(0, abs(a[is.finite(a)])))
    identical(is.na(a), is.na(b)) && all(a == b | abs(a - b) <= 1e-8 * size, na.rm = TRUE)
  }, TRUE))
}

# R's generator is left as it was: a check must not change the draws.
keep_seed <- function(code) {
  seed <- get0(".Random.seed", globalenv(), inherits = FALSE)
  on.exit(if (!is.null(seed)) {
    assign(".Random.seed", seed, globalenv())
  } else if (exists(".Random.seed", globalenv(), inherits = FALSE)) {
    rm(".Random.seed", envir = globalenv())
  })
  code
}
