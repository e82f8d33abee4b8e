# Groups: the distinct tuples of exact covariates.

groups_limit <- 200000L # distinct tuples

# Numbers of the distinct tuples, in the order in which they first appear.
tuple_ids <- function(columns, n) combine_codes(covariate_codes(columns), n)

combine_codes <- function(codes, n) {
  if (length(codes) == 0) {
    return(rep(1L, n))
  }
  id <- match(codes[[1]], unique(codes[[1]]))
  for (code in codes[-1]) {
    next_id <- match(code, unique(code))
    pair <- id + (next_id - 1) * as.double(max(id))
    id <- match(pair, unique(pair))
  }
  id
}

# A list of codes, one or, for a matrix, several a covariate
covariate_codes <- function(covariates) unlist(lapply(covariates, column_codes), recursive = FALSE)

# Numbers that sort as the values do and are equal where they are: a list, a vector a column.
column_codes <- function(v) {
  if (is.matrix(v)) {
    return(unlist(lapply(seq_len(ncol(v)), function(j) column_codes(v[, j])), recursive = FALSE))
  }
  if (is.factor(v)) {
    return(list(as.integer(v)))
  }
  if (is_number(v)) {
    return(list(as.double(v)))
  }
  list(match(v, sort(unique(v), method = "radix")))
}

# Zero without its sign
plain_values <- function(v) {
  if (is.factor(v)) as.character(v) else if (is.numeric(v)) as.double(v) + 0 else v
}

# Groups of both, those of `a` first: list(groups, observed, a, b (places))
match_groups <- function(a, b) {
  names <- names(a$groups)
  keys <- list(group_keys(a$groups, a$observed), group_keys(b$groups[names], b$observed))
  new <- which(!keys[[2]] %in% keys[[1]])
  all <- c(keys[[1]], keys[[2]][new])
  columns <- stats::setNames(
    Map(function(u, v) c(u, v[new]), a$groups, b$groups[names]), names
  )
  list(
    groups = unchecked_frame(columns, length(all)), observed = c(a$observed, b$observed[new]),
    a = seq_along(keys[[1]]), b = match(keys[[2]], all)
  )
}

# Texts that are equal where the groups are: no text can hold what separates columns.
group_keys <- function(groups, observed = "") {
  keys <- lapply(unname(groups), function(v) {
    if (is.numeric(v)) {
      return(sprintf("%a;", v + 0))
    }
    v <- enc2utf8(as.character(v))
    paste0(nchar(v, "bytes"), ":", v)
  })
  do.call(paste0, c(keys, list(observed)))
}

# The lines of a data frame where `keep` is TRUE.
take_groups <- function(groups, keep) unchecked_frame(lapply(groups, `[`, keep), sum(keep))

# Exact covariates as the user had them
factor_groups <- function(x) {
  out <- x$groups
  for (name in names(out)) out[[name]] <- restore_column(out[[name]], x$covariates[[name]])
  out
}

# Every value of a group is a level, also where text met a factor.
complete_levels <- function(x) {
  for (name in names(x$groups)) {
    how <- x$covariates[[name]]
    if (how$type != "factor") next
    new <- setdiff(x$groups[[name]], how$levels)
    x$covariates[[name]]$levels <- c(how$levels, sort(new))
  }
  x
}

# The groups of the statistics x by all covariates but one: list(groups, observed, ids: their
# numbers, by former group)
groups_without <- function(x, name) {
  rest <- x$groups[setdiff(names(x$groups), name)]
  keys <- group_keys(rest, x$observed)
  new <- !duplicated(keys)
  list(
    groups = take_groups(rest, new), observed = x$observed[new],
    ids = match(keys, unique(keys))
  )
}
