# Many rows with several continuous covariates: the exact likelihood of the rows without a matrix of
# rows by coefficients.
#
# Every column of the design depends on one continuous covariate at most (and on discrete ones), so
# a predictor is a sum of terms f_c(x_c, group_c). A term is a table of cubics on the cells of its
# covariate: values and scores of rows cost the same for any basis. Curvature is gathered in bins of
# x_c and pairs of them and multiplied out with the basis afterwards.

new_rows_model <- function(model, terms, frame, threads = 1L) {
  coarse <- bin_width(terms, length(model$standard$size))
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
      unname(model$standard$size)
    )
    term
  })
  model$tables <- list(
    terms = terms, coarse = coarse, order = rows,
    y = unname(frame$y[rows, , drop = FALSE]),
    weights = frame$weights[rows], threads = threads
  )
  model$tables$constant <- unname(-model$standard$rest / model$standard$size)
  model <- without_likelihood(model)
  model$rows <- frame$n
  class(model) <- c("covary_rows_model", class(model)[-1])
  model
}

# One cell without rows: what is left is the priors.
without_likelihood <- function(model) {
  k <- model$core$likelihood$responses
  model$core$size$cells <- 1L
  model$core["observed"] <- list(NULL)
  model$core$shared <- NULL
  model$core$cells <- matrix(0, 1 + k * (3 + k) / 2, 1)
  model$core$offset <- matrix(0, nrow(model$core$offset), 1)
  model$core$x <- lapply(model$core$x, function(x) matrix(0, nrow(x), 1))
  model
}

# Arguments of the C core for one vector of coefficients.
rows_call <- function(model, beta, tables = row_tables(model$tables, matrix(beta, 1))) {
  engine <- model$tables
  terms <- Map(function(term, table) {
    list(
      x = term[["x"]], group = term[["group"]], grid = term$grid,
      groups = as.integer(term$groups), coefficients = table
    )
  }, engine$terms, tables)
  list(
    y = engine$y, weights = engine$weights,
    scaling = cbind(model$standard$centre, model$standard$scale), terms = terms
  )
}

#' @export
loglik_and_priors.covary_rows_model <- function(model, beta, order = 2L) {
  beta <- as.double(beta)
  call <- rows_call(model, beta)
  out <- .Call(C_loglik_and_priors, model$core, beta, order)
  if (order < 2) {
    at <- .Call(
      C_rows, call$y, call$weights, call$scaling, call$terms,
      list(
        likelihood = model$core$likelihood, level = simd_level(),
        threads = model$tables$threads, value = TRUE
      )
    )
  } else {
    at <- .Call(
      C_rows_curvature, call$y, call$weights, call$scaling, call$terms,
      list(likelihood = model$core$likelihood, coarse = model$tables$coarse), NULL
    )
    out$hessian <- out$hessian + rows_hessian(model, at$curvature)
  }
  out$value <- out$value + at$value
  if (order > 0) out$gradient <- out$gradient + rows_scores(model, at$scores)
  out
}

#' @export
expect_loglik_and_priors.covary_rows_model <- function(model, mean, cov, every = 1L) {
  call <- rows_call(model, mean)
  out <- .Call(C_expect_loglik_and_priors, model$core, mean, cov, every)
  at <- .Call(
    C_rows_curvature, call$y, call$weights, call$scaling, call$terms,
    list(likelihood = model$core$likelihood, coarse = model$tables$coarse),
    rows_variance(model, cov)
  )
  out$value <- out$value + at$value
  out$gradient <- out$gradient + rows_scores(model, at$scores)
  out$hessian <- out$hessian + rows_hessian(model, at$curvature)
  out
}

#' @export
loglik_and_priors_draws.covary_rows_model <- function(model, draws, progress = NULL) {
  prior <- .Call(C_loglik_and_priors_draws, model$core, draws)
  width <- sum(vapply(model$tables$terms, function(term) ncol(term$cubics[[1]]), 0L)) *
    length(model$tables$constant)
  for (block in in_blocks(nrow(draws), width)) {
    tables <- row_tables(model$tables, draws[block, , drop = FALSE])
    for (s in block) {
      if (!is.null(progress)) progress$tick("weighing draws", s / nrow(draws))
      call <- rows_call(model, tables = lapply(tables, function(table) table[, s - block[1] + 1]))
      prior[s] <- prior[s] + .Call(
        C_rows, call$y, call$weights, call$scaling, call$terms,
        list(
          likelihood = model$core$likelihood, level = simd_level(),
          threads = model$tables$threads, value = TRUE
        )
      )$value
    }
  }
  prior
}

#' @export
seconds_per_draw.covary_rows_model <- function(model) {
  model$rows * length(model$tables$terms) * 15e-9
}

#' @export
negligible_spread.covary_rows_model <- function(model) 0.5
