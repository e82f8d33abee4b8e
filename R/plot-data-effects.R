# The data of effects: predictors along each covariate, the others held still.

#' Effects of covariates on means, standard deviations and correlations
#'
#' The posterior of every mean, standard deviation and correlation along each covariate, the other
#' covariates held still: numeric ones at an observed median, factors at their commonest level.
#' A numeric covariate gets a grid over its range, extended a little at both ends so that
#' extrapolation shows; a factor (or a number with at most five values) gets its levels.
#'
#' A predictor is shown along the covariates it uses; one that uses none is shown along the first.
#' Known predictors (nothing but `offset()`) are left out, and so are covariates that stand only
#' in an `offset()`. Of a fit without covariates the constants are shown, as one level of the
#' covariate `"(no covariate)"`.
#'
#' @param fit A fit of [covary()].
#' @param covariate Names of covariates; `NULL` for all.
#' @param dpar,resp Which predictors: `"mu"`, `"sigma"` or `"rho"`; a response, or `"a:b"` for a
#'   pair.
#' @param by A factor with one curve a level. `NULL`: the first factor (of at most six levels) that
#'   stands in a predictor together with the covariate. `FALSE`: none.
#' @param conditions Named list: values at which other covariates are held.
#' @param points Number of grid points of a numeric covariate.
#' @param extend How far the grid goes beyond the data, as a share of their range. It does not
#'   reach zero unless the data do.
#' @param prob Probability of the outer limits.
#' @param ndraws,draw_ids How many draws to use, chosen at random, or which; `NULL` for all.
#' @param re_formula `NA` (default): random effects of groups that are neither shown nor in
#'   `conditions` are left out, as for the population; `NULL`: those of a typical group are in.
#' @param ... Not used.
#' @return A data frame of class `covary_effects`, which is drawn when it is printed whole, with a
#'   row a point:
#'   `covariate`; `x` (the value, of dates and times their number, or the number of the level) and
#'   `level` (`NA` for numeric covariates);
#'   `by` and `group` (the factor of the curve and its level, `NA` where there is none);
#'   `dpar`, `resp`; `estimate` (posterior median), `lower`, `upper` (of `prob`), `lower50`,
#'   `upper50` (50 %); `extrapolated` (outside the data). All values are those of the mean, the
#'   standard deviation and the correlation themselves, not of their links.
#' @seealso [plot.covary()], [plot_data()]
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' effects <- conditional_effects(fit)
#' head(effects)
#' effects # the same as plot(effects)
#' @export
conditional_effects <- function(fit, ...) UseMethod("conditional_effects")

# Fits of brms and whatever else its generic knows; not named as a method, which that would find.
#' @rawNamespace S3method(conditional_effects, default, hand_on_conditional_effects)
hand_on_conditional_effects <- function(fit, ...) {
  if (!is.object(fit) || !isNamespaceLoaded("brms")) {
    stop_no_method(fit, "conditional_effects()", "fits of covary()", "fit")
  }
  hand_on("brms", "conditional_effects", fit, ...)
}

#' @rdname conditional_effects
#' @export
#' @rawNamespace S3method(brms::conditional_effects, covary)
conditional_effects.covary <- function(
  fit, covariate = NULL, dpar = NULL, resp = NULL, by = NULL,
  conditions = list(),
  points = 100, extend = 0.05, prob = 0.95, ndraws = NULL, draw_ids = NULL,
  re_formula = NA, ...
) {
  check_dots(...)
  effects_frame(fit, list(
    covariate = covariate, dpar = dpar, resp = resp, by = by, conditions = conditions,
    points = points, extend = extend, prob = prob, ndraws = ndraws, draw_ids = draw_ids,
    re_formula = re_formula
  ))
}

# asked: the arguments of conditional_effects(); constants: are parameters without a covariate drawn
# along the first that is asked for, and not along the first of the fit alone?
effects_frame <- function(fit, asked, constants = FALSE) {
  check_fit(fit, "fit", margins = TRUE)
  population <- is_population(asked$re_formula)
  check_interval(asked$prob, "prob")
  limits <- new_limits(asked$prob, choose_draws(fit, asked$ndraws, asked$draw_ids))
  points <- check_count(asked$points, "points", 2)
  check_number(asked$extend, "extend", 0, 10)
  keys <- find_keys(fit, asked$dpar, asked$resp)
  keys <- keys[!vapply(keys, is_known_marginal, TRUE, fit = fit)]
  if (length(keys) == 0) {
    stop_covary("argument", "All predictors asked for are known; there is nothing to show.")
  }
  reference <- reference_row(fit, asked$conditions)
  if (is.null(asked$covariate) && length(fit$design$covariates) == 0) {
    return(new_effects(constants_of(fit, keys, reference, limits)))
  }
  panels <- effect_panels(fit, keys, asked$covariate, constants)
  out <- lapply(names(panels), function(name) {
    split <- choose_by(fit, name, panels[[name]], asked$by, names(asked$conditions))
    grid <- usable_grid(fit, name, panels[[name]], points, asked$extend, reference)
    held <- names(asked$conditions)
    part <- if (population) population_of(fit, c(name, split, held)) else fit
    effects_of(part, panels[[name]], name, grid, reference, split, limits)
  })
  new_effects(do.call(rbind, out))
}

# rows: how many there are; parts of the data frame have fewer, and print as such.
new_effects <- function(d) {
  structure(d, class = c("covary_effects", "data.frame"), rows = nrow(d))
}

no_covariate <- "(no covariate)"

# Parameters that are the same for all rows: one level of no covariate.
constants_of <- function(fit, keys, reference, limits) {
  limits <- posterior_limits(fit, keys, reference, limits)
  out <- lapply(keys, function(key) {
    p <- fit$design$predictors[[key]]
    data.frame(
      covariate = no_covariate, x = 1, level = "all rows", by = NA_character_,
      group = NA_character_, dpar = p$dpar, resp = unit_label(p$resp), limits[[key]],
      extrapolated = FALSE
    )
  })
  do.call(rbind, out)
}

# Covariates that shape a parameter; those of offsets do not count.
shaping_covariates <- function(fit, key) {
  found <- lapply(fit$design$predictors[marginal_keys(fit, key)], function(p) {
    terms <- c(
      attr(p$terms, "term.labels"),
      unlist(lapply(p$smooths, function(s) smooth_terms(s$sm)))
    )
    found <- unlist(lapply(terms, function(t) free_variables(str2lang(t))))
    # In the order of the formula.
    intersect(predictor_variables(list(p)), intersect(found, names(fit$design$covariates)))
  })
  found <- unique(unlist(found, use.names = FALSE))
  Filter(function(name) fit$design$covariates[[name]]$type != "matrix", found)
}

# Does a parameter rest on known predictors alone?
is_known_marginal <- function(fit, key) {
  all(vapply(fit$design$predictors[marginal_keys(fit, key)], `[[`, TRUE, "known"))
}

# Named list: covariate -> keys of the predictors to show along it. constants: see effects_frame().
effect_panels <- function(fit, keys, covariate = NULL, constants = FALSE) {
  covariate <- check_names(covariate, "covariate")
  uses <- lapply(stats::setNames(nm = names(fit$design$predictors)), shaping_covariates, fit = fit)
  all <- unique(unlist(uses))
  if (length(all) == 0) {
    stop_covary("argument", "No predictor depends on a covariate that curves can be drawn along ",
      "(a matrix is none); there is nothing to show.",
      fields = list(arg = "covariate")
    )
  }
  shown <- if (is.null(covariate)) all else covariate
  if (!all(shown %in% all)) {
    stop_covary("argument", "`covariate` must be among ", enumerate(all, most = 12), ", not ",
      enumerate(setdiff(shown, all)), ".",
      fields = list(arg = "covariate")
    )
  }
  first <- if (constants) shown[1] else all[1]
  out <- lapply(stats::setNames(nm = shown), function(name) {
    Filter(
      function(key) name %in% uses[[key]] || (name == first && length(uses[[key]]) == 0),
      keys
    )
  })
  out <- out[lengths(out) > 0]
  if (length(out) == 0) {
    stop_covary("argument", "No predictor asked for depends on ", enumerate(shown), ".",
      fields = list(arg = "covariate")
    )
  }
  out
}

# The factor that splits the curves along a covariate, or NULL.
choose_by <- function(fit, name, keys, by, fixed = character()) {
  if (isFALSE(by)) {
    return(NULL)
  }
  if (length(check_names(by, "by")) > 1) {
    stop_covary("argument", "`by` must name one factor, not ", length(by), ".",
      fields = list(arg = "by")
    )
  }
  shared <- lapply(keys, function(k) {
    uses <- shaping_covariates(fit, k)
    if (name %in% uses) setdiff(uses, name)
  })
  candidates <- Filter(
    function(c) fit$design$covariates[[c]]$type != "numeric",
    unique(unlist(shared))
  )
  if (!is.null(by)) {
    if (!by %in% names(fit$design$covariates) || fit$design$covariates[[by]]$type %in%
      c("numeric", "matrix")) {
      stop_covary("argument", "`by` must name a factor of the model, or be FALSE; not ",
        describe(by), ".",
        fields = list(arg = "by")
      )
    }
    return(if (by != name) by)
  }
  known <- fit$design$covariates[[name]]
  if (known$type != "numeric" && length(known$levels) > 6) {
    return(NULL)
  }
  candidates <- setdiff(candidates, c(random_effect_names(fit$design$predictors), fixed))
  few <- vapply(candidates, function(c) length(fit$design$covariates[[c]]$levels) <= 6, TRUE)
  if (any(few)) candidates[few][1]
}

# The curves of several parameters along one covariate, by key; all levels of the factor `by` where
# a parameter depends on it.
effects_of <- function(fit, keys, name, grid, reference, by, limits) {
  split <- vapply(keys, function(key) isTRUE(by %in% shaping_covariates(fit, key)), TRUE)
  parts <- c(
    curves_at(fit, keys[!split], name, grid, reference, limits),
    if (any(split)) {
      unlist(lapply(fit$design$covariates[[by]]$levels, function(group) {
        curves_at(fit, keys[split], name, grid, reference, limits, list(by = by, group = group))
      }), recursive = FALSE)
    }
  )
  out <- do.call(rbind, parts[order(match(names(parts), keys))])
  # Functions of a covariate may not exist beyond the data, such as log(x) at zero.
  out <- out[is.finite(out$estimate) | !out$extrapolated, ]
  rownames(out) <- NULL
  out
}

# Named by key, the curves of one group, or those of all rows.
curves_at <- function(
  fit, keys, name, grid, reference, limits, of = list(by = NA_character_, group = NA_character_)
) {
  if (length(keys) == 0) {
    return(list())
  }
  newdata <- reference[rep(1, nrow(grid)), , drop = FALSE]
  newdata[[name]] <- grid$value
  newdata <- follow_levels(newdata, fit, name, attr(reference, "given"))
  if (!is.na(of$by)) newdata[[of$by]] <- as_level(of$group, reference[[of$by]])
  rownames(newdata) <- NULL
  limits <- posterior_limits(fit, keys, newdata, limits)
  lapply(stats::setNames(nm = keys), function(key) {
    p <- fit$design$predictors[[key]]
    data.frame(
      covariate = name, x = grid$x, level = grid$level, by = of$by, group = of$group,
      dpar = p$dpar, resp = unit_label(p$resp), limits[[key]],
      extrapolated = extrapolates(newdata, fit$design, marginal_keys(fit, key)) |
        is_outside_group(fit, name, grid, of)
    )
  })
}

# A curve of one group is beyond its data where that group has no rows.
is_outside_group <- function(fit, name, grid, of) {
  if (is.na(of$by) || !is.na(grid$level[1]) || !has_rows(fit)) {
    return(FALSE)
  }
  data <- training_data(fit)
  v <- as.double(data[[name]][as.character(data[[of$by]]) == of$group])
  if (length(v) == 0) {
    return(TRUE)
  }
  # Points of the grid next to the range are inside, so that the range is covered.
  step <- max(diff(grid$x), 0)
  grid$x < min(v) - step | grid$x > max(v) + step
}

as_level <- function(level, like) {
  if (is.factor(like)) {
    factor(level, levels = levels(like))
  } else if (is.logical(like)) {
    as.logical(level)
  } else {
    level
  }
}
