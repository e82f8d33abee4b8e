#' covary: covariances that vary
#'
#' Bayesian regression of the means, standard deviations and correlations of one
#' or several normal responses on covariates. Start with [covary()].
#'
#' Pages beside those of the functions: [covary-shapes] (shapes and units of every output),
#' [covary-glossary] (words), [when-a-fit-warns], [coming-from] (brms, mgcv, bamlss, VGAM, GJRM,
#' PyMC), [how-to-report], [covary-conditions].
#'
#' @section Life cycle:
#' Stable: [covary()], its formulas and the methods for its fits. Names and arguments change only
#' with a warning for one minor version before, and are listed in NEWS. Maturing, where arguments
#' may still change with a line in NEWS: reference charts, many features, margins, data bases, the
#' toolkit of variational inference, the category learner. Saved fits, cells and charts are read by
#' later versions, or refused with a typed error. The defaults of priors and algorithms may change
#' where that makes answers better; NEWS says so.
#'
#' @seealso [covary()]
#' @name covary-package
#' @docType package
#' @keywords internal
#' @useDynLib covary, .registration = TRUE, .fixes = "C_"
NULL

# marginaleffects asks its options which classes it may take.
.onLoad <- function(libname, pkgname) {
  known <- getOption("marginaleffects_model_classes")
  options(marginaleffects_model_classes = union(known, "covary"))
}
