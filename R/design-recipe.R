# The recipe of a predictor: its columns at new data, list(x (rows x columns), offset (rows), unseen
# (levels of random effects that the fit has not met)), on the scale of the user's data. Columns
# that are values of terms (formula-values.R) stand for these.

predictor_columns <- function(p, newdata) {
  # Some functions, poly(x, z) among them, drop the dimensions of a single row.
  if (nrow(newdata) == 1) {
    return(first_row(predictor_columns(p, newdata[c(1, 1), , drop = FALSE])))
  }
  # Contrasts are those of the fit; model.frame() would warn that it drops others.
  for (name in names(newdata)) {
    if (is.factor(newdata[[name]])) {
      attr(newdata[[name]], "contrasts") <- NULL
    }
  }
  env <- environment(p$rhs)
  tf <- terms_with_values(p$terms, names(newdata))
  at_newdata <- function(code) {
    with_typed_errors(code, "newdata",
      "The terms of ", p$key, " cannot be evaluated in `newdata`: ",
      fields = list(predictor = p$key)
    )
  }
  mf <- at_newdata(stats::model.frame(tf, newdata, na.action = stats::na.pass, xlev = p$xlevels))
  if (length(attr(tf, "variables")) == 1) mf <- empty_frame(tf, nrow(newdata))
  if (nrow(mf) != nrow(newdata)) {
    stop_covary("newdata", "The terms of ", p$key, " have ", nrow(mf), " values for ",
      nrow(newdata), " rows of `newdata`.",
      fields = list(predictor = p$key)
    )
  }
  x <- at_newdata(stats::model.matrix(tf, mf, contrasts.arg = p$contrasts))
  offset <- read_offset(p, newdata, nrow(newdata))
  unseen <- list()
  for (s in p$smooths) {
    at <- at_newdata(predict_smooth(s, newdata))
    first <- ncol(x) + ncol(at$fixed)
    x <- do.call(cbind, c(list(x, at$fixed), at$blocks))
    if (any(!is.na(at$unseen))) {
      unseen <- c(
        unseen,
        list(list(level = at$unseen, size = at$size, sd = p$columns$sd[first + 1]))
      )
    }
  }
  bad <- which(rowSums(!is.finite(x)) > 0)
  if (length(bad)) {
    stop_covary("infinite", "The terms of ", p$key, " are not finite in row ",
      rownames(newdata)[bad[1]], " of `newdata`.",
      fields = list(predictor = p$key, rows = bad)
    )
  }
  list(x = unname(x), offset = offset, unseen = unseen)
}

first_row <- function(at) {
  list(
    x = at$x[1, , drop = FALSE], offset = at$offset[1],
    unseen = lapply(at$unseen, function(u) list(level = u$level[1], size = u$size[1], sd = u$sd))
  )
}
