# Noise and rows of minibatches for advi(), drawn for so many iterations at once and taken as they
# are used, so that where a run is cut does not matter.

# Iterations whose noise is drawn at once, and the most that one call of the C core does.
iterations_per_call <- 100L

# list(noise, rows, used: iterations whose share is taken)
draw_queue <- function(setup, target, width) {
  noise <- stats::rnorm(width * iterations_per_call)
  rows <- if (setup$batch_size > 0) {
    minibatch_rows(target$rows, setup$batch_size * iterations_per_call)
  }
  list(noise = noise, rows = rows, used = 0L)
}

# The share of the next k iterations.
take_queue <- function(queue, k, width, batch) {
  at <- queue$used
  list(noise = queue$noise[at * width + seq_len(k * width)], rows = if (batch > 0) {
    queue$rows[at * batch + seq_len(k * batch)]
  })
}

# With replacement. sample.int() takes five times as long, longer than the steps; the 32 bits of a
# uniform number make the probabilities of rows differ by no more than rows / 2^32.
minibatch_rows <- function(rows, n) 1L + as.integer(rows * stats::runif(n))
