# Have many short Markov chains forgotten where they began? Values are matrices, a row a chain.

# Correlation with the start, over quantities and their squares, that counts as forgotten: the share
# of an error at the start that is left. That share of how far the chains have come is an estimate
# of the error now, in posterior sds.
# far: how far chains that began far out may still be from the others, in posterior sds.
chain_limits <- list(memory = 0.15, error = 0.05, far = 0.5)

# list(memory: correlation with the start, error: in posterior sds)
chain_verdict <- function(before, now) {
  memory <- chain_memory(before, now)
  sd <- column_sds(now) + 1e-300
  moved <- ((colMeans(now) - colMeans(before)) / sd)^2 - 2 / nrow(now)
  list(memory = memory, error = sqrt(max(mean(moved), 0)) * memory)
}

has_forgotten <- function(verdict) {
  isTRUE(verdict$memory <= chain_limits$memory && verdict$error <= chain_limits$error) &&
    (is.null(verdict$far) || verdict$far <= chain_limits$far)
}

# The largest distance, over quantities, of the means of some chains and of others, in the sds of
# the others.
chain_gap <- function(some, others) {
  max(abs(colMeans(some) - colMeans(others)) / (column_sds(others) + 1e-300))
}

# Root mean square correlation, over the chains, of where they were and where they are, and of the
# squares of both around their means, less what chance makes of it.
chain_memory <- function(before, now) {
  standard <- function(x) {
    x <- sweep(x, 2, colMeans(x))
    sweep(x, 2, sqrt(colMeans(x^2)) + 1e-300, "/")
  }
  correlation <- function(a, b) colMeans(standard(a) * standard(b))
  r <- c(correlation(before, now), correlation(standard(before)^2, standard(now)^2))
  sqrt(max(mean(r^2) - 1 / nrow(before), 0))
}

# Chains have mixed below it.
gibbs_rhat <- 1.1

# The largest potential scale reduction of columns, halves of chains compared (Gelman et al. 2013).
# points: a row a chain and step, chains fastest.
largest_rhat <- function(points, chains) {
  steps <- nrow(points) / chains
  half <- steps %/% 2
  parts <- lapply(0:1, function(i) seq_len(half) + i * half)
  rhat <- apply(points, 2, function(x) {
    x <- matrix(x, chains)
    x <- do.call(rbind, lapply(parts, function(at) x[, at, drop = FALSE]))
    within <- mean(apply(x, 1, stats::var))
    sqrt((half - 1) / half + stats::var(rowMeans(x)) / within)
  })
  max(1, rhat)
}
