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
  check_proportional(scales)
  check_dependent(scales)
}

# Pairs that are exact multiples of each other
check_proportional <- function(scales) {
  r <- scales$raw_cor
  at <- which(lower.tri(r) & 1 - abs(r) < 1e-12, arr.ind = TRUE)
  if (nrow(at) == 0) {
    return()
  }
  pair <- names(scales$sd)[rev(at[1, ])]
  stop_covary("proportional_responses", "Responses ", enumerate(pair),
    " are exact multiples of each other ",
    "(correlation ", format(r[at][1], digits = 15),
    "); their joint density is unbounded. Drop one of them.",
    fields = list(response = pair)
  )
}

# Responses that are sums of others, from the correlations of rows that have all of them
check_dependent <- function(scales) {
  if (any(scales$share < 1)) {
    return()
  }
  for (j in seq_along(scales$sd)[-(1:2)]) {
    before <- seq_len(j - 1)
    weights <- solve_chol(cholesky(scales$raw_cor[before, before]), scales$raw_cor[before, j])
    if (1 - sum(weights * scales$raw_cor[before, j]) > 1e-12) next
    names <- names(scales$sd)
    of <- names[before][abs(weights) > 1e-6]
    stop_covary("dependent_responses", "Response '", names[j], "' is a linear combination of ",
      enumerate(of), "; their joint density is unbounded. Drop one of them.",
      fields = list(response = names[j], of = of)
    )
  }
}
