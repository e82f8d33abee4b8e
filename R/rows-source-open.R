# Sources of what compress() is given, but for databases (rows-source-dbi.R).

# `spec` says which columns will be looked at (rows-spec.R); `settings` are those of compress(), of
# which chunk and reader are used; `types` what is known of the columns of CSV files.
open_source <- function(data, spec, settings, types = new_csv_types(numbers = spec$numbers)) {
  if (is.data.frame(data)) {
    return(frame_source(data))
  }
  if (is.function(data)) {
    return(function_source(data))
  }
  if (is_arrow(data)) {
    return(arrow_source(data, spec, settings$chunk))
  }
  if (is.character(data) && length(data) > 0) {
    return(files_source(data, settings$chunk, settings$reader, spec$columns, types))
  }
  stop_covary("data",
    "`data` must be a data frame, a chunk reader function(reset), file names, a DBI ",
    "connection, or a data set, table or reader of Arrow, not ", describe(data), ".",
    fields = list(arg = "data")
  )
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
    with_typed_errors(reader(reset), "data", "The chunk reader failed: ",
      fields = list(arg = "data")
    )
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
