# The certificate of a mean-field fit by minibatches: one gradient at the mean over all rows, and
# what draws add to it, and to log sds, from minibatches that the fit has not seen. Per row read
# these say far more than draws over all rows, whose noise is that of the other coordinates.
# Replicates and units are those of toolkit-advi-diagonal-verdict.R.

# Pairs a replicate and round, and most rounds
verdict_pairs <- 4L
verdict_rounds <- 64L

# What noise may add to the error, as a share of the tolerance
verdict_doubt <- 0.4

certify_subsample <- function(target, setup, state) {
  d <- target$dim
  full <- gradient_at(target, matrix(state$mean))[, 1]
  none <- list(bend = no_sums(d), log_sd = no_sums(d))
  seen <- rep(list(none), replicates)
  enough <- verdict_doubt * setup$control$tolerance
  for (i in seq_len(verdict_rounds)) {
    seen <- lapply(seen, add_pairs, target, setup, state, n = verdict_pairs)
    if (!all(is.finite(means_of(seen, "bend"))) || doubt_of(seen, state$sd) < enough) break
  }
  curve <- difference_curvature(subsample_of(target, state), matrix(state$mean), state$sd, 1e-2)
  error_of_means(
    state$sd * (full + means_of(seen, "bend")), 2 * means_of(seen, "log_sd"), curve,
    setup$control$tolerance
  )
}

# Means of a replicate a column (d x replicates)
means_of <- function(seen, what) {
  matrix(unlist(lapply(seen, function(s) s[[what]]$sum / s[[what]]$n)), ncol = replicates)
}

# The part of the error of a perfect fit that would be noise of these draws
doubt_of <- function(seen, sd) {
  variance <- function(what, scale) {
    each <- lapply(seen, function(s) scale^2 * sums_variance(s[[what]]))
    rowSums(matrix(unlist(each), ncol = replicates)) / replicates^2
  }
  each <- c(variance("bend", sd), variance("log_sd", 1))
  sqrt(sqrt(2 * sum(each^2)) / length(each))
}
