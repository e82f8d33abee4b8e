# Many rows whose terms join several continuous covariates, s(x, z) beside s(w), say: no cells hold
# them and no table gives their columns (model-rows.R). The exact likelihood of the rows is summed
# over blocks; columns are evaluated block by block and kept while they fit into `kept_bytes`, so
# memory is bounded for any number of rows.

# fewer rows are fitted with all columns in memory, which is as exact and quicker
blocks_from <- 100000L
block_rows <- 50000L
kept_bytes <- 2^30

new_blocks_target <- function(
  target, design, frame, priors, scales, size = block_rows,
  memory = kept_bytes
) {
  target <- without_likelihood(target)
  target$blocks <- list(
    design = design, frame = frame, priors = priors, scales = scales,
    starts = seq(1, frame$n, by = size), size = size, memory = memory,
    kept = new.env(parent = emptyenv())
  )
  target$rows <- frame$n
  target
}

# The target of some rows, each a cell.
target_of_rows <- function(
  design, frame, rows, priors, scales,
  weights = row_weights(frame)[rows]
) {
  k <- ncol(frame$y)
  data <- rows_data(frame, rows)
  cells <- list(
    id = NULL, first = rows, m = length(rows), y_scale = rep(1, k),
    y_centre = rep(0, k),
    stats = rbind(
      weights, t(frame$y[rows, , drop = FALSE]),
      matrix(0, k * (k + 1) / 2, length(rows))
    )
  )
  new_target(at_nodes(design, data), cells, priors, scales)
}

# The model of one block, without the priors of coefficients, which count once.
block_model <- function(blocks, i) {
  key <- as.character(i)
  model <- blocks$kept[[key]]
  if (!is.null(model)) {
    return(model)
  }
  rows <- seq(blocks$starts[i], min(blocks$starts[i] + blocks$size - 1, blocks$frame$n))
  model <- target_of_rows(blocks$design, blocks$frame, rows, blocks$priors, blocks$scales)$model
  model$family[] <- 0L
  model$joint <- NULL
  # The first blocks stay. Predictors with one right side share their columns: more is counted than
  # is kept.
  if (8 * rows[length(rows)] * model$size$coefficients <= blocks$memory) blocks$kept[[key]] <- model
  model
}

# The sum over blocks of the entries of f(model), from those of `start` on.
add_blocks <- function(target, start, f) {
  for (i in seq_along(target$blocks$starts)) {
    at <- f(block_model(target$blocks, i))
    for (part in names(start)) start[[part]] <- start[[part]] + at[[part]]
  }
  start
}

blocks_base <- function(target, beta, order) {
  add_blocks(
    target, .Call(C_base, target$model, beta, order),
    function(model) .Call(C_base, model, beta, order)
  )
}

blocks_expect <- function(target, mean, cov) {
  add_blocks(
    target, .Call(C_base_expect, target$model, mean, cov),
    function(model) .Call(C_base_expect, model, mean, cov)
  )
}

blocks_draws <- function(target, draws, progress = NULL) {
  done <- 0
  add_blocks(target, list(value = .Call(C_base_draws, target$model, draws)), function(model) {
    done <<- done + 1
    if (!is.null(progress)) progress$tick("weighing draws", done / length(target$blocks$starts))
    list(value = .Call(C_base_draws, model, draws))
  })$value
}

# The rows `keep` as a target in memory, weighed up to all rows (model-subsample.R).
blocks_rung <- function(target, keep) {
  blocks <- target$blocks
  rung <- target_of_rows(
    blocks$design, blocks$frame, keep, blocks$priors, blocks$scales,
    rung_weights(row_weights(blocks$frame), keep)
  )
  rung$rows <- length(keep)
  rung
}
