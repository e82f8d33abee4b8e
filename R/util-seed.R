# The state of R's random number generator.

# The value of `code`, which leaves the generator as it was: a check must not change the draws.
keep_seed <- function(code) {
  seed <- get0(".Random.seed", globalenv(), inherits = FALSE)
  on.exit(if (!is.null(seed)) {
    assign(".Random.seed", seed, globalenv())
  } else if (exists(".Random.seed", globalenv(), inherits = FALSE)) {
    rm(".Random.seed", envir = globalenv())
  })
  code
}
