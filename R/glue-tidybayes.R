# Draws in tidy form: tidybayes asks models for `dpar` only where it knows the package.

#' Tidy draws of expectations
#'
#' The method of `tidybayes::epred_draws()` (and so of `add_epred_draws()`) for fits of [covary()].
#' Its other functions take fits without one.
#'
#' @param object A fit of [covary()].
#' @param newdata A data frame.
#' @param value,category Names of columns; see 'tidybayes'.
#' @param ndraws,seed,re_formula See [posterior_epred.covary()]; `seed` sets the generator for this
#'   call.
#' @param dpar `NULL`, `TRUE` for all further parameters, or some of `"sigma"` and `"rho"` (names
#'   name the columns): a column each, of the same draws.
#' @param ... Further arguments of [posterior_epred.covary()], such as `resp` and `exclude`.
#' @return A grouped tibble, a row a draw and row of `newdata`.
#' @name epred_draws.covary
NULL

#' @rdname epred_draws.covary
#' @rawNamespace S3method(tidybayes::epred_draws, covary)
epred_draws.covary <- function(
  object, newdata, ..., value = ".epred", ndraws = NULL, seed = NULL, re_formula = NULL,
  category = ".category", dpar = NULL
) {
  check_fit(object, margins = TRUE)
  if (!is.null(seed)) {
    restore <- use_seed(seed)
    on.exit(restore())
  }
  ids <- choose_draws(object, ndraws, NULL)
  default <- utils::getS3method("epred_draws", "default", envir = asNamespace("tidybayes"))
  out <- default(object, newdata, ...,
    draw_ids = ids, value = value, category = category, re_formula = re_formula
  )
  asked <- asked_dpars(object, dpar)
  for (name in names(asked)) {
    draws <- posterior_epred(object, newdata, ...,
      dpar = asked[[name]], draw_ids = ids, re_formula = re_formula
    )
    if (!is.matrix(draws)) {
      stop_covary("argument", "`dpar` with several responses needs `resp`, one of ",
        enumerate(object$responses, most = 20), ".",
        fields = list(arg = "resp")
      )
    }
    out[[name]] <- draws[cbind(out$.draw, out$.row)]
  }
  out
}

# The parameters asked for, by the name of their column.
asked_dpars <- function(fit, dpar) {
  has <- setdiff(unique(vapply(fit$design$predictors, `[[`, "", "dpar")), "mu")
  if (is.null(dpar) || identical(dpar, FALSE)) {
    return(NULL)
  }
  if (isTRUE(dpar)) dpar <- has
  dpar <- unlist(dpar)
  for (d in dpar) check_choice(d, has, "dpar")
  if (is.null(names(dpar))) names(dpar) <- dpar
  dpar
}
