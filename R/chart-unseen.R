# Scores at a level of a random effect that the chart has not seen, or knows from a few people only:
# its effects are random. With effects a ~ N(0, v) of the mean and b ~ N(0, u) of the log standard
# deviation, F(y) = E Phi((y - mu) / sqrt(v + sigma^2 exp(2 b))), and z is qnorm(F(y)).

unseen_score <- function(s, k, rows) {
  parts <- unseen_parts(s, k, rows)
  nodes <- normal_nodes(15)
  d <- s$y[rows, k] - parts$mean
  upper <- lower <- 0
  for (i in seq_along(nodes$x)) {
    sd <- sqrt(parts$v + (parts$sd * exp(sqrt(parts$u) * nodes$x[i]))^2)
    lower <- lower + nodes$weight[i] * stats::pnorm(d / sd)
    upper <- upper + nodes$weight[i] * stats::pnorm(d / sd, lower.tail = FALSE)
  }
  ifelse(lower < upper, stats::qnorm(lower), stats::qnorm(upper, lower.tail = FALSE))
}

# list(mean, sd, v, u) of response k at rows.
unseen_parts <- function(s, k, rows) {
  likelihood <- chart_likelihood(s$chart)
  mean <- dpar_as(likelihood, "mean")
  sd <- dpar_as(likelihood, "sd")
  eta <- take_eta(in_shape_of_eta(s$chart, s$values), rows)
  keys <- c(
    chart_key(s$chart, mean, s$chart$responses[k]), chart_key(s$chart, sd, s$chart$responses[k])
  )
  list(
    mean = mean$link$inverse(s$values[[keys[1]]][rows]),
    sd = likelihood$sds(eta, k)[[1]],
    v = s$extra[[keys[1]]][rows], u = s$extra[[keys[2]]][rows]
  )
}

# Correlations of z of unseen levels, whose effects are independent between responses: a list
# matrix.
unseen_correlation <- function(s, rows, on) {
  likelihood <- chart_likelihood(s$chart)
  eta <- take_eta(in_shape_of_eta(s$chart, s$values), rows)
  kept <- lapply(on, function(k) {
    parts <- unseen_parts(s, k, rows)
    within <- parts$sd^2 * exp(2 * parts$u)
    # The part that is common to two responses has the mean sd, not its root mean square.
    list(common = parts$sd * exp(parts$u / 2), all = sqrt(within + parts$v))
  })
  out <- matrix(list(), length(on), length(on))
  within <- likelihood$correlations(eta, pairs_of_numbers(on))
  share <- lapply(kept, function(part) part$common / part$all)
  at <- lower_pairs(length(on), FALSE)
  out[lower.tri(out)] <- lapply(seq_along(within), function(i) {
    within[[i]] * share[[at[i, 1]]] * share[[at[i, 2]]]
  })
  out
}
