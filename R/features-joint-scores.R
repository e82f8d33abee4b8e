# Scores of several features together: distances, what drives them, and z given others.

# n x features factors of the correlations of z of people at unseen levels, whose effects are
# independent between features; NULL where there are none.
common_shares <- function(s, used) {
  if (!any(vapply(s$each[used], function(one) any(one$wide), TRUE))) {
    return(NULL)
  }
  shares <- vapply(s$each[used], function(one) {
    parts <- unseen_parts(one, 1, seq_len(one$at$n))
    all <- sqrt(parts$sd^2 * exp(2 * parts$u) + parts$v)
    ifelse(one$wide, parts$sd * exp(parts$u / 2) / all, 1)
  }, numeric(nrow(s$z)))
  matrix(shares, nrow(s$z))
}

# list(distance, dof, driver) of people with scores z (n x features)
feature_distances <- function(x, s, z, method) {
  n <- nrow(z)
  rule <- correlation_rule(x, s$newdata, colnames(z), method, s)
  out <- list(distance = rep(NA_real_, n), dof = integer(n), driver = rep(NA_character_, n))
  for_equal_correlations(rule, z, common_shares(s, colnames(z)), function(rows, on, root) {
    some <- t(z[rows, on, drop = FALSE])
    w <- backsolve(root, some, transpose = TRUE)
    share <- some * backsolve(root, w)
    out$distance[rows] <<- sqrt(colSums(w^2))
    out$dof[rows] <<- length(on)
    out$driver[rows] <<- name_drivers(share, some, colnames(z)[on])
  })
  out
}

# As drivers() has them; share, z: features x people
name_drivers <- function(share, z, names) {
  large <- share >= rep(apply(share, 2, max) / 2, each = nrow(share))
  side <- paste(names, ifelse(z > 0, "high", "low"))
  vapply(seq_len(ncol(share)), function(i) {
    paste(side[(i - 1) * nrow(share) + which(large[, i])], collapse = ", ")
  }, "")
}

# z of a feature given others: NA where one of them is missing
feature_given <- function(x, s, name, asked) {
  used <- c(setdiff(asked$given, name), name)
  z <- s$z[, used, drop = FALSE]
  rule <- correlation_rule(x, s$newdata, used, asked$method, s)
  out <- rep(NA_real_, nrow(z))
  for_equal_correlations(rule, z, common_shares(s, used), function(rows, on, root) {
    if (length(on) < length(used)) {
      return()
    }
    w <- backsolve(root, t(z[rows, , drop = FALSE]), transpose = TRUE)
    out[rows] <<- w[length(used), ]
  })
  out
}
