# New data: whether every predictor can use them, and their types as in the fit.

# New data that every predictor can use: columns present, of the right kind, finite, levels known.
# Rows with missing covariates are kept; they give NA.
check_newdata <- function(newdata, design, keys = names(design$predictors)) {
  if (!is.data.frame(newdata)) {
    stop_covary("newdata", "`newdata` must be a data frame, not ", describe(newdata), ".",
      fields = list(arg = "newdata")
    )
  }
  needed <- intersect(predictor_variables(design$predictors[keys]), names(design$covariates))
  absent <- setdiff(needed, c(names(newdata), design$unneeded))
  if (length(absent)) {
    stop_covary("newdata", "`newdata` has no column ", enumerate(absent), "; the fit needs ",
      enumerate(needed, most = 12), ".",
      outside_advice(intersect(absent, design$outside)),
      fields = list(arg = "newdata", columns = absent)
    )
  }
  random <- random_effect_names(design$predictors[keys])
  for (name in intersect(needed, names(newdata))) {
    check_new_column(
      name, newdata[[name]], design$covariates[[name]],
      name %in% random
    )
  }
  newdata
}

# Covariates of terms that were left out (post-exclude.R), where new data lack them: any value will
# do.
fill_unneeded <- function(newdata, design) {
  for (name in setdiff(design$unneeded, names(newdata))) {
    known <- design$covariates[[name]]
    n <- nrow(newdata)
    newdata[[name]] <- switch(known$type,
      factor = rep(known$common, n),
      logical = rep(FALSE, n),
      matrix = matrix(0, n, known$columns),
      of_type(rep(known$range[1], n), known$like)
    )
  }
  newdata
}

outside_advice <- function(names) {
  if (length(names)) {
    paste0(
      " It took ", enumerate(names),
      " from outside `data`, where new data are not: fit again with columns of `data`, ",
      "or give a column of that name."
    )
  }
}

random_effect_names <- function(predictors) {
  re <- lapply(predictors, function(p) {
    named <- function(re) {
      unlist(lapply(p$smooths, function(s) {
        if (s$is_re == re) lapply(smooth_terms(s$sm), function(term) free_variables(str2lang(term)))
      }))
    }
    in_re <- named(TRUE)
    elsewhere <- c(
      named(FALSE),
      unlist(lapply(c(stats::formula(p$terms)[[2]], p$offsets), free_variables))
    )
    list(re = in_re, other = elsewhere)
  })
  setdiff(unlist(lapply(re, `[[`, "re")), unlist(lapply(re, `[[`, "other")))
}

check_new_column <- function(name, v, known, random) {
  v <- plain_column(v, name, "newdata")
  wrong <- switch(known$type,
    numeric = !is_number(v) || NCOL(v) != 1 ||
      !is.null(known$like) && number_kind(v) != number_kind(known$like),
    matrix = !is.matrix(v) || ncol(v) != known$columns,
    logical = !is.logical(v),
    factor = !(is.factor(v) || is.character(v) || is.logical(v))
  )
  if (wrong && !(is.atomic(v) && all(is.na(v)))) {
    stop_covary("newdata", "Column '", name, "' of `newdata` must be ",
      if (known$type == "numeric" && !is.null(known$like)) number_kind(known$like) else known$type,
      " as in the fit, not ", describe(v), ".",
      fields = list(arg = "newdata", columns = name)
    )
  }
  if (known$type == "numeric" && any(is.infinite(v))) {
    stop_covary("infinite", "Column '", name, "' of `newdata` is infinite in row ",
      which(is.infinite(v))[1], ".",
      fields = list(column = name)
    )
  }
  if (known$type == "factor" && !random) {
    new <- setdiff(as.character(v), c(known$levels, NA))
    if (length(new)) stop_new_level(name, new, known$levels)
  }
}

# Days and seconds are not the same number.
number_kind <- function(v) if (is.object(v) && !is.numeric(v)) class(v)[1] else "numeric"

# What the right sides name.
predictor_variables <- function(predictors) {
  unique(unlist(lapply(predictors, function(p) free_variables(p$rhs[[2]]))))
}

# New columns of the types they had in the fit, so that terms mean the same: codes of factors, units
# of times. Random effects may meet levels that the fit has not seen.
as_fitted_types <- function(newdata, design, key) {
  p <- design$predictors[[key]]
  random <- random_effect_names(design$predictors[key])
  used <- intersect(predictor_variables(list(p)), names(design$covariates))
  for (name in intersect(used, names(newdata))) {
    v <- as_fitted_type(
      plain_column(newdata[[name]], name), design$covariates[[name]]$like,
      name %in% random
    )
    if (!identical(v, newdata[[name]])) newdata[[name]] <- v
  }
  newdata
}

as_fitted_type <- function(v, like, random) {
  if (is.factor(like)) {
    new <- if (random) setdiff(as.character(v), c(levels(like), NA))
    out <- factor(as.character(v), c(levels(like), new), ordered = is.ordered(like))
    attr(out, "contrasts") <- attr(like, "contrasts")
    return(out)
  }
  if (is.character(like)) {
    return(as.character(v))
  }
  if (inherits(like, "difftime") && inherits(v, "difftime")) units(v) <- units(like)
  v
}

# Numbers as dates or times again, where `like` is that.
of_type <- function(x, like) {
  if (!is.object(like) || is.numeric(like)) {
    return(x)
  }
  if (inherits(x, "difftime") && inherits(like, "difftime")) units(x) <- units(like)
  structure(as.double(x),
    class = class(like), tzone = attr(like, "tzone"),
    units = attr(like, "units")
  )
}

# TRUE for rows with a numeric covariate outside the range of the data.
extrapolates <- function(newdata, design, keys = names(design$predictors)) {
  out <- rep(FALSE, nrow(newdata))
  for (name in intersect(predictor_variables(design$predictors[keys]), names(newdata))) {
    known <- design$covariates[[name]]
    if (!identical(known$type, "numeric")) next
    v <- as.double(as_fitted_type(plain_column(newdata[[name]], name), known$like, FALSE))
    out <- out | (!is.na(v) & (v < known$range[1] | v > known$range[2]))
  }
  out
}

# Ranges and levels: default grids, extrapolation marks, checks of new data. `like`, no value but of
# the type of the column, is what new data are turned into; NULL for numbers whose type in the rows
# (`types`) is not known.
summarise_covariates <- function(columns, types = NULL) {
  lapply(stats::setNames(nm = names(columns)), function(name) {
    v <- columns[[name]]
    like <- if (!is.null(types)) types[[name]] else if (!is_number(v)) take_rows(v, 0)
    if (is_number(v) && is.null(dim(v))) {
      v <- as.double(v)
      list(
        type = "numeric", range = range(v),
        quantiles = stats::quantile(v, c(0.1, 0.5, 0.9), names = FALSE),
        n_distinct = length(unique(v)),
        like = like
      )
    } else if (is.matrix(v)) {
      list(type = "matrix", columns = ncol(v))
    } else {
      f <- if (is.factor(v)) droplevels(v) else factor(v)
      counts <- table(f)
      list(
        type = if (is.logical(v)) "logical" else "factor", levels = levels(f),
        common = names(counts)[which.max(counts)], like = like
      )
    }
  })
}
