# Sources of rows: list(read: function() the next data frame or NULL).

new_source <- function(data, chunk, reader = NULL) {
  if (is.data.frame(data)) return(frame_source(data))
  if (is.function(data)) return(function_source(data))
  if (is.character(data) && length(data) > 0) return(files_source(data, chunk, reader))
  stop_covary("data", "`data` must be a data frame, a chunk reader function(reset), file names or a DBI connection, not ", describe(data), ".",
    fields = list(arg = "data"))
}

frame_source <- function(data) {
  if (nrow(data) == 0) stop_covary("data", "`data` has no rows.", fields = list(arg = "data"))
  done <- FALSE
  list(read = function() {
    if (done) return(NULL)
    done <<- TRUE
    data
  })
}

function_source <- function(reader) {
  reader(TRUE)
  list(read = function() reader(FALSE))
}

files_source <- function(files, chunk, reader = NULL) {
  absent <- files[!file.exists(files)]
  if (length(absent)) stop_covary("data", "File ", enumerate(absent), " does not exist.", fields = list(files = absent))
  left <- files
  current <- NULL
  list(read = function() {
    repeat {
      if (is.null(current)) {
        if (length(left) == 0) return(NULL)
        current <<- file_source(left[1], chunk, reader)
        left <<- left[-1]
      }
      out <- current()
      if (!is.null(out)) return(out)
      current <<- NULL
    }
  })
}

file_source <- function(file, chunk, reader) {
  force(file)
  once <- function(read) {
    done <- FALSE
    function() {
      if (done) return(NULL)
      done <<- TRUE
      read(file)
    }
  }
  if (!is.null(reader)) return(once(reader))
  name <- sub("[.](gz|bz2|xz)$", "", tolower(file))
  if (grepl("[.](csv|tsv|txt)$", name)) return(csv_source(file, chunk, if (grepl("csv$", name)) "," else "\t"))
  if (grepl("[.]rds$", name)) return(once(readRDS))
  if (grepl("[.]parquet$", name)) return(once(parquet_reader()))
  stop_covary("data", "Files of this kind need `reader`, a function of the file name that returns a data frame: ", file, ".",
    fields = list(files = file))
}

parquet_reader <- function() {
  need_package("nanoparquet", "reading Parquet files")
  function(file) as.data.frame(nanoparquet::read_parquet(file))
}

# Types of columns are those of the first chunk, so that later chunks cannot change them; numbers are
# read as doubles and what is not a number in the first chunk as character.
csv_source <- function(file, chunk, sep) {
  connection <- base::file(file, "r")
  header <- NULL
  classes <- NULL
  function() {
    if (is.null(connection)) return(NULL)
    arguments <- list(connection, header = is.null(header), sep = sep, quote = "\"", comment.char = "", nrows = chunk, fill = FALSE,
      stringsAsFactors = FALSE, check.names = FALSE)
    if (!is.null(header)) arguments <- c(arguments, list(colClasses = unname(classes), col.names = header))
    out <- tryCatch(do.call(utils::read.table, arguments),
      error = function(e) if (grepl("no lines available", conditionMessage(e))) NULL else {
        close(connection)
        stop_covary("data", "File ", file, " cannot be read: ", conditionMessage(e), fields = list(files = file))
      })
    if (is.null(out) || nrow(out) == 0) {
      close(connection)
      connection <<- NULL
      return(NULL)
    }
    if (is.null(header)) {
      header <<- names(out)
      classes <<- vapply(out, function(v) if (is.numeric(v)) "numeric" else if (is.logical(v) && !all(is.na(v))) "logical" else if (all(is.na(v))) NA_character_ else "character", "")
      out[] <- lapply(out, function(v) if (is.integer(v)) as.double(v) else v)
    }
    out
  }
}
