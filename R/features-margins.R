#' Margins of many features
#'
#' Fits the mean and the log standard deviation of each of many responses ("features": brain
#' regions, proteins, vertices) as functions of the same covariates: one pass over the rows for all,
#' then one fit a feature by the default algorithm of [covary()]. The result is small, holds no
#' rows, and is what [fit_pairs()] takes for the correlations.
#'
#' @section What is shared:
#' All features have the same formulas and the same columns: bases, knots and scales of the
#' covariates are chosen once, from all rows with covariates, so a coefficient means the same in
#' every feature. Each margin uses the rows where its feature is there; rows with a missing feature
#' count for the others. That is right where values are missing at random given the covariates.
#' Priors are the defaults of [covary()] for one response, or those given.
#'
#' @section Cost:
#' The pass takes some 20 ns a row and feature, a fit 30 to 60 ms a feature with a smooth in mean
#' and standard deviation, whatever the number of rows. While the margins are fitted, sums take
#' about 30 kB a feature for one continuous covariate (times the number of groups of discrete ones,
#' in proportion to `resolution`); rows are read in chunks and not kept. The result
#' takes 4 p (p + 1) bytes a feature with p coefficients, 2 kB for two smooths: 100 features 0.2 MB,
#' 1,000 features 2 MB. `cluster` divides the time of the fits.
#'
#' @param data A data frame (also with matrices as columns), a chunk reader, files, or a DBI
#'   connection with `query`, as in [compress()]; or cells of [compress()].
#' @param responses Names of the features: columns, or matrices of a data frame, whose columns are
#'   features then; or a one-sided formula of expressions, such as `~ log(a) + b`. Of cells, NULL
#'   means all. Features have no [margins]: write the transformation into the formula; z and
#'   centiles are those of the feature, values those of the expression.
#' @param mu,sigma One-sided formulas for the means and for the log standard deviations, with all
#'   terms of [covary()] that cells can hold: smooths, factors, random effects; up to two continuous
#'   covariates.
#' @param ... Not used.
#' @param weights Column of weights, or a one-sided formula, as in [compress()].
#' @param prior Priors from [set_prior()], for all features: `class`, `coef` and `dpar` choose.
#' @param draws Posterior draws that are kept of each feature; 0 (default) keeps mean and covariance
#'   alone.
#' @param control Settings from [covary_control()].
#' @param resolution Cells over the central 98% of a continuous covariate; `"auto"` is 200. What
#'   cells leave out is measured in every fit (`certificate` in `diagnostics()`).
#' @param query,reader,chunk As in [compress()].
#' @param cluster A cluster of package parallel for the fits. The bits do not depend on it.
#' @param refresh `TRUE` or `FALSE` to force or silence the progress bar.
#' @return An object of class `covary_margins`; see [margins-class] for what can be asked of it.
#' @section Errors:
#' As in [covary()] and [compress()]. A feature that cannot be fitted does not stop the others: its
#' `status` in `diagnostics(margins)` says why, and one warning, `covary_warning_margins`, counts
#' all whose status is not "ok".
#' @seealso [fit_pairs()], [compress()].
#' @references Vehtari et al. (2024) <https://jmlr.org/papers/v25/19-556.html> on khat, which
#'   decides the status of a margin.
#' @examples
#' d <- datasets::iris
#' margins <- fit_margins(d, names(d)[1:4], mu = ~Species, sigma = ~Species)
#' margins
#' predict(margins, data.frame(Species = "virginica"), resp = "Petal.Width")
#' @export
fit_margins <- function(
  data, responses = NULL, mu = ~1, sigma = ~1, ..., weights = NULL, prior = NULL, draws = 0,
  control = covary_control(), resolution = "auto", query = NULL, reader = NULL, chunk = 1e5,
  cluster = NULL, refresh = NULL
) {
  call <- match.call()
  if ("margin" %in% dots_names(...)) stop_feature_margin()
  check_dots(...)
  formulas <- list(
    mu = check_one_sided(mu, "mu"), sigma = check_one_sided(sigma, "sigma")
  )
  control <- check_control(control)
  kept <- as.integer(check_number(draws, "draws", 0, 1e5, whole = TRUE))
  pass <- list(
    resolution = check_feature_resolution(resolution), threads = control$threads,
    chunk = check_count(chunk, "chunk", 100), reader = reader, moments = "auto",
    materialise = FALSE
  )
  source <- new_feature_source(data, responses, formulas, weights, query, pass)
  sums <- sum_features(source)
  settings <- list(prior = prior, algorithm = "nested", control = control)
  template <- new_margin_template(formulas, sums$common, settings, max(1000L, kept))
  fits <- fit_all_margins(
    sums$features, template, kept, cluster, new_progress(refresh)
  )
  template$responses <- responses
  template$weighted <- !is.null(weights)
  warn_margins(new_margins(call, template, sums, fits))
}

stop_feature_margin <- function() {
  stop_covary("margin", "fit_margins() sums the features as they are and knows no `margin`. Write ",
    "the transformation into `responses`, such as ~ log(a) + I(b^0.5), with a power that covary() ",
    "estimates for one feature, margin = power().",
    fields = list(arg = "margin")
  )
}

# Cells of features are wider than those of compress(), of which there are as many sets as features:
# at 200 a certificate is still far below its limit.
check_feature_resolution <- function(resolution) {
  if (identical(resolution, "auto")) 200 else check_resolution(resolution)
}

check_one_sided <- function(f, arg) {
  if (!inherits(f, "formula") || length(f) != 2) {
    stop_covary("formula", "`", arg, "` must be a one-sided formula such as ~ s(age), not ",
      describe(f), ".",
      fields = list(arg = arg)
    )
  }
  f
}

# An object of class covary_margins, of G features with d coefficients each, holds no rows:
#   call, formulas  the call; mu and sigma as they were given
#   design          the shared recipe: predictors, covariates, tables of smooths
#   mean            d x G posterior means of the coefficients, on the scale of the data
#   cov             d (d + 1) / 2 x G posterior covariances
#   sds             posterior means of the smoothing sds, a row each, x G
#   draws           S x d x G, or NULL
#   diagnostics     data frame, a row a feature
#   rows            rows with covariates
#   responses       the features as they were given
#   covariates      what is known of each column
#   random_sds      root mean squares of the posteriors of the smoothing sds
#   facts           features-facts.R
new_margins <- function(call, template, sums, fits) {
  names <- names(sums$features)
  take <- function(field) {
    matrix(unlist(lapply(fits, `[[`, field)), ncol = length(fits))
  }
  coefficients <- shared_coefficients(template$design)
  smooth_sds <- smooth_sd_names(template$design)
  draws <- if (template$draws > 0 && !all(vapply(fits, function(f) is.null(f$draws), TRUE))) {
    stack_feature_draws(lapply(fits, `[[`, "draws"), coefficients, names)
  }
  out <- structure(class = "covary_margins", list(
    weighted = template$weighted,
    call = call, formulas = template$parsed$formulas, design = compact_design(template$design),
    mean = structure(take("mean"), dimnames = list(coefficients, names)),
    cov = structure(take("cov"), dimnames = list(NULL, names)),
    sds = structure(take("sds"), dimnames = list(smooth_sds, names)), draws = draws,
    diagnostics = stack_frames(Map(function(name, fit) {
      named <- function(text) gsub(feature_label, name, text, fixed = TRUE)
      texts <- c("status", "warning")
      fit$diagnostics[texts] <- lapply(fit$diagnostics[texts], named)
      unchecked_frame(c(list(resp = name), fit$diagnostics))
    }, names, fits)),
    rows = sums$common$rows, responses = template$responses, covariates = sums$common$covariates,
    random_sds = structure(take("random_sds"), dimnames = list(smooth_sds, names)),
    facts = facts_of_margins(sums, template$design$covariates, template$weighted)
  ))
  seal(out)
}

# Names of the smoothing sds, as among the draws of a fit
smooth_sd_names <- function(design) {
  owner <- sd_owners(design$predictors)
  vapply(seq_along(owner), function(i) sd_name(design$predictors[[owner[i]]], i), "")
}

stack_feature_draws <- function(draws, coefficients, names) {
  size <- max(unlist(lapply(draws, nrow)))
  filled <- lapply(draws, function(x) {
    if (is.null(x)) matrix(NA_real_, size, length(coefficients)) else unname(x)
  })
  array(unlist(filled), c(size, length(coefficients), length(names)),
    dimnames = list(NULL, coefficients, names)
  )
}

# The recipe without columns at the points it was made from. What is left of these is which columns
# are zero everywhere (evaluate_design()).
compact_design <- function(design) {
  design$x <- lapply(design$x, function(x) matrix(as.double(rowSums(abs(x)) > 0), ncol = 1))
  design$offset <- design$offset[, 0, drop = FALSE]
  design
}

# The margins, after one warning for all that are not as they should be.
warn_margins <- function(margins) {
  bad <- margins$diagnostics[margins$diagnostics$status != "ok", ]
  if (nrow(bad) == nrow(margins$diagnostics) && all(startsWith(bad$status, "failed"))) {
    stop_covary("margins", "No feature could be fitted; the first, ", bad$resp[1], ": ",
      sub("^failed: ", "", bad$status[1]),
      fields = list(diagnostics = bad)
    )
  }
  if (nrow(bad)) {
    kinds <- table(sub(":.*", "", bad$status))
    warn_covary("margins", nrow(bad), " of ", nrow(margins$diagnostics),
      " margins are not as they should be (", paste(kinds, names(kinds), collapse = ", "), "): ",
      enumerate(bad$resp),
      ". See `status` in diagnostics().",
      fields = list(diagnostics = bad)
    )
  }
  margins
}
