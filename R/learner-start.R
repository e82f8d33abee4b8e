# Starting points, as lists of coefficients.

learner_starts <- function(start, stimuli, bias) {
  if (is.numeric(start)) {
    n <- check_count(start, "start")
    start <- c(
      list(list()),
      lapply(seq_len(n - 1), function(i) list(mean = random_exemplars(stimuli)))
    )
  } else if (!is.list(start) || is.null(start) || !is.null(names(start)) || length(start) == 0) {
    start <- list(start)
  }
  lapply(start, complete_start, stimuli = stimuli, bias = bias)
}

complete_start <- function(start, stimuli, bias) {
  known <- c("mean", "covariance", "weight", if (bias) "bias")
  named <- is.list(start) && all(names(start) %in% known) &&
    length(start) == length(names(start)) && !anyDuplicated(names(start))
  if (!is.null(start) && !named) {
    stop_covary("start", "`start` must be a list with any of ", enumerate(known),
      ", each at most once, not ", describe(start), ".",
      fields = list(arg = "start")
    )
  }
  g <- length(stimuli$categories)
  list(
    mean = start_mean(start$mean, stimuli),
    covariance = start_covariance(start$covariance, stimuli),
    weight = start_array(
      start$weight, c(g, g), "weight",
      list(stimuli$categories, stimuli$categories)
    ),
    bias = if (bias) start_array(start$bias, g, "bias", list(stimuli$categories))
  )
}

# The first guess of a category: half way from the mean of all stimuli to its own mean.
start_mean <- function(mean, stimuli) {
  g <- length(stimuli$categories)
  shape <- c(g, length(stimuli$dimensions))
  if (is.null(mean)) {
    own <- apply(stimuli$x, 2, tapply, stimuli$category, base::mean)
    return(unname((own + rep(colMeans(stimuli$x), each = g)) / 2))
  }
  if (shape[2] == 1 && is.null(dim(mean))) {
    mean <- matrix(mean, dimnames = if (!is.null(names(mean))) list(names(mean), NULL))
  }
  check_range_start(start_array(mean, shape, "mean", list(stimuli$categories, stimuli$dimensions)))
}

random_exemplars <- function(stimuli) {
  rows <- split(seq_along(stimuli$category), stimuli$category)
  unname(stimuli$x[vapply(rows, function(r) r[sample.int(length(r), 1)], 1L), , drop = FALSE])
}

start_array <- function(x, shape, name, names) {
  if (is.null(x)) {
    return(array(0, shape))
  }
  found <- if (is.null(dim(x))) length(x) else dim(x)
  if (!is.numeric(x) || !identical(as.integer(found), as.integer(shape))) {
    stop_covary("dimension", "`", name, "` of `start` must be numeric with shape ",
      paste(shape, collapse = " x "),
      ", not ", if (is.numeric(x)) paste("shape", paste(found, collapse = " x ")) else describe(x),
      ".",
      fields = list(arg = "start", part = name, expected = shape, found = found)
    )
  }
  if (!all(is.finite(x))) {
    stop_covary("start", "`", name, "` of `start` must be finite.",
      fields = list(arg = "start", part = name)
    )
  }
  array(as.numeric(align(x, names, name)), shape)
}

# Puts named rows, columns and slices in the order of the data.
align <- function(x, names, name) {
  given <- if (is.null(dim(x))) list(names(x)) else dimnames(x)
  at <- lapply(seq_along(names), function(i) {
    if (is.null(given[[i]])) {
      return(TRUE)
    }
    if (!setequal(given[[i]], names[[i]])) {
      stop_covary("start", "Names in `", name, "` of `start` must be ", enumerate(names[[i]]),
        ", not ",
        enumerate(given[[i]]), ".",
        fields = list(arg = "start", part = name)
      )
    }
    match(names[[i]], given[[i]])
  })
  do.call(`[`, c(list(x), at))
}

check_range_start <- function(mean) {
  if (any(abs(mean) > largest_stimulus)) {
    stop_covary("start", "`mean` of `start` must lie between -1e150 and 1e150.",
      fields = list(arg = "start", part = "mean")
    )
  }
  mean
}

start_covariance <- function(covariance, stimuli) {
  d <- length(stimuli$dimensions)
  g <- length(stimuli$categories)
  if (is.null(covariance)) covariance <- .02
  if (is.null(dim(covariance)) && length(covariance) == 1) covariance <- diag(covariance, d)
  names <- list(stimuli$dimensions, stimuli$dimensions, stimuli$categories)
  if (length(dim(covariance)) == 2) {
    covariance <- array(start_array(covariance, c(d, d), "covariance", names[1:2]), c(d, d, g))
  }
  covariance <- start_array(covariance, c(d, d, g), "covariance", names)
  for (k in seq_len(g)) check_covariance(matrix(covariance[, , k], d), stimuli$categories[k])
  covariance
}

# The same region as in the engine: see `?learn_categories`.
check_covariance <- function(s, category) {
  sd <- sqrt(pmax(diag(s), 0))
  valid <- isSymmetric(unname(s)) && all(sd >= 1e-30 & sd <= 1e150)
  lower <- if (valid) attempt(t(chol(s / outer(sd, sd))))
  if (is.null(lower) || sum(lower^2) * sum(backsolve(t(lower), diag(nrow(s)))^2) > 1e13) {
    stop_covary("start",
      "`covariance` of `start` must be symmetric and positive definite, with standard deviations",
      " between 1e-30 and 1e150; that of category '", category, "' is not.",
      fields = list(arg = "start", part = "covariance", category = category)
    )
  }
}
