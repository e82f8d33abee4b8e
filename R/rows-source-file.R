# Rows of files: CSV (rows-source-csv.R), RDS, Parquet, others by `reader`.

# The rows of several files, one file after the other. start() begins again with the first.
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
  new_row_source(
    read,
    place = function(row) current$place(row), types = types,
    close = function() if (!is.null(current)) current$close(),
    decide_types = function() if (!is.null(current)) current$decide_types()
  )
}

file_source <- function(file, chunk, reader, columns, types, start) {
  if (!is.null(reader)) {
    return(whole_file_source(file, reader))
  }
  name <- sub("[.](gz|bz2|xz)$", "", tolower(file))
  if (grepl("[.](csv|tsv|txt)$", name)) {
    return(csv_source(file, chunk, if (grepl("csv$", name)) "," else "\t", columns, types, start))
  }
  if (grepl("[.]rds$", name)) {
    return(whole_file_source(file, readRDS))
  }
  if (grepl("[.]parquet$", name)) {
    return(whole_file_source(file, parquet_reader()))
  }
  stop_covary("data",
    "Files of this kind need `reader`, a function of the file name that returns a data frame: ",
    file, ".",
    fields = list(files = file)
  )
}

# A file that is read in one piece, by read(file).
whole_file_source <- function(file, read) {
  place <- function(row) row_place(row, paste("file", file))
  done <- FALSE
  read_once <- function() {
    if (done) {
      return(NULL)
    }
    done <<- TRUE
    out <- with_typed_errors(read(file), "data", "File ", file, " cannot be read: ",
      fields = list(files = file)
    )
    if (is.null(out)) {
      stop_covary("data", "File ", file, " holds NULL, not a data frame.",
        fields = list(files = file)
      )
    }
    check_chunk(out, place)
  }
  new_row_source(read_once, place)
}

parquet_reader <- function() {
  need_package("nanoparquet", "reading Parquet files")
  function(file) add_partitions(as.data.frame(nanoparquet::read_parquet(file)), file)
}
