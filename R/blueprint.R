# The design at new data: list(x, offset, unseen) of one predictor, on the scale of the user's data. Columns that are
# values of terms (cell-covariates.R) stand for these.

predictor_columns <- function(p, newdata) {
  # Contrasts are those of the fit; model.frame() would warn that it drops others.
  for (name in names(newdata)) if (is.factor(newdata[[name]])) attr(newdata[[name]], "contrasts") <- NULL
  env <- environment(p$rhs)
  tf <- terms_with_values(p$terms, names(newdata))
  at_newdata <- function(code) {
    retype(code, "newdata", "The terms of ", p$key, " cannot be evaluated in `newdata`: ", fields = list(predictor = p$key))
  }
  mf <- at_newdata(stats::model.frame(tf, newdata, na.action = stats::na.pass, xlev = p$xlevels))
  if (length(attr(tf, "variables")) == 1) mf <- empty_frame(tf, nrow(newdata))
  x <- at_newdata(stats::model.matrix(tf, mf, contrasts.arg = p$contrasts))
  offset <- read_offset(p, newdata, nrow(newdata))
  unseen <- list()
  for (s in p$smooths) {
    at <- at_newdata(predict_smooth(s, newdata))
    first <- ncol(x) + ncol(at$fixed)
    x <- do.call(cbind, c(list(x, at$fixed), at$blocks))
    if (any(!is.na(at$unseen))) {
      unseen <- c(unseen, list(list(level = at$unseen, size = at$size, sd = p$columns$sd[first + 1])))
    }
  }
  bad <- which(rowSums(!is.finite(x)) > 0)
  if (length(bad)) {
    stop_covary("infinite", "The terms of ", p$key, " are not finite in row ", rownames(newdata)[bad[1]], " of `newdata`.",
      fields = list(predictor = p$key, rows = bad))
  }
  list(x = unname(x), offset = offset, unseen = unseen)
}

# New data that every predictor can use: columns present, of the right kind, finite, levels known.
# Rows with missing covariates are kept; they give NA.
check_newdata <- function(newdata, design, keys = names(design$predictors)) {
  if (!is.data.frame(newdata)) {
    stop_covary("newdata", "`newdata` must be a data frame, not ", describe(newdata), ".", fields = list(arg = "newdata"))
  }
  needed <- unique(unlist(lapply(design$predictors[keys], function(p) all.vars(p$rhs))))
  needed <- intersect(needed, names(design$covariates))
  absent <- setdiff(needed, names(newdata))
  if (length(absent)) {
    stop_covary("newdata", "`newdata` has no column ", enumerate(absent), "; the fit needs ", enumerate(needed, most = 12), ".",
      fields = list(arg = "newdata", columns = absent))
  }
  random <- random_effect_names(design$predictors[keys])
  for (name in needed) check_new_column(name, newdata[[name]], design$covariates[[name]], name %in% random)
  newdata
}

random_effect_names <- function(predictors) {
  re <- lapply(predictors, function(p) {
    in_re <- unlist(lapply(p$smooths, function(s) if (s$is_re) s$sm$term))
    elsewhere <- c(unlist(lapply(p$smooths, function(s) if (!s$is_re) c(s$sm$term, s$sm$by))), all.vars(stats::delete.response(p$terms)))
    list(re = in_re, other = elsewhere)
  })
  setdiff(unlist(lapply(re, `[[`, "re")), unlist(lapply(re, `[[`, "other")))
}

check_new_column <- function(name, v, known, random) {
  wrong <- switch(known$type,
    numeric = !is_number(v) || NCOL(v) != 1, matrix = !is.matrix(v) || ncol(v) != known$columns,
    logical = !is.logical(v), factor = !(is.factor(v) || is.character(v) || is.logical(v)))
  if (wrong && !(is.atomic(v) && all(is.na(v)))) {
    stop_covary("newdata", "Column '", name, "' of `newdata` must be ", known$type, " as in the fit, not ", describe(v), ".",
      fields = list(arg = "newdata", columns = name))
  }
  if (known$type == "numeric" && any(is.infinite(v))) {
    stop_covary("infinite", "Column '", name, "' of `newdata` is infinite in row ", which(is.infinite(v))[1], ".", fields = list(column = name))
  }
  if (known$type == "factor" && !random) {
    new <- setdiff(as.character(v), c(known$levels, NA))
    if (length(new)) stop_new_level(name, new, known$levels)
  }
}

# TRUE for rows with a numeric covariate outside the range of the data.
extrapolates <- function(newdata, design, keys = names(design$predictors)) {
  out <- rep(FALSE, nrow(newdata))
  used <- unique(unlist(lapply(design$predictors[keys], function(p) all.vars(p$rhs))))
  for (name in intersect(used, names(newdata))) {
    known <- design$covariates[[name]]
    if (!identical(known$type, "numeric")) next
    v <- newdata[[name]]
    out <- out | (!is.na(v) & (v < known$range[1] | v > known$range[2]))
  }
  out
}
