# The start of a fit to many rows that cells cannot hold: mode and smoothing sds of a systematic
# subsample, weighted up to all rows. A few full passes then lead from its mode to that of the rows
# (mathematics vignette, eq. 27).

subsample_size <- 20000L

# Rows of tables are in the order of the first covariate, so every so many of them are spread evenly
# along it.
#' @export
subsample_model.covary_rows_model <- function(model, most = subsample_size) {
  if (model$rows < 2 * most) {
    return(model)
  }
  keep <- evenly_spaced(model$rows, most)
  tables <- model$tables
  weights <- if (is.null(tables$weights)) rep(1, model$rows) else tables$weights
  tables$weights <- subsample_weights(weights, keep)
  tables$y <- tables$y[keep, , drop = FALSE]
  tables$terms <- lapply(tables$terms, function(term) {
    term[["x"]] <- term[["x"]][keep]
    term[["group"]] <- term[["group"]][keep]
    term
  })
  model$tables <- tables
  model$rows <- length(keep)
  model
}

#' @export
subsample_model.covary_blocks_model <- function(model, most = subsample_size) {
  blocks <- model$row_blocks
  keep <- evenly_spaced(model$rows, most)
  model_of_rows(
    blocks$design, blocks$frame, keep, blocks$priors, blocks$scales,
    subsample_weights(row_weights(blocks$frame), keep)
  )
}

# Those of the rows that are kept, which stand for all.
subsample_weights <- function(weights, keep) weights[keep] * (sum(weights) / sum(weights[keep]))
