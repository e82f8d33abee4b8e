# Noise and rows of minibatches for advi(). They are drawn for iterations_per_call iterations at
# once and taken as they are used, so that a run that was cut in two takes the same as one that was
# not.

# Iterations whose noise is drawn at once, and the most that one call of the C core does.
iterations_per_call <- 100L

# A queue, list(noise (width numbers an iteration), rows (batch_size an iteration, or NULL), used:
# how many iterations have taken theirs).
draw_queue <- function(setup, target, width) {
  noise <- stats::rnorm(width * iterations_per_call)
  rows <- if (setup$batch_size > 0) {
    minibatch_rows(target$rows, setup$batch_size * iterations_per_call)
  }
  list(noise = noise, rows = rows, used = 0L)
}

# Noise and rows of the next k iterations, list(noise, rows); batch: rows an iteration.
take_queue <- function(queue, k, width, batch) {
  at <- queue$used
  list(noise = queue$noise[at * width + seq_len(k * width)], rows = if (batch > 0) {
    queue$rows[at * batch + seq_len(k * batch)]
  })
}

# n row numbers, with replacement. sample.int() takes five times as long, longer than the steps; the
# 32 bits of a uniform number make the probabilities of rows differ by no more than rows / 2^32.
minibatch_rows <- function(rows, n) 1L + as.integer(rows * stats::runif(n))
