# How wide the cells of a continuous covariate are, and which covariates are continuous.

exact_limit <- 4096L # distinct values up to which a numeric covariate is kept exactly

# Numeric covariates with more distinct values than can be kept become continuous; two may.
choose_continuous <- function(pattern, covariates) {
  for (name in names(covariates)) {
    how <- pattern$covariates[[name]]
    if (!how$type %in% number_types || how$kind == "continuous") next
    if (distinct_above(covariates[[name]], exact_limit)) {
      pattern$covariates[[name]]$kind <- "continuous"
    }
  }
  check_continuous(pattern)
}

check_continuous <- function(x) {
  continuous <- continuous_names(x)
  if (length(continuous) > 2) {
    stop_covary("too_many_continuous",
      "Cells hold two continuous covariates together with any discrete ones; found ",
      length(continuous), " with more than ", exact_limit, " distinct values: ",
      enumerate(continuous),
      ". Round all but two, or fit the rows themselves.",
      fields = list(covariates = continuous)
    )
  }
  x
}

# The covariates of a frame that cells would hold as continuous
continuous_covariates <- function(frame) {
  names(Filter(function(v) is.numeric(v) && distinct_above(v, exact_limit), frame$covariates))
}

# More than `limit` distinct values? Samples answer most questions.
distinct_above <- function(v, limit) {
  n <- length(v)
  if (n <= limit) {
    return(FALSE)
  }
  for (size in c(2, 8) * limit) {
    if (n > 2 * size && length(unique(v[evenly_spaced(n, size)])) > limit) {
      return(TRUE)
    }
  }
  length(unique(v)) > limit
}

# About `resolution` cells over the bulk of the data, so that outliers do not coarsen it, and 50
# over any twentieth of the distinct values, so that clusters are seen (but at most 2^finer times
# finer).
choose_step <- function(x, resolution, finer = 3) {
  if (length(x) == 0) {
    return(0)
  }
  some <- sort(x[evenly_spaced(length(x), 2e4)])
  q <- stats::quantile(some, c(0.01, 0.99), names = FALSE)
  width <- if (q[2] > q[1]) q[2] - q[1] else max(diff(range(x)), 1e-8 * max(abs(x), 1))
  distinct <- some[c(TRUE, diff(some) > 0)]
  share <- ceiling(length(distinct) / 20)
  dense <- if (length(distinct) > 40) min(diff(distinct, lag = share)) * 20 else width
  round(log2(resolution / width) + min(finer, max(0, log2(width / dense))))
}

# Width of the central half of the distinct values
core_width <- function(x) {
  some <- unique(x[evenly_spaced(length(x), 2000)])
  if (length(some)) diff(stats::quantile(some, c(0.25, 0.75), names = FALSE)) else 0
}

# Far values of a continuous covariate, which widen its cells, are said where the bulk of the rows
# then lies in few.
warn_wide_cells <- function(x) {
  if (is.null(x$core)) {
    return()
  }
  for (name in continuous_names(x)) {
    d <- match(name, continuous_names(x))
    width <- 2^-x$step[[d]]
    least <- wanted_cells(x) / 100
    if (x$core[[d]] >= least * width || central_cells(x, d) >= least) next
    range <- format(matrix(x$range, 2)[, d], digits = 4)
    warn_covary("resolution", "Half of the values of '", name, "' lie within ",
      format(x$core[[d]], digits = 2), ", but its range, ", range[1], " to ", range[2],
      ", makes the cells ", format(width, digits = 2), " wide: what varies between them is lost. ",
      "Leave the far rows out, or compress by a column such as log(", name, ").",
      fields = list(covariate = name, width = width)
    )
  }
}

# Number of cells between the quartiles of the rows; n: rows in some cells, in their order
cells_between_quartiles <- function(n, cell) {
  share <- (cumsum(n) - n / 2) / sum(n)
  diff(range(cell[share >= 0.25 & share <= 0.75], cell[which.max(n)]))
}
