# Statistics of the responses: their moments over all rows, and some of them only.

# Overall means, sds and correlations of the responses, the weight n of all rows, and what share of
# it has each response.
response_moments <- function(x) {
  k <- x$k
  sums <- raw_sums(x)[seq_len(1 + k + triangle_size(k)), , drop = FALSE]
  out <- if (is_complete_suffstats(x)) {
    moments_of_sums(matrix(rowSums(sums)), matrix(TRUE, k, 1))
  } else {
    group <- group_of_sums(x)
    moments_of_sums(sums, is_observed(x$observed, k)[, group, drop = FALSE])
  }
  out$mean <- out$mean * x$scaling[, 2] + x$scaling[, 1]
  out$sd <- out$sd * x$scaling[, 2]
  out
}

# Means and sds of responses by the rows that have them, correlations by those that have both. sums:
# (n, y, y y') x m around a centre near the means; seen: k x m. list(n, share, mean, sd, cor)
moments_of_sums <- function(sums, seen) {
  k <- nrow(seen)
  n <- sums[1, ]
  weight <- as.vector(seen %*% n)
  mean <- rowSums(sums[1 + seq_len(k), , drop = FALSE]) / weight
  places <- 1 + k + lower_places(k)
  sd <- sqrt(pmax(rowSums(sums[diag(places), , drop = FALSE]) / weight - mean^2, 0))
  cor <- diag(as.numeric(sd > 0), k)
  for (i in seq_len(k)[-1]) {
    for (j in seq_len(i - 1)) {
      both <- seen[i, ] & seen[j, ]
      # Two rows that have both lie on a line: they say nothing of the correlation.
      if (sum(n[both]) <= 2 && !all(both)) next
      at <- sums[c(1 + c(i, j), places[cbind(c(i, j, i), c(i, j, j))]), both, drop = FALSE]
      at <- rowSums(at) / sum(n[both])
      sds <- pmax(sqrt(pmax(at[3:4] - at[1:2]^2, 0)), .Machine$double.xmin)
      cor[i, j] <- cor[j, i] <- (at[5] - at[1] * at[2]) / (sds[1] * sds[2])
    }
  }
  list(n = sum(n), share = weight / sum(n), mean = mean, sd = sd, cor = cor)
}

# The statistics of some of the responses
select_responses <- function(x, wanted) {
  absent <- setdiff(wanted, x$responses)
  if (length(absent)) {
    stop_covary("variable", "The cells have no response ", enumerate(absent), "; they hold ",
      enumerate(x$responses), ".",
      fields = list(response = absent)
    )
  }
  at <- match(wanted, x$responses)
  if (identical(at, seq_along(x$responses))) {
    x
  } else if (is_complete_suffstats(x)) {
    take_responses(x, at)
  } else {
    restrict_responses(x, at)
  }
}

# Rows that lack all of the responses `at` are left out and counted; groups that differ only in
# other responses become one.
restrict_responses <- function(x, at) {
  parts <- lapply(unique(x$observed), function(observed) {
    rows <- rows_observed(x, observed)
    if (restrict_observed(observed, x$k, at) == 0) {
      return(new_suffstats_empty(dropped = rows))
    }
    part <- take_responses(keep_groups(x, which(x$observed == observed)), at)
    part$rows <- rows
    part$incomplete <- count_incomplete(part$observed[1], length(at)) * rows
    part$dropped[] <- 0
    part
  })
  out <- Reduce(merge_suffstats, parts)
  if (out$rows == 0) {
    stop_covary("data", "No row of the cells has ", enumerate(x$responses[at]), ".",
      fields = list(response = x$responses[at])
    )
  }
  keep_counts(out, new_suffstats_empty(dropped = x$dropped))
}

# The statistics of the rows that have all responses; the others are left out and counted.
complete_rows_of <- function(x) {
  complete <- which(x$observed == all_observed(x$k))
  rows <- rows_observed(x, all_observed(x$k))
  if (length(complete) == length(x$observed)) {
    return(x)
  }
  if (length(complete) == 0) {
    stop_covary("data", "No row of the cells has all responses.", fields = list(arg = "data"))
  }
  out <- keep_groups(x, complete)
  out$dropped["missing"] <- x$dropped[["missing"]] + x$rows - rows
  out$rows <- rows
  out
}

# Number of the rows with these responses
rows_observed <- function(x, observed) {
  if (observed == all_observed(x$k)) {
    x$rows - sum(x$incomplete)
  } else {
    x$incomplete[[as.character(observed)]]
  }
}
