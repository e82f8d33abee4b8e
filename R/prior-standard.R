# Priors and predictors in standardised units: responses are (y - centre) / scale, a coefficient is
# gamma = (user's - shift) * factor.

# What standardisation takes out of a predictor: the centre of the response, the log of its scale.
response_shift <- function(p, scales, always = holds_constant(p)) {
  if (!always) {
    return(0)
  }
  switch(p$dpar,
    mu = scales$mean[[p$resp]],
    sigma = log(scales$sd[[p$resp]]),
    rho = 0
  )
}

# In units of which the predictor is standardised.
response_size <- function(p, scales) if (p$dpar == "mu") scales$sd[[p$resp]] else 1

# By unpenalised coefficient of the user, what of it is that shift.
absorbed_shift <- function(p, scales) {
  if (!holds_constant(p)) {
    return(numeric(length(unpenalised(p)$name)))
  }
  response_shift(p, scales) * p$moments$constant / unpenalised(p)$x_scale
}

standardise_prior <- function(prior, shift, factor) {
  prior$par[1] <- (prior$par[1] - shift) * factor
  prior$par[2] <- prior$par[2] * factor
  prior
}

scale_sd_prior <- function(prior, factor) {
  prior$par[2] <- prior$par[2] * factor
  prior
}
