# The distributional parameters (dpars) of a row, by likelihood: one a response, or one a pair of
# responses. The first has the formula of its response, the others `~ 1` where the user gives none;
# what they mean is known to the likelihood (likelihood.R).

formula_dpars <- list(
  normal = c(mu = "response", sigma = "response", rho = "pair"),
  normal_regression = c(mu = "response", sigma = "response", rho = "pair")
)

default_likelihood <- "normal"

# The density, by likelihood, holds so many responses.
most_responses <- c(normal = 30L, normal_regression = 30L)

# The likelihood by what the predictors of pairs are, the choice of covary_control(correlation = ).
correlation_likelihoods <- c(partial = "normal", regression = "normal_regression")

likelihood_by_correlation <- function(correlation) {
  name <- correlation_likelihoods[[correlation]]
  if (!name %in% names(formula_dpars)) {
    stop_covary("argument", "`correlation` must be \"partial\"; \"", correlation,
      "\" is not in this version.",
      fields = list(arg = "correlation")
    )
  }
  name
}

# Of any likelihood; `further`: without that of the mean, those that have formulas of their own.
dpar_names <- function(further = FALSE) {
  unique(unlist(lapply(formula_dpars, function(of) if (further) names(of)[-1] else names(of))))
}

# What a dpar belongs to: a list of one response each, or of two.
dpar_units <- function(of, labels) if (of == "pair") response_pairs(labels) else as.list(labels)

# What messages, data frames and keys call a unit, such as "y1" or "y1:y2".
unit_label <- function(resp) paste(resp, collapse = ":")

predictor_key <- function(dpar, resp) paste(c(dpar, resp), collapse = ":")

# Pairs in the order of the lower triangle by rows: (1, 2), (1, 3), (2, 3), ...
response_pairs <- function(labels) {
  by_row <- lapply(
    seq_along(labels)[-1], function(i) lapply(seq_len(i - 1), function(j) labels[c(j, i)])
  )
  as.list(unlist(by_row, recursive = FALSE))
}
