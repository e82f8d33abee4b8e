# Priors and predictors in standardised units: responses are (y - centre) / scale, a coefficient is
# gamma = (user's - shift) * factor.

# What standardisation takes out of a predictor that has a constant.
predictor_shift <- function(p, scales) {
  if (holds_constant(p)) dpar_of(p)$shift(scales, p$resp) else 0
}

# In units of which the predictor is standardised.
predictor_size <- function(p, scales) dpar_of(p)$size(scales, p$resp)

# By unpenalised coefficient of the user, what of it is that shift.
absorbed_shift <- function(p, scales) {
  if (!holds_constant(p)) {
    return(numeric(length(unpenalised(p)$name)))
  }
  predictor_shift(p, scales) * p$moments$constant / unpenalised(p)$x_scale
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
