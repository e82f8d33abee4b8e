# The last check before a fit is given out: no fit whose standard deviations no one could use.

# How far, in log sds, a posterior mean may lie from the pilot's residual sd where draws could not
# be corrected.
usable_range <- log(30)

# Draws that are an approximation and nothing else, and put a sd far off or leave it no spread at
# all.
check_usable <- function(prepared, result) {
  target <- prepared$target
  if (is.null(target$pilot) || !all(is.finite(result$beta))) {
    return()
  }
  check_scatter(prepared, result)
  khat <- result$info$khat
  corrected <- !any(khat > khat_threshold(), na.rm = TRUE) || has_forgotten(result$info$moves) ||
    is_right_gaussian(result$info$fresh)
  if (corrected) {
    return()
  }
  for (j in seq_along(target$standard$scale)) {
    log_sd <- spread_draws(target, result, j)
    if (is.null(log_sd)) next
    far <- abs(colMeans(log_sd) - target$pilot$log_sd[j, ]) > usable_range
    thin <- column_sds(log_sd) < 0.01 / sqrt(2 * target$scales$n)
    if (any(far | thin)) {
      stop_unusable(
        prepared, names(target$standard$scale)[j], which(far | thin),
        result
      )
    }
  }
}

# Draws of the log sds of response j, at most 500 x cells; NULL where they are known.
spread_draws <- function(target, result, j) {
  key <- sd_keys(target)[j]
  mine <- which(target$coefficients$key == key)
  if (length(mine) == 0) {
    return(NULL)
  }
  at <- match(key, target$keys)
  some <- seq_len(min(500, nrow(result$beta)))
  columns_times_draws(target$core$x[[at]], result$beta[some, mine, drop = FALSE]) +
    rep(target$core$offset[at, ], each = length(some))
}

# Where rows have no scatter (equal responses, exact lines) the sd is the bound of the likelihood
# and nothing that the data say.
check_scatter <- function(prepared, result) {
  for (response in names(result$info$bound$floor)) {
    cells <- result$info$bound$floor[[response]]
    if (length(cells)) stop_unusable(prepared, response, cells, result)
  }
}

stop_unusable <- function(prepared, response, cells, result) {
  rows <- if (is.null(prepared$cells$id)) integer() else which(prepared$cells$id %in% cells)
  terms <- unlist(lapply(prepared$design$predictors, function(p) {
    if (!response %in% p$resp || has_role(p, "correlation")) {
      return(NULL)
    }
    labels <- c(vapply(p$smooths, `[[`, "", "label"), attr(p$terms, "term.labels"))
    if (length(labels)) paste0(p$dpar, " ~ ", paste(labels, collapse = " + "))
  }))
  stop_covary("unusable", "The standard deviation of ", response, " cannot be told ",
    if (length(rows)) {
      paste0(
        "at row", if (length(rows) > 1) "s", " ",
        enumerate(rows, quote = FALSE)
      )
    } else {
      "at some covariate values"
    }, ": ",
    enumerate(terms, quote = FALSE),
    " have too few rows there, or rows without scatter. Use fewer terms or a smaller `k`, ",
    "sigma ~ 1, a larger `row_sd` in covary_control(), or algorithm = \"nuts\".",
    fields = list(response = response, rows = rows, terms = terms, khat = result$info$khat)
  )
}
