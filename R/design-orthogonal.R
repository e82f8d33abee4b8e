# Columns that are nearly sums of others (t, t^2 and t^3 of years) are replaced inside the fit by
# what is new in them: Newton steps, and the numbers of digits they need, are then those of an
# orthogonal coding. A column takes only such others into its sum whose variables it has itself, so
# that it still depends on no more covariates (tables of rows rest on that).

# Share of a column's variance that the others may explain before it is replaced
collinear_share <- 0.99

# A (p x p, upper triangular): the columns inside the fit are x %*% A; NULL where x are good as they
# are. variables: of each column; fixed: columns that are neither replaced nor used (the
# constant's).
orthogonal_columns <- function(x, weights, variables, fixed) {
  p <- ncol(x)
  a <- diag(p)
  inside <- x
  share <- weights / sum(weights)
  for (j in which(!fixed)) {
    others <- Filter(
      function(l) !fixed[l] && all(variables[[l]] %in% variables[[j]]),
      seq_len(j - 1)
    )
    if (length(others) == 0) next
    # twice: the first round leaves rounding of the size of what it takes away
    left <- inside[, j]
    taken <- numeric(length(others))
    for (round in 1:2) {
      fit <- stats::lm.wfit(inside[, others, drop = FALSE], left, share)
      step <- ifelse(is.na(fit$coefficients), 0, fit$coefficients)
      left <- left - as.vector(inside[, others, drop = FALSE] %*% step)
      taken <- taken + step
    }
    size <- sqrt(sum(share * left^2))
    if (size^2 > 1 - collinear_share || size < 1e-9) next
    inside[, j] <- left / size
    a[, j] <- (a[, j] - as.vector(a[, others, drop = FALSE] %*% taken)) / size
  }
  if (any(a != diag(p))) a
}

# Variables of each parametric column.
parametric_variables <- function(p) {
  variables <- lapply(term_variables(p$terms), function(v) unique(unlist(lapply(v, all.vars))))
  lapply(p$assign, function(term) if (term == 0) character() else variables[[term]])
}
