# The loop that advi() and svgd() share: calls of the C core, callbacks, interrupts.

# At most so many more iterations of an approximation, then its verdict. Functions:
#   step(approx, most)   the state after at most `most` iterations; the loop reads its fields
#                        iteration, losses and done
#   view(approx)         the approximation as callbacks see it
#   finish(approx)       the approximation with draws and verdict
# label: what the progress bar says is being done.
#
# The random stream of the run is that of the fit: refine() takes it up where it stopped, and puts
# the user's own back afterwards. It is noted after every step, so that one that an interrupt cuts
# short leaves no trace and refine() does it again.
run_iterations <- function(approx, iterations, refresh, label, step, view, finish) {
  progress <- new_progress(refresh)
  on.exit(progress$close())
  if (!is.null(approx$state$stream)) {
    users <- swap_stream(approx$state$stream)
    on.exit(swap_stream(users), add = TRUE)
  }
  approx$seal <- NULL # until it is whole again
  approx$state$stream <- current_stream()
  approx$info$stopped <- NULL
  approx$info$interrupted <- FALSE
  last <- approx$state$iteration + iterations
  callbacks <- approx$callbacks
  loop <- function() {
    while (approx$state$iteration < last && !isTRUE(approx$state$done)) {
      i <- approx$state$iteration
      state <- step(approx, min(last, next_call(callbacks, i)) - i)
      state$stream <- current_stream()
      approx$state <<- state
      i <- state$iteration
      progress$tick(paste0(label, run_status(approx)), i / last)
      if (length(callbacks) == 0) next
      now <- NULL
      see <- function() {
        if (is.null(now)) now <<- with_field(view(approx), "callbacks", callbacks)
        now
      }
      called <- call_callbacks(callbacks, see, function() approx$state$losses[seq_len(i)], i)
      callbacks <<- called$callbacks
      approx$state$stream <<- current_stream()
      if (!is.null(called$stopped)) {
        approx$info$stopped <<- called$stopped
        break
      }
    }
  }
  tryCatch(loop(), interrupt = function(e) approx$info$interrupted <<- TRUE)
  swap_stream(approx$state$stream)
  approx$callbacks <- callbacks
  seal(finish(approx))
}

# What the progress bar says beside it: passes over the rows so far, and the error that the run
# itself knows of.
run_status <- function(approx) {
  rows <- approx$target$rows
  read <- approx$state$evaluations$rows
  error <- approx$state[["error"]]
  paste0(
    if (rows > 0 && !is.null(read)) sprintf(", %.3g passes", read / rows),
    if (isTRUE(is.finite(error))) sprintf(", error %.2g sd", error),
    collapse = ""
  )
}

# The state of R's generator, started where it was not used before.
current_stream <- function() {
  if (!exists(".Random.seed", globalenv(), inherits = FALSE)) stats::runif(1)
  get(".Random.seed", globalenv(), inherits = FALSE)
}

# Sets the state of R's generator; the one before.
swap_stream <- function(new) {
  old <- current_stream()
  assign(".Random.seed", new, globalenv())
  old
}

# The losses of a state with those of the iterations after state$iteration. The vector grows by
# doubling, so that long runs do not copy it at every step; NA where there are no losses yet.
append_losses <- function(state, new) {
  n <- state$iteration
  if (n + length(new) > length(state$losses)) {
    state$losses <- c(state$losses, rep(NA_real_, max(length(new), n)))
  }
  state$losses[n + seq_along(new)] <- new
  state$losses
}
