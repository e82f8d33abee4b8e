# Margins: how a response is transformed before it is normal. The fit is of the transformed
# responses; what comes in and goes out is on the scale of the user.

# A margin is plain data of class covary_margin_<name> > covary_margin:
#   name    of the margin
#   value   its parameters, by name; NA where they are to be estimated. Of a fit that estimated them
#           their posterior means
#   scale   what a response is divided by, u = y / scale, before the curve t(u)
#   centre  the response at which the transformation is the identity in value and slope (eq. 50):
#             T(y) = centre + scale (t(u) - t(c)) / t'(c),  c = centre / scale.
#           So transformed responses have the units of the response whatever the parameters are, and
#           coefficients of fits with different parameters are alike.
# scale and centre are NA until the data are known, see margin_of_data().
new_margin <- function(name, value, scale = NA_real_, centre = NA_real_) {
  structure(
    list(name = name, value = value, scale = as.double(scale), centre = as.double(centre)),
    class = c(paste0("covary_margin_", name), "covary_margin")
  )
}

# Without what else a constructor gave it.
plain_margin <- function(margin) {
  new_margin(margin$name, margin$value, margin$scale, margin$centre)
}

# Of each class; `p`: list of parameters by name, vectors that are recycled along u:
#   margin_curve        (margin, u, p)  t(u)
#   margin_inverse      (margin, t, p)  u; at or beyond a limit of t that of u
#   margin_log_slope    (margin, u, p)  log t'(u)
#   margin_limits       (margin, p)     list(lower, upper): the values that t(u) can have
#   margin_settings     (margin)        data frame, a row a parameter: start, lower, upper, between
#                                       which its prior is uniform
#   margin_of_data      (margin, y)     the margin with its scale and centre
#   check_margin_support(margin, y, label)  an error where a value of y has no transform
margin_curve <- function(margin, u, p) UseMethod("margin_curve")
margin_inverse <- function(margin, t, p) UseMethod("margin_inverse")
margin_log_slope <- function(margin, u, p) UseMethod("margin_log_slope")
margin_limits <- function(margin, p) UseMethod("margin_limits")
margin_settings <- function(margin) UseMethod("margin_settings")
margin_of_data <- function(margin, y) UseMethod("margin_of_data")
check_margin_support <- function(margin, y, label) UseMethod("check_margin_support")

#' @export
check_margin_support.default <- function(margin, y, label) invisible()

# What the transformation is at its centre: list(c, curve, slope).
margin_origin <- function(margin, p) {
  c <- margin$centre / margin$scale
  list(c = c, curve = margin_curve(margin, c, p), slope = exp(margin_log_slope(margin, c, p)))
}

# T(y), log T'(y), and y of T(y). y: a vector, or draws x rows with p by draw.
to_latent <- function(margin, y, p = margin_values(margin)) {
  at <- margin_origin(margin, p)
  margin$centre + margin$scale * (margin_curve(margin, y / margin$scale, p) - at$curve) / at$slope
}

latent_log_slope <- function(margin, y, p = margin_values(margin)) {
  margin_log_slope(margin, y / margin$scale, p) - log(margin_origin(margin, p)$slope)
}

from_latent <- function(margin, latent, p = margin_values(margin)) {
  at <- margin_origin(margin, p)
  t <- (latent - margin$centre) / margin$scale * at$slope + at$curve
  margin$scale * margin_inverse(margin, t, p)
}

# The values that T(y) can have: list(lower, upper).
latent_limits <- function(margin, p = margin_values(margin)) {
  at <- margin_origin(margin, p)
  lapply(margin_limits(margin, p), function(t) {
    margin$centre + margin$scale * (t - at$curve) / at$slope
  })
}

# Log of the probability that a normal value has a transform: what a density of y lacks to one.
log_mass_within <- function(margin, mean, sd, p = margin_values(margin)) {
  ends <- latent_limits(margin, p)
  if (all(is.infinite(ends$lower)) && all(is.infinite(ends$upper))) {
    return(0 * mean)
  }
  below <- stats::pnorm((ends$lower - mean) / sd)
  above <- stats::pnorm((ends$upper - mean) / sd, lower.tail = FALSE)
  log1p(-(below + above))
}

margin_values <- function(margin) as.list(margin$value)

is_estimated <- function(margin) anyNA(margin$value)

# "power(lambda = -1.5)"
margin_text <- function(margin, digits = 3) {
  value <- ifelse(is.na(margin$value), "estimated", format_each(margin$value, digits))
  paste0(margin$name, "(", paste(names(margin$value), value, sep = " = ", collapse = ", "), ")")
}

format_each <- function(x, digits) vapply(x, format, "", digits = digits)

#' @export
print.covary_margin <- function(x, ...) {
  check_dots(...)
  cat("Margin ", margin_text(x), "\n", sep = "")
  invisible(x)
}

# A parameter of a margin: NULL to be estimated, or one number.
margin_parameter <- function(x, arg, lower, upper) {
  if (is.null(x)) NA_real_ else as.double(check_number(x, arg, lower, upper))
}

# The median of a response to three digits, and to more where it is many scales away from zero, so
# that it is off by a twentieth of the scale at most.
rounded_median <- function(y, scale) {
  centre <- stats::median(y, na.rm = TRUE)
  signif(centre, 3 + max(0, floor(log10(abs(centre) / scale))))
}
