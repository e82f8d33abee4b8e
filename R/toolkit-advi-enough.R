# When fits over draws are near enough.

# Squared distance, in sds, at which steps over fixed draws end, by family. Where the ELBO is flat
# along a valley, they promise little long before they are near.
near_enough <- c(meanfield = 1e-6, fullrank = 2.5e-7)

# A share of the tolerance: the error before fresh draws join, of which they take away a third. The
# root mean square of many parameters hides one that is further off.
join_within <- function(d) 0.5 + 0.3 / d

# Enough draws, or as many as there may be, of which m are used; a large error that twice the draws
# do not mend is not of Monte Carlo, and no more of them would.
is_last_check <- function(setup, error, before, m) {
  control <- setup$control
  enough <- join_within(setup$family$dim) * control$tolerance
  error <= enough || 2 * m > control$most_draws || !is.finite(error) ||
    (error > 0.2 && is.finite(before) && error > 0.75 * before)
}
