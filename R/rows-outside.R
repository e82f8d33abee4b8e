# Values a row that do not come from `data`.

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
