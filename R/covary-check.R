# Data that covary() cannot fit, and arguments that do not go with them.

# Responses that no finite density can describe.
check_responses <- function(frame, scales, algorithm) {
  constant <- names(scales$sd)[scales$constant]
  if (length(constant) && engines()[[algorithm]]$likelihood) {
    stop_covary("constant_response", "Response ", enumerate(constant),
      " is constant; there is nothing to regress.",
      fields = list(response = constant)
    )
  }
  # Sums over draws must stay numbers.
  huge <- names(scales$sd)[!is.finite(1e5 * (abs(scales$mean) + scales$sd))]
  if (length(huge)) {
    stop_covary("scale", "Response ", enumerate(huge),
      " has values near the largest number there is. Change its units.",
      fields = list(response = huge)
    )
  }
  if (length(scales$sd) < 2 || !engines()[[algorithm]]$likelihood) {
    return()
  }
  r <- scales$cor[lower.tri(scales$cor)]
  if (any(1 - abs(r) < 1e-12)) {
    stop_covary("proportional_responses", "Responses ", enumerate(names(scales$sd)),
      " are exact multiples of each other ",
      "(correlation ", format(r[1], digits = 15),
      "); their joint density is unbounded. Drop one of them.",
      fields = list(response = names(scales$sd))
    )
  }
}
