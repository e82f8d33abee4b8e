# Types of the columns of CSV files: from text to values, and what becomes of contradictions.

# What is known of columns, shared by all files, a `covary_csv_types`:
#   type     by name
#   decided  names of those whose deciding file has ended
#   blank    names of those that were without a type and had empty fields
#   numbers  names of those that must be numbers
new_csv_types <- function(types = character(), numbers = character()) {
  out <- list(type = types, decided = names(types), blank = character(), numbers = numbers)
  structure(list2env(out), class = "covary_csv_types")
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
    if (changed && name %in% types$decided) stop_changed_csv(name, text, known, place)
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
with_restarts <- function(pass) {
  repeat {
    out <- tryCatch(list(pass()), covary_types_changed = function(e) NULL)
    if (!is.null(out)) {
      return(out[[1]])
    }
  }
}
