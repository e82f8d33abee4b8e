# The query of a data base (package DBI): its text as a source of rows, and the types of its
# columns as the engine declares them; drivers may send decimals as text, and say nothing of
# columns that begin with NULL.

# The answer of the data base; what it cannot answer is an error of ours with its words.
ask_database <- function(connection, sql) {
  retype(DBI::dbGetQuery(connection, sql), "database", "The data base cannot answer: ",
    fields = list(sql = sql)
  )
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
    return(paste0("(", text, "\n) AS covary_rows"))
  }
  known <- retype(
    DBI::dbExistsTable(connection, query), "database",
    "The data base cannot answer: "
  )
  if (!known) {
    stop_covary("data", "The data base has no table ", dQuote(query, FALSE),
      ". (One of a schema by SELECT * FROM schema.table.)",
      fields = list(arg = "query")
    )
  }
  as.character(DBI::dbQuoteIdentifier(connection, query))
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

quote_names <- function(connection, names) as.character(DBI::dbQuoteIdentifier(connection, names))

# Names of the columns that are needed, which must be there.
used_columns <- function(connection, source, spec) {
  found <- names(ask_database(connection, paste("SELECT * FROM", source, "WHERE 1 = 0")))
  # SQLite numbers columns of one name.
  if (inherits(connection, "SQLiteConnection")) {
    check_columns(sub(":[0-9]+$", "", found), spec, "the query")
  }
  check_columns(found, spec, "the query")
  intersect(query_columns(spec), found)
}

# Named types of columns, as in rows-columns.R; NA where nobody knows, as of a column of NULLs.
query_types <- function(connection, source, spec) {
  names <- used_columns(connection, source, spec)
  probe <- ask_database(connection, paste(
    "SELECT", sql_list(quote_names(connection, names)),
    "FROM", source,
    "WHERE 1 = 0"
  ))
  sent <- vapply(probe, function(v) if (is.list(v)) "blob" else column_type(v, ""), "")
  types <- if (inherits(connection, "SQLiteConnection")) {
    sqlite_types(connection, source, names)
  } else {
    declared_types(connection, source, names)
  }
  # Dates are numbers or text to the engine, and classes are the driver's.
  dated <- sent %in% c("date", "time", "difference of times")
  types[dated] <- sent[dated]
  types
}

# SQLite's columns declare no type that its values must have. It sorts numbers before texts, and
# these before blobs.
sqlite_types <- function(connection, source, names) {
  column <- quote_names(connection, names)
  ends <- c(paste0("MIN(", column, ")"), paste0("MAX(", column, ")"))
  large <- paste0(
    "typeof(", ends, ") = 'integer' AND ", ends,
    " NOT BETWEEN -9007199254740991 AND 9007199254740991"
  )
  out <- ask_database(connection, paste(
    "SELECT", sql_list(paste0("typeof(", ends, ")"), large),
    "FROM", source
  ))
  out <- matrix(as.character(unlist(out)), length(names))
  mixed <- which(out[, 2] == "blob" | out[, 1] != "text" & out[, 2] == "text")
  if (length(mixed)) stop_mixed_column(connection, source, names[mixed[1]])
  kinds <- c(null = NA, integer = "numeric", real = "numeric", text = "character")
  types <- stats::setNames(kinds[out[, 2]], names)
  attr(types, "large") <- names[out[, 3] %in% "1" | out[, 4] %in% "1"]
  types
}

stop_mixed_column <- function(connection, source, name) {
  column <- quote_names(connection, name)
  n <- ask_database(connection, paste0(
    "SELECT typeof(", column, ") AS type, COUNT(*) AS n FROM ",
    source, " GROUP BY 1"
  ))
  n <- n[n$type != "null", ]
  text <- ask_database(connection, paste0(
    "SELECT MIN(", column, ") AS v FROM ", source,
    " WHERE typeof(", column, ") = 'text'"
  ))$v
  stop_covary("column_type", "Column '", name, "' of the query holds values of the types ",
    paste(n$type, n$n, sep = " x ", collapse = ", "),
    if (!is.na(text)) paste0("; the first text is ", dQuote(text, FALSE)),
    ". A column has one type, number or text: convert it in `query`.",
    fields = list(column = name)
  )
}

# As PostgreSQL and DuckDB say themselves, else as the driver reports the columns of a result.
declared_types <- function(connection, source, names) {
  column <- quote_names(connection, names)
  postgres <- c("PqConnection", "PostgreSQLConnection", "RedshiftConnection")
  ask <- if (inherits(connection, postgres)) {
    paste0("CAST(pg_typeof(", column, ") AS TEXT)")
  } else if (inherits(connection, "duckdb_connection")) paste0("typeof(", column, ")")
  if (!is.null(ask)) {
    asks <- sql_list(paste0(ask, " AS t", seq_along(names)))
    out <- ask_database(connection, paste("SELECT", asks, "FROM", source, "LIMIT 1"))
    if (nrow(out) == 0) {
      return(stats::setNames(rep(NA_character_, length(names)), names))
    }
    return(stats::setNames(vapply(unlist(out), read_type, ""), names))
  }
  retype(
    {
      result <- DBI::dbSendQuery(connection, paste(
        "SELECT", sql_list(column), "FROM", source,
        "WHERE 1 = 0"
      ))
      info <- DBI::dbColumnInfo(result)
      DBI::dbClearResult(result)
    },
    "database",
    "The data base cannot answer: "
  )
  said <- intersect(c(".typname", "typname", "field.type", "sql_type", "type"), names(info))[1]
  out <- if (is.na(said)) NA_character_ else vapply(as.character(info[[said]]), read_type, "")
  stats::setNames(rep_len(out, length(names)), names)
}

# SQL's and R's words for types
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

# A fetched column as the engine means it
typed_column <- function(v, type, name) {
  if (is.na(type) || all(is.na(v))) {
    return(v)
  }
  if (type == "numeric" && is.character(v)) {
    v <- as.double(v)
    if (any(abs(v) >= 2^53 & v == round(v), na.rm = TRUE)) {
      stop_covary("covariate", "Column '", name,
        "' has whole numbers beyond 2^53, of which doubles cannot tell neighbours apart. ",
        "Make it text in `query`, or subtract a constant.",
        fields = list(covariate = name)
      )
    }
  }
  if (type == "character") as.character(v) else if (type == "logical") as.logical(v) else v
}

# Rows as the result of one statement
fetch_source <- function(connection, source, chunk, types) {
  columns <- quote_names(connection, names(types))
  # RSQLite takes the class of a column from its first value; all numbers are doubles then.
  if (inherits(connection, "SQLiteConnection")) {
    numbers <- types %in% "numeric"
    columns[numbers] <- paste(sql_double(columns[numbers]), "AS", columns[numbers])
  }
  sql <- paste("SELECT", sql_list(columns), "FROM", source)
  result <- NULL
  close <- function() {
    if (!is.null(result)) DBI::dbClearResult(result)
    result <<- NULL
  }
  done <- 0
  at <- 0
  read <- function() {
    retype(
      {
        if (is.null(result)) result <<- DBI::dbSendQuery(connection, sql)
        out <- DBI::dbFetch(result, n = chunk)
        at <<- done
        done <<- done + nrow(out)
        if (nrow(out) > 0) {
          structure(Map(typed_column, unname(as.list(out)), types, names(types)),
            names = names(types),
            class = "data.frame", row.names = .set_row_names(nrow(out))
          )
        }
      },
      "database",
      "The data base cannot answer: "
    )
  }
  list(read = read, place = function(row) row_place(at + row, "the query"), close = close)
}
