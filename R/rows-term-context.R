# Does the value of a term in a row depend on other rows? It is evaluated in single rows, and in
# half of the rows in reverse, and compared with its values among all rows.

# Enough rows to see it by, the ends of every covariate among them.
context_rows <- function(columns, n, most = 2000) {
  if (n <= most) {
    return(seq_len(n))
  }
  sort(unique(c(evenly_spaced(n, most), unlist(lapply(columns, telling_rows)))))
}

# The least and the greatest value, or two that differ.
telling_rows <- function(v) {
  if (is.matrix(v)) v <- v[, 1]
  if (is_number(v)) {
    return(c(which.min(as.double(v)), which.max(as.double(v))))
  }
  c(1L, match(FALSE, as.character(v) == as.character(v[1])))
}

# Are the values of `expr` in single rows, and in half of them in reverse, those among all rows? NA
# if they are where there are any, but some parts cannot be evaluated.
same_in_parts <- function(expr, value, columns, n, env) {
  ends <- unlist(lapply(columns, telling_rows))
  single <- unique(stats::na.omit(c(utils::head(ends, 8), 1L, n, ceiling(n / 2), ceiling(n / 3))))
  inner <- setdiff(seq_len(n), ends)
  half <- inner[evenly_spaced(length(inner), min(500, ceiling(length(inner) / 2)))]
  whole <- rev(seq_len(n))
  tried <- FALSE
  failed <- FALSE
  for (rows in c(as.list(single), list(rev(half)), list(whole))) {
    if (length(rows) == 0 || tried && length(rows) == n) next
    other <- evaluate_quietly(expr, lapply(columns, take_rows, rows), env)
    failed <- failed || is.null(other)
    if (is.null(other)) next
    if (!same_rows(value, rows, other)) {
      return(FALSE)
    }
    tried <- tried || length(rows) > 1
  }
  if (tried && failed) NA else tried
}

same_rows <- function(value, rows, other) {
  if (!is_column(other) || NROW(other) != length(rows) || NCOL(value) != NCOL(other)) {
    return(FALSE)
  }
  if (inherits(value, "difftime") && !identical(attr(value, "units"), attr(other, "units"))) {
    return(FALSE)
  }
  if (is.factor(value) || is.character(value)) {
    return(identical(as.character(value)[rows], as.character(other)))
  }
  all(vapply(seq_len(NCOL(value)), function(j) {
    a <- as.double(if (is.matrix(value)) value[rows, j] else as.double(value)[rows])
    b <- as.double(if (is.matrix(other)) other[, j] else other)
    # Rounding is relative to the column where a value near zero is a difference of larger ones.
    size <- pmax(abs(a), abs(b), 1e-4 * max(0, abs(a[is.finite(a)])))
    identical(is.na(a), is.na(b)) && all(a == b | abs(a - b) <= 1e-8 * size, na.rm = TRUE)
  }, TRUE))
}

# The value of `expr`, or NULL where it cannot be evaluated.
evaluate_quietly <- function(expr, data, env) {
  suppressWarnings(tryCatch(eval(expr, data, env), error = function(e) NULL))
}
