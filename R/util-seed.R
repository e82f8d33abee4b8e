# The state of R's random number generator.

# The value of `code`, which leaves the generator as it was: a check must not change the draws.
keep_seed <- function(code) {
  restore <- seed_restorer()
  on.exit(restore())
  code
}

# A function that takes the generator back to the state it has now.
seed_restorer <- function() {
  seed <- get0(".Random.seed", globalenv(), inherits = FALSE)
  function() {
    if (!is.null(seed)) {
      assign(".Random.seed", seed, globalenv())
    } else if (exists(".Random.seed", globalenv(), inherits = FALSE)) {
      rm(".Random.seed", envir = globalenv())
    }
  }
}

# Sets the seed; returns the function that takes it back.
use_seed <- function(seed) {
  check_number(seed, "seed", -.Machine$integer.max, .Machine$integer.max, whole = TRUE)
  restore <- seed_restorer()
  set.seed(seed)
  restore
}
