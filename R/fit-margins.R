# Margins of a fit by draw: from responses to what the likelihood knows, and back.

# By label of the responses that have a margin: list(margin, p), p the parameters of a draw, or one
# number for all draws where they were given.
margin_draws <- function(fit, draw_ids = NULL) {
  lapply(stats::setNames(nm = names(fit$margins)), function(label) {
    margin <- fit$margins[[label]]
    columns <- margin_columns(margin, label, fit$ids)
    estimated <- columns %in% colnames(fit$draws)
    p <- margin_values(margin)
    for (i in which(estimated)) {
      v <- as.vector(unclass(fit$draws)[, columns[i]])
      p[[i]] <- if (is.null(draw_ids)) v else v[draw_ids]
    }
    list(margin = margin, p = p)
  })
}

# Names of the draws of its parameters: lambda_weight, or lambda of the only response.
margin_columns <- function(margin, label, ids) {
  paste0(names(margin$value), if (length(ids) > 1) paste0("_", ids[[label]]))
}

# Names of the draws of all parameters of margins that were estimated.
margin_draw_names <- function(fit) as.character(margin_parameters(fit)$name)

# Those parameters as rows beside a fit's priors: name, coef, dpar, resp, class; NULL without
# margins
margin_parameters <- function(fit) {
  rows <- lapply(names(fit$margins), function(label) {
    margin <- fit$margins[[label]]
    data.frame(
      name = margin_columns(margin, label, fit$ids), coef = names(margin$value),
      dpar = rep("margin", length(margin$value)), resp = fit$ids[[label]], class = "margin"
    )
  })
  out <- do.call(rbind, rows)
  out[out$name %in% colnames(fit$draws), , drop = FALSE]
}

# Of a block of draws (NULL: all)
margins_of_block <- function(margins, draws = NULL) {
  if (is.null(draws) || is.null(margins)) {
    return(margins)
  }
  lapply(margins, function(m) {
    if (!is.null(m)) m$p <- lapply(m$p, function(v) if (length(v) > 1) v[draws] else v)
    m
  })
}

# At the mean of the draws
average_margins <- function(margins) {
  if (is.null(margins)) {
    return(NULL)
  }
  lapply(margins, function(m) {
    if (!is.null(m)) m$p <- lapply(m$p, mean)
    m
  })
}

# In the order of responses, NULL where they have none; NULL where none has.
margins_in_order <- function(margins, responses) {
  if (any(responses %in% names(margins))) lapply(responses, function(label) margins[[label]])
}

# f(margin, v, p) of a response, draws x rows; v where it has no margin.
through_margin <- function(m, v, f) if (is.null(m)) v else f(m$margin, v, m$p)

# A list of responses on the scale of the user, from latent ones.
restore_responses <- function(latent, margins) {
  if (is.null(margins)) {
    return(latent)
  }
  Map(function(v, m) through_margin(m, v, from_latent), latent, margins)
}

# Means and standard deviations of responses whose latent values have these, draws x rows: list(
# mean, sd), by Gauss-Hermite quadrature. Nodes beyond the limit of a margin are left out; NA where
# nearly all are.
restored_moments <- function(m, mean, sd) {
  if (is.null(m)) {
    return(list(mean = mean, sd = sd))
  }
  nodes <- normal_nodes(moment_nodes)
  first <- second <- total <- 0 * mean
  centre <- response_near(m, mean)
  for (i in seq_along(nodes$x)) {
    d <- centred_response(m, mean + sd * nodes$x[i], centre)
    weight <- nodes$weight[i] * d$within
    total <- total + weight
    first <- first + weight * d$value
    second <- second + weight * d$value^2
  }
  total[total < least_within] <- NA
  first <- first / total
  list(mean = centre + first, sd = sqrt(pmax(second / total - first^2, 0)))
}

# A response by which moments are centred: that of a latent value, or the margin's own centre
response_near <- function(m, latent) {
  out <- through_margin(m, latent, from_latent)
  if (!is.null(m)) out[beyond_limit(latent, m)] <- m$margin$centre
  out
}

# Covariances of two responses (or, with rho NULL, variances of one) whose latent values have these
# means, sds (lists) and correlations, draws x rows, by the same nodes in two directions.
restored_covariance <- function(margins, mean, sd, rho = NULL) {
  if (is.null(rho)) {
    return(restored_moments(margins[[1]], mean[[1]], sd[[1]])$sd^2)
  }
  nodes <- normal_nodes(moment_nodes)
  centre <- Map(response_near, margins, mean)
  total <- first <- second <- product <- 0 * rho
  for (i in seq_along(nodes$x)) {
    a <- centred_response(margins[[1]], mean[[1]] + sd[[1]] * nodes$x[i], centre[[1]])
    for (j in seq_along(nodes$x)) {
      z <- rho * nodes$x[i] + sqrt(1 - rho^2) * nodes$x[j]
      b <- centred_response(margins[[2]], mean[[2]] + sd[[2]] * z, centre[[2]])
      weight <- nodes$weight[i] * nodes$weight[j] * (a$within & b$within)
      total <- total + weight
      first <- first + weight * a$value
      second <- second + weight * b$value
      product <- product + weight * a$value * b$value
    }
  }
  total[total < least_within] <- NA
  product / total - first * second / total^2
}

# list(value: less than a centre, zero beyond the limit of the margin; within)
centred_response <- function(m, latent, centre) {
  within <- !beyond_limit(latent, m)
  value <- through_margin(m, latent, from_latent) - centre
  value[!within] <- 0
  list(value = value, within = within)
}

moment_nodes <- 11

# Share of a normal distribution within a limit below which nothing is said of responses
least_within <- 1e-3

# Latent draws within the limits of their margins, by drawing again those that are not; NA, with a
# warning, where there hardly are any.
# draw(at): a list of latent responses, S x N or at entries `at` of that; NULL for all.
draw_within <- function(draw, margins) {
  out <- draw(NULL)
  if (is.null(margins)) {
    return(out)
  }
  for (i in seq_len(most_redraws)) {
    bad <- which(Reduce(`|`, Map(beyond_limit, out, margins)))
    if (length(bad) == 0) {
      return(out)
    }
    again <- draw(bad)
    for (k in seq_along(out)) out[[k]][bad] <- again[[k]]
  }
  bad <- which(Reduce(`|`, Map(beyond_limit, out, margins)))
  for (k in seq_along(out)) out[[k]][bad] <- NA
  if (length(bad)) warn_beyond_limit(length(bad), "simulated values")
  out
}

# `what` of new data or draws, of which n are NA
warn_beyond_limit <- function(n, what) {
  warn_covary("margin_limit", n, " ", what, " lie beyond the limit of a margin, where there is no ",
    "response, and are NA. Ask within the data, or use a power nearer to 0.",
    fields = list(n = n)
  )
}

most_redraws <- 1000

beyond_limit <- function(v, m) {
  if (is.null(m)) {
    return(FALSE & !is.na(v))
  }
  ends <- latent_limits(m$margin, m$p)
  (v <= ends$lower | v >= ends$upper) %in% TRUE
}

# eta at some entries of its draws x rows; NULL for all.
eta_at <- function(eta, at) {
  if (is.null(at)) eta else lapply(eta, map_units, function(v) v[at])
}

# An error where responses of new data have no transform.
check_margins_support <- function(fit, y) {
  for (label in intersect(colnames(y), names(fit$margins))) {
    check_margin_support(fit$margins[[label]], y[, label], label)
  }
  y
}
