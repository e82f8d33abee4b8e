# Many rows with several continuous covariates: the exact likelihood of the rows without a matrix of
# rows by coefficients.
#
# Every column of the design depends on one continuous covariate at most (and on discrete ones), so
# a predictor is a sum of terms f_c(x_c, group_c). A term is a table of cubics on the cells of its
# covariate: values and scores of rows cost the same for any basis. Curvature is gathered in bins of
# x_c and pairs of them and multiplied out with the basis afterwards.

new_rows_target <- function(target, terms, frame, threads = 1L) {
  coarse <- bin_width(terms, length(target$standard$size))
  terms <- terms[order(lengths(lapply(terms, `[[`, "x")) == 0)]
  # Rows in one cell of the first term share its cubics, which the core uses where they follow each
  # other.
  rows <- do.call(
    order,
    unname(c(list(integer(frame$n)), Filter(length, terms[[1]][c("group", "x")])))
  )
  terms <- lapply(terms, function(term) {
    term[["x"]] <- term[["x"]][rows]
    term[["group"]] <- term[["group"]][rows]
    bin_basis(term, coarse)
  })
  terms <- lapply(terms, function(term) {
    term$shift <- Map(
      function(shift, size) if (!is.null(shift)) shift / size, term$shift,
      unname(target$standard$size)
    )
    term
  })
  target$rows_engine <- list(
    terms = terms, coarse = coarse, order = rows,
    y = unname(frame$y[rows, , drop = FALSE]),
    weights = frame$weights[rows], threads = threads
  )
  target$rows_engine$constant <- unname(-target$standard$rest / target$standard$size)
  target <- without_likelihood(target)
  target$rows <- frame$n
  target
}

# One cell without rows: what is left is the priors.
without_likelihood <- function(target) {
  k <- length(target$standard$scale)
  target$model$size$cells <- 1L
  target$model$cells <- matrix(0, 1 + k * (3 + k) / 2, 1)
  target$model$offset <- matrix(0, nrow(target$model$offset), 1)
  target$model$x <- lapply(target$model$x, function(x) matrix(0, nrow(x), 1))
  target
}

# Arguments of the C core for one vector of coefficients.
rows_call <- function(target, beta, tables = row_tables(target$rows_engine, matrix(beta, 1))) {
  engine <- target$rows_engine
  terms <- Map(function(term, table) {
    list(
      x = term[["x"]], group = term[["group"]], grid = as.double(term$grid),
      groups = as.integer(term$groups), coefficients = table
    )
  }, engine$terms, tables)
  list(
    y = engine$y, weights = engine$weights,
    scaling = cbind(target$standard$centre, target$standard$scale), terms = terms
  )
}

rows_base <- function(target, beta, order) {
  call <- rows_call(target, beta)
  out <- .Call(C_base, target$model, beta, order)
  if (order < 2) {
    at <- .Call(
      C_rows, call$y, call$weights, call$scaling, call$terms,
      list(
        likelihood = target$model$likelihood, level = simd_level(),
        threads = target$rows_engine$threads, value = TRUE
      )
    )
  } else {
    at <- .Call(
      C_rows_curvature, call$y, call$weights, call$scaling, call$terms,
      list(likelihood = target$model$likelihood, coarse = target$rows_engine$coarse), NULL
    )
    out$hessian <- out$hessian + rows_hessian(target, at$curvature)
  }
  out$value <- out$value + at$value
  if (order > 0) out$gradient <- out$gradient + rows_scores(target, at$scores)
  out
}

rows_expect <- function(target, mean, cov) {
  call <- rows_call(target, mean)
  out <- .Call(C_base_expect, target$model, mean, cov)
  at <- .Call(
    C_rows_curvature, call$y, call$weights, call$scaling, call$terms,
    list(likelihood = target$model$likelihood, coarse = target$rows_engine$coarse),
    rows_variance(target, cov)
  )
  out$value <- out$value + at$value
  out$gradient <- out$gradient + rows_scores(target, at$scores)
  out$hessian <- out$hessian + rows_hessian(target, at$curvature)
  out
}

rows_draws <- function(target, draws, progress = NULL) {
  prior <- .Call(C_base_draws, target$model, draws)
  width <- sum(vapply(target$rows_engine$terms, function(term) ncol(term$cubics[[1]]), 0L)) *
    length(target$rows_engine$constant)
  for (block in in_blocks(nrow(draws), width)) {
    tables <- row_tables(target$rows_engine, draws[block, , drop = FALSE])
    for (s in block) {
      if (!is.null(progress)) progress$tick("weighing draws", s / nrow(draws))
      call <- rows_call(target, tables = lapply(tables, function(table) table[, s - block[1] + 1]))
      prior[s] <- prior[s] + .Call(
        C_rows, call$y, call$weights, call$scaling, call$terms,
        list(
          likelihood = target$model$likelihood, level = simd_level(),
          threads = target$rows_engine$threads, value = TRUE
        )
      )$value
    }
  }
  prior
}
