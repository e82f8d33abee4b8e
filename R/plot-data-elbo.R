# The data of the course of the ELBO.

elbo_frame <- function(fit) {
  trace <- fit$info$trace
  if (length(trace) == 0) {
    stop_covary("argument", "A fit by algorithm \"", fit$algorithm, "\" has no ELBO trace.",
      fields = list(arg = "type")
    )
  }
  data.frame(iteration = seq_along(trace) - 1L, elbo = trace, gap = max(trace) - trace)
}
