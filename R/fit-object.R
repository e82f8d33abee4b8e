# The fit: draws, the recipe of the design, and what was found on the way. All later questions are
# answered from these.

# With N rows used, K responses, S draws and M cells (sets of rows with equal covariates), an object
# of class covary has
#   call, formulas   the call; a list of the formulas as given
#   algorithm        name of the engine
#   responses        K labels
#   ids              K texts that stand for them in the names of draws, named by label
#   pairs            list of K (K - 1) / 2 pairs of labels
#   draws            S x parameters (draws_matrix), last "lprior", "lp__" and "lp_approx__": on the
#                    scale of the user's columns
#   design           predictors (a list by key: terms, smooths, columns, ...), x (by predictor,
#                    coefficients x M, standardised), offset (predictors x M), covariates (what is
#                    known of each, by name), and what new responses are made by
#   priors           data frame, a row a parameter: class, coef, dpar, resp, name, prior, source
#   frame            rows used: y (N x K), covariates (a list by name), weights (N, NULL for none),
#                    rows (N numbers of rows of the data), row_names (N or NULL), n (N), dropped
#                    (count), of class covary_frame; or covary_rowless_frame (rows-class.R)
#   cell, n_cells    the cell of each row, NULL where rows were compressed or tabulated; M
#   margins          margins by label of the responses that have one (likelihood-margin.R), or NULL;
#                    parameters that were estimated are columns of draws too
#   info             what was found: see diagnostics()
#   seal             fingerprints of the above (aaa-validate.R)
# It holds no environment but those that terms need.
#
# `prepared`: what the engine saw (covary-prepare.R); `result`: what it returned (engine-*.R);
# `clock`: from new_clock().
new_fit <- function(call, prepared, result, algorithm, clock) {
  parsed <- prepared$parsed
  design <- prepared$design
  draws <- user_draws(result, prepared$target, design)
  clock$lap("draws")
  design$tables <- NULL # large, and made again where they are needed
  fit <- structure(list(
    call = own_call(call, parsed$formulas), formulas = parsed$formulas, algorithm = algorithm,
    responses = names(parsed$responses), ids = parsed$ids,
    pairs = response_pairs(names(parsed$responses)),
    draws = draws, design = design, priors = prepared$priors,
    frame = stored_frame(user_frame(prepared)), margins = prepared$margins,
    cell = prepared$cells$id, n_cells = prepared$cells$m,
    info = user_info(result$info, prepared$target$log_jacobian, clock$laps())
  ), class = "covary")
  fit$info$apart <- never_together(prepared, fit$pairs)
  fit$info$known <- known_misfit(fit)
  say_bound(fit$info$bound)
  warn_quality(fit)
  seal(fit)
}

# The frame with its responses as given.
user_frame <- function(prepared) {
  frame <- prepared$frame
  if (!is.null(prepared$given)) frame$y <- prepared$given
  frame
}

# Pairs that are to be estimated though no row has both; NULL where there are none.
never_together <- function(prepared, pairs) {
  y <- prepared$frame$y
  observed <- if (nrow(y)) observed_of_rows(y) else prepared$target$core$observed
  if (is.null(observed)) {
    return(NULL)
  }
  responses <- names(prepared$parsed$responses)
  free <- Filter(function(p) length(p$resp) == 2 && !p$known, prepared$design$predictors)
  free <- vapply(free, function(p) paste(p$resp, collapse = ":"), "")
  apart <- vapply(pairs_apart(observed, pairs, responses), paste, "", collapse = ":")
  if (any(apart %in% free)) intersect(apart, free)
}

# What an engine found, on the scale of the data. `log_jacobian`: of standardising the responses.
user_info <- function(info, log_jacobian, timings) {
  list(
    elbo = info$elbo + log_jacobian, elbo_mcse = info$elbo_mcse,
    log_evidence = info$log_evidence + log_jacobian, trace = info$trace + log_jacobian,
    khat = info$khat,
    converged = isTRUE(info$converged) && !any(info$khat == Inf, na.rm = TRUE),
    iterations = info$iterations, resampled = isTRUE(info$resampled),
    importance_ess = info$importance_ess, efficiency = info$efficiency, note = info$note,
    interrupted = isTRUE(info$interrupted), approximation = info$approximation,
    chains = info$chains, rhat = info$rhat, ess = info$ess, divergences = info$divergences,
    moves = info$moves, fresh = info$fresh, gibbs = info$gibbs,
    bound = info$bound[c("row_sd", "shift")], timings = timings
  )
}

# The fit, or an error that says what of it breaks the contract above. Tests run it for fits of
# every engine and source; what users hand back passes check_fit().
validate_fit <- function(x) {
  k <- length(x$responses)
  holds <- c(
    "class covary" = inherits(x, "covary"),
    "call: a call of covary()" = is.call(x$call),
    "formulas: a list of formulas" = all(vapply(x$formulas, inherits, TRUE, "formula")),
    "algorithm: a text" = is_text(x$algorithm),
    "ids: a text a response, by label" = is_text(unname(x$ids), k) &&
      identical(names(x$ids), x$responses),
    "pairs: two labels each" = length(x$pairs) == k * (k - 1) / 2 &&
      all(unlist(x$pairs) %in% x$responses),
    "draws: a row a draw" = inherits(x$draws, "draws_matrix") && nrow(x$draws) > 0 &&
      identical(utils::tail(colnames(x$draws), 3), density_columns),
    "priors: a row a parameter" = all(x$priors$name %in% colnames(x$draws)),
    "design: predictors by key" = all(startsWith(
      names(x$design$predictors), vapply(x$design$predictors, `[[`, "", "dpar")
    )),
    "frame: a row of y a row used" = ncol(x$frame$y) == k &&
      nrow(x$frame$y) == if (has_rows(x)) x$frame$n else 0,
    "cell: a number a row, up to n_cells" = is.null(x$cell) ||
      length(x$cell) == x$frame$n && max(x$cell) <= x$n_cells,
    "info: what the engine found" = is_flag(x$info$converged) && is.numeric(x$info$timings)
  )
  if (!all(holds)) {
    stop_covary("internal", "A fit breaks its contract: ", names(holds)[!holds][1], ".")
  }
  x
}
