# Generics of brms that no other package has.

# The names of coefficients may be given without "b_", as for fits of brms.
#' @rawNamespace S3method(brms::hypothesis, covary)
hypothesis.covary <- function(x, hypothesis, ...) {
  check_fit(x, "x", margins = TRUE)
  draws <- as.data.frame(unclass(x$draws), check.names = FALSE)
  coefficients <- grep("^b_", names(draws), value = TRUE)
  short <- sub("^b_", "", coefficients)
  new <- !short %in% names(draws)
  draws[short[new]] <- draws[coefficients[new]]
  getExportedValue("brms", "hypothesis")(draws, hypothesis, ...)
}
