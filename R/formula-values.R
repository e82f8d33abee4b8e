# Terms of formulas whose values are known: columns in the data under the code of the term.
#
# Where cells or tables of rows cannot hold a term (covary-held-terms.R), its value at every row
# becomes a covariate. The name of that covariate is the code of the term in backticks, which no
# column of the data has; the functions below find such values in expressions and put them there.

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

# A term that is poly() or the like itself.
is_state <- function(v) v$what == "term" && called_function(v$expr) %in% state_functions

# The name of the function that an expression calls, "" for none.
called_function <- function(expr) if (is.call(expr)) sub("^.*::", "", deparse1(expr[[1]])) else ""

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

read_smooth <- function(call, env) eval(call, list(s = mgcv::s, t2 = mgcv::t2), env)

side_covariates <- function(p, known) {
  parts <- split_rhs(p$rhs)
  smooths <- unlist(lapply(parts$smooths, smooth_variables, env = environment(p$rhs)))
  unlist(lapply(c(attr(stats::terms(parts$parametric), "variables"), parts$offsets, smooths),
    covariates_in,
    known = known
  ))
}

# Functions in the formulas whose values may depend on more than one row, but for terms that poly()
# and the like are.
row_functions <- function(parsed) {
  used <- unlist(lapply(called_variables(parsed), function(v) {
    if (is_state(v)) lapply(as.list(v$expr)[-1], functions_in) else functions_in(v$expr)
  }))
  setdiff(used, c(smooth_functions, jump_functions))
}
