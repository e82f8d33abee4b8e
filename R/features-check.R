#' Compare pairs with joint fits
#'
#' Fits both features of some pairs together by [covary()], with the same formulas, and compares the
#' correlation curves: what plugging in the margins costs in these data.
#'
#' @param object Pairs of [fit_pairs()].
#' @param data The data frame that the pairs were fitted to.
#' @param pairs A number of pairs, spread over those fitted by the strength of their correlation; or
#'   pairs in the forms that [fit_pairs()] takes.
#' @param draws Posterior draws of each joint fit.
#' @param ... Further arguments of [covary()], such as `control`.
#' @return A data frame with a row a pair: `pair`, `rms` and `max` (difference of the predictor of
#'   the correlation over the covariates, in posterior standard deviations of the joint fit),
#'   `sd_ratio` (geometric mean of the ratio of posterior standard deviations, pairs over joint),
#'   `rho2` (mean squared correlation), `khat` (largest of the joint fit), `seconds`.
#' @section Errors:
#' `covary_error_argument`, and those of [covary()].
#' @seealso [fit_pairs()].
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' pairs <- fit_pairs(margins, iris, rho = ~Species)
#' check_pairs(pairs, iris, 2, draws = 1000)
#' @export
check_pairs <- function(object, data, pairs = 5, draws = 2000, ...) {
  check_supplied(missing(data), "data", "the data frame the margins were fitted to")
  check_pairs_object(object)
  if (!is.data.frame(data)) {
    stop_covary("argument", "`data` must be the data frame that the pairs were fitted to, not ",
      describe(data), ".",
      fields = list(arg = "data")
    )
  }
  at <- checked_pairs(object, pairs)
  split <- split_matrix_columns(data, object$margins$responses)
  newdata <- typical_rows(object$design$covariates)
  if (ncol(newdata) == 0) newdata <- data.frame(row.names = 1L)
  key <- rho_key(object)
  columns <- curve_columns(object$design, key, newdata)
  lines <- lapply(at, function(k) {
    begin <- proc.time()[["elapsed"]]
    fit <- joint_fit(object, split$data, k, draws, ...)
    theirs <- stats::predict(fit, newdata, dpar = "rho", type = "link")
    eta <- curve_means(columns, object$mean[, k, drop = FALSE])
    sd <- sqrt(curve_variances(columns, object$cov[, k, drop = FALSE]))
    away <- (eta - theirs$estimate) / theirs$sd
    list(
      pair = colnames(object$mean)[k], rms = sqrt(mean(away^2)), max = max(abs(away)),
      sd_ratio = exp(mean(log(sd / theirs$sd))), rho2 = mean(tanh(eta / 2)^2),
      khat = max(c(fit$info$khat, -Inf), na.rm = TRUE),
      seconds = proc.time()[["elapsed"]] - begin
    )
  })
  stack_frames(lapply(lines, unchecked_frame))
}

# Places among the pairs
checked_pairs <- function(object, pairs) {
  if (!is.numeric(pairs)) {
    return(places_of_pairs(object, pairs))
  }
  count <- check_count(pairs, "pairs")
  strength <- order(abs(colMeans(object$mean)))
  strength[evenly_spaced(length(strength), count)]
}

joint_fit <- function(object, data, k, draws, ...) {
  names <- colnames(object$margins$mean)[object$pairs[, k]]
  right <- lapply(object$margins$design$predictors, `[[`, "rhs")
  formula <- function(left, rhs) {
    out <- rhs
    out[[3]] <- out[[2]]
    out[[2]] <- left
    out
  }
  exprs <- lapply(names, function(name) attempt(str2lang(name), as.name(name)))
  exprs[names %in% base::names(data)] <- lapply(names[names %in% base::names(data)], as.name)
  suppressMessages(covary(
    list(
      formula(as.call(c(as.name("cbind"), exprs)), right[[1]]),
      formula(quote(sigma), right[[2]]), formula(quote(rho), object$formula)
    ),
    data = data, draws = draws, ...
  ))
}
