# The rows of a query of a database (package DBI). Fields of a `covary_query`:
#   connection  of DBI
#   dialect     rows-sql-dialect.R
#   source      SQL for the rows: what stands after FROM
#   columns     SQL of the columns that are needed, by the names that the user gave them
#   types       of these: as the engine declares them, NA where nobody knows, as of a column of
#               NULLs. (Drivers may send decimals as text, and say nothing of columns that begin
#               with NULL.)
#   whole       names of those whose numbers the driver sends as integers of 64 bits. They come as
#               doubles, since drivers take them to be signed, and may not be too large for that

is_database <- function(data) inherits(data, c("DBIConnection", "tbl_lazy"))

# `data`: a connection with `query`, or a lazy table of dbplyr.
new_query <- function(data, query) {
  if (inherits(data, "tbl_lazy")) {
    need_package("dbplyr", "lazy tables")
    check_connection(dbplyr::remote_con(data))
    query <- with_typed_errors(
      as.character(dbplyr::sql_render(data)), "database", "The lazy table cannot be read: "
    )
    data <- dbplyr::remote_con(data)
  }
  check_connection(data)
  dialect <- sql_dialect(data)
  structure(class = "covary_query", list(
    connection = data, dialect = dialect, source = query_source(data, query, dialect$quotes),
    columns = NULL, types = NULL, whole = NULL
  ))
}

check_connection <- function(connection) {
  if (!inherits(connection, "DBIConnection")) {
    stop_covary("database", "The lazy table is of no data base, but of ", describe(connection), ".",
      fields = list(arg = "data")
    )
  }
  # Not every driver can tell.
  if (identical(attempt(DBI::dbIsValid(connection), TRUE), FALSE)) {
    stop_covary("database", "The connection to the data base is closed; open it again by ",
      "DBI::dbConnect().",
      fields = list(arg = "data")
    )
  }
}

# SQL for the rows of a table or a SELECT statement
query_source <- function(connection, query, quotes = NULL) {
  if (inherits(query, "Id")) {
    return(table_source(connection, unname(query@name), quotes))
  }
  text <- if (is.character(query) && length(query) == 1 && !is.na(query)) query_text(query)
  if (is.null(text) || !nzchar(text)) {
    stop_covary("argument", "`query` must be the name of a table, as text or by DBI::Id(), or a ",
      "SELECT statement, not ", describe(query), ".",
      fields = list(arg = "query")
    )
  }
  # The end of the line ends a comment that has none.
  if (grepl("^[(\\s]*(select|with|values|from)\\b", text, ignore.case = TRUE, perl = TRUE)) {
    return(paste0("(", text, "\n) covary_rows"))
  }
  table_source(connection, as.character(query), quotes)
}

# `path`: the name of a table, with those of its schema and catalogue before it; one name with dots
# may be all of them. Drivers do not list all tables that can be read, so that the engine is asked.
table_source <- function(connection, path, quotes) {
  ways <- list(path)
  if (length(path) == 1 && grepl(".", path, fixed = TRUE)) {
    ways <- c(ways, strsplit(path, ".", fixed = TRUE))
  }
  for (way in ways) {
    id <- if (length(way) == 1) way else table_id(way)
    if (isTRUE(attempt(DBI::dbExistsTable(connection, id), FALSE))) {
      return(paste(sql_names(connection, way, quotes), collapse = "."))
    }
  }
  said <- NULL
  for (way in rev(ways)) {
    source <- paste(sql_names(connection, way, quotes), collapse = ".")
    out <- tryCatch(
      ask_database(connection, paste("SELECT * FROM", source, "WHERE 1 = 0")),
      covary_error_database = identity
    )
    if (is.data.frame(out)) {
      return(source)
    }
    said <- conditionMessage(out)
  }
  stop_covary("data", "The data base has no table ", dQuote(paste(path, collapse = "."), FALSE),
    " that can be read. (One of a schema by DBI::Id(schema = , table = ).) ", said,
    fields = list(arg = "query")
  )
}

table_id <- function(path) {
  parts <- utils::tail(c("catalog", "schema", "table"), length(path))
  do.call(DBI::Id, stats::setNames(as.list(path), parts))
}

# A statement without comments, but for hints to the optimiser, and without a semicolon at its end.
# Strings and quoted names are kept as they are.
query_text <- function(query) {
  parts <- "'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/[*](?![+])(?s:.*?)[*]/"
  found <- gregexpr(parts, query, perl = TRUE)
  regmatches(query, found) <- lapply(
    regmatches(query, found),
    function(part) ifelse(grepl("^(--|/)", part), " ", part)
  )
  sub("[;\\s]+$", "", sub("^\\s+", "", query, perl = TRUE), perl = TRUE)
}

# SQL of the columns that are needed, by their names; they must be there. Engines change the case of
# names that are not quoted: a name that is not there is that of the one column that differs from it
# in case alone.
used_columns <- function(query, spec) {
  sql <- paste("SELECT * FROM", query$source, "WHERE 1 = 0")
  found <- names(ask_database(query$connection, sql))
  found <- found_as(found, spec$columns)
  check_columns(query$dialect$repeated_names(found), spec, "the query")
  check_columns(found, spec, "the query")
  names <- intersect(spec$columns, found)
  columns <- names(found)[match(names, found)]
  stats::setNames(sql_names(query$connection, columns, query$dialect$quotes), names)
}

# The names that are found, as they are wanted; the names of the result are those in the engine.
found_as <- function(found, wanted) {
  as_wanted <- stats::setNames(found, found)
  for (name in setdiff(wanted, found)) {
    same <- which(tolower(found) == tolower(name))
    if (length(same) == 1 && !found[same] %in% wanted) as_wanted[same] <- name
  }
  as_wanted
}

# The query with the columns that are needed and their types.
type_query <- function(query, spec) {
  columns <- used_columns(query, spec)
  sql <- paste("SELECT", sql_list(columns), "FROM", query$source, "WHERE 1 = 0")
  probe <- ask_database(query$connection, sql)
  sent <- vapply(probe, function(v) if (is.list(v)) "blob" else column_type(v, ""), "")
  types <- query$dialect$column_types(query$connection, query$source, columns)
  # Dates are numbers or text to the engine, and classes are the driver's.
  drivers <- sent %in% c("date", "time", "difference of times", "blob")
  types[drivers] <- sent[drivers]
  query$columns <- columns
  query$types <- types
  query$whole <- names(columns)[vapply(probe, inherits, TRUE, "integer64")]
  query
}

# Text is no response and no weight, whatever class the driver sends.
check_query_types <- function(types, spec) {
  read <- types %in% c("character", "logical", number_types, NA)
  unread <- intersect(spec$by, names(types)[!read])
  if (length(unread)) {
    stop_covary("column_type", "Column '", unread[1], "' is of type ", types[[unread[1]]],
      " in the data base, which is no number, text, truth, date or time: convert it in `query`.",
      fields = list(column = unread[1])
    )
  }
  large <- intersect(spec$by, attr(types, "large"))
  if (length(large)) {
    stop_large_numbers("Column ", enumerate(large),
      remedy = "Make it text in `query`", name = large
    )
  }
  for (label in names(spec$responses)) {
    name <- spec$responses[[label]]
    if (is.symbol(name) && !types[[as.character(name)]] %in% c("numeric", NA)) {
      stop_covary("response", "Response '", label, "' is of type ", types[[as.character(name)]],
        " in the data base; it must be a number: CAST it in `query`.",
        fields = list(response = label)
      )
    }
  }
  if (is.symbol(spec$weights) && !types[[as.character(spec$weights)]] %in% c("numeric", NA)) {
    stop_covary("weights", "`weights` are of type ", types[[as.character(spec$weights)]],
      " in the data base; they must be numbers.",
      fields = list(arg = "weights")
    )
  }
}

# SQL for the name of a temporary table that no other has
temporary_name <- function(query) {
  moment <- sub(".*[.]", "", format(as.double(Sys.time()), digits = 17))
  name <- query$dialect$temporary_name(paste("covary_rows", Sys.getpid(), moment, sep = "_"))
  sql_names(query$connection, name, query$dialect$quotes)
}

# The rows of the query, of these columns, are written to a temporary table.
write_temporary <- function(query, name, columns) {
  as <- sql_names(query$connection, names(columns), query$dialect$quotes)
  rows <- paste("SELECT", sql_list(paste(columns, "AS", as)), "FROM", query$source)
  sql <- query$dialect$temporary_table(name, rows)
  with_typed_errors(
    DBI::dbExecute(query$connection, sql), "database",
    "The data base cannot write a temporary table: "
  )
}

drop_temporary <- function(query, name) {
  attempt(DBI::dbExecute(query$connection, paste(query$dialect$drop_table, name)))
}

# Columns as SQL, of which drivers send numbers as doubles.
typed_sql <- function(query, names) {
  columns <- unname(query$columns[names])
  numbers <- query$types[names] %in% "numeric"
  columns[numbers] <- query$dialect$sent_number(columns[numbers])
  whole <- names %in% query$whole & !is.na(query$dialect$double)
  columns[whole] <- as_double(query$dialect, columns[whole])
  columns
}

# Rows as the result of one statement
query_rows <- function(query, chunk) {
  names <- names(query$types)
  sql <- paste("SELECT", sql_list(typed_sql(query, names)), "FROM", query$source)
  result <- NULL
  close <- function() {
    if (!is.null(result)) DBI::dbClearResult(result)
    result <<- NULL
  }
  done <- 0
  at <- 0
  read <- function() {
    with_database_errors({
      if (is.null(result)) result <<- DBI::dbSendQuery(query$connection, sql)
      out <- DBI::dbFetch(result, n = chunk)
      at <<- done
      done <<- done + nrow(out)
      if (nrow(out) > 0) {
        columns <- Map(
          typed_column, unname(as.list(out)), query$types, names, names %in% query$whole
        )
        unchecked_frame(stats::setNames(columns, names), nrow(out))
      }
    })
  }
  new_row_source(read, function(row) row_place(at + row, "the query"), close)
}
