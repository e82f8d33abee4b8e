# Exact cells summed by a database.

# Digits that a group may lose where its squares are summed around the centre of all rows: squares
# / scatter.
squares_limit <- 100

# The statistics of exact cells: by one sum over the rows or, where that would lose digits, with the
# squares around the mean of each group. Both cost the rows, and at most their sorting. NULL where
# the engine cannot do the latter.
sum_groups <- function(plan, spec, settings) {
  k <- length(plan$y)
  pair <- lower_pairs(k)
  diagonal <- which(pair[, 1] == pair[, 2])
  groups <- group_sums(plan, around_means = FALSE)
  means <- group_means(groups)
  scatter <- groups$products -
    means[pair[, 1], , drop = FALSE] * means[pair[, 2], , drop = FALSE] *
      rep(groups$n, each = nrow(pair))
  scatter[, groups$rows == 1] <- 0
  lost <- groups$products[diagonal, ] > squares_limit * scatter[diagonal, ]
  if (any(lost[rep(groups$rows > 1, each = k)])) {
    if (!plan$query$dialect$windows) {
      cannot_sum(settings$moments, "groups lie far apart, and it has no window functions.")
      return(NULL)
    }
    groups <- group_sums(plan, around_means = TRUE)
    means <- group_means(groups)
    scatter <- groups$products
  }
  keys <- database_groups(groups$out, plan)
  check_evaluation(plan, sum(groups$rows), rbind(groups$n, groups$sums), keys$observed)
  at <- do.call(order, c(list(-keys$observed), unname(keys$values), list(seq_along(groups$n))))
  stats <- rbind(groups$n, means, scatter_to_chol(scatter, k))
  common <- plan_fields(
    plan, spec, settings$resolution, keys$covariates, groups$rows, keys$observed
  )
  common$groups <- keys$values[at, , drop = FALSE]
  common$observed <- keys$observed[at]
  suffstats <- new_suffstats_exact(common, stats[, at, drop = FALSE])
  rescale_to_sds(promote_covariates(suffstats))
}

group_means <- function(groups) sweep(groups$sums, 2, groups$n, "/")

# By group, one statement: list(out: what came, groups in front, rows, n: weights, sums and
# products: weighted). Where the data base has counted the values of a covariate too low, it becomes
# continuous here, but not from more than `most` groups.
group_sums <- function(plan, around_means, most = 10 * groups_limit) {
  k <- length(plan$y)
  pair <- lower_pairs(k)
  rows <- plan$scaled
  z <- paste0("z", seq_len(k))
  w <- if (length(plan$w)) "w * "
  centred <- z
  if (around_means) {
    over <- if (length(plan$group)) paste("PARTITION BY", sql_list(plan$group))
    over <- paste0(" OVER (", over, ")")
    n <- if (length(plan$w)) paste0("SUM(w)", over) else paste0(plan$query$dialect$count, over)
    means <- paste0("SUM(", w, z, ")", over, " / ", n, " AS m", seq_len(k))
    rows <- paste0(
      "SELECT ", sql_list(plan$group, if (length(plan$w)) "w", z, means), " FROM (", rows,
      ") covary_scaled"
    )
    centred <- paste0("(", z, " - m", seq_len(k), ")")
  }
  sums <- c(
    plan$query$dialect$count, if (length(plan$w)) "SUM(w)", paste0("SUM(", w, z, ")"),
    paste0("SUM(", w, centred[pair[, 1]], " * ", centred[pair[, 2]], ")")
  )
  columns <- sql_list(plan$group, paste0(sums, " AS s", seq_along(sums)))
  out <- read_pass(plan, if (around_means) "sums around the means of groups" else "sums by group",
    paste0(
      "SELECT ", columns, " FROM (", rows, ") covary_rows_of_groups", sql_group_by(plan$group)
    ),
    most = most
  )
  if (nrow(out) > most) {
    stop_covary("too_many_cells", "The covariates ", enumerate(plan$keys), " have more than ",
      format(most, scientific = FALSE), " distinct tuples in the data base. ",
      "Use fewer or coarser covariates, or moments = \"stream\".",
      fields = list(covariates = plan$keys)
    )
  }
  values <- answer_matrix(out, length(plan$group) + seq_along(sums))
  if (is.null(w)) values <- values[c(1, seq_len(nrow(values))), , drop = FALSE]
  list(
    out = out, rows = values[1, ], n = values[2, ],
    sums = values[2 + seq_len(k), , drop = FALSE],
    products = values[-seq_len(2 + k), , drop = FALSE]
  )
}
