# Parses what the user wrote into responses and predictors; knows no data but its names.
#
# A predictor is list(key, dpar, resp, rhs, stated): `rhs` is a one-sided formula, `resp`
# one response label, or two for a correlation, `stated` FALSE for a default.

parse_formulas <- function(formula, ..., data_names) {
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
      "found only formulas for `sigma` or `rho`. For a column of that name write cbind(sigma) ~ x."
    )
  }
  if (length(responses) > 2) {
    stop_covary(
      "formula", "This version fits one or two responses; found ", length(responses),
      ": ",
      enumerate(names(responses)), "."
    )
  }
  predictors <- default_predictors(responses, means)
  predictors <- apply_overrides(predictors, overrides, responses)
  drop <- unique(unlist(lapply(responses, all.vars)))
  others <- setdiff(data_names, drop)
  predictors <- lapply(predictors, function(p) {
    p$rhs <- expand_dot(p$rhs, others)
    p
  })
  list(
    responses = responses, ids = response_ids(names(responses)), predictors = predictors,
    formulas = formulas
  )
}

# Arguments that covary() does not have arrive among the formulas; they are not evaluated as such,
# but named.
check_further_formulas <- function(...) {
  for (i in seq_len(...length())) {
    name <- c(...names(), "")[i]
    if (is.na(name) || !nzchar(name) ||
      inherits(tryCatch(...elt(i), error = function(e) NULL), "formula")) {
      next
    }
    advice <- switch(name,
      offset = "write offset() in the formula of its predictor, such as y ~ x + offset(o)",
      seed = "call set.seed() before",
      family = "responses are normal; transform them in the formula, such as log(y) ~ x",
      sigma = ,
      rho = paste0("write a formula with that left side, ", name, " ~ x"),
      paste0(
        "see ?covary; it has ",
        enumerate(setdiff(names(formals(covary)), "..."), quote = FALSE, most = 20)
      )
    )
    stop_covary("formula", "covary() has no argument '", name, "': ", advice, ".",
      fields = list(arg = name)
    )
  }
}

collect_formulas <- function(formula, ...) {
  all <- c(if (is.list(formula) && !is.object(formula)) formula else list(formula), list(...))
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
      " has no left side: name a response, `sigma` or `rho` there.",
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
  identical(head, quote(sigma)) || identical(head, quote(rho))
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

response_pairs <- function(labels) {
  k <- length(labels)
  if (k < 2) {
    return(list())
  }
  unlist(lapply(2:k, function(i) lapply(seq_len(i - 1), function(j) labels[c(j, i)])),
    recursive = FALSE
  )
}

default_predictors <- function(responses, means) {
  labels <- names(responses)
  intercept <- function(label) {
    f <- stats::as.formula(~1)
    environment(f) <- environment(means[[label]])
    f
  }
  mu <- lapply(labels, function(l) new_predictor("mu", l, right_side(means[[l]]), TRUE))
  sigma <- lapply(labels, function(l) new_predictor("sigma", l, intercept(l), FALSE))
  rho <- lapply(response_pairs(labels), function(p) new_predictor("rho", p, intercept(p[1]), FALSE))
  all <- c(mu, sigma, rho)
  stats::setNames(all, vapply(all, `[[`, "", "key"))
}

new_predictor <- function(dpar, resp, rhs, stated) {
  list(
    key = paste(c(dpar, resp), collapse = ":"), dpar = dpar, resp = resp, rhs = rhs,
    stated = stated
  )
}

right_side <- function(f) {
  out <- f[-2]
  environment(out) <- environment(f)
  out
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

expand_dot <- function(rhs, names) {
  if (!"." %in% all.vars(rhs)) {
    return(rhs)
  }
  if (length(names) == 0) {
    stop_covary("formula", "`.` stands for all other columns, but there are none.")
  }
  dots <- Reduce(function(a, b) call("+", a, b), lapply(names, as.name))
  rhs[[2]] <- do.call(substitute, list(rhs[[2]], list(. = call("(", dots))))
  rhs
}

# Parts of a right side: parametric terms, calls of smooths and of offset().
split_rhs <- function(rhs) {
  specials <- c("s", "t2", "te", "ti")
  tf <- retype(
    stats::terms(rhs, specials = specials, keep.order = TRUE), "formula", "Formula ",
    deparse1(rhs), " cannot be read: "
  )
  variables <- as.list(attr(tf, "variables"))[-1]
  refuse_tensor(variables, attr(tf, "specials"))
  refuse_bar(variables)
  at <- unlist(attr(tf, "specials")[c("s", "t2")])
  factors <- attr(tf, "factors")
  labels <- attr(tf, "term.labels")
  is_smooth <- rep(FALSE, length(labels))
  if (length(at) && length(labels)) {
    involved <- colSums(factors[at, , drop = FALSE] > 0) > 0
    alone <- attr(tf, "order") == 1
    if (any(involved & !alone)) {
      stop_covary(
        "formula", "Smooth ", enumerate(labels[involved & !alone]),
        " cannot stand in an interaction; ",
        "use its `by` argument."
      )
    }
    is_smooth <- involved
  }
  # From the variables, not from labels: the label of (x > 3):x reads as x > (3:x).
  kept <- lapply(term_variables(tf)[!is_smooth], Reduce, f = function(a, b) call(":", a, b))
  parts <- c(list(if (attr(tf, "intercept") == 1) 1 else 0), kept)
  parametric <- rhs
  parametric[[2]] <- Reduce(function(a, b) call("+", a, b), parts)
  list(
    parametric = parametric, smooths = lapply(labels[is_smooth], str2lang),
    offsets = variables[attr(tf, "offset")]
  )
}

# By term of a terms object, the variables whose product it is. (Labels cannot be read again: that
# of (x > 3):x says x > (3:x).)
term_variables <- function(tf) {
  variables <- as.list(attr(tf, "variables"))[-1]
  factors <- attr(tf, "factors")
  lapply(seq_along(attr(tf, "term.labels")), function(j) variables[factors[, j] > 0])
}

# `(1 | g)` of other packages would be read as a logical "or".
refuse_bar <- function(variables) {
  bar <- vapply(variables, function(v) is.call(v) && identical(v[[1]], quote(`|`)), TRUE)
  if (any(bar)) {
    bad <- deparse1(variables[bar][[1]])
    stop_covary("formula", "The term (", bad,
      ") is not understood; write a random intercept as s(g, bs = \"re\") and a random ",
      "slope of x as s(g, x, bs = \"re\").",
      fields = list(term = bad)
    )
  }
}

refuse_tensor <- function(variables, specials) {
  tensor <- unlist(specials[c("te", "ti")])
  if (length(tensor)) {
    bad <- deparse1(variables[[tensor[1]]])
    stop_covary("formula", "The smooth ", bad,
      " has several penalties on the same coefficients and cannot be written ",
      "as independent random effects. Use t2() in its place.",
      fields = list(term = bad)
    )
  }
}
