# Margins of a chart: scores are of transformed responses, values are not.

# A margin as a chart keeps it, so that its file has it whole.
rounded_margin <- function(margin) {
  margin$value <- signif(margin$value, 10)
  margin
}

# By key of the parameter, its draws, where it was estimated.
margin_parameter_draws <- function(fit) {
  drawn <- margin_draws(fit)
  out <- lapply(names(drawn), function(label) {
    p <- Filter(function(v) length(v) > 1, drawn[[label]]$p)
    stats::setNames(p, margin_parameter_key(label, names(p)))
  })
  unlist(out, recursive = FALSE)
}

margin_parameter_key <- function(label, parameter) {
  paste("margin", parameter, label, sep = ":", recycle0 = TRUE)
}

# Keys of the parameters of margins of some responses (numbers) that are uncertain.
margin_keys <- function(chart, responses) {
  keys <- unlist(lapply(chart$responses[responses], function(label) {
    margin_parameter_key(label, names(chart$margins[[label]]$value))
  }))
  intersect(keys, names(chart$posterior$loadings))
}

# n x K transformed responses, of those of new data.
latent_responses <- function(chart, y) {
  for (label in names(chart$margins)) {
    k <- match(label, chart$responses)
    check_margin_support(chart$margins[[label]], y[, k], label)
    y[, k] <- to_latent(chart$margins[[label]], y[, k])
  }
  y
}

# As margin_draws() has a margin, with the parameters that it holds
at_own_values <- function(margin) list(margin = margin, p = margin_values(margin))

chart_margin <- function(chart, k) chart$margins[[chart$responses[k]]]

# Values of response k on the scale of the user.
value_of_latent <- function(chart, k, latent) {
  margin <- chart_margin(chart, k)
  if (is.null(margin)) latent else from_latent(margin, latent)
}

# The same, NA where there is no response.
value_within_limit <- function(chart, k, latent) {
  margin <- chart_margin(chart, k)
  value <- value_of_latent(chart, k, latent)
  if (!is.null(margin)) {
    value[beyond_limit(latent, at_own_values(margin))] <- NA
  }
  value
}

# Log slope of the transformation of response k at values.
chart_log_slope <- function(chart, k, value) {
  margin <- chart_margin(chart, k)
  if (is.null(margin)) 0 * value else latent_log_slope(margin, value)
}

# Transformed responses with one parameter of a margin moved.
moved_latent <- function(s, key, step) {
  parts <- strsplit(key, ":", fixed = TRUE)[[1]]
  label <- paste(parts[-(1:2)], collapse = ":")
  k <- match(label, s$chart$responses)
  margin <- s$chart$margins[[label]]
  margin$value[[parts[2]]] <- margin$value[[parts[2]]] + step
  s$y[, k] <- to_latent(margin, s$value[, k])
  s$y
}

is_chart_margin <- function(v) {
  inherits(v, "covary_margin") && is.numeric(v$value) && all_finite(v$value) &&
    is_one_number(v$scale, 0) && is_one_number(v$centre) && is.function(utils::getS3method(
    "margin_curve", class(v)[1],
    optional = TRUE, envir = environment(new_margin)
  ))
}

# Mean of response k on the scale of the user, from that and the sd of the transformed response.
response_mean <- function(chart, k, mean, sd) {
  margin <- chart_margin(chart, k)
  if (is.null(margin)) {
    return(mean)
  }
  restored_moments(at_own_values(margin), mean, sd)$mean
}

# Continuous ranked probability score of response k: in closed form where it is normal, else twice
# the mean over centiles p of (1[y < q_p] - p) (q_p - y).
response_crps <- function(s, k, z, mean, sd) {
  if (is.null(chart_margin(s$chart, k))) {
    return(sd * (z * (2 * stats::pnorm(z) - 1) + 2 * stats::dnorm(z) - 1 / sqrt(pi)))
  }
  p <- (seq_len(crps_centiles) - 0.5) / crps_centiles
  out <- 0
  for (i in seq_along(p)) {
    q <- value_of_latent(s$chart, k, mean + sd * stats::qnorm(p[i]))
    out <- out + ((s$value[, k] < q) - p[i]) * (q - s$value[, k])
  }
  2 * out / crps_centiles
}

crps_centiles <- 400
