# Parses what the user wrote into responses and predictors; knows no data but its names.
#
# A predictor is list(key, likelihood, dpar, resp, rhs, stated): `likelihood` and `dpar` are names
# in formula_dpars, `rhs` is a one-sided formula, `resp` one response label, or two for a
# correlation, `stated` FALSE for a default.

parse_formulas <- function(formula, ..., data_names, likelihood = default_likelihood) {
  formulas <- collect_formulas(formula, ...)
  responses <- list()
  means <- list()
  overrides <- list()
  for (f in formulas) {
    left <- f[[2]]
    if (is_dpar(left)) {
      overrides <- c(overrides, list(list(left = left, formula = f)))
      next
    }
    labels <- response_labels(left)
    for (label in names(labels)) {
      known <- match_response(label, labels[[label]], responses)
      if (is.na(known)) responses[[label]] <- labels[[label]] else label <- names(responses)[known]
      means[[label]] <- f
    }
  }
  if (length(responses) == 0) {
    stop_covary(
      "formula",
      "No formula has a response on its left side, such as `cbind(y1, y2) ~ x`; ",
      "found only formulas for ", further_dpars(), ". ",
      "For a column of that name write cbind(sigma) ~ x."
    )
  }
  check_response_count(names(responses), most_responses[[likelihood]])
  predictors <- default_predictors(likelihood, responses, means)
  predictors <- apply_overrides(predictors, overrides, responses)
  drop <- unique(unlist(lapply(responses, all.vars)))
  others <- setdiff(data_names, drop)
  predictors <- lapply(predictors, function(p) {
    p$rhs <- expand_dot(p$rhs, others)
    split_rhs(p$rhs) # refuses what cannot be read, before any data are looked at
    p
  })
  list(
    responses = responses, ids = response_ids(names(responses)), predictors = predictors,
    formulas = formulas
  )
}

as_formulas <- function(x) if (is.list(x) && !is.object(x)) x else list(x)

collect_formulas <- function(formula, ...) {
  all <- c(as_formulas(formula), list(...))
  ok <- is.list(all) && length(all) > 0 &&
    all(vapply(all, function(f) inherits(f, "formula"), TRUE))
  if (!ok) {
    stop_covary("formula",
      "`formula` and `...` must be formulas such as `cbind(y1, y2) ~ s(x)` or ",
      "`sigma ~ s(x)`, or one list of them.",
      fields = list(arg = "formula")
    )
  }
  one_sided <- vapply(all, length, 0L) < 3
  if (any(one_sided)) {
    stop_covary("formula", "Formula ", deparse1(all[[which(one_sided)[1]]]),
      " has no left side: name a response, ", further_dpars(), " there.",
      fields = list(arg = "formula")
    )
  }
  empty <- vapply(all, function(f) is.null(f[[3]]), TRUE)
  if (any(empty)) {
    stop_covary("formula", "Formula ", deparse1(all[[which(empty)[1]]]),
      " has NULL on its right side; write 1 for a constant.",
      fields = list(arg = "formula")
    )
  }
  twice <- duplicated(lapply(all, `[[`, 2))
  if (any(twice)) {
    stop_covary("formula", "Two formulas have the left side ",
      deparse1(all[[which(twice)[1]]][[2]]), "; join them into one.",
      fields = list(arg = "formula")
    )
  }
  unname(all)
}

is_dpar <- function(left) {
  head <- if (is.call(left)) left[[1]] else left
  is.name(head) && as.character(head) %in% dpar_names(further = TRUE)
}

response_labels <- function(left) {
  parts <- list(left)
  if (is.call(left) &&
    (identical(left[[1]], quote(cbind)) || identical(left[[1]], quote(mvbind)))) {
    parts <- as.list(left)[-1]
  }
  given <- names(parts)
  if (is.null(given)) given <- rep("", length(parts))
  labels <- ifelse(nzchar(given), given, vapply(parts, label_of, ""))
  if (anyDuplicated(labels)) {
    stop_covary(
      "formula", "Response ", enumerate(labels[duplicated(labels)]),
      " stands more than once."
    )
  }
  stats::setNames(parts, labels)
}

label_of <- function(expr) {
  paste(deparse(expr, width.cutoff = 500L, backtick = FALSE),
    collapse = ""
  )
}

match_response <- function(label, expr, responses) {
  same <- names(responses) == label | vapply(responses, identical, TRUE, expr)
  if (any(same)) which(same)[1] else NA_integer_
}

# Response names inside draw names hold letters and digits only, as in brms.
response_ids <- function(labels) {
  ids <- gsub("[^[:alnum:]]", "", labels)
  ids[!nzchar(ids)] <- "y"
  stats::setNames(make.unique(ids, sep = ""), labels)
}

# "`sigma` or `rho`"
further_dpars <- function() {
  paste0("`", dpar_names(further = TRUE), "`", collapse = " or ")
}

check_response_count <- function(labels, most) {
  if (length(labels) > most) {
    stop_covary(
      "formula", "This likelihood fits up to ", most, " response", if (most > 1) "s",
      " together; found ", length(labels), ": ", enumerate(labels),
      ". For more, fit_margins() and fit_pairs() take them one by one and in pairs."
    )
  }
}

default_predictors <- function(likelihood, responses, means) {
  labels <- names(responses)
  intercept <- function(label) {
    f <- stats::as.formula(~1)
    environment(f) <- environment(means[[label]])
    f
  }
  dpars <- formula_dpars[[likelihood]]
  mean <- names(dpars)[1]
  all <- unlist(lapply(names(dpars), function(dpar) {
    lapply(dpar_units(dpars[[dpar]], labels), function(resp) {
      rhs <- if (dpar == mean) right_side(means[[resp]]) else intercept(resp[1])
      new_predictor(likelihood, dpar, resp, rhs, dpar == mean)
    })
  }), recursive = FALSE)
  stats::setNames(all, vapply(all, `[[`, "", "key"))
}

new_predictor <- function(likelihood, dpar, resp, rhs, stated) {
  list(
    key = predictor_key(dpar, resp), likelihood = likelihood, dpar = dpar, resp = resp, rhs = rhs,
    stated = stated
  )
}

# Shared formulas (`sigma ~ x`) first, then those that name their responses.
apply_overrides <- function(predictors, overrides, responses) {
  shared <- vapply(overrides, function(o) is.symbol(o$left), TRUE)
  for (o in c(overrides[shared], overrides[!shared])) {
    dpar <- as.character(if (is.symbol(o$left)) o$left else o$left[[1]])
    hit <- vapply(predictors, function(p) p$dpar == dpar, TRUE)
    if (!is.symbol(o$left)) {
      named <- vapply(as.list(o$left)[-1], find_response, "",
        responses = responses,
        formula = o$formula
      )
      hit <- hit & vapply(predictors, function(p) {
        setequal(p$resp, named) &&
          length(named) == length(p$resp)
      }, TRUE)
    }
    if (!any(hit)) {
      stop_covary("formula", "Formula ", deparse1(o$formula),
        " names no predictor of this model. Its predictors are ",
        enumerate(names(predictors), most = 20), ".",
        fields = list(formula = o$formula)
      )
    }
    predictors[hit] <- lapply(predictors[hit], function(p) {
      p$rhs <- right_side(o$formula)
      p$stated <- TRUE
      p
    })
  }
  predictors
}

find_response <- function(expr, responses, formula) {
  at <- match_response(label_of(expr), expr, responses)
  if (is.na(at)) {
    stop_covary(
      "formula", "Formula ", deparse1(formula), " names ", dQuote(label_of(expr), FALSE),
      ", which is not a response. The responses are ", enumerate(names(responses)), "."
    )
  }
  names(responses)[at]
}
