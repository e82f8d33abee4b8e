# SQL text, and what a database answers to it. Nothing here depends on the engine: what does stands
# in rows-sql-dialect.R.

# The answer of the database; what it cannot answer is an error of ours with its words.
ask_database <- function(connection, sql) {
  with_database_errors(DBI::dbGetQuery(connection, sql), fields = list(sql = sql))
}

# The value of `code`, which asks the database.
with_database_errors <- function(code, fields = list()) {
  with_typed_errors(code, "database", "The data base cannot answer: ", fields = fields)
}

sql_names <- function(connection, names) as.character(DBI::dbQuoteIdentifier(connection, names))

# All digits of a double
sql_number <- function(x) sprintf("%.17e", x)

sql_list <- function(...) paste(c(...), collapse = ", ")

# `by`, an aggregate such as COUNT, of the rows where the condition holds
sql_aggregate_if <- function(condition, value, by, name) {
  paste0(by, "(CASE WHEN ", condition, " THEN ", value, " END) AS ", name)
}

sql_group_by <- function(columns) {
  if (length(columns)) paste(" GROUP BY", sql_list(columns)) else ""
}
