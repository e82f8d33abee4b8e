# Where people stand: standardised deviations of responses, alone, given others, and jointly.

# What all scores rest on: list(chart, at (read_people()), value (n x K responses, NA where they are
# missing), y (the same transformed, where they have a margin), values
# (predictors by key), excluded (labels of terms that are left out), wide (n: rows scored with the
# uncertainty of an unseen level), extra (variance that this adds, see unseen_variance())).
new_scoring <- function(
  chart, newdata, y, excluded = character(), new_levels = "error",
  at = read_people(chart, newdata, excluded)
) {
  if (new_levels != "error") at <- unknown_as_new(chart, at, newdata, excluded)
  check_new_levels(chart, at, newdata, excluded, new_levels)
  unseen <- any_unseen(at, random_factors(chart, excluded))
  list(
    chart = chart, at = at, value = y, y = latent_responses(chart, y),
    values = predictors_at(chart, at, excluded),
    excluded = excluded, unseen = unseen,
    wide = unseen & new_levels == "predictive",
    extra = unseen_variance(chart, at, excluded)
  )
}

# People whose level is not known (NA) count as from a new one.
unknown_as_new <- function(chart, at, newdata, excluded) {
  groups <- setdiff(random_factors(chart, excluded), fixed_factors(chart, excluded))
  for (name in groups) {
    unknown <- is.na(newdata[[name]])
    if (!is.null(at$unseen[[name]])) unknown <- unknown | at$unseen[[name]]
    if (any(unknown)) at$unseen[[name]] <- unknown
  }
  others <- setdiff(needed_covariates(chart, excluded), groups)
  at$missing <- Reduce(`|`, lapply(newdata[others], is.na), rep(FALSE, at$n))
  at
}

# n: does one of some factors have a level that the chart does not know?
any_unseen <- function(at, factors) {
  Reduce(`|`, at$unseen[intersect(names(at$unseen), factors)], rep(FALSE, at$n))
}


check_new_levels <- function(chart, at, newdata, excluded, new_levels) {
  if (new_levels == "predictive" && any(any_unseen(at, slope_factors(chart)))) {
    stop_covary("argument", "new_levels = \"predictive\" is for effects of single levels; ",
      enumerate(slope_factors(chart)), " has slopes too. Use \"population\", or leave it out.",
      fields = list(arg = "new_levels")
    )
  }
  for (name in names(at$unseen)) {
    fixed <- name %in% fixed_factors(chart, excluded)
    random <- name %in% random_factors(chart, excluded)
    if (!fixed && !(random && new_levels == "error")) next
    found <- unique(as.character(newdata[[name]][at$unseen[[name]]]))
    stop_covary("new_level", "Column '", name, "' of `newdata` has the level ", enumerate(found),
      ", which the chart has not seen. Its levels are ",
      enumerate(chart$covariates[[name]]$levels, most = 12), ". ", if (fixed) {
        "Only random effects (bs = \"re\") can meet new levels."
      } else {
        paste0(
          "adapt() takes in a new level from some of its people; new_levels = \"population\" ",
          "scores without its effect, \"predictive\" with the uncertainty of it."
        )
      },
      fields = list(column = name, levels = found)
    )
  }
}

# Variance that unseen levels of random effects add to each predictor: by key, n numbers.
unseen_variance <- function(chart, at, excluded) {
  lapply(chart$predictors, function(p) {
    out <- numeric(at$n)
    for (table in kept_tables(p$tables, excluded)) {
      if (!table$random) next
      new <- any_unseen(at, table$factors)
      out[new] <- out[new] + table$sd^2
    }
    out
  })
}

# The predictors of a scoring in the shape of eta (likelihood.R), or any list by key.
in_shape_of_eta <- function(chart, values) {
  lapply(chart_likelihood(chart)$dpars, function(dpar) {
    for_units(dpar, chart$responses, function(resp) values[[chart_key(chart, dpar, resp)]])
  })
}

chart_key <- function(chart, dpar, resp) {
  if (dpar$of == "response") {
    return(predictor_key(dpar$name, resp))
  }
  keys <- c(predictor_key(dpar$name, resp), predictor_key(dpar$name, rev(resp)))
  keys[keys %in% names(chart$predictors)]
}

# Rows of eta
take_eta <- function(eta, rows) lapply(eta, map_units, function(v) v[rows])

# z of each response alone: n x K, NA where it is missing.
marginal_scores <- function(s) {
  likelihood <- chart_likelihood(s$chart)
  eta <- in_shape_of_eta(s$chart, s$values)
  z <- vapply(seq_along(s$chart$responses), function(k) {
    out <- as.double(likelihood$whiten(list(s$y[, k]), likelihood$marginal(eta, k))[[1]])
    if (any(s$wide)) out[s$wide] <- unseen_score(s, k, which(s$wide))
    out
  }, numeric(s$at$n))
  matrix(z, s$at$n, length(s$chart$responses), dimnames = list(NULL, s$chart$responses))
}

# Patterns of observed responses among rows: list of list(observed (numbers), rows).
observed_patterns <- function(y) {
  bit <- 2^(seq_len(ncol(y)) - 1)
  code <- drop((!is.na(y)) %*% bit)
  lapply(sort(unique(code)), function(pattern) {
    list(observed = which(bitwAnd(pattern, bit) > 0), rows = which(code == pattern))
  })
}

# w: independent standard normals of the observed responses of rows, in the order `order`; z: n x K
# scores of these rows alone. A list of vectors.
whiten_people <- function(s, rows, order, z) {
  likelihood <- chart_likelihood(s$chart)
  wide <- s$wide[rows]
  eta <- likelihood$marginal(take_eta(in_shape_of_eta(s$chart, s$values), rows), order)
  w <- likelihood$whiten(lapply(order, function(k) s$y[rows, k]), eta)
  if (any(wide)) {
    some <- rows[wide]
    within <- whiten_by_chol(
      lapply(order, function(k) z[some, k]), chol_of_rows(unseen_correlation(s, some, order))
    )
    for (k in seq_along(w)) w[[k]][wide] <- within[[k]]
  }
  w
}

# The Cholesky factor L of correlations, K x K list matrices of vectors (lower triangles).
chol_of_rows <- function(correlation) {
  k <- nrow(correlation)
  chol <- matrix(list(), k, k)
  for (i in seq_len(k)) {
    left <- 1
    for (j in seq_len(i - 1)) {
      v <- correlation[[i, j]]
      for (l in seq_len(j - 1)) v <- v - chol[[i, l]] * chol[[j, l]]
      chol[[i, j]] <- v / chol[[j, j]]
      left <- left - chol[[i, j]]^2
    }
    chol[[i, i]] <- sqrt(left)
  }
  chol
}

# L^-1 z of standardised z, and R^-1 z = L'^-1 (L^-1 z): lists of vectors.
whiten_by_chol <- function(z, chol) {
  for (i in seq_along(z)) {
    for (j in seq_len(i - 1)) z[[i]] <- z[[i]] - chol[[i, j]] * z[[j]]
    z[[i]] <- z[[i]] / chol[[i, i]]
  }
  z
}

precision_times <- function(z, chol) {
  z <- whiten_by_chol(z, chol)
  for (i in rev(seq_along(z))) {
    for (j in seq_along(z)[seq_along(z) > i]) z[[i]] <- z[[i]] - chol[[j, i]] * z[[j]]
    z[[i]] <- z[[i]] / chol[[i, i]]
  }
  z
}

# list(distance, dof, driver) of each row. z: marginal_scores()
joint_scores <- function(s, z) {
  n <- s$at$n
  out <- list(distance = rep(NA_real_, n), dof = integer(n), driver = rep(NA_character_, n))
  for (pattern in observed_patterns(s$y)) {
    rows <- pattern$rows[!s$at$missing[pattern$rows]]
    on <- pattern$observed
    if (length(on) == 0 || length(rows) == 0) next
    w <- whiten_people(s, rows, on, z)
    out$distance[rows] <- sqrt(Reduce(`+`, lapply(w, function(v) v^2)))
    out$dof[rows] <- length(on)
    out$driver[rows] <- drivers(s, rows, on, z)
  }
  out
}

# The responses that a distance comes from, each "high" or "low". With d^2 = z' R^-1 z, response k
# has the share z_k (R^-1 z)_k of d^2; named are those with at least half the largest share.
drivers <- function(s, rows, on, z) {
  z <- lapply(on, function(k) z[rows, k])
  share <- Map(`*`, z, precision_times(z, chol_of_rows(correlations_at(s, rows, on))))
  half <- do.call(pmax, share) / 2
  code <- 0
  for (k in seq_along(on)) code <- code + (share[[k]] >= half) * (1 + (z[[k]] > 0)) * 3^(k - 1)
  codes <- unique(code[!is.na(code)])
  texts <- vapply(codes, function(code) {
    digits <- code %/% 3^(seq_along(on) - 1) %% 3
    there <- digits > 0
    paste(s$chart$responses[on][there], c("low", "high")[digits[there]], collapse = ", ")
  }, "")
  texts[match(code, codes)]
}

# Correlations of responses `on` at rows, a list matrix of vectors.
correlations_at <- function(s, rows, on) {
  likelihood <- chart_likelihood(s$chart)
  eta <- take_eta(in_shape_of_eta(s$chart, s$values), rows)
  out <- matrix(list(), length(on), length(on))
  pairs <- pairs_of_numbers(on)
  out[lower.tri(out)] <- likelihood$correlations(eta, pairs)
  if (!any(s$wide[rows])) {
    return(out)
  }
  wide <- which(s$wide[rows])
  unseen <- unseen_correlation(s, rows[wide], on)
  for (at in which(lower.tri(out))) out[[at]][wide] <- unseen[[at]]
  out
}

# Pairs of numbers in the order of the lower triangle.
pairs_of_numbers <- function(on) {
  at <- lower_pairs(length(on), FALSE)
  lapply(seq_len(nrow(at)), function(i) on[at[i, 2:1]])
}

# z of response k given others, and x: n numbers. given: numbers of responses.
conditional_scores <- function(s, k, given, z) {
  out <- rep(NA_real_, s$at$n)
  rows <- which(rowSums(is.na(s$y[, c(given, k), drop = FALSE])) == 0 & !s$at$missing)
  if (length(rows)) out[rows] <- whiten_people(s, rows, c(given, k), z)[[length(given) + 1]]
  out
}
