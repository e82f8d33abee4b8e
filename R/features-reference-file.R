# Charts of features as lists of numbers and texts, for files, and what they carry.

# Fields that all charts of features may share: a file has them once.
shared_fields <- c(
  "version", "title", "source", "made", "package", "n", "min_count", "likelihood", "covariates",
  "groups"
)

#' @export
chart_to_lists.covary_feature_reference <- function(ref) {
  out <- unclass(ref)
  first <- ref$charts[[1]]
  out$charts <- lapply(seq_along(ref$charts), function(i) {
    one <- chart_to_lists(ref$charts[[i]])
    same <- vapply(shared_fields, function(field) {
      identical(ref$charts[[i]][[field]], first[[field]])
    }, TRUE)
    if (i > 1) one[shared_fields[same]] <- NULL
    one
  })
  names(out$charts) <- names(ref$charts)
  out$correlations <- if (!is.null(ref$correlations)) correlations_to_lists(ref$correlations)
  out
}

correlations_to_lists <- function(v) {
  v$features <- I(v$features)
  v$pairs <- array_to_list(v$pairs)
  v$covariates <- lapply(v$covariates, covariate_to_list)
  v$predictors$rho$tables <- lapply(v$predictors$rho$tables, function(table) {
    if (!is.null(table$basis)) {
      table[c("basis", "weights")] <- lapply(table[c("basis", "weights")], array_to_list)
      table$values <- numeric()
    }
    table <- table_to_lists(table)
    table$sd <- I(table$sd)
    table$levels[[curve_factor]] <- NULL
    table
  })
  if (!is.null(v$joint)) {
    v$joint$features <- I(v$joint$features)
    v$joint$pooled <- array_to_list(v$joint$pooled)
    v$joint$scores <- lapply(unclass(v$joint$scores), I)
  }
  v
}

#' @export
lists_to_chart.covary_feature_reference <- function(x) {
  first <- x$charts[[1]]
  x$charts <- lapply(x$charts, function(one) {
    absent <- setdiff(shared_fields, names(one))
    one[absent] <- first[absent]
    lists_to_chart(structure(one, class = "covary_reference"))
  })
  if (!is.null(x$correlations)) x$correlations <- lists_to_correlations(x$correlations)
  x
}

lists_to_correlations <- function(v) {
  v$features <- as_texts(v$features)
  v$pairs <- list_to_array(v$pairs)
  v$covariates <- lapply(v$covariates, list_to_covariate)
  curves <- stats::setNames(list(as.character(seq_len(ncol(v$pairs)))), curve_factor)
  v$predictors$rho$tables <- lapply(v$predictors$rho$tables, function(table) {
    out <- new_chart_table(
      as_texts(table$labels), table$random, lapply(table$grid, as_numbers),
      c(lapply(table$levels, as_texts), curves), as_numbers(table$values), as_numbers(table$sd)
    )
    if (is.null(table$basis)) {
      return(out)
    }
    with_basis(out, list_to_array(table$basis), list_to_array(table$weights))
  })
  if (!is.null(v$joint)) {
    v$joint$features <- as.integer(as_numbers(v$joint$features))
    v$joint$pooled <- list_to_array(v$joint$pooled)
    v$joint$scores <- unchecked_frame(list(
      form = as_texts(v$joint$scores$form), score = as_numbers(v$joint$scores$score)
    ))
  }
  v
}

#' @rdname audit
#' @export
audit.covary_feature_reference <- function(x, data = NULL, ...) {
  check_dots(...)
  check_object(x, "covary_feature_reference", "x")
  parts <- lapply(names(x$charts), function(name) {
    out <- audit(x$charts[[name]], data)
    out$element <- paste0("charts$", name, "$", out$element)
    out
  })
  rest <- unclass(x)
  rest$charts <- NULL
  n <- x$charts[[1]]$n
  tables <- lapply(x$correlations$predictors$rho$tables, table_size)
  bases <- lapply(x$correlations$predictors$rho$tables, function(table) {
    lengths(table[c("basis", "weights")])
  })
  expected <- c(vapply(tables, prod, 0), unlist(bases), length(x$correlations$joint$pooled))
  out <- rbind(
    do.call(rbind, parts), audit_leaves(leaves_of(rest, ""), n, expected, x$min_count, data)
  )
  structure(out, clean = all(out$ok))
}
