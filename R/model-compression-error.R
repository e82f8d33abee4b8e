# How far compression moves the mode of the coefficients, in posterior sds.
#
# With g and g~ the gradients of the log posterior of the rows and of the compressed one at the
# posterior mean, the two modes are a Newton step H^-1 (g - g~) apart; its largest entry is reported
# (mathematics vignette, eq. 28).
#
# Where the rows are at hand, g is summed over them in one pass that takes predictors from tables of
# cubics on halves of the cells: cubics on the cells themselves leave out the same as the fit did (a
# knot within a cell) and would not show it. With g_0 the gradient by cells and g_1 that by halves,
# halves leave out less than halving changes, |g - g_1| <= |g_1 - g_0| (eq. 29), and that is added.

compression_limit <- 1e-3

compression_error_of_rows <- function(prepared, result, threads = 1L) {
  mean <- colMeans(result$beta)
  target <- without_bound(prepared$target)
  cov <- mode_covariance(target, mean, result$log_tau)
  if (is.null(cov)) {
    return(NA_real_)
  }
  compressed <- loglik_and_priors(target, mean, 1L)$gradient -
    likelihood_free_gradient(target, mean)
  gradient <- if (anyNA(prepared$held$y)) {
    gradient_by_rows(prepared)
  } else {
    gradient_by_tables(prepared$suffstats, prepared, threads)
  }
  halves <- gradient(mean, 1L)
  shift_in_sds(halves - compressed, cov) + shift_in_sds(halves - gradient(mean, 0L), cov)
}

# Gradient of the log likelihood of the rows, a function of (beta, halvings: how often cells of the
# tables are halved)
gradient_by_tables <- function(suffstats, prepared, threads) UseMethod("gradient_by_tables")

#' @export
gradient_by_tables.covary_suffstats_grid1d <- function(suffstats, prepared, threads) {
  function(beta, halvings) rows_gradient(prepared, beta, rows_table(prepared, halvings), threads)
}

# Where every term uses one of the two covariates, tables of the terms.
#' @export
gradient_by_tables.covary_suffstats_grid2d <- function(suffstats, prepared, threads) {
  terms <- row_terms(prepared$design, prepared$held)
  if (is.character(terms)) {
    return(gradient_by_rows(prepared))
  }
  function(beta, halvings) {
    target <- new_rows_model(
      prepared$target,
      fill_row_terms(terms, prepared$design, prepared$held, row_cells * 2^halvings), prepared$held
    )
    call <- rows_call(target, beta)
    rows_scores(
      target,
      .Call(
        C_rows, call$y, call$weights, call$scaling, call$terms,
        list(
          likelihood = target$core$likelihood, level = simd_level(),
          threads = threads, value = FALSE
        )
      )$scores
    )
  }
}

# The same from the columns themselves at all rows, which need no halving.
gradient_by_rows <- function(prepared) {
  exact <- NULL
  function(beta, halvings) {
    if (is.null(exact)) exact <<- exact_rows_gradient(prepared, beta)
    exact
  }
}

exact_rows_gradient <- function(prepared, beta, block = 1e5) {
  scales <- prepared$target$scales
  total <- 0
  for (start in seq(1, prepared$held$n, by = block)) {
    target <- model_of_rows(
      prepared$design, prepared$held, start:min(start + block - 1, prepared$held$n),
      prepared$priors, scales
    )
    total <- total + loglik_and_priors(target, beta, 1L)$gradient -
      likelihood_free_gradient(target, beta)
  }
  total
}

# Without rows: what the aggregation of nodes and the last moment kept do to the mode, at the
# posterior mean. The moments left out do less than the last one kept.
compression_error_of_cells <- function(prepared, result) {
  if (!has_moments(prepared$suffstats)) {
    return(0)
  }
  mean <- colMeans(result$beta)
  cov <- mode_covariance(prepared$target, mean, result$log_tau)
  if (is.null(cov)) {
    return(NA_real_)
  }
  target <- without_bound(prepared$target)
  fine <- prepared$fine$target
  targets <- list(fine, without_last_moments(prepared$suffstats, prepared$fine), target)
  gradient <- lapply(targets, function(target) loglik_and_priors(target, mean, 1L)$gradient)
  max(
    shift_in_sds(gradient[[2]] - gradient[[1]], cov),
    shift_in_sds(gradient[[3]] - gradient[[1]], cov)
  )
}

# The target at all nodes (target_at()) were the last moments of the cells zero: what they
# contribute bounds what those left out would.
without_last_moments <- function(suffstats, at) {
  nodes <- quadrature_nodes(suffstats, degrees = 3)
  if (is.null(at$nodes$cells)) nodes <- merge_point_cells(nodes)
  standard <- at$target$standard
  at$target$core$cells <- standardise_nodes(
    node_cells(suffstats, nodes), standard$centre, standard$scale
  )
  at$target
}

# Covariance of the coefficients around `mean` at the mean smoothing sds (not that of the draws,
# which may be fewer than the coefficients); NULL if it is not finite.
mode_covariance <- function(target, mean, t) {
  precision <- add_diagonal(
    -loglik_and_priors(target, mean, 2L)$hessian, penalty(target, colMeans(t))
  )
  if (is.finite(sum(0 * precision))) covariance_of(robust_chol(precision))
}

likelihood_free_gradient <- function(target, mean) {
  target$core$cells[] <- 0
  loglik_and_priors(target, mean, 1L)$gradient
}

# Largest entry of the covariance times a change of the gradient, in units of the sds
shift_in_sds <- function(change, cov) {
  if (length(change) == 0) {
    return(0)
  }
  max(abs(covariance_times(cov, change)) / sqrt(diagonal(cov)))
}
