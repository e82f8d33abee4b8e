# Have many short Markov chains forgotten where they began? Values are matrices, a row a chain.

# Correlation with the start, over quantities and their squares, that counts as forgotten: the share
# of an error at the start that is left. That share of how far the chains have come is an estimate
# of the error now, in posterior sds.
chain_limits <- list(memory = 0.15, error = 0.05)

# list(memory: correlation with the start, error: in posterior sds)
chain_verdict <- function(before, now) {
  memory <- chain_memory(before, now)
  sd <- column_sds(now) + 1e-300
  moved <- ((colMeans(now) - colMeans(before)) / sd)^2 - 2 / nrow(now)
  list(memory = memory, error = sqrt(max(mean(moved), 0)) * memory)
}

has_forgotten <- function(verdict) {
  isTRUE(verdict$memory <= chain_limits$memory && verdict$error <= chain_limits$error)
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
