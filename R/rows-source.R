# Sources of rows, read a data frame at a time. Fields of a `covary_row_source`:
#   read()      the next data frame, or NULL after the last
#   place(row)  the words for where that row of it stands
#   close()     ends the reading, whether or not all was read
#   settle()    makes sure of the types of the CSV file being read
#   types       what is known of the columns of CSV files (rows-source-csv.R), else NULL

new_row_source <- function(read, place, close = function() NULL, settle = function() NULL,
                           types = NULL) {
  structure(class = "covary_row_source", list(
    read = read, place = place, close = close, settle = settle, types = types
  ))
}

# `spec` says which columns will be looked at (rows-spec.R); `settings` are those of compress(), of
# which chunk and reader are used; `types` what is known of the columns of CSV files.
new_source <- function(data, spec, settings, types = new_csv_types(numbers = spec$numbers)) {
  if (is.data.frame(data)) {
    return(frame_source(data))
  }
  if (is.function(data)) {
    return(function_source(data))
  }
  if (is.character(data) && length(data) > 0) {
    return(files_source(data, settings$chunk, settings$reader, spec$columns, types))
  }
  stop_covary("data",
    "`data` must be a data frame, a chunk reader function(reset), file names or a DBI ",
    "connection, not ", describe(data), ".",
    fields = list(arg = "data")
  )
}

row_place <- function(row, where = NULL) {
  paste0("row ", format(row, scientific = FALSE), if (!is.null(where)) paste(" of", where))
}

frame_source <- function(data) {
  if (nrow(data) == 0) stop_covary("data", "`data` has no rows.", fields = list(arg = "data"))
  done <- FALSE
  read <- function() {
    if (done) {
      return(NULL)
    }
    done <<- TRUE
    data
  }
  new_row_source(read, row_place)
}

function_source <- function(reader) {
  call_reader <- function(reset) {
    retype(reader(reset), "data", "The chunk reader failed: ", fields = list(arg = "data"))
  }
  call_reader(TRUE)
  count <- 0
  place <- function(row) row_place(row, paste("chunk", count))
  read <- function() {
    out <- call_reader(FALSE)
    count <<- count + 1
    check_chunk(out, place)
  }
  new_row_source(read, place)
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
