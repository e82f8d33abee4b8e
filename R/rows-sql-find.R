# Which dialect a connection speaks: that of its class, else what the engine itself takes, asked in
# statements of one row, once a connection.

sql_dialect <- function(connection) {
  dialects <- sql_dialects()
  distance <- vapply(dialects, function(dialect) {
    at <- inherits(connection, dialect$drivers, which = TRUE)
    min(at[at > 0], Inf)
  }, 0)
  # That of the connection's own class, else of the nearest that it extends.
  if (any(is.finite(distance))) dialects[[which.min(distance)]] else asked_dialect(connection)
}

# list(connection, dialect) of each connection that was asked and is open
asked_connections <- new.env(parent = emptyenv())

asked_dialect <- function(connection) {
  open <- Filter(
    function(known) attempt(DBI::dbIsValid(known$connection), TRUE), asked_connections$known
  )
  same <- Filter(function(known) identical(known$connection, connection), open)
  dialect <- if (length(same)) same[[1]]$dialect else ask_dialect(connection)
  if (length(same) == 0) {
    open <- c(open, list(list(connection = connection, dialect = dialect)))
  }
  asked_connections$known <- utils::tail(open, 20)
  dialect
}

# Where nothing is found the field `double` is NA; its attribute has the engine's words.
ask_dialect <- function(connection) {
  guess <- guesses_of_dbplyr(connection)
  double <- ask_double(connection, guess$double)
  if (is.na(double$word)) {
    return(new_sql_dialect(double = double$word))
  }
  one <- paste0("SELECT 1 AS one", double$from)
  number <- cast_to(double$word)("1.75")
  # The first of the values v with which the question is answered by 1, or NULL
  first_of <- function(values, question) {
    asks <- vapply(values, question, "")
    at <- first_answered(connection, asks, function(out) isTRUE(as.double(out[[1]]) == 1))
    if (!is.na(at)) values[[at]]
  }
  first_rows <- Filter(
    Negate(is.null), list(guess$first_rows, rows_by_limit, rows_by_fetch, rows_by_top)
  )
  limited <- first_of(first_rows, function(f) f(one, 1))
  new_sql_dialect(
    double = double$word, first_rows = if (is.null(limited)) all_rows else limited,
    quotes = first_of(list(c("\"", "\""), c("`", "`"), c("[", "]")), function(q) {
      name <- paste0(q[1], "Two wOrds", q[2])
      paste0("SELECT c.", name, " AS v FROM (SELECT 1 AS ", name, double$from, ") c")
    }),
    floor = first_of(list(function(x) paste0("FLOOR(", x, ")"), cast_to("INTEGER")), function(f) {
      paste0("SELECT ", f(number), " AS v", double$from)
    }),
    windows = !is.null(first_of("one", function(name) {
      paste0("SELECT SUM(", name, ") OVER (PARTITION BY ", name, ") AS v FROM (", one, ") c")
    }))
  )
}

all_rows <- function(sql, n) sql

# list(word: for the type of a double, from: what a SELECT of constants ends with)
ask_double <- function(connection, guess) {
  words <- unique(c(guess, "DOUBLE PRECISION", "DOUBLE", "FLOAT64", "BINARY_DOUBLE", "FLOAT"))
  # One row out of nothing: by most, by Oracle, Db2 and Derby
  from <- c("", " FROM dual", " FROM sysibm.sysdummy1", " FROM (VALUES (1)) covary_one (one)")
  pairs <- expand.grid(word = words, from = from, stringsAsFactors = FALSE)
  asks <- paste0(
    "SELECT CAST(1e300 AS ", pairs$word, ") AS a, CAST(0.5 AS ", pairs$word, ") AS b", pairs$from
  )
  at <- first_answered(connection, asks, function(out) {
    identical(as.double(unlist(out)), c(1e300, 0.5))
  })
  if (is.na(at)) list(word = structure(NA_character_, said = attr(at, "said"))) else pairs[at, ]
}

# The number of the first question to which the answer is right, else NA with what was said last.
first_answered <- function(connection, asks, is_right) {
  said <- NULL
  for (i in seq_along(asks)) {
    out <- tryCatch(ask_database(connection, asks[i]), covary_error_database = identity)
    if (is.data.frame(out) && attempt(is_right(out), FALSE)) {
      return(i)
    }
    if (inherits(out, "error")) said <- conditionMessage(out)
  }
  structure(NA_integer_, said = said)
}

# What dbplyr does for such connections: list(double, first_rows), NULL where it does not know. They
# are the first to be asked for, no more: its casts to numbers are decimals in some engines.
guesses_of_dbplyr <- function(connection) {
  if (!requireNamespace("dbplyr", quietly = TRUE)) {
    return(list())
  }
  # It warns of classes that it does not know.
  written <- function(code) suppressWarnings(attempt(as.character(code), ""))
  cast <- written(dbplyr::translate_sql(!!quote(as.numeric(x)), con = connection))
  limited <- written(dbplyr::sql_query_select(connection,
    select = dbplyr::sql("*"), from = dbplyr::ident("t"), limit = 1L
  ))
  ways <- list(LIMIT = rows_by_limit, FETCH = rows_by_fetch, TOP = rows_by_top)
  way <- which(vapply(names(ways), grepl, TRUE, limited))
  list(
    double = if (grepl("AS DOUBLE|AS FLOAT", cast)) sub(".* AS (.*)\\)$", "\\1", cast),
    first_rows = if (length(way)) ways[[way[1]]]
  )
}
