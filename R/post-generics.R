# Generics whose usual home is a package that is only suggested. Each is defined here, the methods
# for fits are registered for both generics (there by delayed registration), and objects of other
# classes are handed on. So it does not matter which package is attached, or in which order.

#' Generics shared with 'rstantools' and 'loo'
#'
#' These have the names and first arguments of the generics of 'rstantools' and 'loo', which need
#' not be installed. Methods for fits of [covary()] answer to both; for objects of other classes
#' they call the generic of the other package.
#'
#' @param object,x A fit of [covary()], or an object that the other package knows.
#' @param transform See [posterior_linpred.covary()].
#' @param ... Arguments of methods.
#' @return See the methods: [posterior_predict.covary()], [posterior_interval.covary()],
#'   [bayes_R2.covary()], [prior_summary.covary()], [loo.covary()].
#' @section Errors:
#' `covary_error_package` if `object` is not a fit of [covary()] and the other package is not
#' installed.
#' @examples
#' fit <- covary(mpg ~ wt, data = mtcars, draws = 200)
#' dim(posterior_predict(fit))
#' @name generics-covary
NULL

# The defaults are registered under other names: a function posterior_predict.default in this
# namespace would be found again by the generic of the other package, without end.
hand_on <- function(package, generic, ...) {
  need_package(package, paste0(generic, "() of other objects"))
  methods <- lapply(c(.class2(..1), "default"), function(class) {
    utils::getS3method(generic, class,
      optional = TRUE, envir = asNamespace(package)
    )
  })
  if (all(vapply(methods, is.null, TRUE))) {
    stop_no_method(
      ..1, paste0(generic, "()"), "fits",
      "object"
    )
  }
  getExportedValue(package, generic)(...)
}

#' @rdname generics-covary
#' @export
posterior_predict <- function(object, ...) UseMethod("posterior_predict")

#' @rawNamespace S3method(posterior_predict, default, hand_on_posterior_predict)
hand_on_posterior_predict <- function(object, ...) {
  hand_on("rstantools", "posterior_predict", object, ...)
}

#' @rdname generics-covary
#' @export
posterior_epred <- function(object, ...) UseMethod("posterior_epred")

#' @rawNamespace S3method(posterior_epred, default, hand_on_posterior_epred)
hand_on_posterior_epred <- function(object, ...) {
  hand_on(
    "rstantools", "posterior_epred", object,
    ...
  )
}

#' @rdname generics-covary
#' @export
posterior_linpred <- function(object, transform = FALSE, ...) UseMethod("posterior_linpred")

#' @rawNamespace S3method(posterior_linpred, default, hand_on_posterior_linpred)
hand_on_posterior_linpred <- function(object, transform = FALSE, ...) {
  hand_on("rstantools", "posterior_linpred", object, transform = transform, ...)
}

#' @rdname generics-covary
#' @export
log_lik <- function(object, ...) UseMethod("log_lik")

#' @rawNamespace S3method(log_lik, default, hand_on_log_lik)
hand_on_log_lik <- function(object, ...) hand_on("rstantools", "log_lik", object, ...)

#' @rdname generics-covary
#' @export
posterior_interval <- function(object, ...) UseMethod("posterior_interval")

#' @rawNamespace S3method(posterior_interval, default, hand_on_posterior_interval)
hand_on_posterior_interval <- function(object, ...) {
  hand_on("rstantools", "posterior_interval", object, ...)
}

#' @rdname generics-covary
#' @export
predictive_interval <- function(object, ...) UseMethod("predictive_interval")

#' @rawNamespace S3method(predictive_interval, default, hand_on_predictive_interval)
hand_on_predictive_interval <- function(object, ...) {
  hand_on("rstantools", "predictive_interval", object, ...)
}

#' @rdname generics-covary
#' @export
predictive_error <- function(object, ...) UseMethod("predictive_error")

#' @rawNamespace S3method(predictive_error, default, hand_on_predictive_error)
hand_on_predictive_error <- function(object, ...) {
  hand_on(
    "rstantools", "predictive_error", object,
    ...
  )
}

#' @rdname generics-covary
#' @export
bayes_R2 <- function(object, ...) UseMethod("bayes_R2")

#' @rawNamespace S3method(bayes_R2, default, hand_on_bayes_R2)
hand_on_bayes_R2 <- function(object, ...) hand_on("rstantools", "bayes_R2", object, ...)

#' @rdname generics-covary
#' @export
prior_summary <- function(object, ...) UseMethod("prior_summary")

#' @rawNamespace S3method(prior_summary, default, hand_on_prior_summary)
hand_on_prior_summary <- function(object, ...) hand_on("rstantools", "prior_summary", object, ...)

#' @rdname generics-covary
#' @export
nsamples <- function(object, ...) UseMethod("nsamples")

#' @rawNamespace S3method(nsamples, default, hand_on_nsamples)
hand_on_nsamples <- function(object, ...) hand_on("rstantools", "nsamples", object, ...)

#' @rdname generics-covary
#' @export
loo <- function(x, ...) UseMethod("loo")

#' @rawNamespace S3method(loo, default, hand_on_loo)
hand_on_loo <- function(x, ...) hand_on("loo", "loo", x, ...)

#' @rdname generics-covary
#' @export
waic <- function(x, ...) UseMethod("waic")

#' @rawNamespace S3method(waic, default, hand_on_waic)
hand_on_waic <- function(x, ...) hand_on("loo", "waic", x, ...)

#' @importFrom generics tidy
#' @export
generics::tidy

#' @importFrom generics glance
#' @export
generics::glance

#' @importFrom generics augment
#' @export
generics::augment
