# Statistics of the columns of large matrices, and how to cut work into parts of bounded memory.

column_sds <- function(v) {
  sqrt(colSums((v - rep(colMeans(v), each = nrow(v)))^2) / max(nrow(v) - 1, 1))
}

# ncol(v) x probs, as quantile() has them; NA for columns with a missing value.
column_quantiles <- function(v, probs) {
  out <- matrix(NA_real_, ncol(v), length(probs))
  at <- (nrow(v) - 1) * probs + 1
  low <- floor(at)
  high <- ceiling(at)
  needed <- unique(c(low, high))
  for (j in which(!is.na(colSums(v)))) {
    s <- sort.int(v[, j], partial = needed)
    out[j, ] <- s[low] + (at - low) * (s[high] - s[low])
  }
  out
}

# Doubles that the temporaries of one part hold at most (16 MB).
part_doubles <- 2^21

# list of index vectors that cover seq_len(total), `width` doubles an index.
in_blocks <- function(total, width) {
  size <- max(1, floor(part_doubles / max(width, 1)))
  lapply(
    seq_len(ceiling(total / size)),
    function(b) seq.int((b - 1) * size + 1, min(b * size, total))
  )
}

percent_names <- function(probs) {
  paste0(format(100 * probs, trim = TRUE, digits = 4, drop0trailing = TRUE), "%")
}

# Probabilities of the two ends of the central interval that holds `prob`.
tail_probs <- function(prob, arg = "prob") {
  check_interval(prob, arg)
  c((1 - prob) / 2, (1 + prob) / 2)
}
