# Statistics of the responses: their moments over all rows, and some of them only.

# Overall means, sds and correlations of the responses, and the weight n of all rows.
response_moments <- function(x) {
  k <- x$k
  total <- rowSums(raw_sums(x)[seq_len(1 + k + triangle_size(k)), , drop = FALSE])
  n <- total[1]
  centre <- total[1 + seq_len(k)] / n
  cov <- symmetric_matrix(total[-seq_len(1 + k)] / n, k) - tcrossprod(centre)
  sd <- sqrt(pmax(diag(cov), 0))
  tiny <- pmax(sd, .Machine$double.xmin)
  list(
    n = n, mean = centre * x$scaling[, 2] + x$scaling[, 1], sd = sd * x$scaling[, 2],
    cor = cov / outer(tiny, tiny)
  )
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
  if (identical(at, seq_along(x$responses))) x else take_responses(x, at)
}
