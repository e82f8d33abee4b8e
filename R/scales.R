# Location and size of the responses, on which default priors, standardisation and starts rest: of
# what an offset leaves of them.
#
# scales: list(mean, sd, size (root mean square), log_sd (where the log sd's intercept is expected): named
# by response; cor, n, constant).

new_scales <- function(moments, responses) {
  sd <- ifelse(moments$sd > 0, moments$sd, ifelse(moments$mean != 0, abs(moments$mean), 1))
  named <- function(x) stats::setNames(x, responses)
  list(mean = named(moments$mean), sd = named(sd), size = named(sqrt(sd^2 + moments$mean^2)), log_sd = named(log(sd)), cor = moments$cor,
    n = moments$n, constant = moments$sd <= 1e-12 * abs(moments$mean) | moments$sd == 0)
}

# The same for responses less their offsets. design$offset: predictors x m, raw; cells: as new_target()
# takes them, at the same m points.
scales_less_offsets <- function(scales, design, cells) {
  if (all(design$offset == 0)) return(scales)
  moments <- standard_moments(standardise_cells(cells, scales$mean, scales$sd), length(scales$sd))
  offset_of <- function(dpar, j) {
    at <- which(vapply(design$predictors, function(p) p$dpar == dpar && identical(p$resp, names(scales$sd)[j]), TRUE))
    design$offset[at, ]
  }
  total <- sum(moments$n)
  for (j in seq_along(scales$sd)) {
    sd <- scales$sd[[j]]
    known <- offset_of("mu", j) / sd
    left <- sum(moments$first[j, ] - moments$n * known) / total
    square <- function(shift, weight = 1) {
      sum(weight * (moments$second[j, ] - 2 * shift * moments$first[j, ] + moments$n * shift^2)) / total
    }
    spread <- sqrt(max(square(known + left), 0))
    if (!is.finite(spread) || spread < 1e-12) next
    scales$mean[j] <- scales$mean[[j]] + sd * left
    scales$sd[j] <- sd * spread
    scales$size[j] <- sqrt(scales$sd[[j]]^2 + scales$mean[[j]]^2)
    scales$log_sd[j] <- log(scales$sd[[j]])
    logs <- offset_of("sigma", j)
    relative <- square(known + left, exp(-2 * (logs - max(logs))))
    if (any(logs != 0) && is.finite(relative) && relative > 0) {
      scales$log_sd[j] <- log(sd) + 0.5 * log(relative) - max(logs)
    }
  }
  scales
}

# list(n (m), first, second (k x m)): sums of the standardised responses and of their squares.
standard_moments <- function(stats, k) {
  n <- stats[1, ]
  at <- matrix(0, k, k)
  at[lower.tri(at, TRUE)] <- seq_len(k * (k + 1) / 2)
  if (nrow(stats) > 1 + k + k * (k + 1) / 2) { # nodes
    return(list(n = n, first = stats[1 + k + seq_len(k), , drop = FALSE], second = stats[1 + 2 * k + diag(at), , drop = FALSE]))
  }
  means <- stats[1 + seq_len(k), , drop = FALSE]
  scatter <- lapply(seq_len(k), function(j) colSums(stats[1 + k + at[j, seq_len(j)], , drop = FALSE]^2))
  list(n = n, first = means * rep(n, each = k), second = means^2 * rep(n, each = k) + do.call(rbind, scatter))
}
