# CSV files in chunks. Fields are split by r_text.c, so that quotes, skipped columns and rows
# with too few or too many fields are seen alike in one chunk and in many.
#
# A column is a number, a logical (TRUE, FALSE, true, false) or text. The whole of the first file
# with a value in it decides: chunks are read as what the first of them is, and where a later one
# of that file holds other values the source begins again, with the column as text. A contradiction
# in a later file is an error. NA and, but for text, the empty field are missing.

# What is known of columns, shared by all files: types by name, the names of those whose deciding
# file has ended, and of those that were without a type and had empty fields; `numbers` are those
# that must be numbers.
new_csv_types <- function(types = character(), numbers = character()) {
  list2env(list(type = types, settled = names(types), blank = character(), numbers = numbers))
}

csv_source <- function(file, chunk, separator, columns, types, start) {
  connection <- base::file(file, "r")
  is_open <- TRUE
  finish <- function() {
    if (is_open) close(connection)
    is_open <<- FALSE
  }
  reading <- function(code) {
    typed <- function() {
      retype(code, "data", "File ", file, " cannot be read: ", fields = list(files = file))
    }
    ended <- function(e) finish()
    withCallingHandlers(typed(), error = ended, covary_types_changed = ended)
  }
  header <- NULL
  before <- 0 # lines
  done <- 0 # rows
  unfinished <- character()
  at <- NULL
  split <- function(lines, wanted, width, numeric = rep(FALSE, length(wanted))) {
    .Call(C_split_lines, lines, separator, width, wanted, numeric)
  }
  next_record <- function() {
    repeat {
      line <- readLines(connection, 1, warn = FALSE)
      if (length(line) == 0) {
        return(NULL)
      }
      unfinished <<- c(unfinished, line)
      if (any(nzchar(unfinished)) && split(unfinished, integer(), 1L)$open == 0) break
    }
    out <- paste(unfinished, collapse = "\n")
    before <<- before + length(unfinished)
    unfinished <<- character()
    out
  }
  read_header <- function() {
    first <- next_record()
    if (is.null(first)) {
      stop_covary("data", "File ", file, " is empty.", fields = list(files = file))
    }
    header <<- header_fields(without_mark(first), split)
    twice <- intersect(columns, header[duplicated(header)])
    if (length(twice)) {
      stop_covary("variable", "File ", file, " has the column ", enumerate(twice), " twice.",
        fields = list(variable = twice)
      )
    }
  }
  read <- function() {
    reading({
      if (!is_open) {
        return(NULL)
      }
      if (is.null(header)) read_header()
      new <- readLines(connection, chunk, warn = FALSE)
      ended <- length(new) < chunk
      lines <- c(unfinished, new)
      wanted <- if (is.null(columns)) which(nzchar(header)) else which(header %in% columns)
      out <- split(lines, wanted, length(header), are_numbers(wanted, lines))
      if (length(out$bad)) {
        stop_covary("data", "Line ", before + out$bad[1], " of file ", file, " has ", out$bad[2],
          " fields, its header ", length(header),
          ": columns and names do not belong together. (Row names need a name of their own: ",
          "col.names = NA in write.table().)",
          fields = list(files = file, line = before + out$bad[1])
        )
      }
      if (out$open > 0 && ended) {
        stop_covary("data", "Line ", before + out$open, " of file ", file,
          " opens a quote that is never closed.",
          fields = list(files = file)
        )
      }
      unfinished <<- if (out$open > 0) lines[out$open:length(lines)] else character()
      before <<- before + length(lines) - length(unfinished)
      at <<- done
      done <<- done + length(out$line)
      # What was no number after all, or a column of missing ones, is looked at as text.
      again <- vapply(out$columns, function(v) is.null(v) || is.double(v) && all(is.na(v)), TRUE)
      if (any(again)) out$columns[again] <- split(lines, wanted[again], length(header))$columns
      data <- type_columns(stats::setNames(out$columns, header[wanted]), types, place, start)
      if (ended) {
        types$settled <- names(types$type)
        finish()
      }
      structure(data, class = "data.frame", row.names = .set_row_names(length(out$line)))
    })
  }
  are_numbers <- function(wanted, lines) {
    known <- types$type[header[wanted]]
    unknown <- is.na(known)
    some <- split(utils::head(lines, 100), wanted[unknown], length(header))$columns
    known[unknown] <- vapply(some, function(text) csv_values(text)$type, "")
    unname(known == "numeric")
  }
  place <- function(row) row_place(at + row, paste("file", file))
  new_row_source(read, place, close = finish, settle = function() while (is_open) read())
}

# The line without the bytes by which some programs say that it is UTF-8.
without_mark <- function(line) {
  bytes <- charToRaw(line)
  mark <- as.raw(c(0xef, 0xbb, 0xbf))
  if (identical(utils::head(bytes, 3), mark)) rawToChar(bytes[-(1:3)]) else line
}

header_fields <- function(line, split) {
  width <- split(line, integer(), 1L)
  width <- if (length(width$bad)) as.integer(width$bad[2]) else 1L
  unlist(split(line, seq_len(width), width)$columns)
}

# Columns of text, or of what are numbers for sure, as what they are.
type_columns <- function(columns, types, place, start) {
  for (name in names(columns)) {
    text <- columns[[name]]
    read <- if (is.double(text)) list(type = "numeric", values = text) else csv_values(text)
    if (read$type == "numeric" && !name %in% types$numbers) check_whole_numbers(read$values, name)
    known <- if (name %in% names(types$type)) types$type[[name]] else "missing"
    if (known == "missing" && read$type != "missing") types$type[[name]] <- read$type
    if (known == "missing" && read$type == "missing" && !all(text == "NA")) {
      types$blank <- union(types$blank, name)
    }
    if (name %in% types$numbers && !read$type %in% c("missing", "numeric")) {
      stop_no_number(name, text, place)
    }
    changed <- !read$type %in% c("missing", known) && known != "character"
    if (changed && known == "missing") changed <- read$type == "character" && name %in% types$blank
    if (changed && name %in% types$settled) stop_changed_csv(name, text, known, place)
    if (changed) {
      types$type[[name]] <- "character"
      start()
      stop(structure(
        class = c("covary_types_changed", "condition"),
        list(message = "begin again", call = NULL)
      ))
    }
    columns[[name]] <- if (known == "character") blank_missing(text) else read$values
  }
  columns
}

blank_missing <- function(text) replace(text, text == "NA", NA_character_)

# list(type: "missing", "logical", "numeric" or "character", values). T and F alone are text: a
# column of sexes may begin with an F.
csv_values <- function(text) {
  values <- utils::type.convert(text, na.strings = "NA", as.is = TRUE)
  if (is.logical(values)) {
    if (all(is.na(values))) {
      return(list(type = "missing", values = values))
    }
    if (all(unique(text[!is.na(values)]) %in% c(
      "TRUE", "FALSE", "true",
      "false"
    ))) {
      return(list(type = "logical", values = values))
    }
  } else if (is.numeric(values)) {
    return(list(type = "numeric", values = as.double(values)))
  }
  list(type = "character", values = blank_missing(text))
}

stop_changed_csv <- function(name, text, known, place) {
  row <- first_of_other_type(text, known)
  stop_covary("column_type", "Column '", name, "' was ", known, " in the files before; ",
    place(row), " holds ", dQuote(text[row], FALSE),
    ". A column has one type in all files: correct the value, make it NA, or read the files by ",
    "`reader`.",
    fields = list(column = name, row = row)
  )
}

stop_no_number <- function(name, text, place) {
  row <- first_of_other_type(text, "numeric")
  stop_covary("response", "Column '", name, "' must hold numbers; ", place(row), " holds ",
    dQuote(text[row], FALSE), ". Correct the value, ",
    "make it NA, or read the files by `reader`.",
    fields = list(column = name, row = row)
  )
}

first_of_other_type <- function(text, known) {
  other <- Filter(function(v) !csv_values(v)$type %in% c("missing", known), unique(text))
  which(text %in% other)[1]
}

# The value of pass(), which is called again when the source had to begin again.
with_settled_types <- function(pass) {
  repeat {
    out <- tryCatch(list(pass()), covary_types_changed = function(e) NULL)
    if (!is.null(out)) {
      return(out[[1]])
    }
  }
}
