# SQL text, and what a database answers to it. Nothing here depends on the engine: what does stands
# in rows-sql-dialect.R.

# Rows of an answer that are fetched at a time
answer_block <- 50000

# The answer of the database, `most` rows of it or little more, fetched in blocks, with columns
# named `names`: engines change the case of names. What it cannot answer is an error of ours with
# its words. Whatever ends this early, an interrupt too, the result is cleared, by which drivers
# that can end the query.
ask_database <- function(connection, sql, names = NULL, most = Inf) {
  out <- with_database_errors(fetch_blocks(connection, sql, most), fields = list(sql = sql))
  if (is.null(names)) out else unchecked_frame(stats::setNames(as.list(out), names), nrow(out))
}

fetch_blocks <- function(connection, sql, most) {
  result <- DBI::dbSendQuery(connection, sql)
  on.exit(DBI::dbClearResult(result))
  blocks <- list()
  rows <- 0
  repeat {
    block <- DBI::dbFetch(result, n = answer_block)
    blocks[[length(blocks) + 1]] <- block
    rows <- rows + nrow(block)
    if (nrow(block) < answer_block || rows > most) break
  }
  if (length(blocks) == 1) blocks[[1]] else do.call(rbind, blocks)
}

# The value of `code`, which asks the database.
with_database_errors <- function(code, fields = list()) {
  with_typed_errors(code, "database", "The data base cannot answer: ", fields = fields)
}

# Quoted as the driver does, or by a pair of characters that the engine was found to take.
sql_names <- function(connection, names, quotes = NULL) {
  if (is.null(quotes)) {
    return(as.character(DBI::dbQuoteIdentifier(connection, names)))
  }
  # The closing one is doubled inside a name.
  paste0(quotes[1], gsub(quotes[2], strrep(quotes[2], 2), names, fixed = TRUE), quotes[2])
}

# All digits of a double
sql_number <- function(x) sprintf("%.17e", x)

sql_list <- function(...) paste(c(...), collapse = ", ")

sql_group_by <- function(columns) {
  if (length(columns)) paste(" GROUP BY", sql_list(columns)) else ""
}

# Numbers as drivers send them
sent_double <- function(v) {
  if (is.data.frame(v)) {
    return(vapply(v, sent_double, numeric(nrow(v)), USE.NAMES = FALSE))
  }
  if (inherits(v, "integer64")) integer64_double(v) else as.double(v)
}
