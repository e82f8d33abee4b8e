# The default priors: of constants, of all other coefficients, of the sds of smooths and random
# effects. They scale themselves to the data, see default_prior(), whose table is made here.

# Sds of a constant, and of what all other coefficients of a predictor do over the rows, in units of
# the predictor: the sd of the response for a mean, one for a log sd or a rhobit.
prior_spread <- 2.5
slope_spread <- prior_spread

# Prior precision of directions that no row shows (collinear columns), which have to be proper all
# the same.
hidden_precision <- 1 / prior_spread^2

# The default prior of the constant of predictor p; by default in standardised units. All
# correlation matrices are equally likely, by the rhobit link; with two responses, rho is uniform.
constant_default <- function(p, scales, location = 0, size = 1) {
  if (!is_correlation(p)) {
    return(normal(location, prior_spread * size))
  }
  if (length(scales$sd) == 2) {
    return(logistic(location, size))
  }
  lkj_of_pair(lkj(1), match(p$resp[1], names(scales$sd)), length(scales$sd), location, size)
}

# Is the predictor a (partial) correlation by its link? Some likelihoods of correlated responses
# have coefficients in their place.
is_correlation <- function(p) !is.null(dpar_of(p)$link$fisher)

# Prior sd of the function that the coefficients of predictor p make at the rows, in standardised
# units (prior-joint.R). A mean without a constant is a function around zero: its size is that of
# the response, not of its variation.
function_sd <- function(p, scales) {
  if (!has_role(p, "mean") || holds_constant(p)) {
    return(slope_spread)
  }
  slope_spread * scales$size[[p$resp]] / scales$sd[[p$resp]]
}

# The default prior of one parameter of predictor p, in the user's units; NULL for coefficients,
# which have one together (prior-joint.R). name, coef: what messages call it; size: of the
# predictor.
default_of <- function(class, coef, name, x_scale, p, size, scales) {
  if (class == "Intercept") {
    return(constant_default(p, scales, dpar_of(p)$expected(scales, p$resp), size))
  }
  spread <- size / x_scale
  if (!is.finite(spread) || spread == 0) {
    stop_covary("scale", "Coefficient '", name,
      "' is too large or small for a number: its column has sd ", format(x_scale, digits = 3),
      " and its response sd ", format(size, digits = 3), ". Change their units.",
      fields = list(coef = coef)
    )
  }
  if (class == "sds") half_t(3, 0, spread)
}

# The table in the documentation of default_prior(); tests compare it with the priors above.
default_prior_table <- function() {
  spread <- format(prior_spread)
  slope <- format(slope_spread)
  rows <- list(
    c("class", "mean", "log sd", "correlation"),
    rep("---", 4),
    c(
      "Intercept", paste0("normal(mean(y), ", spread, " s)"),
      paste0("normal(log(s), ", spread, ")"),
      "lkj(1); of two responses logistic(0, 1): rho uniform on (-1, 1)"
    ),
    c(
      "b, together", paste0("sd ", slope, " s over the rows in each direction"),
      paste0("sd about ", slope, " at every row"), "as log sd"
    ),
    c("sds", "half_t(3, 0, s)", "half_t(3, 0, 1)", "half_t(3, 0, 1)")
  )
  paste0("| ", vapply(rows, paste, "", collapse = " | "), " |", collapse = "\n")
}
