# How sure a score is: its posterior standard deviation by the delta method, from the posterior
# covariance of the predictors at the row (chart-posterior.R), to which the effects of levels that
# the chart has not seen add their variance.

# n standard deviations of the z of a part: of response `part$of`, or of its last given the others.
score_errors <- function(s, part) {
  keys <- keys_behind(s$chart, part$of)
  margins <- margin_keys(s$chart, part$of)
  gradient <- c(score_gradient(s, part, keys), margin_gradient(s, part, margins))
  keys <- c(keys, margins)
  fixed <- setdiff(s$excluded, random_labels(s$chart))
  if (length(fixed)) {
    stop_covary("argument", "`uncertainty = \"posterior\"` cannot be had without ",
      enumerate(fixed), ": only random effects can be left out of it.",
      fields = list(arg = "exclude")
    )
  }
  if (any(any_unseen(s$at, slope_factors(s$chart)))) {
    stop_covary("argument", "`uncertainty = \"posterior\"` cannot be had at new levels of ",
      enumerate(slope_factors(s$chart)), ", which has slopes.",
      fields = list(arg = "uncertainty")
    )
  }
  cov <- posterior_covariance(s$chart, s$at, keys, s$excluded)
  for (i in which(keys %in% names(s$extra))) cov[, i, i] <- cov[, i, i] + s$extra[[keys[i]]]
  variance <- 0
  for (i in seq_along(keys)) {
    for (j in seq_along(keys)) variance <- variance + gradient[[i]] * gradient[[j]] * cov[, i, j]
  }
  sqrt(pmax(variance, 0))
}

random_labels <- function(chart) {
  unlist(lapply(chart$predictors, function(p) {
    lapply(p$tables, function(table) if (table$random) table$labels)
  }))
}

# Keys of the predictors that the distribution of some responses (numbers) rests on.
keys_behind <- function(chart, responses) {
  likelihood <- chart_likelihood(chart)
  basis <- chart$responses[likelihood$rests_on(sort(responses))]
  unlist(lapply(likelihood$dpars, function(dpar) {
    for_units(dpar, basis, function(resp) chart_key(chart, dpar, resp))
  }), use.names = FALSE)
}

# z of a part at predictors and transformed responses
score_of_part <- function(s, part, values, y) {
  likelihood <- chart_likelihood(s$chart)
  eta <- likelihood$marginal(in_shape_of_eta(s$chart, values), part$of)
  w <- likelihood$whiten(lapply(part$of, function(k) y[, k]), eta)
  as.double(w[[length(w)]])
}

# Derivatives of z by each predictor, by central differences: list of n numbers.
score_gradient <- function(s, part, keys) {
  likelihood <- chart_likelihood(s$chart)
  sds <- likelihood$sds(in_shape_of_eta(s$chart, s$values), seq_along(s$chart$responses))
  lapply(keys, function(key) {
    p <- s$chart$predictors[[key]]
    is_mean <- likelihood$dpars[[p$dpar]]$role == "mean"
    step <- 1e-4 * if (is_mean) sds[[match(p$resp, s$chart$responses)]] else 1
    up <- down <- s$values
    up[[key]] <- up[[key]] + step
    down[[key]] <- down[[key]] - step
    (score_of_part(s, part, up, s$y) - score_of_part(s, part, down, s$y)) / (2 * step)
  })
}

# The same by each parameter of margins, the responses being what they are.
margin_gradient <- function(s, part, keys, step = 1e-4) {
  lapply(keys, function(key) {
    up <- score_of_part(s, part, s$values, moved_latent(s, key, step))
    down <- score_of_part(s, part, s$values, moved_latent(s, key, -step))
    (up - down) / (2 * step)
  })
}
