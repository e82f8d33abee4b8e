# A predictor of the design, class `covary_design_predictor`: what was parsed of its formula, and
# the recipe to build its columns anywhere (design-recipe.R). It has c parametric columns, after
# which stand those of its smooths, one after the other, the unpenalised first: d columns in all.
#   key, resp, dpar, rhs   which predictor it is, and its right side
#   states       calls to evaluate for its variables at new data (rows-term-state.R)
#   terms, xlevels, contrasts   as model.frame() and model.matrix() take them
#   assign       c: number of the term of each column, 0 the intercept's
#   intercept    has it one? intercept_at: its column, NULL without
#   offsets      calls of offset()
#   centre, scale   c: columns inside a fit are (x - centre) / scale
#   mixing       c x c upper triangular, by which these are multiplied (design-orthogonal.R); NULL
#                where they stay as they are
#   constant     c: combination of the user's columns that is one at every row; NULL without
#   moments      of all unpenalised columns, for their default prior (design-moments.R)
#   smooths      list of smooths without their columns (design-smooth.R)
#   prefix       of the names of its draws
#   columns      data frame, d lines: name (of the draws), class, coef, sd (number of the smoothing
#                sd of the design, 0 where unpenalised), x_scale (user's per fitted coefficient)
#   n_sds        number of its smoothing sds
#   shared_sds   names of the sds that it shares with other predictors, by their numbers
#   known        are there no columns?

# p: parsed; side: build_side(), what predictors of the same right side share; n_sds: number of
# smoothing sds of the predictors before
new_design_predictor <- function(p, side, prefix, n_sds) {
  p <- c(p, side$predictor[setdiff(names(side$predictor), names(p))])
  p$prefix <- prefix
  p$columns <- column_table(p, side$parametric, n_sds)
  p$n_sds <- sum(lengths(lapply(p$smooths, `[[`, "n_block")))
  p$known <- length(p$columns$name) == 0
  structure(p, class = "covary_design_predictor")
}

validate_predictor <- function(p) {
  parametric <- length(p$assign)
  smooth <- sum(vapply(p$smooths, function(s) s$n_fixed + sum(s$n_block), 0))
  stopifnot(
    inherits(p, "covary_design_predictor"), is.character(p$key), inherits(p$rhs, "formula"),
    inherits(p$terms, "terms"), is.logical(p$intercept), p$intercept == any(p$assign == 0),
    length(p$centre) == parametric, length(p$scale) == parametric, all(p$scale > 0),
    is.null(p$mixing) || identical(dim(p$mixing), c(parametric, parametric)),
    is.null(p$constant) || length(p$constant) == parametric,
    nrow(p$columns) == parametric + smooth, !anyDuplicated(p$columns$name),
    all(c("name", "class", "coef", "sd", "x_scale") %in% names(p$columns)),
    p$n_sds == length(setdiff(unique(p$columns$sd), 0L)), p$known == (nrow(p$columns) == 0)
  )
  p
}
