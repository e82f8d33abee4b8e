# Columns of a smooth at many points. Smooths of one covariate are polynomials between knots for the
# usual bases (thin plate splines, "cr", "ps", "bs"), mostly cubics: tabulated once, their columns
# cost a few multiplications a point, whatever mgcv does for them.

# The design with `tables`: by smooth list(env, term, breaks, coefficients (columns x powers x
# pieces)).
tabulate_smooths <- function(design) {
  tables <- list()
  for (p in design$predictors) {
    for (s in p$smooths) {
      key <- smooth_key(s)
      if (is.null(tables[[key]])) tables[[key]] <- tabulate_smooth(s)
    }
  }
  design$tables <- tables
  design
}

smooth_key <- function(smooth) paste(deparse1(smooth$call), smooth$label)

# NULL where the columns are not polynomials between the knots, which is tried at points between.
tabulate_smooth <- function(smooth, breaks = polynomial_knots(smooth$sm)) {
  if (length(breaks) < 2) {
    return(NULL)
  }
  half <- diff(breaks) / 2
  powers <- 0:polynomial_degree(smooth$sm)
  t <- chebyshev_nodes(length(powers))
  at <- outer(t + 1, half) + rep(breaks[-length(breaks)], each = length(t))
  some <- evenly_spaced(length(half), 20)
  between <- breaks[some] + 0.7 * half[some]
  values <- smooth_values(smooth, c(at, between))
  nodes <- seq_along(at)
  polynomials <- solve(outer(t, powers, "^")) %*% matrix(values[nodes, ], length(t))
  table <- list(
    env = smooth$env, term = smooth$sm$term, breaks = breaks,
    coefficients = aperm(array(polynomials, c(length(t), length(half), ncol(values))), c(3, 1, 2))
  )
  gap <- max(abs(t(table_columns(table, between)) - values[-nodes, , drop = FALSE]))
  if (isTRUE(gap < 1e-10 * max(abs(values)))) table
}

# Points x columns, by mgcv.
smooth_values <- function(smooth, x) {
  at <- smooth_matrix(smooth$sm, stats::setNames(list(x), smooth$sm$term), length(x))
  at <- scale_basis(smooth, split_basis(smooth, at))
  do.call(cbind, c(list(at$fixed), at$blocks))
}

polynomial_knots <- function(sm) {
  if (length(sm$margin) || length(sm$term) != 1 || sm$by != "NA") {
    return(NULL)
  }
  knots <- if (inherits(sm, "covary_tprs")) {
    as.vector(sm$Xu) + as.vector(sm$shift)
  } else if (inherits(sm, "cr.smooth")) {
    sm$xp
  } else if (inherits(sm, c("pspline.smooth", "Bspline.smooth"))) sm$knots
  sort(unique(as.double(knots)))
}

polynomial_degree <- function(sm) {
  if (inherits(sm, "covary_tprs")) {
    2 * derivative_order(sm) - 1
  } else if (inherits(sm, "pspline.smooth")) {
    sm$m[1] + 1
  } else if (inherits(sm, "Bspline.smooth")) {
    sm$m[1]
  } else {
    3
  }
}

table_columns <- function(table, x) {
  .Call(
    C_piecewise, as.double(x), table$breaks,
    table$coefficients
  )
}

# Columns x points of a smooth at new data. `table` may be NULL; without one, points that repeat in
# its variables are evaluated once.
smooth_columns <- function(smooth, data, table = NULL) {
  if (!is.null(table) && identical(table$env, smooth$env)) {
    x <- smooth_variable(smooth, table$term, data)
    if (is.numeric(x) && all(x >= table$breaks[1] & x <= table$breaks[length(table$breaks)])) {
      return(table_columns(table, x))
    }
  }
  variables <- unlist(lapply(
    c(smooth$sm$term, smooth$sm$by),
    function(v) covariates_in(str2lang(v), names(data))
  ))
  id <- combine_codes(covariate_codes(data[unique(variables)]), nrow(data))
  first <- which(!duplicated(id))
  few <- length(first) < nrow(data) / 2
  at <- predict_smooth(smooth, if (few) data[first, , drop = FALSE] else data)
  # A random slope is predicted with the user's covariate, and fitted with a scaled one.
  x <- t(do.call(cbind, c(list(at$fixed), Map(`/`, at$blocks, smooth$x_scale))))
  if (few) x[, id, drop = FALSE] else x
}
