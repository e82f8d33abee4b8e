# Coefficients of many pairs as triangles: a row and a column a response.

# `x`: a fit or its summary. means, and sds if they are shown: named numbers, all coefficients.
# Returns list(names (of the coefficients in tables), tables (K x K matrices by title: means below
# the diagonal, sds above it)). From four responses on, for coefficients that most pairs have.
coefficient_triangles <- function(x, means, sds = NULL) {
  out <- list(names = character(), tables = list())
  k <- length(x$responses)
  if (k < 4) {
    return(out)
  }
  predictors <- Filter(function(p) length(p$resp) == 2, x$design$predictors)
  columns <- lapply(predictors, function(p) {
    mine <- p$columns$name %in% names(means)
    stats::setNames(p$columns$name[mine], p$columns$coef[mine])
  })
  count <- table(unlist(lapply(columns, names)))
  for (coef in names(count)[count > length(predictors) / 2]) {
    table <- matrix(NA_real_, k, k, dimnames = list(x$responses, x$responses))
    for (key in names(predictors)) {
      name <- columns[[key]][coef]
      if (is.na(name)) next
      at <- sort(match(predictors[[key]]$resp, x$responses))
      table[at[2], at[1]] <- means[[name]]
      if (!is.null(sds)) table[at[1], at[2]] <- sds[[name]]
      out$names <- c(out$names, unname(name))
    }
    title <- paste("Coefficient", coef, "of", predictors[[1]]$dpar)
    out$tables[[title]] <- table
  }
  out
}

print_triangles <- function(tables, digits) {
  for (title in names(tables)) {
    table <- tables[[title]]
    both <- any(!is.na(table[upper.tri(table)]))
    cat("\n", title, if (both) " (posterior means, and sds above the diagonal)", ":\n", sep = "")
    largest <- max(abs(table), na.rm = TRUE)
    decimals <- if (largest > 0) max(0, digits - 1 - floor(log10(largest))) else 0
    text <- formatC(table, digits = decimals, format = "f")
    text[is.na(table)] <- if (both) "." else ""
    diag(text) <- ""
    rows <- if (both) seq_len(nrow(text)) else -1
    columns <- if (both) seq_len(ncol(text)) else -ncol(text)
    print(text[rows, columns, drop = FALSE], quote = FALSE, right = TRUE)
  }
}
