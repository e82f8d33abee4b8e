# Defaults scale themselves to the data (see default_prior).
default_of <- function(class, coef, dpar, resp, name, x_scale, scales) {
  s <- if (dpar == "mu") scales$sd[[resp]] else 1
  if (class != "Intercept") {
    spread <- s / x_scale
    if (!is.finite(spread) || spread == 0) {
      stop_covary("scale", "Coefficient '", name,
        "' is too large or small for a number: its column has sd ", format(x_scale, digits = 3),
        " and its response sd ", format(s, digits = 3), ". Change their units.",
        fields = list(coef = coef)
      )
    }
    return(if (class == "sds") half_t(3, 0, spread) else normal(0, prior_spread * spread))
  }
  switch(dpar,
    mu = normal(scales$mean[[resp]], prior_spread * s),
    sigma = normal(scales$log_sd[[resp]], prior_spread),
    rho = logistic(0, 1)
  )
}

prior_spread <- 2.5

# Of directions that no row shows (collinear columns), which have to be proper all the same.
hidden_precision <- 1 / prior_spread^2
