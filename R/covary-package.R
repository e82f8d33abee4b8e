#' covary: covariances that vary
#'
#' Bayesian regression of the means, standard deviations and correlations of one
#' or several normal responses on covariates. Start with [covary()].
#'
#' @name covary-package
#' @docType package
#' @keywords internal
#' @useDynLib covary, .registration = TRUE, .fixes = "C_"
NULL
