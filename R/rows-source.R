# Sources of rows, read a data frame at a time. Fields of a `covary_row_source`:
#   read()          the next data frame, or NULL after the last
#   place(row)      the words for where that row of it stands
#   close()         ends the reading, whether or not all was read
#   decide_types()  reads on until the CSV file being read has decided the types of columns
#   types           what is known of the columns of CSV files (rows-csv-types.R), else NULL

new_row_source <- function(read, place, close = function() NULL, decide_types = function() NULL,
                           types = NULL) {
  structure(class = "covary_row_source", list(
    read = read, place = place, close = close, decide_types = decide_types, types = types
  ))
}

row_place <- function(row, where = NULL) {
  paste0("row ", format(row, scientific = FALSE), if (!is.null(where)) paste(" of", where))
}

# A data frame, or NULL for the end.
check_chunk <- function(chunk, place) {
  if (is.null(chunk) || is.data.frame(chunk)) {
    return(chunk)
  }
  stop_covary("data", "Rows must come as a data frame, or NULL after the last; ", place(1),
    " is in ", describe(chunk), ".",
    fields = list(arg = "data")
  )
}
