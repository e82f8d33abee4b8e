# Which responses a row has. `observed` of a row is a whole number, the sum of 2^(j - 1) over the
# responses j that it has: 1 for the first of two alone, 3 for both. NULL stands for rows that have
# all of them. (The C core has the same numbers, likelihood.h.)

all_observed <- function(k) as.integer(2^k - 1)

# y: n x k, or a list of k columns
observed_of_rows <- function(y) {
  columns <- if (is.list(y)) y else lapply(seq_len(ncol(y)), function(j) y[, j])
  if (!any(vapply(columns, anyNA, TRUE))) {
    return(NULL)
  }
  bits <- as.integer(2^(seq_along(columns) - 1))
  Reduce(`+`, Map(function(v, bit) bit * !is.na(v), columns, bits))
}

# k x m, logical: is response j observed in the m cells or rows?
is_observed <- function(observed, k) {
  bits <- as.integer(2^(seq_len(k) - 1))
  matrix(bitwAnd(rep(as.integer(observed), each = k), bits) > 0, k)
}

# Numbers of the responses that are observed, and of those that are not, for one value
which_observed <- function(observed, k) which(is_observed(observed, k)[, 1])

# The same rows with the responses `at` alone, in that order
restrict_observed <- function(observed, k, at) {
  seen <- is_observed(observed, k)[at, , drop = FALSE]
  as.integer(colSums(seen * 2^(seq_along(at) - 1)))
}

# Counts of the rows that lack some response, named by `observed`, the most frequent first
count_incomplete <- function(observed, k) {
  if (is.null(observed)) {
    return(no_incomplete())
  }
  counts <- table(observed[observed != all_observed(k)])
  sort_counts(stats::setNames(as.double(counts), names(counts)))
}

# Of `pairs` (two names each) of the responses, those that no row has both of. `observed`: of rows
# or cells
pairs_apart <- function(observed, pairs, responses) {
  seen <- is_observed(unique(observed), length(responses))
  rownames(seen) <- responses
  Filter(function(pair) !any(seen[pair[1], ] & seen[pair[2], ]), pairs)
}

no_incomplete <- function() stats::setNames(numeric(), character())

sort_counts <- function(counts) counts[order(-counts, as.double(names(counts)))]

# The counts of the rows of both
add_incomplete <- function(a, b) {
  all <- c(a, b)
  if (length(all) == 0) {
    return(no_incomplete())
  }
  sums <- rowsum(all, names(all), reorder = FALSE)
  sort_counts(stats::setNames(sums[, 1], rownames(sums)))
}

# "37 rows lack Ozone, 5 lack Temp": the most frequent patterns, and how many others there are.
say_incomplete <- function(counts, responses, most = 4) {
  if (length(counts) == 0) {
    return(NULL)
  }
  lacks <- vapply(names(counts), function(observed) {
    seen <- which_observed(as.integer(observed), length(responses))
    shorten(responses[-seen])
  }, "")
  shown <- seq_len(min(most, length(counts)))
  n <- format(counts[shown], scientific = FALSE, trim = TRUE)
  nouns <- c(if (counts[1] == 1) " row" else " rows", rep("", length(shown) - 1))
  text <- paste0(n, nouns, ifelse(counts[shown] == 1, " lacks ", " lack "), lacks[shown])
  more <- counts[-shown]
  if (length(more)) {
    text <- c(text, paste0(
      format(sum(more), scientific = FALSE), " lack others (", length(more),
      if (length(more) == 1) " pattern)" else " patterns)"
    ))
  }
  paste(text, collapse = ", ")
}

# "a", "a and b", "a, b and 3 more"
shorten <- function(names, most = 3) {
  if (length(names) > most) {
    names <- c(names[seq_len(most - 1)], paste(length(names) - most + 1, "more"))
  }
  last <- length(names)
  if (last == 1) names else paste(paste(names[-last], collapse = ", "), "and", names[last])
}
