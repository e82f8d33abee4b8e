# Levels of random effects (sites, say): how many people each has, and where on the covariates.

# By factor, a data frame: level, n, adapted (was it added by adapt()?), and for each numeric
# covariate its rounded range, `<name>_min` and `<name>_max`.
level_groups <- function(fit, covariates) {
  chart_terms <- lapply(fit$design$predictors, predictor_terms, covariates = names(covariates))
  random <- unique(unlist(lapply(chart_terms, function(terms) {
    lapply(terms, function(term) if (term$random) term$covariates)
  })))
  factors <- Filter(function(name) covariates[[name]]$type == "factor", random)
  lapply(stats::setNames(nm = factors), function(name) {
    known <- covariates[[name]]
    out <- list(level = known$levels, n = known$n, adapted = rep(FALSE, length(known$levels)))
    unchecked_frame(c(out, level_ranges(fit$frame, covariates, name)), length(known$levels))
  })
}

level_ranges <- function(frame, covariates, name) {
  numeric <- Filter(function(other) covariates[[other]]$type == "numeric", names(covariates))
  levels <- covariates[[name]]$levels
  columns <- lapply(numeric, function(other) {
    known <- covariates[[other]]
    if (is_rowless(frame)) {
      return(list(rep(NA_real_, length(levels)), rep(NA_real_, length(levels))))
    }
    code <- factor(as.character(frame$covariates[[name]]), levels)
    x <- as.double(frame$covariates[[other]])
    ends <- tapply(x, code, range)
    outward <- function(end, f) {
      vapply(ends, function(r) {
        if (is.null(r)) NA_real_ else signif(f(r[end] / known$step) * known$step, 12)
      }, 0, USE.NAMES = FALSE)
    }
    list(outward(1, floor), outward(2, ceiling))
  })
  columns <- unlist(columns, recursive = FALSE)
  names(columns) <- paste0(rep(numeric, each = 2), c("_min", "_max"), recycle0 = TRUE)
  columns
}
