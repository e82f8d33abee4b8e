# Knots of bases: where they are placed, and where they are.

# Thin plate splines of one covariate have a knot a distinct value, of which mgcv takes 2000 at
# random, and an eigenproblem of that size. Of more than 1000 we take about 400, at quantiles of the
# rows and of the distinct values: the spans are as good as the same, rows and their cells have
# nearly the same basis, and it takes milliseconds in place of a second.
spline_knots <- function(spec, data, weights) {
  if (!is.null(spec$xt$knots)) {
    return(given_knots(spec))
  }
  if (!is_spline(spec)) {
    return(NULL)
  }
  x <- as.double(data[[spec$term]])
  weights <- rep_len(weights, length(x)) # of a matrix, a row's in each of its columns
  sorted <- order(x)
  last <- !duplicated(x[sorted], fromLast = TRUE)
  distinct <- x[sorted][last]
  if (length(distinct) <= 1000) {
    return(NULL)
  }
  below <- cumsum(weights[sorted])[last]
  spread <- function(size, p) {
    distinct[findInterval(p * size[length(size)], size, rightmost.closed = TRUE) + 1]
  }
  p <- (seq_len(200) - 0.5) / 200
  knots <- c(range(x), spread(below, p), spread(seq_along(distinct), p - 0.25 / 200))
  stats::setNames(list(sort(unique(knots))), spec$term)
}

# Those of the term, s(month, bs = "cc", xt = list(knots = c(0.5, 12.5))), for the bases of mgcv
# that take knots: the two ends, or all.
given_knots <- function(spec) {
  knots <- spec$xt$knots
  if (!is.numeric(knots) || length(knots) < 2 || !all(is.finite(knots)) || spec$dim > 1) {
    stop_covary("smooth", "`knots` of xt must be the two ends, or all knots, of a smooth of one ",
      "covariate, not ", describe(knots), ".",
      fields = list(term = spec$label)
    )
  }
  stats::setNames(list(as.double(knots)), spec$term)
}

# Those of the rows, if the sketch has more points, as mgcv asks for.
knots_of_many_rows <- function(spec, many, env, sketch, states) {
  cubic <- inherits(spec, c("cr.smooth.spec", "cs.smooth.spec", "cc.smooth.spec")) && spec$dim == 1
  given <- if (!is.null(spec$xt$knots)) given_knots(spec)[[1]]
  if (length(given) > 2) {
    return(given_knots(spec))
  }
  if (!cubic && !is_spline(spec)) {
    return(if (length(given)) given_knots(spec))
  }
  data <- smooth_data(spec, many$data, env, states)
  if (cubic) {
    x <- c(given, data[[spec$term]])
    return(stats::setNames(list(even_knots(x, spec$bs.dim)), spec$term))
  }
  knots <- spline_knots(spec, data, many$weights)
  if (length(knots) && length(knots[[1]]) < length(unique(sketch[[spec$term]]))) knots
}

# Where mgcv places the knots of cubic splines: as many distinct values between each two. k: -1 by
# default
even_knots <- function(x, k) {
  x <- sort(unique(as.double(x)))
  stats::approx(seq_along(x), x, seq(1, length(x), length.out = if (k > 0) max(k, 4) else 10))$y
}

is_spline <- function(spec) {
  inherits(spec, "tp.smooth.spec") && spec$dim == 1 &&
    is.null(spec$xt$max.knots)
}

# Places where the basis may have a kink: knots of smooths and of bs() and ns() in the covariate
# itself.
design_knots <- function(design, name) {
  unlist(lapply(design$predictors, function(p) {
    smooths <- unlist(lapply(p$smooths, function(s) smooth_knots(s$sm, name)))
    variables <- attr(p$terms, "predvars")
    terms <- unlist(lapply(
      as.list(variables)[-1],
      function(v) if (is.call(v) && name %in% covariates_in(v[[2]], name)) eval(v$knots)
    ))
    c(smooths, terms)
  }), use.names = FALSE)
}

smooth_knots <- function(sm, name) {
  if (length(sm$margin)) {
    return(unlist(lapply(sm$margin, smooth_knots, name = name)))
  }
  if (!identical(sm$term, name) && !identical(value_name(str2lang(sm$term[1])), name)) {
    return(NULL)
  }
  c(sm$xp, if (is.numeric(sm$knots)) sm$knots)
}
