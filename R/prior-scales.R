# Location and size of the responses, on which default priors, standardisation and starts rest: of
# what an offset leaves of them.
#
# scales: list(mean, sd, size (root mean square), log_sd (where the log sd's intercept is expected):
# named by response; cor, raw_cor (before it was made positive definite), n, share (of the weight n
# that has the response), constant).

# From `moments`, list(mean, sd, cor, n) of all rows; refused where a computer's numbers end.
response_scales <- function(moments, responses) {
  extreme <- responses[moments$sd > 0 & !is.finite(1 / moments$sd) | !is.finite(moments$sd)]
  if (length(extreme)) {
    stop_covary("scale", "Response ", enumerate(extreme),
      " varies too little or too much for a number. Change its units.",
      fields = list(response = extreme)
    )
  }
  sd <- ifelse(moments$sd > 0, moments$sd, ifelse(moments$mean != 0, abs(moments$mean), 1))
  named <- function(x) stats::setNames(x, responses)
  list(
    mean = named(moments$mean), sd = named(sd), size = named(sqrt(sd^2 + moments$mean^2)),
    log_sd = named(log(sd)), cor = positive_definite(moments$cor), raw_cor = moments$cor,
    n = moments$n, share = named(moments$share),
    constant = moments$sd <= 1e-12 * abs(moments$mean) | moments$sd == 0
  )
}

# Correlations of pairs, each by the rows that have both, need not be those of any rows together:
# shrunk until they could be.
positive_definite <- function(cor) {
  if (nrow(cor) < 3 || !all(is.finite(cor))) {
    return(cor)
  }
  diagonal <- row(cor) == col(cor)
  for (i in 1:100) {
    lowest <- min(eigen(cor * (0.9 + 0.1 * diagonal), TRUE, only.values = TRUE)$values)
    if (lowest > 1e-10 * max(diag(cor))) break
    cor[!diagonal] <- 0.95 * cor[!diagonal]
  }
  cor
}

has_offsets <- function(design) any(lengths(lapply(design$predictors, `[[`, "offsets")) > 0)

# Offsets of all predictors (rows) at n rows of data.
offsets_at <- function(design, data, n) {
  do.call(
    rbind,
    lapply(design$predictors, function(p) {
      if (length(p$offsets)) {
        read_offset(p, data, n)
      } else {
        numeric(n)
      }
    })
  )
}

# The scales of responses less their offsets; from cells or nodes as new_cells_model() takes them,
# or from rows.
scales_of_cells <- function(scales, design, cells, offset = design$offset) {
  if (!has_offsets(design)) {
    return(scales)
  }
  k <- length(scales$sd)
  stats <- standardise_cells(cells, scales$mean, scales$sd)
  scales_less_offsets(
    scales, design$predictors, offset, standard_moments(stats, k, cells$observed)
  )
}

scales_of_rows <- function(scales, design, frame) {
  if (!has_offsets(design)) {
    return(scales)
  }
  z <- t((frame$y - rep(scales$mean, each = frame$n)) / rep(scales$sd, each = frame$n))
  n <- matrix(row_weights(frame), nrow(z), frame$n, byrow = TRUE) * !is.na(z)
  z[is.na(z)] <- 0
  moments <- list(n = n, first = z * n, second = z^2 * n)
  scales_less_offsets(
    scales, design$predictors, offsets_at(design, frame$covariates, frame$n),
    moments
  )
}

# offset: predictors x m, raw; moments: standard_moments() at the same m points.
scales_less_offsets <- function(scales, predictors, offset, moments) {
  offset_of <- function(role, j) {
    here <- function(p) has_role(p, role) && identical(p$resp, names(scales$sd)[j])
    offset[which(vapply(predictors, here, TRUE)), ]
  }
  for (j in seq_along(scales$sd)) {
    sd <- scales$sd[[j]]
    known <- offset_of("mean", j) / sd
    n <- moments$n[j, ]
    left <- sum(moments$first[j, ] - n * known) / sum(n)
    shift <- known + left
    spread <- sqrt(
      max(
        sum(moments$second[j, ] - 2 * shift * moments$first[j, ] + n * shift^2) / sum(n),
        0
      )
    )
    if (!is.finite(spread) || spread < 1e-12) next
    scales$mean[j] <- scales$mean[[j]] + sd * left
    scales$sd[j] <- sd * spread
    scales$size[j] <- sqrt(scales$sd[[j]]^2 + scales$mean[[j]]^2)
    scales$log_sd[j] <- log(scales$sd[[j]])
    logs <- offset_of("sd", j)
    if (any(logs != 0)) {
      scales$log_sd[j] <- log(sd) +
        offset_log_sd(logs, known, n, moments$first[j, ], moments$second[j, ])
    }
  }
  scales
}

# Log sd that is left when exp(logs) and the part `known` of the mean are taken out of standardised
# responses: rows of small sds know the mean best.
offset_log_sd <- function(logs, known, n, first, second) {
  weight <- exp(-2 * (logs - min(logs)))
  mean <- known + sum(weight * (first - n * known)) / sum(weight * n)
  relative <- sum(weight * (second - 2 * mean * first + n * mean^2)) / sum(n)
  if (is.finite(relative) && relative > 0) {
    0.5 * log(relative) - min(logs)
  } else {
    -stats::weighted.mean(logs, pmax(n, 0))
  }
}

# list(n, first, second), k x m: weight of the rows that have a response, sums of the standardised
# responses and of their squares.
standard_moments <- function(stats, k, observed = NULL) {
  n <- matrix(cell_weights(stats, k), k, ncol(stats), byrow = TRUE)
  if (!is.null(observed)) n <- n * is_observed(observed, k)
  at <- lower_places(k)
  if (is_of_nodes(stats, k)) {
    sums <- sums_of_nodes(stats, k)
    return(list(
      n = n, first = sums[1 + seq_len(k), , drop = FALSE],
      second = sums[1 + k + diag(at), , drop = FALSE]
    ))
  }
  means <- stats[1 + seq_len(k), , drop = FALSE]
  scatter <- lapply(
    seq_len(k),
    function(j) colSums(stats[1 + k + at[j, seq_len(j)], , drop = FALSE]^2)
  )
  list(n = n, first = means * n, second = means^2 * n + do.call(rbind, scatter))
}
