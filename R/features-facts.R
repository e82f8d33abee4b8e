# What charts must know of the people whom margins and pairs were fitted to: how many each level of
# a factor has, and moments of features; no person.

# Of margins: list(counts (by factor, levels x G numbers of people who have the feature; NA where
# weights hide them), baseline (G x 2, mean and sd of a feature, to four digits)). sums:
# sum_features(); covariates: of the design.
facts_of_margins <- function(sums, covariates, weighted) {
  moments <- lapply(sums$features, feature_moments)
  list(
    counts = lapply(factors_of(covariates), function(known) {
      counts <- vapply(sums$features, level_counts, numeric(length(known$levels)), known = known)
      counts <- matrix(counts, length(known$levels), dimnames = list(known$levels, names(moments)))
      if (weighted) counts * NA else counts
    }),
    baseline = t(vapply(moments, identity, c(mean = 0, sd = 0)))
  )
}

# Of pairs: by factor, levels x 1, the fewest people of a pair. n: bins x pairs; bins: bin_data()
facts_of_pairs <- function(n, bins, covariates, weighted) {
  lapply(factors_of(covariates), function(known) {
    level <- factor(as.character(bins[[known$name]]), known$levels)
    by_level <- rowsum(n, level)
    least <- stats::setNames(numeric(length(known$levels)), known$levels)
    least[rownames(by_level)] <- apply(by_level, 1, min)
    matrix(if (weighted) NA_real_ * least else least, dimnames = list(known$levels, NULL))
  })
}

# Covariates that are factors, each with its name.
factors_of <- function(covariates) {
  some <- Filter(
    function(known) !identical(known$type, "numeric") && length(known$levels), covariates
  )
  Map(function(known, name) c(unclass(known), list(name = name)), some, names(some))
}

level_counts <- function(suffstats, known) {
  out <- numeric(length(known$levels))
  if (suffstats$rows == 0) {
    return(out)
  }
  group <- factor_groups(suffstats)[[known$name]]
  level <- match(as.character(group), known$levels)[group_of_sums(suffstats)]
  found <- rowsum(raw_sums(suffstats)[1, ], level)
  out[as.integer(rownames(found))] <- round(found[, 1])
  out
}

feature_moments <- function(suffstats) {
  if (suffstats$rows < 2) {
    return(c(mean = NA_real_, sd = NA_real_))
  }
  total <- rowSums(raw_sums(suffstats)[1:3, , drop = FALSE])
  mean <- total[2] / total[1]
  sd <- sqrt(max(total[3] / total[1] - mean^2, 0))
  scaling <- suffstats$scaling
  signif(c(mean = scaling[1, 1] + scaling[1, 2] * mean, sd = scaling[1, 2] * sd), 4)
}
