# The rows of a query of a database (package DBI). Fields of a `covary_query`:
#   connection  of DBI
#   dialect     rows-sql-dialect.R
#   source      SQL for the rows: what stands after FROM
#   types       by name of the columns that are needed: as the engine declares them, NA where
#               nobody knows, as of a column of NULLs. (Drivers may send decimals as text, and say
#               nothing of columns that begin with NULL.)

# `data`: a connection with `query`, or a lazy table of dbplyr.
new_query <- function(data, query) {
  if (inherits(data, "tbl_lazy")) {
    need_package("dbplyr", "lazy tables")
    query <- with_typed_errors(
      as.character(dbplyr::sql_render(data)), "database", "The lazy table cannot be read: "
    )
    data <- dbplyr::remote_con(data)
  }
  check_connection(data)
  structure(class = "covary_query", list(
    connection = data, dialect = sql_dialect(data), source = query_source(data, query),
    types = NULL
  ))
}

check_connection <- function(connection) {
  # Not every driver can tell.
  if (identical(attempt(DBI::dbIsValid(connection), TRUE), FALSE)) {
    stop_covary("database", "The connection to the data base is closed; open it again by ",
      "DBI::dbConnect().",
      fields = list(arg = "data")
    )
  }
}

# SQL for the rows of a table or a SELECT statement
query_source <- function(connection, query) {
  text <- if (is.character(query) && length(query) == 1 && !is.na(query)) query_text(query)
  if (is.null(text) || !nzchar(text)) {
    stop_covary("argument", "`query` must be the name of a table or a SELECT statement, not ",
      describe(query), ".",
      fields = list(arg = "query")
    )
  }
  # The end of the line ends a comment that has none.
  if (grepl("^[(\\s]*(select|with|values)\\b", text, ignore.case = TRUE, perl = TRUE)) {
    return(paste0("(", text, "\n) covary_rows"))
  }
  known <- with_database_errors(DBI::dbExistsTable(connection, query))
  if (!known) {
    stop_covary("data", "The data base has no table ", dQuote(query, FALSE),
      ". (One of a schema by SELECT * FROM schema.table.)",
      fields = list(arg = "query")
    )
  }
  sql_names(connection, query)
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

# Names of the columns that are needed, which must be there.
used_columns <- function(query, spec) {
  sql <- paste("SELECT * FROM", query$source, "WHERE 1 = 0")
  found <- names(ask_database(query$connection, sql))
  check_columns(query$dialect$repeated_names(found), spec, "the query")
  check_columns(found, spec, "the query")
  intersect(spec$columns, found)
}

# The query with the types of the columns that are needed.
type_query <- function(query, spec) {
  names <- used_columns(query, spec)
  columns <- sql_list(sql_names(query$connection, names))
  sql <- paste("SELECT", columns, "FROM", query$source, "WHERE 1 = 0")
  probe <- ask_database(query$connection, sql)
  sent <- vapply(probe, function(v) if (is.list(v)) "blob" else column_type(v, ""), "")
  types <- query$dialect$column_types(query$connection, query$source, names)
  # Dates are numbers or text to the engine, and classes are the driver's.
  dated <- sent %in% c("date", "time", "difference of times")
  types[dated] <- sent[dated]
  query$types <- types
  query
}

# Text is no response and no weight, whatever class the driver sends.
check_query_types <- function(types, spec) {
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

# The rows are written to a temporary table, with the columns that are needed, and read from there.
materialise_query <- function(query, spec) {
  moment <- sub(".*[.]", "", format(as.double(Sys.time()), digits = 17))
  name <- sql_names(query$connection, paste("covary_rows", Sys.getpid(), moment, sep = "_"))
  columns <- sql_list(sql_names(query$connection, used_columns(query, spec)))
  rows <- paste("SELECT", columns, "FROM", query$source)
  sql <- query$dialect$temporary_table(name, rows)
  with_typed_errors(
    DBI::dbExecute(query$connection, sql), "database",
    "The data base cannot write a temporary table: "
  )
  query$source <- name
  query
}

drop_materialised <- function(query) {
  attempt(DBI::dbExecute(query$connection, paste("DROP TABLE", query$source)))
}

count_query_rows <- function(query) {
  sql <- paste("SELECT COUNT(*) AS n FROM", query$source)
  as.double(ask_database(query$connection, sql)$n)
}

# Columns as SQL, of which drivers send numbers as doubles.
typed_sql <- function(query, names) {
  columns <- sql_names(query$connection, names)
  numbers <- query$types[names] %in% "numeric"
  columns[numbers] <- query$dialect$sent_number(columns[numbers])
  columns
}

# A fetched column as the engine means it
typed_column <- function(v, type, name) {
  if (is.na(type) || all(is.na(v))) {
    return(v)
  }
  if (type == "numeric" && is.character(v)) {
    v <- as.double(v)
    if (any(abs(v) >= 2^53 & v == round(v), na.rm = TRUE)) {
      stop_large_numbers("Column '", name, "'", remedy = "Make it text in `query`", name = name)
    }
  }
  if (type == "character") as.character(v) else if (type == "logical") as.logical(v) else v
}

# Rows as the result of one statement
query_rows <- function(query, chunk) {
  names <- names(query$types)
  bare <- sql_names(query$connection, names)
  sent <- typed_sql(query, names)
  columns <- ifelse(sent == bare, bare, paste(sent, "AS", bare))
  sql <- paste("SELECT", sql_list(columns), "FROM", query$source)
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
        columns <- Map(typed_column, unname(as.list(out)), query$types, names)
        unchecked_frame(stats::setNames(columns, names), nrow(out))
      }
    })
  }
  new_row_source(read, function(row) row_place(at + row, "the query"), close)
}
