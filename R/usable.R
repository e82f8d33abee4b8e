# The last door before a fit is given out: no fit whose standard deviations no one could use.

# How far, in log sds, a posterior median may lie from the pilot's residual sd where draws could not be corrected.
usable_range <- log(30)

# Draws that are an approximation and nothing else, and put a sd far off or leave it no spread at all.
check_usable <- function(ready, result) {
  target <- ready$target
  if (is.null(target$pilot) || !all(is.finite(result$beta))) return()
  khat <- result$info$khat
  corrected <- !any(khat > 0.7, na.rm = TRUE) || has_forgotten(result$info$moves)
  if (corrected) return()
  for (j in seq_along(target$standard$scale)) {
    key <- sigma_keys(target)[j]
    mine <- which(target$coefficients$key == key)
    if (length(mine) == 0) next
    x <- target$model$x[[match(key, target$keys)]]
    at <- result$beta[seq_len(min(500, nrow(result$beta))), mine, drop = FALSE] %*% x
    far <- abs(apply(at, 2, stats::median) + target$model$offset[match(key, target$keys), ] - target$pilot$log_sd[j, ]) > usable_range
    thin <- column_sds(at) < 0.01 / sqrt(2 * target$scales$n)
    if (any(far | thin)) stop_unusable(ready, names(target$standard$scale)[j], which(far | thin), result)
  }
}

stop_unusable <- function(ready, response, cells, result) {
  rows <- if (is.null(ready$cells$id)) integer() else which(ready$cells$id %in% cells)
  terms <- unlist(lapply(ready$design$predictors, function(p) {
    if (!response %in% p$resp || p$dpar == "rho") return(NULL)
    labels <- c(vapply(p$smooths, `[[`, "", "label"), attr(p$terms, "term.labels"))
    if (length(labels)) paste0(p$dpar, " ~ ", paste(labels, collapse = " + "))
  }))
  stop_covary("unusable", "The standard deviation of ", response, " cannot be told ", if (length(rows)) paste0("at row", if (length(rows) > 1) "s", " ",
    enumerate(rows, quote = FALSE)) else "at some covariate values", ": ", enumerate(terms, quote = FALSE), " have too few rows there. Use fewer terms or a smaller `k`, ",
    "sigma ~ 1, a larger `row_sd` in covary_control(), or algorithm = \"nuts\".", fields = list(response = response, rows = rows, terms = terms, khat = result$info$khat))
}
