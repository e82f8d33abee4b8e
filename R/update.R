#' Fit again with changes
#'
#' Repeats the call of [covary()] with other arguments.
#'
#' The data and other arguments that are not given anew are looked up where the formula of the fit was written,
#' then where `update()` is called; of two data sets of the same name, the one that has
#' the responses of the fit is taken. So `update()` works inside functions.
#'
#' @param object A fit of [covary()].
#' @param formula. A new formula. With `.` on its left side (`. ~ . + hp`) it changes the first formula
#'   of the fit; `sigma ~ . + hp` changes, or adds, the formula of that left side. `.` on the right side
#'   is what stood there before.
#' @param ... Further formulas, and arguments of [covary()] to replace; `NULL` takes an argument back.
#' @param evaluate `FALSE` for the call, not evaluated. Default `TRUE`.
#' @return A new fit, or a call.
#' @section Errors:
#' `covary_error_data` if the data cannot be found; all errors of [covary()].
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, data = mtcars, draws = 500)
#' update(fit, . ~ . + hp, sigma ~ wt, draws = 300)
#' @importFrom stats update
#' @export
update.covary <- function(object, formula. = NULL, ..., evaluate = TRUE) {
  check_fit(object)
  caller <- parent.frame()
  check_flag(evaluate, "evaluate")
  given <- as.list(match.call(expand.dots = FALSE)$...)
  names <- if (is.null(names(given))) rep("", length(given)) else names(given)
  check_update_names(names)
  changes <- c(if (!is.null(formula.)) list(formula.), lapply(given[names == ""], eval, caller))
  formulas <- Reduce(function(all, change) change_formulas(all, change, object), changes, object$formulas)
  given <- given[names != ""]
  # What covary() evaluates in the data stays an expression; the rest is evaluated here and now.
  quoted <- names(given) %in% c("weights", "subset")
  call <- object$call
  kept <- setdiff(names(formals(covary)), c("formula", "...", names(given)))
  call <- call[c(1, which(names(call) %in% kept))]
  shown <- as.call(c(call[[1]], unname(formulas), as.list(call)[-1], given))
  if (!evaluate) return(shown)
  env <- update_frame(object, caller, "data" %in% names(given), any(quoted))
  given[!quoted] <- lapply(given[!quoted], eval, caller)
  fit <- eval(as.call(c(list(covary, formulas), as.list(call)[-1], Filter(Negate(is.null), given))), env)
  fit$call <- shown
  fit
}

check_update_names <- function(names) {
  unknown <- setdiff(names, c("", names(formals(covary))))
  if (length(unknown)) {
    stop_covary("argument", "covary() has no argument ", enumerate(unknown), ".", fields = list(arg = unknown))
  }
}

# The formulas with one changed or added.
change_formulas <- function(formulas, change, fit) {
  if (!inherits(change, "formula")) {
    stop_covary("formula", "`formula.` must be a formula such as . ~ . + x, not ", describe(change), ".", fields = list(arg = "formula."))
  }
  if (length(change) < 3) change <- stats::as.formula(call("~", quote(.), change[[2]]), environment(change))
  left <- deparse1(change[[2]])
  hit <- if (left == ".") 1L else which(vapply(formulas, function(f) deparse1(f[[2]]) == left, TRUE))[1]
  if (is.na(hit)) {
    old <- stats::as.formula(call("~", change[[2]], 1), environment(change))
    if (!is_dpar(change[[2]]) && "." %in% all.vars(change[[3]])) {
      stop_covary("formula", "The fit has no formula with the left side ", left, " that `.` could stand for.", fields = list(arg = "formula."))
    }
    return(c(formulas, list(change_formula(old, change, NULL))))
  }
  formulas[[hit]] <- change_formula(formulas[[hit]], change, if (hit == 1L) fit$design$predictors[[1]]$rhs)
  formulas
}

# `.` of the old right side (all other columns) is spelt out first. A formula without `.` is new, and so are its variables.
change_formula <- function(old, change, spelt) {
  if (!"." %in% all.vars(change)) return(change)
  if ("." %in% all.vars(old[[3]]) && !is.null(spelt)) old[[3]] <- spelt[[2]]
  stats::update.formula(old, change)
}

# Where to evaluate the arguments that are kept.
update_frame <- function(fit, caller, data_given, quoted_given) {
  origin <- environment(fit$formulas[[1]])
  if (is.null(origin)) origin <- globalenv()
  if (data_given) return(caller)
  found <- lapply(list(caller, origin), function(env) tryCatch(eval(fit$call$data, env), error = function(e) NULL))
  usable <- vapply(found, is.data.frame, TRUE)
  same <- usable & vapply(found, same_responses, TRUE, fit = fit)
  if (!any(usable)) {
    stop_covary("data", "The data of the fit, `", deparse1(fit$call$data), "`, cannot be found any more; give `data`.", fields = list(arg = "data"))
  }
  if (quoted_given && same[1]) return(caller)
  # The place of the fit first: other arguments of its call are there too.
  if (same[2]) origin else if (same[1] || usable[1]) caller else origin
}

same_responses <- function(data, fit) {
  if (!is.data.frame(data) || nrow(data) < max(fit$frame$rows)) return(FALSE)
  y <- tryCatch(observed_responses(fit, data, fit$responses), error = function(e) NULL)
  !is.null(y) && identical(unname(y[fit$frame$rows, , drop = FALSE]), unname(fit$frame$y))
}
