# Many rows whose terms join several continuous covariates, s(x, z) beside s(w), say: no cells hold
# them and no table gives their columns (model-rows.R). The exact likelihood of the rows is summed
# over blocks; columns are evaluated block by block and kept while they fit into `kept_bytes`, so
# memory is bounded for any number of rows.

# fewer rows are fitted with all columns in memory, which is as exact and quicker
blocks_from <- 100000L
block_rows <- 50000L
kept_bytes <- 2^30

new_blocks_model <- function(
  model, design, frame, priors, scales, size = block_rows,
  memory = kept_bytes
) {
  model <- without_likelihood(model)
  model$row_blocks <- list(
    design = design, frame = frame, priors = priors, scales = scales,
    starts = seq(1, frame$n, by = size), size = size, memory = memory,
    kept = new.env(parent = emptyenv())
  )
  model$rows <- frame$n
  class(model) <- c("covary_blocks_model", class(model)[-1])
  model
}

# The model of some rows, each a cell.
model_of_rows <- function(
  design, frame, rows, priors, scales,
  weights = row_weights(frame)[rows]
) {
  k <- ncol(frame$y)
  data <- rows_data(frame, rows)
  y <- frame$y[rows, , drop = FALSE]
  observed <- observed_of_rows(y)
  if (!is.null(observed)) y[is.na(y)] <- 0
  cells <- list(
    id = NULL, first = rows, m = length(rows), y_scale = rep(1, k),
    y_centre = rep(0, k), observed = observed,
    stats = rbind(weights, t(y), matrix(0, triangle_size(k), length(rows)))
  )
  new_cells_model(at_nodes(design, data), cells, priors, scales)
}

# The core of one block, without the priors of coefficients, which count once.
block_core <- function(blocks, i) {
  key <- as.character(i)
  core <- blocks$kept[[key]]
  if (!is.null(core)) {
    return(core)
  }
  rows <- seq(blocks$starts[i], min(blocks$starts[i] + blocks$size - 1, blocks$frame$n))
  core <- model_of_rows(blocks$design, blocks$frame, rows, blocks$priors, blocks$scales)$core
  core$family[] <- 0L
  core$joint <- NULL
  # The first blocks stay. The bytes are an upper bound: predictors with one right side share their
  # columns.
  if (8 * rows[length(rows)] * core$size$coefficients <= blocks$memory) blocks$kept[[key]] <- core
  core
}

# The sum over blocks of the entries of f(core), from those of `start` on.
add_blocks <- function(model, start, f) {
  for (i in seq_along(model$row_blocks$starts)) {
    at <- f(block_core(model$row_blocks, i))
    for (part in names(start)) start[[part]] <- start[[part]] + at[[part]]
  }
  start
}

#' @export
loglik_and_priors.covary_blocks_model <- function(model, beta, order = 2L) {
  one <- function(core) .Call(C_loglik_and_priors, core, as.double(beta), order)
  add_blocks(model, one(model$core), one)
}

#' @export
expect_loglik_and_priors.covary_blocks_model <- function(model, mean, cov, every = 1L) {
  one <- function(core) .Call(C_expect_loglik_and_priors, core, mean, cov, every)
  add_blocks(model, one(model$core), one)
}

#' @export
loglik_and_priors_draws.covary_blocks_model <- function(model, draws, progress = NULL) {
  done <- 0
  whole <- list(value = .Call(C_loglik_and_priors_draws, model$core, draws))
  add_blocks(model, whole, function(core) {
    done <<- done + 1
    if (!is.null(progress)) progress$tick("weighing draws", done / length(model$row_blocks$starts))
    list(value = .Call(C_loglik_and_priors_draws, core, draws))
  })$value
}

#' @export
seconds_per_draw.covary_blocks_model <- function(model) model$rows * (model$dim + 30) * 0.6e-9

#' @export
negligible_spread.covary_blocks_model <- function(model) 0.5
