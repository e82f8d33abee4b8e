# The maximum of a smooth function of a few numbers, each of whose values is dear: Newton steps from
# differences as wide as the peak, so that noise of the values matters little.

# list(x, value, cov: inverse of the negative Hessian, converged). f may be -Inf where it cannot be
# computed. step: first width of differences, d numbers.
quadratic_maximum <- function(f, start, lower, upper, step, most = 20) {
  value_at <- remember_values(f)
  x <- start
  for (i in seq_len(most)) {
    local <- wide_differences(value_at, x, step, lower, upper)
    peaked <- !is.null(local$cov)
    move <- if (peaked) drop(local$cov %*% local$gradient) else local$best - x
    # Flat patterns are too narrow, those with values that cannot be had too wide.
    sd <- if (peaked) sqrt(diag(local$cov)) else if (local$finite) 2 * step else step / 2
    move <- pmin(pmax(move, -6 * step), 6 * step)
    new <- pmin(pmax(x + move, lower), upper)
    near <- all(abs(move) < 0.3 * sd)
    if (value_at(new) < max(value_at(x), local$top)) {
      new <- local$best
    } else if (peaked && all(abs(move) < 3 * sd)) {
      # A step whose gain was foreseen has shown that the function is the quadratic.
      near <- near || abs(value_at(new) - value_at(x) - sum(local$gradient * move) / 2) < 0.1
    }
    done <- peaked && near && all(step < 2.5 * sd)
    x <- new
    if (done) break
    step <- pmin(pmax(sd, step / 5), 2 * step)
  }
  list(x = x, value = value_at(x), cov = local$cov, converged = done)
}

# f, which is not asked twice at the same place.
remember_values <- function(f) {
  known <- list()
  function(x) {
    key <- paste(signif(x, 12), collapse = " ")
    if (is.null(known[[key]])) known[[key]] <<- f(x)
    known[[key]]
  }
}

# list(gradient, cov (NULL where the Hessian is not negative definite), best (the best point), top
# (its value), finite (are all values?)). A pattern that reaches beyond the bounds is moved inside.
wide_differences <- function(f, x, step, lower, upper) {
  d <- length(x)
  centre <- pmin(pmax(x, lower + step), upper - step)
  axis <- function(k, side) replace(numeric(d), k, side * step[k])
  shifts <- c(
    list(numeric(d)), lapply(seq_len(d), axis, 1), lapply(seq_len(d), axis, -1)
  )
  pairs <- lower_pairs(d, diagonal = FALSE)
  both <- lapply(seq_len(nrow(pairs)), function(i) axis(pairs[i, 1], 1) + axis(pairs[i, 2], 1))
  points <- lapply(c(shifts, both), function(shift) centre + shift)
  v <- vapply(points, f, 0)
  top <- which.max(v)
  out <- list(best = points[[top]], top = v[top], finite = all(is.finite(v)))
  if (!out$finite) {
    return(out)
  }
  up <- v[1 + seq_len(d)]
  down <- v[1 + d + seq_len(d)]
  hessian <- diag((up + down - 2 * v[1]) / step^2, d)
  for (i in seq_len(nrow(pairs))) {
    a <- pairs[i, 1]
    b <- pairs[i, 2]
    cross <- (v[1 + 2 * d + i] - up[a] - up[b] + v[1]) / (step[a] * step[b])
    hessian[a, b] <- hessian[b, a] <- cross
  }
  out$gradient <- (up - down) / (2 * step) + drop(hessian %*% (x - centre))
  root <- attempt(chol(-hessian))
  if (!is.null(root)) out$cov <- chol2inv(root)
  out
}
