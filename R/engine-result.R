# The contract of engines. An engine is function(model, draws, control, progress): `model` is the
# regression model in standardised units (model-*.R), `control` from covary_control(), `progress`
# from new_progress(). It returns an engine result.

# beta     S x d: draws of the coefficients
# log_tau  S x smooths: draws of the log standard deviations of smooths, no columns without smooths
# lp, lq   S: log density of the posterior (standardised, with all constants) and of what the draws
#          came from; NA where an engine does not know them
# info     a list: `khat` (named numbers, none where there are no weights), `converged`, and what
#          else the engine has found (`iterations`, `trace`, `elbo`, `elbo_mcse`, `log_evidence`,
#          `importance_ess`, `resampled`, `moves`, `fresh` (engine-fresh-draws.R), `gibbs`, `note`,
#          `chains`, `rhat`, ...), as diagnostics() shows it
new_engine_result <- function(beta, log_tau, lp, lq, info) {
  structure(
    list(beta = beta, log_tau = log_tau, lp = lp, lq = lq, info = info),
    class = "covary_engine_result"
  )
}

# The result, or an error that says what of it breaks the contract; tests run it for every engine.
validate_engine_result <- function(x, model, draws) {
  n <- nrow(x$beta)
  holds <- c(
    "class covary_engine_result" = inherits(x, "covary_engine_result"),
    "beta: a row a draw, a column a coefficient" =
      is.double(x$beta) && identical(dim(x$beta), c(as.integer(draws), model$dim)),
    "log_tau: a row a draw, a column a smooth" =
      is.double(x$log_tau) && identical(dim(x$log_tau), c(n, model$n_sds)),
    "lp: a number a draw" = is.double(x$lp) && length(x$lp) == n,
    "lq: a number a draw" = is.double(x$lq) && length(x$lq) == n,
    "info$khat: numbers with names" =
      is.numeric(x$info$khat) && (length(x$info$khat) == 0 || !is.null(names(x$info$khat))),
    "info$converged: TRUE or FALSE" = is_flag(x$info$converged)
  )
  if (!all(holds)) {
    stop_covary("internal", "An engine broke its contract: ", names(holds)[!holds][1], ".")
  }
  x
}

# The draws of theta = (beta, log tau) as a result has them.
split_draws <- function(model, theta) {
  list(
    beta = theta[, seq_len(model$dim), drop = FALSE],
    log_tau = theta[, model$dim + seq_len(model$n_sds), drop = FALSE]
  )
}
