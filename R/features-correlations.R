# Correlations of features at people, from the tables of a chart.

# Where the correlations of a chart are wanted: list(index (n: of the distinct rows, NA where a
# covariate is missing), rho (distinct rows x pairs)). at: read_people() of the correlations.
correlations_of_people <- function(correlations, at, pairs, excluded) {
  columns <- at$columns[intersect(names(at$columns), names(correlations$covariates))]
  id <- combine_codes(covariate_codes(columns), at$n)
  first <- which(!duplicated(id) & !at$missing)
  list(
    index = match(ifelse(at$missing, NA, id), id[first]),
    rho = tanh(pair_predictors(correlations, at, first, pairs, excluded) / 2)
  )
}

# Predictors of some pairs at some people, rows x pairs.
pair_predictors <- function(correlations, at, rows, pairs, excluded) {
  tables <- kept_tables(correlations$predictors$rho$tables, excluded)
  out <- matrix(0, length(rows), length(pairs))
  for (block in split_evenly(length(rows), length(rows) * length(pairs) / 1e6)) {
    some <- rows[block]
    columns <- lapply(at$columns, function(v) rep(v[some], length(pairs)))
    columns[[curve_factor]] <- rep(pairs, each = length(some))
    out[block, ] <- tables_at(tables, columns, length(some) * length(pairs))
  }
  out
}

all_levels_known <- list(excluded = character(), new_levels = "error")

# What makes the correlations of features `used` (names) at people: list(index (n), at(i): of
# distinct row i, list(matrix, moved (NULL for a pair))). Of two features it is that of their pair,
# of more the joint matrix of all. asked: list(excluded, new_levels). Unseen levels have the
# correlations of the population, or are an error.
correlation_rule <- function(x, newdata, used, method, asked = all_levels_known) {
  correlations <- x$correlations
  excluded <- asked$excluded
  at <- read_people(correlations, newdata, excluded)
  effects <- if (asked$new_levels == "error") "error" else "population"
  check_new_levels(correlations, at, newdata, excluded, effects)
  people_of <- function(pairs) correlations_of_people(correlations, at, pairs, excluded)
  correlation_matrices(correlations, used, method, people_of)
}

# The same, with people_of(pairs): correlations_of_people() of some pairs
correlation_matrices <- function(correlations, used, method, people_of) {
  if (length(used) == 2) {
    people <- people_of(pair_place(correlations, used))
    return(list(index = people$index, at = function(i) {
      list(matrix = matrix(c(1, people$rho[i, 1], people$rho[i, 1], 1), 2))
    }))
  }
  rule <- need_joint_rule(correlations)
  inside <- match(used, correlations$features[rule$features])
  people <- people_of(seq_len(ncol(correlations$pairs)))
  of_row <- joint_maker(correlations$pairs, rule, method)
  list(index = people$index, at = function(i) {
    joint <- of_row(people$rho[i, ])
    joint$matrix <- joint$matrix[inside, inside]
    joint
  })
}

# The number of the pair of two features
pair_place <- function(correlations, used) {
  at <- sort(match(used, correlations$features))
  out <- which(correlations$pairs[1, ] == at[1] & correlations$pairs[2, ] == at[2])
  if (length(out) == 0) {
    stop_covary("argument", "The pair of ", enumerate(used), " was not fitted.",
      fields = list(arg = "resp")
    )
  }
  out
}

# Can these features be taken together?
has_correlations <- function(correlations, used) {
  if (is.null(correlations) || length(used) < 2) {
    return(FALSE)
  }
  at <- sort(match(used, correlations$features))
  length(used) == 2 && any(correlations$pairs[1, ] == at[1] & correlations$pairs[2, ] == at[2]) ||
    length(used) > 2 && !is.null(correlations$joint) && all(at %in% correlations$joint$features)
}

# f(rows, root) for the people who share a correlation matrix and have the same features: root is
# the upper Cholesky factor of the correlations of those `on` of z (n x features), all of which
# these rows have. share: n x features factors of z's correlations, NULL for ones.
for_equal_correlations <- function(rule, z, share, f) {
  groups <- split(seq_len(nrow(z)), rule$index)
  for (i in seq_along(groups)) {
    r <- rule$at(as.integer(names(groups)[i]))$matrix
    rows <- groups[[i]]
    there <- !is.na(z[rows, , drop = FALSE])
    key <- apply(there, 1, paste, collapse = "")
    if (!is.null(share)) key <- seq_along(rows)
    for (same in split(seq_along(rows), key)) {
      on <- which(there[same[1], ])
      if (length(on) == 0) next
      part <- r[on, on, drop = FALSE]
      if (!is.null(share)) {
        part <- part * tcrossprod(share[rows[same], on])
        diag(part) <- 1
      }
      f(rows[same], on, chol(part))
    }
  }
}
