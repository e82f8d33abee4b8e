# Statistics of disjoint rows added.

# The statistics of the rows of both; NULL and objects without rows add nothing but counts.
merge_suffstats <- function(a, b) {
  if (is.null(a)) {
    return(b)
  }
  if (a$rows == 0) {
    return(keep_counts(b, a))
  }
  if (b$rows == 0) {
    return(keep_counts(a, b))
  }
  check_alike(a, b)
  # Of a response that no row has had yet the scaling is a guess.
  new <- setdiff(seq_len(a$k), responses_seen(a))
  a$scaling[new, ] <- b$scaling[new, ]
  b <- rescale(b, a$scaling)
  for (name in union(continuous_names(a), continuous_names(b))) {
    a <- make_continuous(a, name)
    b <- make_continuous(b, name)
  }
  for (name in names(a$covariates)) {
    a$covariates[[name]] <- join_columns(a$covariates[[name]], b$covariates[[name]])
  }
  ids <- match_groups(a, b)
  out <- merge_sums(a, b, ids)
  out[c("groups", "observed")] <- ids[c("groups", "observed")]
  out <- add_counts(out, a, b)
  out$passes <- if (!is.null(c(a$passes, b$passes))) sum(a$passes, b$passes)
  promote_covariates(complete_levels(out))
}

make_continuous <- function(x, name) {
  if (x$covariates[[name]]$kind == "continuous") x else add_axis(x, name)
}

# The statistics x with the counts of the rows of a and b
add_counts <- function(x, a, b) {
  x$rows <- a$rows + b$rows
  x$dropped <- c(missing = a$dropped[["missing"]] + b$dropped[["missing"]])
  x$incomplete <- add_incomplete(a$incomplete, b$incomplete)
  x
}

# a with the counts of b, an object without rows of its own, added.
keep_counts <- function(a, b) add_counts(a, a, b)

check_alike <- function(a, b) {
  if (!identical(a$responses, b$responses)) {
    stop_covary(
      "merge", "Cells of different responses cannot be merged: ", enumerate(a$responses),
      " and ", enumerate(b$responses), "."
    )
  }
  if (!setequal(names(a$covariates), names(b$covariates))) {
    stop_covary(
      "merge", "Cells by different covariates cannot be merged: ",
      enumerate(names(a$covariates)), " and ",
      enumerate(names(b$covariates)), "."
    )
  }
  for (name in names(a$covariates)) {
    how <- list(a$covariates[[name]], b$covariates[[name]])
    if (is.null(join_columns(how[[1]], how[[2]])) || !identical(how[[1]]$units, how[[2]]$units)) {
      says <- vapply(how, say_column, "")
      stop_covary("merge", "Covariate '", name, "' is ", says[1], " in some rows and ", says[2],
        " in others.",
        fields = list(covariate = name)
      )
    }
    check_contrasts_alike(name, a$covariates[[name]], b$covariates[[name]])
  }
}

check_contrasts_alike <- function(name, a, b) {
  if (identical(a$contrasts, b$contrasts) &&
    (!is.numeric(a$contrasts) || identical(a$levels, b$levels))) {
    return()
  }
  stop_covary("merge", "Factor '", name,
    "' has contrasts of its own that are not the same in all parts of the data. Give its levels ",
    "and contrasts to every part, or leave contrasts out.",
    fields = list(covariate = name)
  )
}

# Too many distinct values met on the way: the covariate becomes continuous.
promote_covariates <- function(x) {
  for (name in names(x$groups)) {
    v <- x$groups[[name]]
    if (x$covariates[[name]]$type %in% number_types && length(v) > exact_limit &&
      length(unique(v)) > exact_limit) {
      x <- add_axis(x, name)
    }
  }
  if (nrow(x$groups) > groups_limit) {
    stop_covary("too_many_cells", "The covariates ", enumerate(names(x$groups)),
      " have more than ", groups_limit,
      " distinct tuples. Use fewer or coarser covariates, or fit the rows themselves.",
      fields = list(covariates = names(x$groups))
    )
  }
  x
}
