# SQL engines: all that differs between them. A new one is a new entry of sql_dialects(); an engine
# that is not there is asked in standard SQL, and its driver for the types of columns.
#
# Fields of a `covary_sql_dialect`:
#   drivers         classes of DBI connections
#   embedded        does the engine run inside R, so that rows need not travel?
#   column_types    function(connection, source, names): types of the columns of the rows that
#                   `source` stands for, as in rows-columns.R; NA where nobody knows
#   floor           function(x): the whole part of a number that is not negative
#   as_double       function(column): the column as double precision numbers
#   first_rows      function(sql, n): the first n rows of a SELECT statement
#   temporary_table function(name, sql): the statement that writes the rows of a SELECT statement to
#                   a table which ends with the session
#   sent_number     function(column): a column of numbers, such that the driver sends doubles
#   repeated_names  function(names): the names of the columns of a result before the engine made
#                   them differ

# drivers and ...: those that differ from standard SQL
new_sql_dialect <- function(drivers = character(), ...) {
  standard <- list(
    drivers = drivers, embedded = FALSE, column_types = driver_types,
    floor = function(x) paste0("FLOOR(", x, ")"), as_double = cast_to("DOUBLE PRECISION"),
    first_rows = function(sql, n) paste(sql, "LIMIT", n),
    temporary_table = function(name, sql) paste("CREATE TEMPORARY TABLE", name, "AS", sql),
    sent_number = identity, repeated_names = identity
  )
  structure(class = "covary_sql_dialect", utils::modifyList(standard, list(...)))
}

validate_sql_dialect <- function(x) {
  functions <- c(
    "column_types", "floor", "as_double", "first_rows", "temporary_table", "sent_number",
    "repeated_names"
  )
  stopifnot(
    inherits(x, "covary_sql_dialect"), setequal(names(x), c("drivers", "embedded", functions)),
    is.character(x$drivers), is_flag(x$embedded), vapply(x[functions], is.function, TRUE)
  )
  x
}

cast_to <- function(type) function(column) paste0("CAST(", column, " AS ", type, ")")

sql_dialects <- function() {
  list(
    # It need not have FLOOR, and its casts cut the fraction off. RSQLite takes the class of a
    # column from its first value, and numbers columns of one name.
    sqlite = new_sql_dialect(
      drivers = "SQLiteConnection", embedded = TRUE, column_types = sqlite_types,
      floor = cast_to("INTEGER"),
      sent_number = cast_to("DOUBLE PRECISION"),
      repeated_names = function(names) sub(":[0-9]+$", "", names)
    ),
    postgresql = new_sql_dialect(
      drivers = c("PqConnection", "PostgreSQLConnection", "RedshiftConnection"),
      column_types = engine_types(function(column) paste0("CAST(pg_typeof(", column, ") AS TEXT)"))
    ),
    duckdb = new_sql_dialect(
      drivers = "duckdb_connection", embedded = TRUE,
      column_types = engine_types(function(column) paste0("typeof(", column, ")"))
    )
  )
}

# That of the connection's own class, else of the nearest that it extends.
sql_dialect <- function(connection) {
  dialects <- sql_dialects()
  distance <- vapply(dialects, function(dialect) {
    at <- inherits(connection, dialect$drivers, which = TRUE)
    min(at[at > 0], Inf)
  }, 0)
  if (all(is.infinite(distance))) new_sql_dialect() else dialects[[which.min(distance)]]
}

# --- types of columns -----------------------------------------------------------------------------

# As the engine says itself, of a first row: ask(column) is the question.
engine_types <- function(ask, first_rows = new_sql_dialect()$first_rows) {
  function(connection, source, names) {
    asks <- sql_list(paste0(ask(sql_names(connection, names)), " AS t", seq_along(names)))
    out <- ask_database(connection, first_rows(paste("SELECT", asks, "FROM", source), 1))
    words <- if (nrow(out)) unlist(out) else rep(NA_character_, length(names))
    stats::setNames(vapply(words, read_type, ""), names)
  }
}

# As the driver reports the columns of a result.
driver_types <- function(connection, source, names) {
  columns <- sql_list(sql_names(connection, names))
  info <- with_database_errors({
    sql <- paste("SELECT", columns, "FROM", source, "WHERE 1 = 0")
    result <- DBI::dbSendQuery(connection, sql)
    info <- DBI::dbColumnInfo(result)
    DBI::dbClearResult(result)
    info
  })
  said <- intersect(c(".typname", "typname", "field.type", "sql_type", "type"), names(info))[1]
  out <- if (is.na(said)) NA_character_ else vapply(as.character(info[[said]]), read_type, "")
  stats::setNames(rep_len(out, length(names)), names)
}

# SQLite's columns declare no type that its values must have. It sorts numbers before texts, and
# these before blobs. The attribute `large` names columns of whole numbers beyond 2^53.
sqlite_types <- function(connection, source, names) {
  column <- sql_names(connection, names)
  ends <- c(paste0("MIN(", column, ")"), paste0("MAX(", column, ")"))
  large <- paste0(
    "typeof(", ends, ") = 'integer' AND ", ends,
    " NOT BETWEEN -9007199254740991 AND 9007199254740991"
  )
  asks <- sql_list(paste0("typeof(", ends, ")"), large)
  out <- ask_database(connection, paste("SELECT", asks, "FROM", source))
  out <- matrix(as.character(unlist(out)), length(names))
  mixed <- which(out[, 2] == "blob" | out[, 1] != "text" & out[, 2] == "text")
  if (length(mixed)) stop_mixed_column(connection, source, names[mixed[1]])
  kinds <- c(null = NA, integer = "numeric", real = "numeric", text = "character")
  types <- stats::setNames(kinds[out[, 2]], names)
  attr(types, "large") <- names[out[, 3] %in% "1" | out[, 4] %in% "1"]
  types
}

stop_mixed_column <- function(connection, source, name) {
  column <- sql_names(connection, name)
  n <- ask_database(connection, paste0(
    "SELECT typeof(", column, ") AS type, COUNT(*) AS n FROM ", source, " GROUP BY 1"
  ))
  n <- n[n$type != "null", ]
  text <- ask_database(connection, paste0(
    "SELECT MIN(", column, ") AS v FROM ", source, " WHERE typeof(", column, ") = 'text'"
  ))$v
  stop_covary("column_type", "Column '", name, "' of the query holds values of the types ",
    paste(n$type, n$n, sep = " x ", collapse = ", "),
    if (!is.na(text)) paste0("; the first text is ", dQuote(text, FALSE)),
    ". A column has one type, number or text: convert it in `query`.",
    fields = list(column = name)
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
