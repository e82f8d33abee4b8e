# Right sides of formulas: the dot, and the parts that are parametric terms, smooths and offsets.

right_side <- function(f) {
  out <- f[-2]
  environment(out) <- environment(f)
  out
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
  tf <- with_typed_errors(
    stats::terms(rhs, specials = specials, keep.order = TRUE), "formula", "Formula ",
    deparse1(rhs), " cannot be read: "
  )
  variables <- as.list(attr(tf, "variables"))[-1]
  refuse_tensor(variables, attr(tf, "specials"))
  refuse_bar(variables)
  refuse_empty(variables, attr(tf, "specials"), attr(tf, "offset"))
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

# Smooths and offsets that say nothing of what they are of: s(), s(k = 5), s(x, by = ), offset().
refuse_empty <- function(variables, specials, offsets) {
  smooths <- unlist(specials[c("s", "t2")])
  for (v in variables[c(smooths, offsets)]) {
    arguments <- as.list(v)[-1]
    is_empty <- vapply(arguments, identical, TRUE, quote(expr = ))
    unnamed <- if (is.null(names(arguments))) TRUE else !nzchar(names(arguments))
    # A number is an offset, but not a covariate.
    is_offset <- identical(v[[1]], quote(offset))
    is_of <- if (is_offset) arguments else unlist(lapply(arguments[unnamed], all.vars))
    if (any(is_empty) || length(is_of) == 0) {
      stop_covary("formula", "The term ", deparse1(v), " names no variable or has an empty ",
        "argument; write ", deparse1(v[[1]]), "(x), for instance.",
        fields = list(term = deparse1(v))
      )
    }
  }
}
