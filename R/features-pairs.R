#' Correlations of many pairs of features
#'
#' Correlation curves of all or some pairs of features, given their margins: each pair's correlation
#' is a regression on the rhobit scale, as `rho ~ ...` in [covary()], fitted in C to four sums a bin
#' of rows. A hundred features have 4,950 pairs, which take seconds.
#'
#' @section Method:
#' Responses are standardised by the posterior means of their margins; what is left is the
#' correlation. Rows count for a pair where both features are there. The coefficients have a
#' Gaussian given the smoothing standard deviations (variational, with expectations that are exact
#' but for a series; the priors are the defaults of [covary()]), over which it is integrated by
#' importance points. Estimates are those of margins that are known; the standard deviations are
#' not: they come from the joint curvature of the log standard deviations of both features and the
#' correlation (the means carry no information about it), in which each margin counts with its own
#' rows. Knowing the margins as if exact would make them too small by sqrt(1 + rho^2).
#'
#' Compared with joint fits of both features by [covary()] (`validation/features.R`), curves differ
#' by about 0.04, 0.10 and 0.17 posterior standard deviations at mean squared correlations of 0.11,
#' 0.39 and 0.79 from 1,000 rows on, and by 0.08, 0.13 and 0.20 at 300; standard deviations differ
#' by about 1 %. `shift` in `diagnostics()` says for every pair how far a joint Newton step would
#' move it.
#'
#' Rows are put into at most about 200 bins along a continuous covariate of `rho` (and a set for
#' each group of discrete ones); within a bin the correlation counts as constant.
#' `attr(diagnostics(pairs), "bin_error")` is what that changes at most in a sample of pairs, in
#' posterior standard deviations.
#'
#' @section Cost:
#' One pass (two, of data that are not a frame) over the rows: 2 ns a row and pair, and a few ns a
#' row, feature and coefficient of the margins. A fit takes about 1 ms a pair with one smooth (twice
#' that where a joint matrix shall be possible) and grows with the bins and the square of the
#' coefficients. Sums take 6 kB a pair of 200 bins; more than 300 MB of them are made in several
#' passes. The result takes 4 p (p + 1) bytes a pair with p
#' coefficients, 0.5 kB for one smooth: 4,950 pairs 3 MB.
#'
#' @param margins Margins of [fit_margins()].
#' @param data The rows that the margins were fitted to, or others with the same columns, from any
#'   source of [fit_margins()] but cells: residuals are standardised row by row.
#' @param pairs `"all"`, or the pairs wanted: a matrix or data frame of two columns with names of
#'   features, or names such as `"a:b"`.
#' @param rho One-sided formula for the correlations. Its covariates may differ from those of the
#'   margins; two may be continuous.
#' @param ... Not used.
#' @param joint Keep what [correlation_matrix()] and [combine()] need? It takes a second fit to four
#'   fifths of the rows, for all pairs of three or more features (at most 50,000 pairs). `NULL`
#'   (default) is `TRUE` where that is so.
#' @param weights As in [fit_margins()].
#' @param prior Priors from [set_prior()] with `dpar = "rho"`, for all pairs.
#' @param query,reader,chunk As in [compress()].
#' @param cluster A cluster of package parallel for the fits. The bits do not depend on it.
#' @param refresh `TRUE` or `FALSE` to force or silence the progress bar.
#' @return An object of class `covary_pairs`; see [pairs-class] for what can be asked of it.
#' @section Errors:
#' As in [fit_margins()]. One warning, `covary_warning_pairs`, counts the pairs whose `status` in
#' `diagnostics()` is not "ok".
#' @seealso [pairs-class], [fit_margins()], [correlation_matrix()], [combine()], [check_pairs()].
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' pairs <- fit_pairs(margins, iris, rho = ~Species)
#' pairs
#' correlation(pairs, data.frame(Species = "setosa"), pairs = "Sepal.Length:Sepal.Width")
#' @export
fit_pairs <- function(
  margins, data, pairs = "all", rho = ~1, ..., joint = NULL, weights = NULL, prior = NULL,
  query = NULL, reader = NULL, chunk = 1e5, cluster = NULL, refresh = NULL
) {
  call <- match.call()
  check_dots(...)
  check_margins(margins, "margins")
  check_same_weights(margins, weights)
  check_one_sided(rho, "rho")
  chosen <- read_pairs(pairs, margins)
  joint <- check_joint(joint, chosen)
  pass <- list(
    resolution = 200, threads = 1L, chunk = check_count(chunk, "chunk", 100), reader = reader,
    moments = "auto", materialise = FALSE
  )
  source <- pair_source(margins, data, rho, weights, query, pass)
  template <- new_pair_template(rho, source, prior)
  fits <- fit_all_pairs(template, margins, source, chosen, joint, cluster, new_progress(refresh))
  warn_pairs(new_pairs(call, margins, template, chosen, fits))
}

# Rows that count by their weights in margins must do so in pairs.
check_same_weights <- function(margins, weights) {
  if (margins$weighted && is.null(weights)) {
    stop_covary("argument", "The margins were fitted with weights; give the same `weights` here.",
      fields = list(arg = "weights")
    )
  }
}

# Whether a joint matrix shall be possible
check_joint <- function(joint, chosen) {
  possible <- are_complete(chosen) && ncol(chosen) <= joint_most_pairs
  if (is.null(joint)) {
    return(possible)
  }
  if (check_flag(joint, "joint") && !possible) {
    stop_covary("argument", "`joint` needs all pairs of three or more features, at most ",
      joint_most_pairs, "; `pairs` has ", ncol(chosen), ".",
      fields = list(arg = "joint")
    )
  }
  joint
}

# 2 x n numbers of features, each pair once, the first feature before the second
read_pairs <- function(pairs, margins) {
  names <- colnames(margins$mean)
  fitted <- which(!is.na(margins$mean[1, ]))
  if (identical(pairs, "all")) {
    at <- t(lower_pairs(length(fitted), diagonal = FALSE))[2:1, , drop = FALSE]
    return(matrix(fitted[at], 2))
  }
  at <- match_pairs(pairs, names)
  lost <- setdiff(at, fitted)
  if (length(lost)) {
    stop_covary("argument", "`pairs` names ", enumerate(names[lost]),
      ", whose margin could not be fitted; see diagnostics(margins).",
      fields = list(arg = "pairs")
    )
  }
  at
}

# 2 x n numbers of features from what users give
match_pairs <- function(pairs, names) {
  if (is.data.frame(pairs)) pairs <- as.matrix(pairs)
  if (is.character(pairs) && is.null(dim(pairs))) {
    pairs <- do.call(rbind, lapply(pairs, split_pair, names))
  }
  if (!is.matrix(pairs) || ncol(pairs) != 2 || !is.character(pairs) || nrow(pairs) == 0) {
    stop_covary("argument", "`pairs` must be \"all\", two columns of names of features, or names ",
      "such as \"a:b\", not ", describe(pairs), ".",
      fields = list(arg = "pairs")
    )
  }
  at <- matrix(match(t(pairs), names), 2)
  if (anyNA(at) || any(at[1, ] == at[2, ])) {
    wrong <- which(is.na(at[1, ]) | is.na(at[2, ]) | at[1, ] == at[2, ])[1]
    stop_covary("argument", "`pairs` must name two features in every row; row ", wrong, " has ",
      enumerate(pairs[wrong, ]), ". The features are ", enumerate(names, most = 12), ".",
      fields = list(arg = "pairs", row = wrong)
    )
  }
  at[, at[1, ] > at[2, ]] <- at[2:1, at[1, ] > at[2, ]]
  at[, !duplicated(t(at)), drop = FALSE]
}

# "a:b" as two names of features; names may have colons themselves.
split_pair <- function(text, names) {
  for (first in names[startsWith(text, paste0(names, ":"))]) {
    second <- substring(text, nchar(first) + 2)
    if (second %in% names) {
      return(c(first, second))
    }
  }
  c(text, NA)
}

pair_labels <- function(at, names) paste(names[at[1, ]], names[at[2, ]], sep = ":")

# An object of class covary_pairs, of P pairs with p coefficients each, holds no rows:
#   call, margins  the call; the margins it was fitted with
#   formula        rho as it was given
#   design         the shared recipe of the correlation
#   pairs          2 x P numbers of features
#   mean, cov, sds as of margins: p x P, p (p + 1) / 2 x P, smooths x P
#   diagnostics    data frame, a row a pair, with the attribute bin_error
#   joint          how a joint matrix is made (features-joint.R), or NULL
#   counts         fewest people of a pair by level (features-facts.R)
new_pairs <- function(call, margins, template, chosen, fits) {
  labels <- pair_labels(chosen, colnames(margins$mean))
  names <- template$design$predictors[[template$key]]$columns$name
  seal(structure(class = "covary_pairs", list(
    call = call, margins = margins, formula = template$formula,
    design = compact_design(template$design), pairs = chosen,
    mean = structure(fits$mean, dimnames = list(names, labels)),
    cov = structure(fits$cov, dimnames = list(NULL, labels)),
    sds = structure(fits$sds, dimnames = list(smooth_sd_names(template$design), labels)),
    diagnostics = fits$diagnostics, rows = template$common$rows, joint = fits$joint,
    counts = fits$counts
  )))
}

warn_pairs <- function(pairs) {
  bad <- pairs$diagnostics[pairs$diagnostics$status != "ok", ]
  if (nrow(bad)) {
    kinds <- table(bad$status)
    warn_covary("pairs", nrow(bad), " of ", nrow(pairs$diagnostics),
      " pairs are not as they should be (", paste(kinds, names(kinds), collapse = ", "), "): ",
      enumerate(bad$pair), ". See `status` in diagnostics().",
      fields = list(diagnostics = bad)
    )
  }
  pairs
}
