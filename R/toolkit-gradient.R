# Does the gradient of a target belong to its density? Engines ask at their start and at their end:
# along a few directions the density is compared with what the gradient says. That draws no random
# numbers and changes no result.
#
# A difference is believed only as far as those over other steps repeat it, so that rounding of
# large densities, strong curvature and noise raise no alarm. At a kink any slope between those of
# the two sides is a gradient.

# Steps of the differences, in units of the spread of each parameter.
difference_steps <- 10^-(2:6)

# An error counts from this share of the slope: of what |gradient| times spread adds up to.
gradient_tolerance <- 1e-3

# TRUE, with a warning, where the gradient contradicts the density near the free numbers theta, the
# `where` ("start" or "end") of a run. spread: standard deviations, one or dim. With minibatches the
# rows of one are compared.
suspect_gradient <- function(target, theta, spread, where, batch_size = 0) {
  # gradients of the targets in C are tested with the package
  if (is.null(target$derivative)) {
    return(FALSE)
  }
  d <- target$dim
  spread <- rep_len(spread, d)
  rows <- spread_rows(target, batch_size)
  along <- gradient_directions(d)
  # not at theta itself: at a mode all slopes are zero, and starts often lie on kinks
  theta <- theta + 0.3 * spread * along[, 1]
  at <- quiet_density(target, rows)
  here <- at(matrix(theta, 1), TRUE)
  if (!all(is.finite(c(here$value, here$gradient)))) {
    return(FALSE)
  }
  compare <- function(direction) compare_slope(at, theta, here, spread * direction)
  if (!any(apply(along, 2, function(v) compare(v)$wrong))) {
    return(FALSE)
  }
  warn_gradient(target, where, theta, spread, apply(diag(d), 2, compare, simplify = FALSE))
  TRUE
}

# Numbers of as many rows as a minibatch has, evenly spread; NULL (all rows) without minibatches.
spread_rows <- function(target, batch_size) {
  if (batch_size > 0) as.integer(seq(1, target$rows, length.out = batch_size))
}

# Directions to compare slopes along, a column each (d x 2, of one parameter d x 1). Their entries
# are uneven, lest the errors of several parameters cancel.
gradient_directions <- function(d) {
  first <- 1 + 0.4 * sin(1.7 * seq_len(d))
  if (d == 1) {
    return(matrix(first))
  }
  cbind(first, (1 + 0.4 * cos(2.3 * seq_len(d))) * (-1)^seq_len(d), deparse.level = 0)
}

# As density_at(), with a value of NaN where the user's functions fail: no algorithm may
# ever go there.
quiet_density <- function(target, rows) {
  scale <- if (is.null(rows)) 1 else target$rows / length(rows)
  function(x, gradient) {
    tryCatch(suppressWarnings(density_at(target, x, gradient, rows, scale)),
      covary_error = function(e) list(value = rep(NaN, nrow(x)))
    )
  }
}

# Compares slopes of the density along `move` (d) at theta, where at() returns `here`: list(wrong,
# error: how far the slope by the gradient lies from those by differences, given: the former, found:
# the latter). at: from quiet_density().
compare_slope <- function(at, theta, here, move) {
  nothing <- list(wrong = FALSE, error = 0, given = NA_real_, found = NA_real_)
  around <- at(t(theta + outer(move, c(difference_steps, -difference_steps))), FALSE)
  slopes <- side_slopes(here$value, around$value)
  best <- steady_window(slopes, here$value)
  if (is.null(best)) {
    return(nothing)
  }
  given <- sum(here$gradient * move)
  sides <- range(slopes[best$at, ])
  error <- max(sides[1] - given, given - sides[2], 0)
  least <- gradient_tolerance * (sum(abs(here$gradient * move)) + abs(best$slope))
  list(wrong = error > least + best$doubt, error = error, given = given, found = best$slope)
}

# Slopes by differences, ahead and behind (columns), for each step (rows), from the density `here`
# and `around`: first after all steps ahead, then after those behind. Where neither side differs at
# all, the step is lost in the rounding of the density, and its slopes are NaN.
side_slopes <- function(here, around) {
  n <- length(difference_steps)
  change <- cbind(around[seq_len(n)] - here, here - around[n + seq_len(n)])
  change[rowSums(change != 0) == 0, ] <- NaN
  change / difference_steps
}

# Three neighbouring steps that leave least doubt, which is how much their central differences
# differ and what rounding of a density of this value may add: list(at: their rows, doubt, slope),
# or NULL where none is finite.
steady_window <- function(slopes, value) {
  central <- rowMeans(slopes)
  rounding <- 200 * .Machine$double.eps * abs(value) / difference_steps
  first <- seq_len(length(central) - 2)
  doubt <- vapply(first, function(i) 5 * diff(range(central[i + 0:2])) + rounding[i + 2], 0)
  if (!any(is.finite(doubt))) {
    return(NULL)
  }
  at <- which.min(doubt) + 0:2
  list(at = at, doubt = min(doubt, na.rm = TRUE), slope = stats::median(central[at]))
}

# each: what compare_slope() says of each parameter alone; the worst is named.
warn_gradient <- function(target, where, theta, spread, each) {
  worst <- which.max(vapply(each, `[[`, 0, "error"))
  name <- target$names[worst]
  given <- each[[worst]]$given / spread[worst]
  found <- each[[worst]]$found / spread[worst]
  at <- enumerate(paste(target$names, "=", format(theta, digits = 4)), quote = FALSE)
  warn_covary("gradient", "The gradient must belong to the density; near the ", where,
    " of the run (", at, ") the log density changes by ", format(found, digits = 4),
    " per unit of '", name, "', but ",
    switch(target$derivative,
      given = "`gradient` says ",
      complex = "its derivative by complex steps says ",
      central = "its central differences say "
    ),
    format(given, digits = 4), ". The fit follows the gradient, so it is not one of this density. ",
    if (target$derivative == "given") {
      "Correct `gradient`, or leave it out of target_density()."
    } else {
      "Give `gradient` to target_density()."
    },
    fields = list(
      parameter = name, given = given, found = found, where = where,
      theta = stats::setNames(theta, target$names)
    )
  )
}
