# Memory of the session.

# R collects the garbage of the whole session, .1 to .2 s with the usual packages, whenever its
# vectors outgrow a limit, which it then raises by a little. One vector as large as what is to come
# raises it at once; its memory is never touched, and free for what comes. bytes: about what.
reserve_memory <- function(bytes) {
  if (bytes >= least_reserve) {
    tryCatch(.Call(C_reserve, min(bytes, most_reserve)), error = function(e) NULL)
  }
  invisible()
}

# Less than that is not worth it; more would be a promise that a small machine cannot keep.
least_reserve <- 1.6e7
most_reserve <- 1e9
