# The registry of engines: the values of `algorithm` in covary(), and what each can do.

# `fit`: the engine, as engine-result.R defines it, or NULL where covary() returns the model itself.
# What it can do:
#   sums_only     it sees rows only through values and expectations of the whole likelihood, so that
#                 they may be tabulated or read in blocks
#   minibatches   batches of rows: rows are not compressed by themselves
#   levels        takes curvature in the shape of an arrow (numeric-arrow.R)
#   likelihood    needs responses that a density can describe; the prior alone does not
new_engine <- function(
  fit, sums_only = FALSE, minibatches = FALSE, levels = FALSE, likelihood = TRUE
) {
  structure(
    list(
      fit = fit, sums_only = sums_only, minibatches = minibatches, levels = levels,
      likelihood = likelihood
    ),
    class = "covary_engine"
  )
}

engines <- function() {
  list(
    nested = new_engine(engine_nested, sums_only = TRUE, levels = TRUE),
    fullrank = new_engine(engine_fullrank, sums_only = TRUE),
    meanfield = new_engine(engine_meanfield, sums_only = TRUE),
    laplace = new_engine(engine_laplace, sums_only = TRUE, levels = TRUE),
    prior = new_engine(engine_prior, likelihood = FALSE),
    advi = new_engine(engine_advi, minibatches = TRUE),
    svgd = new_engine(engine_svgd),
    pathfinder = new_engine(engine_pathfinder),
    nuts = new_engine(engine_nuts),
    none = new_engine(NULL, minibatches = TRUE)
  )
}
