#' Fit again with changes
#'
#' Repeats the call of [covary()] with other arguments.
#'
#' The data and other arguments that are not given anew are looked up where the formula of the fit
#' was written, then where `update()` is called; of two data sets of the same name, the one that has
#' the responses of the fit is taken. So `update()` works inside functions. A fit that was saved and
#' read again has no such place any more and looks where `update()` is called.
#'
#' @param object A fit of [covary()].
#' @param formula. A new formula. With `.` on its left side (`. ~ . + hp`, `log(.) ~ .`) it changes
#'   the first formula of the fit; `sigma ~ . + hp` changes, or adds, the formula of that left side.
#'   A left side that names new responses (`log(y) ~ x`) takes the place of the first formula where
#'   that is the only one of means. `.` on the right side is what stood there before. Variables of a
#'   new formula are those of the place where it is written.
#' @param ... Further formulas, and arguments of [covary()] to replace; `NULL` takes an argument
#'   back. `newdata` is another name of `data`.
#' @param order Names of all responses in a new order; formulas, also those of pairs, are carried
#'   over. `NULL` (default) keeps the order.
#' @param evaluate `FALSE` for the call, not evaluated. Default `TRUE`.
#' @return A new fit, or a call.
#' @section Order of responses:
#' With three responses or more the predictor of a pair is of its partial correlation given the
#' responses before it (see [covary()]), so another order is another model: where predictors are
#' constant all orders are the same family, where they change with covariates they differ, mostly by
#' little. `glance(fit)$log_evidence` compares orders where it is not `NA`: the larger the better.
#' Else, and in any case, `loo::loo_compare(loo(fit), loo(update(fit, order = ...)))` compares their
#' predictions. A pair whose formula is to speak of the correlation itself goes first.
#' @section Errors:
#' `covary_error_data` if the data cannot be found; all errors of [covary()].
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, data = mtcars, draws = 500)
#' update(fit, . ~ . + hp, sigma ~ wt, draws = 300)
#' update(fit, order = c("qsec", "mpg"))
#' @importFrom stats update
#' @export
update.covary <- function(object, formula. = NULL, ..., order = NULL, evaluate = TRUE) {
  check_fit(object, margins = TRUE)
  caller <- parent.frame()
  check_flag(evaluate, "evaluate")
  given <- as.list(match.call(expand.dots = FALSE)$...)
  names <- if (is.null(names(given))) rep("", length(given)) else names(given)
  names(given) <- names <- replace(names, names == "newdata", "data")
  check_update_names(names)
  formulas <- lapply(object$formulas, at_origin)
  if (!is.null(formula.)) formulas <- change_formulas(formulas, formula., object, replace = TRUE)
  formulas <- Reduce(
    function(all, change) change_formulas(all, change, object),
    lapply(given[names == ""], eval, caller), formulas
  )
  if (!is.null(order)) formulas <- reorder_formulas(formulas, order)
  given <- given[names != ""]
  # What covary() evaluates in the data stays an expression; the rest is evaluated here and now.
  quoted <- names(given) %in% c("weights", "subset")
  call <- object$call
  kept <- setdiff(names(formals(covary)), c("formula", "...", names(given)))
  call <- call[c(1, which(names(call) %in% kept))]
  shown <- as.call(c(call[[1]], unname(formulas), as.list(call)[-1], given))
  if (!evaluate) {
    return(shown)
  }
  env <- update_frame(object, caller, "data" %in% names(given), any(quoted))
  given[!quoted] <- lapply(given[!quoted], eval, caller)
  fit <- eval(
    as.call(c(list(covary, formulas), as.list(call)[-1], Filter(Negate(is.null), given))),
    env
  )
  fit$call <- shown
  fit
}

check_update_names <- function(names) {
  twice <- unique(names[duplicated(names) & nzchar(names)])
  if (length(twice)) {
    stop_covary("argument", "The argument ", enumerate(twice), " is given twice",
      if ("data" %in% twice) " (`newdata` is another name of it)", ".",
      fields = list(arg = twice)
    )
  }
  unknown <- setdiff(names, c("", names(formals(covary))))
  if (length(unknown)) {
    stop_covary("argument", "covary() has no argument ", enumerate(unknown), ".",
      fields = list(arg = unknown)
    )
  }
}

# A formula of a fit with the environment it was written in, as long as the session knows it.
at_origin <- function(f) {
  origin <- origin_of(f)
  if (!is.null(origin)) environment(f) <- origin
  f
}

# The formulas with one changed or added; with `replace` new responses take the place of the old.
change_formulas <- function(formulas, change, fit, replace = FALSE) {
  if (!inherits(change, "formula")) {
    stop_covary("formula", "`formula.` must be a formula such as . ~ . + x, not ", describe(change),
      ".",
      fields = list(arg = "formula.")
    )
  }
  if (length(change) < 3) {
    change <- stats::as.formula(
      call("~", quote(.), change[[2]]),
      environment(change)
    )
  }
  left <- deparse1(change[[2]])
  hit <- which(vapply(formulas, function(f) deparse1(f[[2]]) == left, TRUE))[1]
  if ("." %in% all.vars(change[[2]])) hit <- 1L
  means <- which(!vapply(formulas, function(f) is_dpar(f[[2]]), TRUE))
  new <- !is_dpar(change[[2]]) && !names_response(change[[2]], fit)
  if (is.na(hit) && replace && new && length(means) == 1) hit <- means
  if (is.na(hit)) {
    old <- stats::as.formula(call("~", change[[2]], 1), environment(change))
    if (!is_dpar(change[[2]]) && "." %in% all.vars(change[[3]])) {
      stop_covary("formula", "The fit has no formula with the left side ", left,
        " that `.` could stand for.",
        fields = list(arg = "formula.")
      )
    }
    return(c(formulas, list(change_formula(old, change, NULL, fit))))
  }
  formulas[[hit]] <- change_formula(
    formulas[[hit]], change,
    if (hit == 1L) fit$design$predictors[[1]]$rhs, fit
  )
  formulas
}

names_response <- function(left, fit) {
  !is.na(match_response(label_of(left), left, fit$design$responses))
}

# `.` of the old right side (all other columns) is spelt out first. A formula without `.` is new,
# and so are its variables.
change_formula <- function(old, change, spelt, fit) {
  if (!"." %in% all.vars(change)) {
    return(change)
  }
  if ("." %in% all.vars(old[[3]]) && !is.null(spelt)) old[[3]] <- spelt[[2]]
  out <- stats::update.formula(old, change)
  environment(out) <- joint_environment(old, change, fit)
  out
}

# Where the names of both formulas are found: where the old one was written, unless the new one
# names what is not there.
joint_environment <- function(old, change, fit) {
  written <- environment(change)
  before <- environment(old)
  named <- all.names(change, unique = TRUE)
  new <- vapply(named, function(name) {
    !is.null(where_found(name, written)) && !identical(get(name, written), get0(name, before))
  }, TRUE)
  if (!any(new)) {
    return(before)
  }
  joint <- new.env(parent = written)
  for (name in setdiff(c(all.names(old), all.names(fit$call)), c(named, formula_names))) {
    if (!is.null(where_found(name, before))) assign(name, get(name, before), joint)
  }
  joint
}

# Where to evaluate the arguments that are kept.
update_frame <- function(fit, caller, data_given, quoted_given) {
  origin <- origin_of(fit$formulas[[1]])
  if (is.null(origin)) origin <- environment(fit$formulas[[1]])
  if (data_given) {
    return(caller)
  }
  found <- lapply(list(caller, origin), function(env) attempt(eval(fit$call$data, env)))
  usable <- vapply(found, function(data) is.data.frame(data) || inherits(data, "cells"), TRUE)
  same <- usable & vapply(found, same_responses, TRUE, fit = fit)
  if (!any(usable)) {
    stop_covary("data", "The data of the fit, `", deparse1(fit$call$data),
      "`, cannot be found any more; give `data`.",
      fields = list(arg = "data")
    )
  }
  if (quoted_given && same[1]) {
    return(caller)
  }
  # The place of the fit first: other arguments of its call are there too.
  if (same[2]) origin else if (same[1] || usable[1]) caller else origin
}

same_responses <- function(data, fit) {
  if (!is.data.frame(data) || nrow(data) < max(fit$frame$rows)) {
    return(FALSE)
  }
  y <- attempt(observed_responses(fit, data, fit$responses))
  !is.null(y) && identical(unname(y[fit$frame$rows, , drop = FALSE]), unname(fit$frame$y))
}
