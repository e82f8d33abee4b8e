# The log likelihood of rows at draws, some rows at a time: of many rows and draws it is too large
# to be held twice.

# list(s: draws, n: rows, block(rows): S x rows, weights included, NA where a row has no response or
# lacks a covariate)
new_row_log_lik <- function(fit, newdata, responses, draw_ids) {
  y <- observed_responses(fit, newdata, responses)
  e <- new_evaluation(fit, newdata, draw_ids, responses)
  weights <- if (is.null(newdata)) row_weights(fit$frame) else rep(1, e$n)
  margins <- margins_of_block(e$margins, NULL)
  whole <- length(Filter(Negate(is.null), e$margins)) == 0 && is.null(e$observed) &&
    !anyNA(y) && identical(responses, fit$responses)
  density <- function(rows) {
    eta <- evaluation_block(e, NULL, rows)
    y <- y[rows, , drop = FALSE]
    if (whole) {
      parts <- in_core_order(e$likelihood, eta)
      if (!anyNA(unlist(lapply(parts, function(v) v[1, ])))) { # all covariates are there
        return(row_density_core(e$likelihood$name, y, parts))
      }
    }
    log_density_of_observed(e$likelihood, y, eta, margins)
  }
  block <- function(rows) density(rows) * rep(weights[rows], each = e$s)
  list(s = e$s, n = e$n, block = block)
}

# Predictors of K responses in the order of the core: by dpar, pairs below the diagonal by row.
in_core_order <- function(likelihood, eta) {
  unlist(lapply(eta[names(likelihood$dpars)], function(part) {
    if (is.matrix(part)) t(part)[upper.tri(part)] else part
  }), recursive = FALSE, use.names = FALSE)
}

# S x rows, joint densities by the C core. y: rows x K, complete; eta: S x rows matrices. A row is a
# cell of weight one without scatter.
row_density_core <- function(name, y, eta) {
  k <- ncol(y)
  cells <- rbind(1, t(y), matrix(0, k * (k + 1) / 2, nrow(y)))
  .Call(C_likelihood_draws, list(name = name, responses = k), cells, eta)
}
