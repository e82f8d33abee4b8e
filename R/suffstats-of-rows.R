# The sufficient statistics of rows in memory.

# rows: list(y (n x k, or a named list of columns), covariates, weights or NULL, dropped), complete
# but for responses that are not observed; with `place` the pass over the rows leaves out those with
# missing values (add_rows()).
suffstats_of_rows <- function(pattern, rows, threads = 1L) {
  rows$y <- response_columns(rows$y)
  n <- length(rows$y[[1]])
  exact <- exact_names(pattern)
  observed <- if (is.null(rows$place)) observed_of_rows(rows$y)
  group <- groups_of_rows(rows$covariates[exact], observed, n)
  first <- if (is.null(group)) min(1L, n) else which(!duplicated(group))
  check_group_count(length(first), exact)
  columns <- lapply(rows$covariates[exact], function(v) plain_values(v[first]))
  common <- pattern[c("k", "responses", "scaling", "covariates", "resolution")]
  common <- complete_levels(c(common, list(
    rows = as.double(n), dropped = rows$dropped,
    groups = unchecked_frame(stats::setNames(columns, exact), length(first)),
    observed = if (is.null(observed)) {
      rep(all_observed(pattern$k), max(1L, length(first)))
    } else {
      observed[first]
    },
    incomplete = count_incomplete(observed, pattern$k)
  )))
  if (!is.null(observed)) rows$y <- fill_unobserved(rows$y, common$scaling[, 1])
  switch(1 + length(continuous_names(pattern)),
    sum_exact(common, rows, group),
    sum_grid1d(common, pattern, rows, group, threads),
    sum_grid2d(common, pattern, rows, group, threads)
  )
}

# The group of each row: by its exact covariates and by which responses it has; NULL if there is but
# one. observed: NULL if all rows have all.
groups_of_rows <- function(covariates, observed, n) {
  codes <- c(covariate_codes(covariates), if (!is.null(observed)) list(observed))
  if (length(codes)) combine_codes(codes, n)
}

check_group_count <- function(count, exact) {
  if (count > groups_limit) {
    stop_covary("too_many_cells", "The covariates ", enumerate(exact), " have ", count,
      " distinct tuples; cells hold at most ",
      groups_limit, ". Use fewer or coarser covariates, or fit the rows themselves.",
      fields = list(covariates = exact)
    )
  }
}

# Responses that are not observed add zeros to sums of y - centre.
fill_unobserved <- function(y, centre) {
  Map(function(v, centre) replace(v, is.na(v), centre), y, centre)
}

# Centre and scale of the responses (k x 2): powers of two and multiples of them, so that scaling
# costs no rounding.
power_scaling <- function(y) {
  y <- response_columns(y)
  n <- length(y[[1]])
  at <- evenly_spaced(n, 8192)
  some <- matrix(unlist(lapply(y, `[`, at), use.names = FALSE), length(at))
  sd <- apply(some, 2, stats::sd, na.rm = TRUE)
  size <- apply(abs(some), 2, function(v) max(0, v, na.rm = TRUE))
  sd[!is.finite(sd) | sd == 0] <- size[!is.finite(sd) | sd == 0]
  sd[sd == 0] <- 1
  scale <- 2^round(log2(sd))
  mean <- colMeans(some, na.rm = TRUE)
  mean[is.na(mean)] <- 0 # none of these rows has the response
  cbind(centre = round(mean / scale) * scale, scale = scale)
}

# The statistics of the first rows, which decide the scaling and what is continuous.
suffstats_of_first_rows <- function(rows, covariates, resolution, threads = 1L) {
  pattern <- pattern_of_rows(rows$y, covariates, resolution)
  suffstats_of_rows(choose_continuous(pattern, rows$covariates), rows, threads)
}

# The pattern of rows whose columns y are at hand and of which some covariates are continuous.
pattern_of_rows <- function(y, covariates, resolution, continuous = character()) {
  for (name in continuous) covariates[[name]]$kind <- "continuous"
  new_pattern(names(y), power_scaling(y), covariates, resolution)
}
