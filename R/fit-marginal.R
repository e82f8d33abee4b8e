# What users ask of responses: means, marginal standard deviations and marginal correlations, each
# named by the key of a predictor. A predictor may mean something else (likelihood.R): where it is
# the parameter itself by its link, the parameter rests on it alone.

# Keys of the predictors that the parameter of `key` rests on: where a response has a margin, its
# mean and its sd rest on both of the transformed response.
marginal_keys <- function(fit, key) {
  p <- fit$design$predictors[[key]]
  role <- dpar_of(p)$role
  if (has_margin(fit, p, role)) role <- c("mean", "sd")
  dpars <- unique(unlist(fit_likelihood(fit)$marginals[role]))
  if (identical(dpars, p$dpar) && length(p$resp) == 1) {
    return(key)
  }
  distribution_keys(fit, p$resp, dpars)
}

has_margin <- function(fit, p, role = dpar_of(p)$role) {
  role %in% c("mean", "sd") && all(p$resp %in% names(fit$margins))
}

# Parameters prepared to be evaluated for any block of draws and rows: list(likelihood, keys, units
# (by key: dpar, role, and the numbers of its responses), predictors (in the shape of eta, see
# likelihood.R, those alone that are needed), margins (of all responses, or NULL), median (are means
# of responses that have a margin to be their medians?), n, s, index (N: the row, of n, that has the
# values)). The rows of a fit are evaluated once a cell. behind: by key, the predictors it rests on.
new_marginals <- function(
  fit, keys, newdata = NULL, draw_ids = NULL, behind = lapply(keys, marginal_keys, fit = fit),
  median = FALSE
) {
  needed <- unique(unlist(behind))
  once <- is.null(newdata) && !is.null(fit$cell)
  at <- function(key) {
    if (!key %in% needed) {
      return(NULL)
    }
    out <- predictor_at(fit, key, newdata, draw_ids)
    if (once) distinct_rows(out) else out
  }
  n <- if (once) fit$n_cells else row_count(fit, newdata)
  list(
    likelihood = fit_likelihood(fit), keys = keys,
    units = lapply(fit$design$predictors[keys], function(p) {
      list(dpar = p$dpar, role = dpar_of(p)$role, at = match(p$resp, fit$responses))
    }),
    predictors = for_predictors(fit, fit$responses, names(fit_likelihood(fit)$dpars), at),
    margins = margins_in_order(margin_draws(fit, draw_ids), fit$responses),
    median = median, n = n, s = draw_count(fit, draw_ids),
    index = if (once) fit$cell else seq_len(n)
  )
}

# eta of a block of draws and rows (of the n)
marginal_block <- function(m, draws, rows) {
  lapply(m$predictors, map_units, function(at) predictor_values(at, draws, rows))
}

# By key, the predictors themselves
marginal_predictors <- function(m, draws = NULL, rows = NULL) {
  eta <- marginal_block(m, draws, rows)
  lapply(m$units, function(unit) {
    part <- eta[[unit$dpar]]
    if (length(unit$at) == 1) part[[unit$at]] else part[[max(unit$at), min(unit$at)]]
  })
}

# By key, S x n draws
marginal_values <- function(m, draws = NULL, rows = NULL) {
  eta <- marginal_block(m, draws, rows)
  role <- vapply(m$units, `[[`, "", "role")
  at <- lapply(m$units, `[[`, "at")
  out <- stats::setNames(vector("list", length(m$keys)), m$keys)
  mean <- dpar_as(m$likelihood, "mean")
  out[role == "mean"] <- lapply(eta[[mean$name]][unlist(at[role == "mean"])], mean$link$inverse)
  if (any(role == "sd")) out[role == "sd"] <- m$likelihood$sds(eta, unlist(at[role == "sd"]))
  if (any(role == "correlation")) {
    out[role == "correlation"] <- m$likelihood$correlations(eta, at[role == "correlation"])
  }
  restore_marginals(m, out, eta, draws)
}

# The same with means and sds of responses that have a margin on the scale of the user.
restore_marginals <- function(m, out, eta, draws) {
  margins <- margins_of_block(m$margins, draws)
  link <- dpar_as(m$likelihood, "mean")
  at <- vapply(m$units, function(unit) if (length(unit$at) == 1) unit$at else NA_integer_, 0L)
  for (k in which(!vapply(margins, is.null, TRUE))) {
    mine <- which(at == k)
    if (length(mine) == 0) next
    mean <- link$link$inverse(eta[[link$name]][[k]])
    moments <- if (m$median) {
      list(mean = through_margin(margins[[k]], mean, from_latent))
    } else {
      restored_moments(margins[[k]], mean, m$likelihood$sds(eta, k)[[1]])
    }
    for (i in mine) out[[i]] <- moments[[m$units[[i]]$role]]
  }
  out
}

# Means over draws, N x keys.
marginal_means <- function(m) {
  total <- matrix(0, m$n, length(m$keys))
  for (block in in_blocks(m$s, m$n * length(m$keys))) {
    total <- total + vapply(marginal_values(m, block), colSums, numeric(m$n))
  }
  (total / m$s)[m$index, , drop = FALSE]
}
