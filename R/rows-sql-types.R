# Types of the columns of a query, as the engine declares them.

# As the engine says itself, of a first row: ask(column) is the question.
engine_types <- function(ask, first_rows = rows_by_limit) {
  function(connection, source, columns) {
    asks <- sql_list(paste0(ask(columns), " AS t", seq_along(columns)))
    out <- ask_database(connection, first_rows(paste("SELECT", asks, "FROM", source), 1))
    words <- if (nrow(out)) unlist(out) else rep(NA_character_, length(columns))
    types <- vapply(words, read_type, "")
    unread <- grepl(unread_types, words, ignore.case = TRUE)
    types[unread] <- tolower(words[unread])
    stats::setNames(types, names(columns))
  }
}

# Words for what is neither a number nor a text, but which drivers send as one: $5.00 as 0, the bits
# 0110 as 110
unread_types <- paste0(
  "\\[\\]$|^[a-z0-9]*range$|",
  "^(money|bit|struct|map|union|point|box|circle|line|lseg|path|polygon)\\b"
)

# As the driver reports the columns of a result.
driver_types <- function(connection, source, columns) {
  info <- with_database_errors({
    sql <- paste("SELECT", sql_list(columns), "FROM", source, "WHERE 1 = 0")
    result <- DBI::dbSendQuery(connection, sql)
    info <- DBI::dbColumnInfo(result)
    DBI::dbClearResult(result)
    info
  })
  said <- intersect(c(".typname", "typname", "field.type", "sql_type", "type"), names(info))[1]
  out <- if (is.na(said)) NA_character_ else vapply(as.character(info[[said]]), read_type, "")
  stats::setNames(rep_len(out, length(columns)), names(columns))
}

# SQLite's columns declare no type that its values must have. It sorts numbers before texts, and
# these before blobs. The attribute `large` names columns of whole numbers beyond 2^53; `passes` is
# how often this reads all rows.
sqlite_types <- function(connection, source, columns) {
  ends <- c(paste0("MIN(", columns, ")"), paste0("MAX(", columns, ")"))
  large <- paste0(
    "typeof(", ends, ") = 'integer' AND ", ends,
    " NOT BETWEEN -9007199254740991 AND 9007199254740991"
  )
  asks <- sql_list(paste0("typeof(", ends, ")"), large)
  out <- ask_database(connection, paste("SELECT", asks, "FROM", source))
  out <- matrix(as.character(unlist(out)), length(columns))
  mixed <- which(out[, 2] == "blob" | out[, 1] != "text" & out[, 2] == "text")
  if (length(mixed)) stop_mixed_column(connection, source, columns[mixed[1]])
  kinds <- c(null = NA, integer = "numeric", real = "numeric", text = "character")
  types <- stats::setNames(kinds[out[, 2]], names(columns))
  attr(types, "large") <- names(columns)[out[, 3] %in% "1" | out[, 4] %in% "1"]
  attr(types, "passes") <- 1
  types
}

stop_mixed_column <- function(connection, source, column) {
  n <- ask_database(connection, paste0(
    "SELECT typeof(", column, ") AS type, COUNT(*) AS n FROM ", source, " GROUP BY 1"
  ))
  n <- n[n$type != "null", ]
  text <- ask_database(connection, paste0(
    "SELECT MIN(", column, ") AS v FROM ", source, " WHERE typeof(", column, ") = 'text'"
  ))$v
  stop_covary("column_type", "Column '", names(column), "' of the query holds values of the types ",
    paste(n$type, n$n, sep = " x ", collapse = ", "),
    if (!is.na(text)) paste0("; the first text is ", dQuote(text, FALSE)),
    ". A column has one type, number or text: convert it in `query`.",
    fields = list(column = names(column))
  )
}

# The type that an engine or driver means by its word, or NA
read_type <- function(word) {
  words <- c(
    logical = "^bool|^logical", date = "^date$", time = "timestamp|datetime|posix",
    `difference of times` = "interval|difftime|^time",
    character = "char|text|string|clob|uuid|enum|json|factor|^name$",
    numeric = "int|dec|num|real|double|float|serial|^bit$|year"
  )
  found <- which(vapply(words, grepl, TRUE, tolower(word)))
  if (length(found)) names(words)[found[1]] else NA_character_
}

# A fetched column as the engine means it; whole: are its numbers of 64 bits?
typed_column <- function(v, type, name, whole = FALSE) {
  if (is.na(type) || all(is.na(v))) {
    return(v)
  }
  if (type == "numeric" && (is.character(v) || whole)) {
    v <- sent_double(v)
    check_whole_column(max(0, abs(v[v == round(v)]), na.rm = TRUE), name)
  }
  if (type %in% c("date", "time")) check_years(v, name)
  switch(type,
    character = as.character(v),
    logical = sent_logical(v),
    v
  )
}

# Doubles cannot tell larger whole numbers apart; largest: the size of the largest.
check_whole_column <- function(largest, name) {
  if (largest >= 2^53) {
    stop_large_numbers("Column '", name, "'",
      remedy = "Make a covariate text in `query`", name = name
    )
  }
}

# Drivers make dates of what is none, of infinity in PostgreSQL and 0000-00-00 in MySQL.
check_years <- function(v, name) {
  days <- as.double(v) / if (inherits(v, "POSIXt")) 86400 else 1
  ends <- as.double(as.Date(c("0001-01-01", "9999-12-31")))
  if (any(days < ends[1] | days >= ends[2] + 1, na.rm = TRUE)) {
    stop_covary("covariate", "Column '", name, "' has dates outside of the years 1 to 9999, which ",
      "may be infinite or none: make them NULL in `query`.",
      fields = list(covariate = name)
    )
  }
}

# Drivers send truth as logicals, numbers or one of these words.
sent_logical <- function(v) {
  if (!is.character(v)) {
    return(as.logical(v))
  }
  v <- tolower(v)
  ifelse(v %in% c("t", "true", "1", "y", "yes"), TRUE,
    ifelse(v %in% c("f", "false", "0", "n", "no"), FALSE, NA)
  )
}
