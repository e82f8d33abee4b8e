# Predictions without some terms: `exclude` names them as mgcv does, re_formula = NA is all random
# effects, as in brms.

# The fit whose posterior gives these terms the value zero, new levels of random effects included.
# New data need no covariates that stand in no other term.
leave_out <- function(fit, exclude, re_formula) {
  exclude <- check_names(exclude, "exclude")
  population <- is_population(re_formula)
  if (is.null(exclude) && !population) {
    return(fit)
  }
  terms <- lapply(fit$design$predictors, fit_terms)
  labels <- lapply(unlist(terms, recursive = FALSE, use.names = FALSE), `[[`, "labels")
  stop_unknown_terms(exclude, unique(unlist(labels)))
  gone <- kept <- unneeded <- character()
  for (p in fit$design$predictors) {
    for (term in terms[[p$key]]) {
      if (!(any(term$labels %in% exclude) || population && term$random)) {
        kept <- c(kept, term$covariates)
        next
      }
      unneeded <- c(unneeded, term$covariates)
      if (length(term$offset)) {
        stop_covary("argument", "`exclude` cannot leave out ", enumerate(term$labels),
          ", which is an offset; give it as zero in `newdata`.",
          fields = list(arg = "exclude")
        )
      }
      gone <- c(gone, p$columns$name[term$columns], term_sds(p, term))
    }
  }
  fit$draws[, gone] <- 0
  fit$design$unneeded <- setdiff(unneeded, kept)
  seal(fit)
}

# Names of the draws of the smoothing sds of a term
term_sds <- function(p, term) {
  sds <- unique(p$columns$sd[term$columns])
  vapply(sds[sds > 0], sd_name, "", p = p)
}

stop_unknown_terms <- function(exclude, known) {
  unknown <- setdiff(exclude, known)
  if (length(unknown)) {
    stop_covary("argument", "`exclude` must name terms, ", enumerate(known, most = 20), ", not ",
      enumerate(unknown), ".",
      fields = list(arg = "exclude")
    )
  }
}

# Is it brms' re_formula = NA (or ~ 0)? NULL means all random effects; anything else is refused.
is_population <- function(re_formula) {
  if (is.null(re_formula)) {
    return(FALSE)
  }
  none <- length(re_formula) == 1 && is.atomic(re_formula) && is.na(re_formula) ||
    inherits(re_formula, "formula") && length(re_formula) == 2 && identical(re_formula[[2]], 0)
  if (!none) {
    stop_covary("argument", "`re_formula` must be NULL (all random effects) or NA (none), not ",
      describe(re_formula), "; `exclude` leaves out single ones.",
      fields = list(arg = "re_formula")
    )
  }
  TRUE
}
