# Sources of rows: list(read: function() the next data frame or NULL, place: function(row) the
# words for where that row of it stands) and, where there is something to do, close: function() and
# settle: function(), which makes sure of the types of the file being read.

# `spec` says which columns will be looked at; `types` what is known of the columns of CSV files
# (rows-source-file.R).
new_source <- function(data, chunk, reader = NULL, spec = NULL,
                       types = new_csv_types(numbers = spec$numbers)) {
  if (is.data.frame(data)) {
    return(frame_source(data))
  }
  if (is.function(data)) {
    return(function_source(data))
  }
  if (is.character(data) && length(data) > 0) {
    return(files_source(data, chunk, reader, spec$columns, types))
  }
  stop_covary("data",
    "`data` must be a data frame, a chunk reader function(reset), file names or a DBI connection, not ", describe(data), ".",
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
  list(read = read, place = row_place)
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
  list(read = read, place = place)
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

files_source <- function(files, chunk, reader, columns, types) {
  if (anyNA(files)) {
    stop_covary("data", "`data` holds a missing file name.", fields = list(arg = "data"))
  }
  absent <- files[!file.exists(files) | dir.exists(files)]
  if (length(absent)) {
    stop_covary("data", "File ", enumerate(absent), " does not exist.",
      fields = list(files = absent)
    )
  }
  number <- 0
  current <- NULL
  start <- function() {
    number <<- 0
    current <<- NULL
  }
  read <- function() {
    repeat {
      out <- if (!is.null(current)) current$read()
      if (!is.null(out)) {
        return(out)
      }
      if (number == length(files)) {
        return(NULL)
      }
      number <<- number + 1
      current <<- file_source(files[number], chunk, reader, columns, types, start)
    }
  }
  list(
    read = read, place = function(row) current$place(row), types = types,
    close = function() if (!is.null(current$close)) current$close(),
    settle = function() if (!is.null(current$settle)) current$settle()
  )
}

file_source <- function(file, chunk, reader, columns, types, start) {
  place <- function(row) row_place(row, paste("file", file))
  once <- function(read) {
    done <- FALSE
    list(read = function() {
      if (done) {
        return(NULL)
      }
      done <<- TRUE
      out <- retype(read(file), "data", "File ", file, " cannot be read: ",
        fields = list(files = file)
      )
      if (is.null(out)) {
        stop_covary("data", "File ", file, " holds NULL, not a data frame.",
          fields = list(files = file)
        )
      }
      check_chunk(out, place)
    }, place = place)
  }
  if (!is.null(reader)) {
    return(once(reader))
  }
  name <- sub("[.](gz|bz2|xz)$", "", tolower(file))
  if (grepl("[.](csv|tsv|txt)$", name)) {
    return(csv_source(file, chunk, if (grepl("csv$", name)) "," else "\t", columns, types, start))
  }
  if (grepl("[.]rds$", name)) {
    return(once(readRDS))
  }
  if (grepl("[.]parquet$", name)) {
    return(once(parquet_reader()))
  }
  stop_covary("data",
    "Files of this kind need `reader`, a function of the file name that returns a data frame: ",
    file, ".",
    fields = list(files = file)
  )
}

parquet_reader <- function() {
  need_package("nanoparquet", "reading Parquet files")
  function(file) as.data.frame(nanoparquet::read_parquet(file))
}
