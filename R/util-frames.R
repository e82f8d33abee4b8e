# Data frames without the checks of data.frame() and rbind().

# data.frame() and rbind() without their checks, which cost more than the algebra of a small fit.
quick_frame <- function(columns) {
  structure(columns, class = "data.frame", row.names = .set_row_names(length(columns[[1]])))
}

stack_frames <- function(frames) {
  quick_frame(do.call(Map, c(list(c), unname(lapply(frames, unclass)))))
}
