#' Sites of a chart
#'
#' Levels of a random effect: how many people each had, over which covariates, and its effects.
#'
#' @inheritParams adapt
#' @return A data frame, a row a level: `level`, `n`, `adapted` (by [adapt()]), `age_min`, `age_max`
#'   (ranges of numeric covariates, rounded outward) and for each predictor with the effect its
#'   posterior mean and sd, `mu_height`, `mu_height_sd`, in units of the response, and
#'   `sigma_height`, `sigma_height_sd`, of the log standard deviation. (The sd is about the curves:
#'   it includes what the effect shares with them.)
#' @section Errors:
#' `covary_error_argument`.
#' @examples
#' fit <- covary(weight ~ Time + s(Chick, bs = "re"), data = ChickWeight, draws = 500)
#' head(sites(fit))
#' @export
sites <- function(object, ...) UseMethod("sites")

#' @export
sites.default <- function(object, ...) {
  stop_no_method(object, "sites()", "charts and fits of covary()", "object")
}

#' @rdname sites
#' @export
sites.covary_reference <- function(object, site = NULL, ...) {
  check_dots(...)
  chart <- as_chart(object)
  site <- site_factor(chart, site)
  effect <- chart$posterior$levels[[site]]
  out <- chart$groups[[site]]
  for (i in seq_along(effect$keys)) {
    key <- effect$keys[i]
    name <- gsub(":", "_", key, fixed = TRUE)
    shared <- matrix(effect$loadings[, , i], nrow(out))
    out[[name]] <- effect_table(chart, key, site)$values
    out[[paste0(name, "_sd")]] <- sqrt(pmax(effect$left[, i, i] + rowSums(shared^2), 0))
  }
  out
}

#' @rdname sites
#' @export
sites.covary <- sites.covary_reference
