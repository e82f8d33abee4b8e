# What effects of a fit with groups are effects of: the population, but for groups that are shown.

# The fit without the random effects of factors that are not among `shown`.
population_of <- function(fit, shown) {
  is_hidden <- function(term) {
    groups <- group_factors(fit, term)
    term$random && length(groups) > 0 && !any(groups %in% shown)
  }
  labels <- unlist(lapply(fit$design$predictors, function(p) {
    lapply(Filter(is_hidden, fit_terms(p)), `[[`, "labels")
  }))
  if (length(labels)) leave_out(fit, unique(labels), NULL) else fit
}

group_factors <- function(fit, term) {
  known <- fit$design$covariates[intersect(term$covariates, names(fit$design$covariates))]
  names(known)[vapply(known, function(covariate) covariate$type == "factor", TRUE)]
}

# Factors that follow from the levels of another, as the sex from the person: each level has one.
following_factors <- function(fit, name) {
  if (!is_discrete(fit$design$covariates[[name]]) || !has_rows(fit)) {
    return(character())
  }
  data <- training_data(fit)
  first <- match(as.character(data[[name]]), as.character(data[[name]]))
  Filter(function(other) {
    v <- data[[other]]
    !is_number(v) && !is.matrix(v) && length(unique(v)) > 1 &&
      identical(as.character(v), as.character(v)[first])
  }, setdiff(names(data), name))
}

# New data in which these have the values that go with the level, unless the user has `given` them.
follow_levels <- function(newdata, fit, name, given) {
  data <- training_data(fit)
  rows <- match(as.character(newdata[[name]]), as.character(data[[name]]))
  for (other in setdiff(following_factors(fit, name), given)) {
    newdata[[other]] <- data[[other]][rows]
  }
  newdata
}
