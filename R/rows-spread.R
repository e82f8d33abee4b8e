# Some rows that stand for all of them, chosen without random numbers.

# How many are compared where the accuracy of a fit is measured
accuracy_size <- 1000L

# Rows by the golden ratio, which fills gaps evenly and draws no random numbers, and those at the
# ends of covariates.
evenly_spread_rows <- function(n, covariates, most = accuracy_size) {
  golden <- (seq_len(most) * 0.6180339887498949) %% 1
  spread <- if (n <= most) seq_len(n) else floor(n * golden) + 1
  ends <- lapply(covariates, function(v) {
    if (!is.null(dim(v))) {
      return(NULL)
    }
    if (is_number(v)) c(which.min(v), which.max(v)) else match(utils::head(known_levels(v), 200), v)
  })
  rows <- unique(as.integer(c(spread, unlist(ends))))
  rows[!is.na(rows)]
}

known_levels <- function(v) {
  if (is.factor(v)) {
    levels(v)
  } else if (is.logical(v)) {
    c(FALSE, TRUE)
  } else {
    unique(v)
  }
}

# Points that stand for the rows when bases are built: rows spread over the data, the ends of every
# numeric covariate and a row of every level: list(data, weights), whose weights are equal and have
# the sum of those of all rows.
sample_rows <- function(frame, points = 500) {
  rows <- evenly_spaced(frame$n, points)
  covariates <- frame$all_covariates
  for (v in covariates) {
    rows <- c(rows, if (is.numeric(v)) {
      c(which.min(v), which.max(v))
    } else {
      which(!duplicated(v))
    })
  }
  rows <- sort(unique(rows))
  list(
    data = unchecked_frame(lapply(covariates, take_rows, rows), length(rows)),
    weights = rep(sum(row_weights(frame)) / length(rows), length(rows)),
    observed = observed_of_rows(frame$y[rows, , drop = FALSE])
  )
}

# Up to `most` rows of the covariates `names`, ends and levels among them, with the weights that
# they have themselves: list(data, weights).
many_rows <- function(frame, names, most = 10000) {
  rows <- if (frame$n <= most) {
    seq_len(frame$n)
  } else {
    sort(evenly_spread_rows(frame$n, frame$covariates[names], most))
  }
  list(
    data = unchecked_frame(lapply(frame$covariates[names], take_rows, rows)),
    weights = row_weights(frame)[rows]
  )
}

# The rows as new data: what cells hold, and what terms are evaluated from.
rows_data <- function(frame, rows) {
  unchecked_frame(lapply(frame$all_covariates, take_rows, rows), length(rows))
}
