# Design: the columns of every predictor at the cells, and the blueprint to build them again for
# new data. Knows no likelihood.
#
# A design is list(
#   predictors   by key: covary_design_predictor (design-predictor.R)
#   x            by predictor: columns x m cells
#   offset       predictors x m
#   n_sds        number of smoothing sds
#   covariates   what new data must be (design-newdata.R)
#   responses, response_variables, outside, ids   of the formulas)

new_design <- function(parsed, frame, cells, all_rows = NULL) {
  has_states <- !is.null(parsed$predictors[[1]]$states)
  if (!has_states) parsed <- add_term_states(parsed, frame$covariates, frame$n)
  at <- list(
    data = lapply(frame$covariates, take_rows, cells$first), m = cells$m,
    weights = cells$stats[1, ], values = frame$values, all_rows = all_rows,
    has_states = has_states, own_priors = isTRUE(parsed$own_priors),
    cache = new.env(parent = emptyenv())
  )
  sides <- list()
  predictors <- list()
  n_sds <- 0L
  x <- list()
  offset <- matrix(0, length(parsed$predictors), cells$m)
  for (i in seq_along(parsed$predictors)) {
    p <- parsed$predictors[[i]]
    # Predictors with the same right side share its columns: less work, less memory, and they stay
    # in cache.
    known <- Position(function(side) identical(side$predictor$rhs, p$rhs), sides)
    side <- if (is.na(known)) {
      build_side(p, at)
    } else {
      sides[[known]]
    }
    if (is.na(known)) sides <- c(sides, list(side))
    warn_collinear(side$collinear, p$key)
    p <- new_design_predictor(p, side, draw_prefix(p, parsed$ids), n_sds)
    if (!is.null(cells$observed)) p <- with_own_moments(p, side, cells, names(parsed$responses))
    predictors[[p$key]] <- p
    n_sds <- n_sds + p$n_sds
    x[[i]] <- side$x
    offset[i, ] <- side$offset
  }
  if (all(vapply(predictors, `[[`, TRUE, "known"))) {
    stop_covary("formula", "Every predictor is known; there is nothing to estimate.",
      fields = list(arg = "formula")
    )
  }
  predictors <- distinguish_names(predictors)
  if (isTRUE(parsed$shared_sds) && n_sds > 0) {
    predictors <- share_sds(predictors, parsed$ids)
    n_sds <- length(sd_owners(predictors))
  }
  plain <- setdiff(names(at$data), at$values)
  list(
    predictors = predictors, x = share_equal(x), offset = offset, n_sds = n_sds,
    covariates = summarise_covariates(at$data[plain], parsed$types), responses = parsed$responses,
    response_variables = parsed$response_variables, outside = parsed$outside, ids = parsed$ids
  )
}

# Different right sides can have the same columns.
share_equal <- function(x) {
  for (j in seq_along(x)[-1]) {
    same <- Position(function(earlier) identical(earlier, x[[j]]), x[seq_len(j - 1)])
    if (!is.na(same)) x[[j]] <- x[[same]]
  }
  x
}

# What predictors with the right side of p have in common: list(predictor (fields to add),
# parametric (names), unpenalised (columns), x, offset, collinear). `at`: where and how columns are
# evaluated,
#   data, m, weights  the covariates at the cells, their number and weights
#   values            names of the covariates that are values of terms
#   all_rows          what is known of all rows where the cells are a sketch of them, else NULL
#   has_states        did variables get their states (rows-term-state.R) from all rows?
#   own_priors        do coefficients have priors of their own, so that columns are not mixed?
#   cache             smooths that were built, by their call
build_side <- function(p, at) {
  weights <- at$weights
  parts <- split_rhs(p$rhs)
  mf <- parametric_frame(parts$parametric, p, at)
  p$terms <- attr(mf, "terms")
  x <- parametric_matrix(p$terms, mf, p$key)
  p$xlevels <- stats::.getXlevels(p$terms, mf)
  p$contrasts <- attr(x, "contrasts")
  p$assign <- attr(x, "assign")
  p$intercept <- attr(p$terms, "intercept") == 1
  p$offsets <- parts$offsets
  offset <- if (length(p$offsets)) read_offset(p, at$data, at$m) else 0
  std <- standardise_columns(x, weights, p$intercept, if (!is.null(at$all_rows)) {
    at$all_rows$columns(p, x, weights)
  })
  p$centre <- std$centre
  p$scale <- std$scale
  if (!at$own_priors) {
    p$mixing <- orthogonal_columns(
      std$x, weights, parametric_variables(p),
      if (is.null(std$constant)) rep(FALSE, ncol(x)) else std$constant != 0
    )
  }
  # Before they are mixed: what the data cannot tell apart is told by the user's columns.
  collinear <- collinear_columns(std$x)
  if (!is.null(p$mixing)) std$x <- structure(std$x %*% p$mixing, dimnames = dimnames(std$x))
  p$smooths <- unlist(lapply(parts$smooths, cached_smooths, p, at), recursive = FALSE)
  unpenalised <- do.call(cbind, c(list(std$x), lapply(p$smooths, function(s) s$train$fixed)))
  p$constant <- std$constant
  p$moments <- side_moments(p, unname(unpenalised), weights)
  p$intercept_at <- if (p$intercept) which(colnames(x) == "(Intercept)")[1]
  columns <- do.call(
    cbind,
    c(
      list(std$x),
      lapply(p$smooths, function(s) do.call(cbind, c(list(s$train$fixed), s$train$blocks)))
    )
  )
  p$smooths <- lapply(p$smooths, function(s) {
    s$train <- NULL
    s
  })
  list(
    predictor = p, parametric = colnames(x), unpenalised = unname(unpenalised),
    x = t(unname(columns)), offset = offset, collinear = collinear
  )
}

side_moments <- function(p, unpenalised, weights) {
  unpenalised_moments(unpenalised, weights, if (!is.null(p$constant)) p$constant * p$scale)
}

# A response's default priors rest on the rows that have it, those of a pair on the rows with both;
# on all where there are none.
with_own_moments <- function(p, side, cells, responses) {
  seen <- is_observed(cells$observed, length(responses))[match(p$resp, responses), , drop = FALSE]
  weights <- cells$stats[1, ] * (colSums(!seen) == 0)
  if (sum(weights) > 0) p$moments <- side_moments(p, side$unpenalised, weights)
  p
}

# The same smooth in several right sides is built once.
cached_smooths <- function(call, p, at) {
  env <- environment(p$rhs)
  key <- deparse1(call)
  hit <- at$cache[[key]]
  if (!is.null(hit) && identical(hit$env, env)) {
    return(hit$smooths)
  }
  smooths <- build_smooths(call, env, at$data, at$weights, p$states, at$all_rows)
  at$cache[[key]] <- list(env = env, smooths = smooths)
  smooths
}

# The variables of the parametric terms at the cells. As in lm(), columns stand in the order of
# their interactions, so that the coding of `g:x` knows of `x` wherever it is written.
parametric_frame <- function(formula, p, at) {
  key <- p$key
  tf <- stats::terms(formula)
  variables <- as.list(attr(tf, "variables"))[-1]
  if (!at$has_states && !is.null(at$all_rows)) {
    tf <- at$all_rows$terms(tf)
  } else {
    attr(tf, "predvars") <-
      as.call(c(as.name("list"), lapply(variables, stateful, states = p$states)))
  }
  refuse_lag(variables, environment(formula), key)
  mf <- with_typed_errors(
    stats::model.frame(terms_with_values(tf, at$values),
      data = at$data,
      na.action = stats::na.pass, drop.unused.levels = TRUE
    ),
    "covariate", "Term ", guilty_term(variables, at$data, environment(formula), at$m), " of ", key,
    " cannot be used", unknown_functions(variables, environment(formula)), ": ",
    fields = list(predictor = key)
  )
  if (length(at$values)) attr(mf, "terms") <- tf
  if (length(variables) == 0) mf <- empty_frame(tf, at$m)
  if (nrow(mf) != at$m) {
    stop_covary("covariate", "Term ", enumerate(names(mf)), " of ", key, " has ", nrow(mf),
      " values for ", at$m, " rows.",
      fields = list(predictor = key)
    )
  }
  bad <- names(mf)[vapply(mf, function(v) is.numeric(v) && any(!is.finite(v)), TRUE)]
  if (length(bad)) {
    stop_covary("infinite", "Term ", enumerate(bad), " of ", key, " is not finite for some rows.",
      fields = list(column = bad[1])
    )
  }
  mf
}

# The term that model.frame() stumbled over, for messages.
guilty_term <- function(variables, columns, env, n) {
  bad <- vapply(variables, function(v) {
    value <- attempt(eval(v, columns, env))
    !is.atomic(value) || NROW(value) != n
  }, TRUE)
  enumerate(vapply(variables[if (any(bad)) bad else TRUE], deparse1, ""))
}

# stats::lag() moves the time of a series and leaves the values of a vector where they are.
refuse_lag <- function(variables, env, key) {
  calls <- vapply(variables, function(v) "lag" %in% setdiff(all.names(v), all.vars(v)), TRUE)
  if (any(calls) && identical(get0("lag", env, mode = "function"), stats::lag)) {
    stop_covary("covariate", "Term ", enumerate(vapply(variables[calls], deparse1, "")), " of ",
      key, " does not shift anything: lag() of 'stats' is for time series. Make the shifted ",
      "values a column of `data`.",
      fields = list(predictor = key)
    )
  }
}

# A word of advice on functions that the terms call and nobody has attached.
unknown_functions <- function(variables, env) {
  called <- unlist(lapply(variables, function(v) setdiff(all.names(v), all.vars(v))))
  unknown <- unique(called[!vapply(called, exists, TRUE, envir = env, mode = "function")])
  if (length(unknown)) {
    paste0(
      " (attach the package of ", enumerate(paste0(unknown, "()"), quote = FALSE), ", or write ",
      "package::", unknown[1], "(); for curves there is s(x))"
    )
  }
}

empty_frame <- function(tf, m) {
  mf <- data.frame(row.names = seq_len(m))
  attr(mf, "terms") <- tf
  mf
}

parametric_matrix <- function(terms, mf, key) {
  single <- names(mf)[vapply(mf, function(v) {
    (is.factor(v) || is.character(v) || is.logical(v)) &&
      length(unique(v)) < 2
  }, TRUE)]
  if (length(single)) {
    stop_covary("covariate", "Factor ", enumerate(single), " of ", key,
      " has one level only; remove it.",
      fields = list(covariate = single, predictor = key)
    )
  }
  with_typed_errors(stats::model.matrix(terms, mf), "covariate",
    "The columns of ", key, " cannot be built: ",
    fields = list(predictor = key)
  )
}

# Sum of the offsets of a predictor; each has a value a row, or one for all.
read_offset <- function(p, data, n) {
  total <- rep(0, n)
  for (call in p$offsets) {
    v <- evaluate_call(
      known_or_stateful(call[[2]], names(data), p$states), data, environment(p$rhs),
      "Offset"
    )
    if (!is.numeric(v) || !(length(v) %in% c(1, n)) || any(is.infinite(v) | is.nan(v))) {
      stop_covary("offset", deparse1(call), " of ", p$key, " must be finite numbers, one a row (",
        n, "), not ", describe(v), ".",
        fields = list(term = deparse1(call), predictor = p$key)
      )
    }
    total <- total + as.vector(v)
  }
  total
}

warn_collinear <- function(surplus, key) {
  if (length(surplus$names) == 0) {
    return()
  }
  if (surplus$constant) {
    return(warn_constant(surplus$names, key))
  }
  warn_covary("collinear", "Columns ", enumerate(surplus$names), " of ", key,
    " are constant or sums of the others; the data cannot tell ",
    "them apart and their coefficients rest on the prior.",
    fields = list(predictor = key, columns = surplus$names)
  )
}

warn_constant <- function(names, key) {
  warn_covary("collinear", "Column ", enumerate(names), " of ", key,
    " is zero everywhere; its coefficient rests on the prior.",
    fields = list(predictor = key, columns = names)
  )
}
