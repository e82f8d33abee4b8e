# The terms of a predictor of a fit, each a function of a few covariates.

# A list of list(labels, covariates (names), columns (numbers of the predictor's columns), offset
# (numbers of its offsets), random): parametric terms and offsets of the same covariates are one,
# and so are the smooths that one call with a factor `by` makes. covariates: names of all
# covariates.
predictor_terms <- function(p, covariates) {
  parts <- fit_terms(p)
  parts <- lapply(parts, function(part) {
    part$covariates <- sort(intersect(part$covariates, covariates))
    part
  })
  key <- vapply(parts, function(part) {
    paste(c(part$call, "of", part$covariates), collapse = "\r")
  }, "")
  unname(lapply(split(parts, factor(key, unique(key))), join_terms))
}

# The same, one by one, with all that their covariates name.
fit_terms <- function(p) c(parametric_terms(p), offset_terms(p), smooth_terms_of(p))

new_predictor_term <- function(
  labels, covariates, columns = integer(), offset = integer(), random = FALSE, call = NULL
) {
  list(
    labels = labels, covariates = covariates, columns = columns, offset = offset, random = random,
    call = call
  )
}

join_terms <- function(parts) {
  all <- function(name) unique(unlist(lapply(parts, `[[`, name)))
  new_predictor_term(
    all("labels"), all("covariates"), all("columns"), all("offset"), parts[[1]]$random
  )
}

parametric_terms <- function(p) {
  factors <- attr(p$terms, "factors")
  labels <- attr(p$terms, "term.labels")
  lapply(unique(p$assign), function(number) {
    columns <- which(p$assign == number)
    if (number == 0) {
      return(new_predictor_term("(Intercept)", character(), columns))
    }
    variables <- rownames(factors)[factors[, number] > 0]
    named <- unlist(lapply(variables, function(v) free_variables(str2lang(v))))
    new_predictor_term(labels[number], named, columns)
  })
}

offset_terms <- function(p) {
  lapply(seq_along(p$offsets), function(i) {
    new_predictor_term(deparse1(p$offsets[[i]]), free_variables(p$offsets[[i]]), offset = i)
  })
}

smooth_terms_of <- function(p) {
  last <- length(p$assign)
  lapply(p$smooths, function(s) {
    columns <- last + seq_len(s$n_fixed + sum(s$n_block))
    last <<- last + length(columns)
    named <- unlist(lapply(smooth_terms(s$sm), function(term) free_variables(str2lang(term))))
    new_predictor_term(s$label, named, columns, random = s$is_re, call = deparse1(s$call))
  })
}

# What a term of predictor p is worth at rows: for every column of `coefficients` (all of the
# predictor's x any number of sets of them) one column.
term_values <- function(p, term, newdata, coefficients) {
  out <- matrix(0, nrow(newdata), ncol(coefficients))
  if (length(term$columns)) {
    x <- predictor_columns(p, newdata)$x[, term$columns, drop = FALSE]
    out <- x %*% coefficients[term$columns, , drop = FALSE]
  }
  if (length(term$offset)) {
    p$offsets <- p$offsets[term$offset]
    out <- out + read_offset(p, newdata, nrow(newdata))
  }
  out
}
