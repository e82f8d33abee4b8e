# CSV files in chunks. Fields are split by r_text.c, so that quotes, skipped columns and rows
# with too few or too many fields are seen alike in one chunk and in many.
#
# A column is a number, a logical (TRUE, FALSE, true, false) or text. The whole of the first file
# with a value in it decides: chunks are read as what the first of them is, and where a later one
# of that file holds other values the source begins again, with the column as text. A contradiction
# in a later file is an error. NA and, but for text, the empty field are missing.

# start() begins again with the first file.
csv_source <- function(file, chunk, separator, columns, types, start) {
  csv <- open_csv(file, chunk, separator, columns)
  place <- function(row) row_place(csv$rows_before + row, paste("file", file))
  read <- function() closing_on_error(csv, read_csv_chunk(csv, types, place, start))
  new_row_source(
    read, place,
    close = function() close_csv(csv),
    decide_types = function() while (csv$is_open) read()
  )
}

# A CSV file being read, an environment:
#   file, connection, is_open, separator
#   chunk        lines to read at a time
#   columns      names of those that are wanted; NULL: all that have one
#   header       all names, NULL before they are read
#   lines_before, rows_before  those in front of the chunk that was read last
#   rows_read    those up to its end
#   unfinished   lines at its end whose row goes on
open_csv <- function(file, chunk, separator, columns) {
  list2env(list(
    file = file, connection = base::file(file, "r"), is_open = TRUE, separator = separator,
    chunk = chunk, columns = columns, header = NULL,
    lines_before = 0, rows_before = 0, rows_read = 0, unfinished = character()
  ))
}

close_csv <- function(csv) {
  if (csv$is_open) close(csv$connection)
  csv$is_open <- FALSE
}

# The value of `code`, which reads the file; the file is closed where that ends early.
closing_on_error <- function(csv, code) {
  typed <- function() {
    with_typed_errors(code, "data", "File ", csv$file, " cannot be read: ",
      fields = list(files = csv$file)
    )
  }
  ended <- function(e) close_csv(csv)
  withCallingHandlers(typed(), error = ended, covary_types_changed = ended)
}

# list(columns: the `wanted` ones of `width`, as doubles where `numeric` and possible (else NULL),
# or as text; line: that of each row; bad: c(line, fields) of the first row with too few or too
# many; open: the line in which a quote is not closed, or 0)
split_fields <- function(csv, lines, wanted, width, numeric = rep(FALSE, length(wanted))) {
  .Call(C_split_lines, lines, csv$separator, width, wanted, numeric)
}

# A data frame, or NULL for the end
read_csv_chunk <- function(csv, types, place, start) {
  if (!csv$is_open) {
    return(NULL)
  }
  if (is.null(csv$header)) read_csv_header(csv)
  new <- readLines(csv$connection, csv$chunk, warn = FALSE)
  ended <- length(new) < csv$chunk
  lines <- c(csv$unfinished, new)
  width <- length(csv$header)
  wanted <- which(if (is.null(csv$columns)) nzchar(csv$header) else csv$header %in% csv$columns)
  out <- split_fields(csv, lines, wanted, width, are_numbers(csv, types, wanted, lines))
  check_fields(csv, out, ended)
  csv$unfinished <- if (out$open > 0) lines[out$open:length(lines)] else character()
  csv$lines_before <- csv$lines_before + length(lines) - length(csv$unfinished)
  csv$rows_before <- csv$rows_read
  csv$rows_read <- csv$rows_read + length(out$line)
  # What was no number after all, or a column of missing ones, is looked at as text.
  again <- vapply(out$columns, function(v) is.null(v) || is.double(v) && all(is.na(v)), TRUE)
  if (any(again)) out$columns[again] <- split_fields(csv, lines, wanted[again], width)$columns
  columns <- stats::setNames(out$columns, csv$header[wanted])
  data <- type_columns(columns, types, place, start)
  if (ended) {
    types$decided <- names(types$type)
    close_csv(csv)
  }
  unchecked_frame(data, length(out$line))
}

read_csv_header <- function(csv) {
  first <- next_record(csv)
  if (is.null(first)) {
    stop_covary("data", "File ", csv$file, " is empty.", fields = list(files = csv$file))
  }
  csv$header <- header_fields(csv, without_mark(first))
  twice <- intersect(csv$columns, csv$header[duplicated(csv$header)])
  if (length(twice)) {
    stop_covary("variable", "File ", csv$file, " has the column ", enumerate(twice), " twice.",
      fields = list(variable = twice)
    )
  }
}

# The first row that is not empty, whatever the number of its lines; NULL if there is none.
next_record <- function(csv) {
  repeat {
    line <- readLines(csv$connection, 1, warn = FALSE)
    if (length(line) == 0) {
      return(NULL)
    }
    csv$unfinished <- c(csv$unfinished, line)
    if (any(nzchar(csv$unfinished)) &&
      split_fields(csv, csv$unfinished, integer(), 1L)$open == 0) {
      break
    }
  }
  out <- paste(csv$unfinished, collapse = "\n")
  csv$lines_before <- csv$lines_before + length(csv$unfinished)
  csv$unfinished <- character()
  out
}

# Are the wanted columns numbers, as far as is known or the first lines tell?
are_numbers <- function(csv, types, wanted, lines) {
  known <- types$type[csv$header[wanted]]
  unknown <- is.na(known)
  some <- utils::head(lines, 100)
  some <- split_fields(csv, some, wanted[unknown], length(csv$header))$columns
  known[unknown] <- vapply(some, function(text) csv_values(text)$type, "")
  unname(known == "numeric")
}

check_fields <- function(csv, out, ended) {
  if (length(out$bad)) {
    line <- csv$lines_before + out$bad[1]
    stop_covary("data", "Line ", line, " of file ", csv$file, " has ", out$bad[2],
      " fields, its header ", length(csv$header),
      ": columns and names do not belong together. (Row names need a name of their own: ",
      "col.names = NA in write.table().)",
      fields = list(files = csv$file, line = line)
    )
  }
  if (out$open > 0 && ended) {
    stop_covary("data", "Line ", csv$lines_before + out$open, " of file ", csv$file,
      " opens a quote that is never closed.",
      fields = list(files = csv$file)
    )
  }
}

# The line without the bytes by which some programs say that it is UTF-8.
without_mark <- function(line) {
  bytes <- charToRaw(line)
  mark <- as.raw(c(0xef, 0xbb, 0xbf))
  if (identical(utils::head(bytes, 3), mark)) rawToChar(bytes[-(1:3)]) else line
}

header_fields <- function(csv, line) {
  width <- split_fields(csv, line, integer(), 1L)
  width <- if (length(width$bad)) as.integer(width$bad[2]) else 1L
  unlist(split_fields(csv, line, seq_len(width), width)$columns)
}
