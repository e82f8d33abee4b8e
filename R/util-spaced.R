# Some of many values, evenly spaced: chosen without random numbers.

# Numbers in 1, ..., n, in order: all of them, or `most` of them, the first and the last included.
evenly_spaced <- function(n, most) {
  round(seq(1, n, length.out = min(n, most)))
}

# Evenly spaced values of a long vector, so that the time does not grow with it. With `by`, those at
# 1, 1 + by, 1 + 2 by, ... alone are meant.
some_of <- function(v, by = 1) {
  n <- length(v) %/% by
  at <- evenly_spaced(n, if (n <= 2^15) n else 2^12)
  v[by * (at - 1) + 1]
}
