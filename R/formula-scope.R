# Environments of formulas that travel well. A formula carries the frame it was written in, with all
# that is there. A fit keeps a small environment in its place, the *scope*, that holds what the
# formulas name besides columns: numbers such as `k`, knots, and functions. So a saved fit has no
# strange data and predicts in another session. Within the session update() still finds the first
# environment, by a weak reference, which R does not save.

# `columns`: names that are columns and never captured; n: the number of rows.
own_scopes <- function(parsed, columns, n = Inf) {
  scopes <- new.env(parent = emptyenv())
  scoped <- function(f, used = NULL) {
    env <- environment(f)
    if (is.null(env)) env <- globalenv()
    capture(setdiff(all.names(used, unique = TRUE), columns), env, scopes, n)
    environment(f) <- scope_of(env, scopes)
    f
  }
  parsed$predictors <- lapply(parsed$predictors, function(p) {
    p$rhs <- scoped(p$rhs, p$rhs)
    p
  })
  parsed$formulas <- lapply(parsed$formulas, scoped)
  # Responses are evaluated where the first mean is.
  scoped(parsed$formulas[[1]], as.call(c(as.name("list"), unname(parsed$responses))))
  parsed
}

# The scope that stands for `env`: always the same one, so that functions that call each other share
# it.
scope_of <- function(env, scopes) {
  for (known in scopes$all) {
    if (identical(known$env, env)) {
      return(known$scope)
    }
  }
  scope <- new.env(parent = globalenv())
  scope$.origin <- .Call(C_weak, scope, env)
  scopes$all <- c(scopes$all, list(list(env = env, scope = scope)))
  scope
}

# Where a formula of a fit was written; NULL in another session.
origin_of <- function(f) {
  env <- environment(f)
  if (exists(".origin", env, inherits = FALSE)) .Call(C_weak_value, env$.origin) else env
}

# Values of `names` seen from `env` go into its scope; not columns, and no tables of data.
capture <- function(names, env, scopes, n = Inf) {
  scope <- scope_of(env, scopes)
  for (name in setdiff(names, c(formula_names, ls(scope, all.names = TRUE)))) {
    place <- where_found(name, env)
    if (is.null(place)) next
    value <- get(name, place)
    if (is_row_value(value, n) || is.data.frame(value) || is.environment(value)) next
    assign(name, value, scope) # before its own names are looked up: functions may call each other
    if (is.function(value)) assign(name, own_function(value, name, scopes), scope)
  }
}

# Not looked up.
formula_names <- c(
  "~", "+", "-", "*", "/", "^", ":", "(", "s", "t2", "te", "ti", "offset", "cbind",
  "mvbind", dpar_names(further = TRUE), ".", ""
)

# The environment that has a name, unless every session of R has it.
where_found <- function(name, env) {
  while (!identical(env, emptyenv())) {
    if (identical(env, baseenv()) || identical(env, .BaseNamespaceEnv)) {
      return(NULL)
    }
    if (exists(name, envir = env, inherits = FALSE)) {
      return(if (!environmentName(env) %in% standard_packages) env)
    }
    env <- parent.env(env)
  }
}

standard_packages <- paste0(
  "package:",
  c("stats", "graphics", "grDevices", "utils", "datasets", "methods")
)

# A function with a scope in place of the frame it was made in. Functions of packages know their
# namespace; one that looks at its environment keeps it.
own_function <- function(f, name, scopes) {
  env <- environment(f)
  names <- all.names(body(f), unique = TRUE)
  if (is.null(env) || isNamespace(env)) {
    return(f)
  }
  if (any(looking_around %in% names)) {
    warn_large(env, name)
    return(f)
  }
  capture(setdiff(names, c(names(formals(f)), assigned_names(body(f)))), env, scopes)
  environment(f) <- scope_of(env, scopes)
  utils::removeSource(f)
}

warn_large <- function(env, name, most = 1e6) {
  if (identical(env, globalenv())) {
    return()
  }
  size <- sum(vapply(as.list(env, all.names = TRUE), utils::object.size, 0))
  if (size > most) {
    warn_covary("large", "Function '", name,
      "' of the formula looks at the environment it was made in, so that travels in the fit with ",
      "all it holds, ", format(size / 1e6, digits = 2),
      " MB. Define the function where there are no large objects.",
      fields = list(variable = name)
    )
  }
}

looking_around <- c(
  "environment", "parent.frame", "parent.env", "sys.function", "get", "get0",
  "mget", "exists", "assign", "eval",
  "evalq", "local", "<<-", "match.call"
)

# Names that a function gives to values of its own.
assigned_names <- function(expr) {
  if (!is.call(expr)) {
    return(character())
  }
  own <- if (is_call_to(expr, c("<-", "=", "for")) && is.symbol(expr[[2]])) as.character(expr[[2]])
  c(own, unlist(lapply(call_parts(expr), function(i) assigned_names(expr[[i]]))))
}

# The call of a fit without what stands in it by value (do.call()): large values move to where the
# formula was written, formulas get their scopes.
own_call <- function(call, formulas) {
  scope <- environment(formulas[[1]])
  if (is.function(call[[1]])) call[[1]] <- quote(covary)
  moved <- new.env(parent = origin_of(formulas[[1]]))
  for (i in seq_along(call)[-1]) {
    value <- call[[i]]
    if (is.language(value) && !inherits(value, "formula")) next
    if (inherits(value, "formula")) environment(value) <- scope
    if (is.list(value) && !is.object(value)) {
      value[] <- lapply(value, function(v) {
        if (inherits(v, "formula")) environment(v) <- scope
        v
      })
    }
    if (is.data.frame(value) || utils::object.size(value) > 1e4) {
      name <- paste0(".", names(call)[i])
      assign(name, value, moved)
      value <- as.name(name)
    }
    if (!is.null(value)) call[[i]] <- value
  }
  if (length(ls(moved, all.names = TRUE))) scope$.origin <- .Call(C_weak, scope, moved)
  call
}
