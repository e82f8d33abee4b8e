# The start of a fit to many rows that cells cannot hold: mode and smoothing sds of a systematic
# subsample, weighted up to all rows. A few full passes then lead from its mode to that of the rows
# (mathematics vignette, eq. 27).

ladder_rows <- 20000L

# The target of a rung of the ladder; the target itself where its rows are few or not passed one by
# one. Rows are in the order of the first covariate, so every so many of them are spread evenly
# along it.
lower_rung <- function(target, most = ladder_rows) {
  engine <- target$rows_engine
  if (is.null(target$blocks) && (is.null(engine) || target$rows < 2 * most)) {
    return(target)
  }
  keep <- round(seq(1, target$rows, length.out = most))
  if (!is.null(target$blocks)) {
    return(blocks_rung(target, keep))
  }
  engine$weights <- rung_weights(if (is.null(engine$weights)) {
    rep(1, target$rows)
  } else {
    engine$weights
  }, keep)
  engine$y <- engine$y[keep, , drop = FALSE]
  engine$terms <- lapply(engine$terms, function(term) {
    term[["x"]] <- term[["x"]][keep]
    term[["group"]] <- term[["group"]][keep]
    term
  })
  target$rows_engine <- engine
  target$rows <- length(keep)
  target
}

# Those of the rows that are kept, which stand for all.
rung_weights <- function(weights, keep) weights[keep] * (sum(weights) / sum(weights[keep]))
