# Links: how a distributional parameter becomes a predictor, which may be any number, and back. A
# link is a value. One of correlations rests on Fisher's z = atanh(rho) as a function of the
# predictor: 1 - rho^2 = 1 / cosh(z)^2 keeps in z the digits that rho near +-1 has lost.

new_link <- function(name, link, inverse, derivative, ...) {
  validate_link(structure(
    list(name = name, link = link, inverse = inverse, derivative = derivative, ...),
    class = "covary_link"
  ))
}

validate_link <- function(x) {
  functions <- setdiff(names(x), "name")
  stopifnot(
    is_text(x$name), c("link", "inverse", "derivative") %in% functions,
    vapply(x[functions], is.function, TRUE)
  )
  x
}

identity_link <- function() {
  new_link("identity", identity, identity, function(eta) rep(1, length(eta)))
}

log_link <- function() new_link("log", log, exp, exp)

# fisher: from the predictor to Fisher's z; unfisher: back; slope: derivative of fisher.
new_correlation_link <- function(name, fisher, unfisher, slope) {
  new_link(
    name,
    link = function(rho) unfisher(atanh(rho)), inverse = function(eta) tanh(fisher(eta)),
    derivative = function(eta) slope(eta) / cosh(fisher(eta))^2, fisher = fisher
  )
}

# Twice Fisher's z: a slope of the predictor is one of the log odds of (1 + rho) / 2.
rhobit_link <- function() {
  new_correlation_link("rhobit",
    fisher = function(eta) eta / 2, unfisher = function(z) 2 * z,
    slope = function(eta) rep(0.5, length(eta))
  )
}

# The link of each role that a distributional parameter can have (likelihood.R).
default_links <- function() {
  list(mean = identity_link(), sd = log_link(), correlation = rhobit_link())
}
