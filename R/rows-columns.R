# Columns of the data: of what type each is. The first values decide, and all later chunks, files
# and merged cells must agree; a column without a value decides nothing.
#
# A description is list(kind ("exact" or "continuous"), type, levels, ordered) and, of times, zone
# or units. Integers, doubles and integer64 are all "numeric"; dates, times and differences of
# times are numbers with a class.

number_types <- c("numeric", "date", "time", "difference of times")

describe_covariate <- function(v, name = "") {
  out <- list(
    kind = "exact", type = column_type(v, name), levels = if (is.factor(v)) levels(v),
    ordered = is.ordered(v), contrasts = if (is.factor(v)) attr(v, "contrasts")
  )
  if (out$type == "time") out$zone <- c(attr(v, "tzone"), "")[1]
  if (out$type == "difference of times") out$units <- attr(v, "units")
  out
}

column_type <- function(v, name) {
  if (is.factor(v)) {
    "factor"
  } else if (inherits(v, "Date")) {
    "date"
  } else if (inherits(v, "POSIXct")) {
    "time"
  } else if (inherits(v, "difftime")) {
    "difference of times"
  } else if (is.logical(v)) {
    "logical"
  } else if (is.numeric(v)) {
    "numeric"
  } else if (is.character(v)) {
    "character"
  } else {
    stop_covary("covariate", "Covariate '", name,
      "' must be a numeric, logical, character, factor or date column, not ", describe(v), ".",
      fields = list(covariate = name)
    )
  }
}

# The columns as doubles, logicals, text or factors, and what was known of them completed by what
# is met: list(known, values). place(row) says where a row of these columns stands.
read_columns <- function(known, columns, place) {
  for (name in names(columns)) {
    v <- columns[[name]]
    if (is.matrix(v) && ncol(v) == 1) v <- v[, 1]
    if (inherits(v, "integer64")) v <- exact_double(v, name)
    check_text(v, name)
    check_levels(v, name)
    if (is.matrix(v) || is.list(v)) {
      stop_covary("covariate", "Cells cannot hold the matrix or list covariate '", name, "'.",
        fields = list(covariate = name)
      )
    }
    if (anyNA(v) && all(is.na(v))) {
      columns[[name]] <- rep(NA_real_, length(v))
      next
    }
    found <- describe_covariate(v, name)
    if (is.null(known[[name]])) known[[name]] <- found
    both <- join_columns(known[[name]], found)
    if (is.null(both)) stop_changed_type(name, v, known[[name]], found, place)
    known[[name]] <- both
    columns[[name]] <- bare_column(v, known[[name]]$units)
  }
  list(known = if (is.null(known)) list() else known, values = columns)
}

# One description of both, or NULL. Text has the levels of a factor that it meets; those of ordered
# factors must be in one order.
join_columns <- function(a, b) {
  text <- c(a$type, b$type) %in% c("factor", "character") & !c(a$ordered, b$ordered)
  if (all(text)) {
    if ("factor" %in% b$type) a$type <- "factor"
    a["levels"] <- list(union(a$levels, b$levels))
    return(a)
  }
  if (a$type != b$type || a$ordered != b$ordered) {
    return(NULL)
  }
  if (!a$ordered) {
    return(a)
  }
  longer <- if (length(b$levels) > length(a$levels)) b$levels else a$levels
  in_order <- function(levels) !anyNA(match(levels, longer)) && !is.unsorted(match(levels, longer))
  if (!in_order(a$levels) || !in_order(b$levels)) {
    return(NULL)
  }
  a$levels <- longer
  a
}

stop_changed_type <- function(name, v, known, found, place) {
  unread <- !is.na(v)
  if (known$type == "numeric" && found$type %in% c("character", "factor")) {
    number <- suppressWarnings(as.double(as.character(v)))
    if (any(unread & is.na(number))) unread <- unread & is.na(number)
  }
  row <- which(unread)[1]
  stop_covary("column_type", "Column '", name, "' was ", say_column(known), " and is ",
    say_column(found), " in ", place(row), ", which holds ", describe(format(v[row])),
    ". A column has one ",
    "type in all chunks and files: convert it, or make such values missing.",
    fields = list(column = name, row = row, types = c(known$type, found$type))
  )
}

say_column <- function(how) {
  more <- if (how$ordered) enumerate(how$levels) else how$units
  paste0(if (how$ordered) "ordered ", how$type, if (!is.null(more)) paste0(" (", more, ")"))
}

# Numbers without their class, in the units of those before.
bare_column <- function(v, units = NULL) {
  if (!is.null(units)) {
    as.double(v, units = units)
  } else if (is_number(v)) {
    as.double(v)
  } else {
    v
  }
}

# Only bit64's own as.double() reads its integers, whose bits stand in doubles.
integer64_double <- function(v) {
  need_package("bit64", "columns of class integer64")
  suppressWarnings(as.double(bit64::as.integer64(v)))
}

exact_double <- function(v, name) {
  out <- integer64_double(v)
  check_whole_numbers(out, name)
  out
}

check_whole_numbers <- function(v, name) {
  if (any(abs(v) >= 2^53 & is.finite(v), na.rm = TRUE)) {
    stop_large_numbers("Covariate '", name, "'", remedy = "Make it text", name = name)
  }
}

# ...: what holds them. `name`: the columns at fault.
stop_large_numbers <- function(..., remedy, name) {
  stop_covary("covariate", ...,
    " has whole numbers beyond 2^53, of which doubles cannot tell neighbours apart. ",
    remedy, ", or subtract a constant.",
    fields = list(covariate = name)
  )
}

# Text of one encoding can be sorted and compared; bytes that are none cannot.
check_text <- function(v, name) {
  text <- if (is.factor(v)) levels(v) else if (is.character(v)) v else return()
  bad <- which(!is.na(text) & !validUTF8(text) & Encoding(text) != "latin1")
  if (length(bad)) {
    stop_covary("encoding", "Column '", name, "' holds text that is not valid UTF-8, first in ",
      if (is.factor(v)) "level " else "row ", bad[1],
      ". Convert it, for example by iconv(x, \"latin1\", \"UTF-8\").",
      fields = list(column = name, rows = bad)
    )
  }
}

# Cells cannot tell a level that is missing from a value that is.
check_levels <- function(v, name) {
  if (!is.factor(v) || !anyNA(levels(v))) {
    return()
  }
  stop_covary("covariate", "Factor '", name, "' has NA among its levels, as by addNA(). Give that ",
    "level a name, for example levels(d$", name, ")[is.na(levels(d$", name, "))] <- \"none\".",
    fields = list(covariate = name)
  )
}

# Values of groups or nodes as the user had them.
restore_column <- function(values, how) {
  switch(how$type,
    factor = structure(factor(values, levels = how$levels, ordered = how$ordered),
      contrasts = how$contrasts
    ),
    date = structure(values, class = "Date"),
    time = structure(values, class = c("POSIXct", "POSIXt"), tzone = how$zone),
    `difference of times` = structure(values, class = "difftime", units = how$units),
    values
  )
}

# Dates and times are numbers too.
is_number <- function(v) is.numeric(v) || inherits(v, c("Date", "POSIXct", "difftime"))

# Which columns are plain vectors or factors: no matrices, dates or other classes? By name.
are_plain <- function(columns) {
  vapply(columns, function(v) is.null(dim(v)) && (is.factor(v) || !is.object(v)), TRUE)
}

take_rows <- function(v, rows) if (is.matrix(v)) v[rows, , drop = FALSE] else v[rows]

# By row, of a vector or a matrix
row_is_na <- function(v) if (is.matrix(v)) rowSums(is.na(v)) > 0 else is.na(v)
