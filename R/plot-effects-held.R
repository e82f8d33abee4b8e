# What a picture of effects holds still, and the data that belong to it.

# The covariates that a page of effects holds still, and the groups it leaves out; NULL where they
# are none or more than fit.
held_text <- function(fit, keys, shown, conditions) {
  keys <- paste(keys$dpar, keys$resp, sep = ":")
  held <- setdiff(unique(unlist(lapply(keys, shaping_covariates, fit = fit))), shown)
  out <- population_of(fit, c(shown, names(conditions)))$design$unneeded
  left <- setdiff(held, c(out, setdiff(following_factors(fit, shown[1]), names(conditions))))
  text <- c(
    if (any(out %in% held)) {
      paste("population, without", paste(intersect(held, out), collapse = ", "))
    },
    if (length(left) > 0 && length(left) <= 4) fixed_text(fit, left, conditions)
  )
  if (length(text)) paste(text, collapse = "; ")
}

# "a = 1, b = x": the values at which pictures hold covariates.
fixed_text <- function(fit, names, conditions) {
  reference <- reference_row(fit, conditions)
  text <- vapply(names, function(name) paste(name, "=", format(reference[[name]], digits = 3)), "")
  paste(text, collapse = ", ")
}

# Factors, and numbers of few values, that shape a parameter and are held still.
held_factors <- function(fit, dpar, resp, shown) {
  held <- setdiff(shaping_covariates(fit, paste(dpar, resp, sep = ":")), shown)
  held <- setdiff(held, random_effect_names(fit$design$predictors))
  Filter(function(name) is_discrete(fit$design$covariates[[name]]), held)
}

# Rows of the data for a panel of means; where other factors are held by the user, only rows that
# agree. `agrees`: has the row the levels that the curve is for?
data_dots <- function(fit, d, max_points, conditions) {
  data <- training_data(fit)
  keep <- rep(TRUE, nrow(data))
  for (name in Filter(function(name) !is_number(data[[name]]), names(conditions))) {
    keep <- keep & as.character(data[[name]]) == as.character(conditions[[name]][1])
  }
  rows <- which(keep & !is.na(fit$frame$y[, d$resp[1]]))
  rows <- rows[thin_rows(data[[d$covariate[1]]][rows], max_points)]
  by <- d$by[1]
  reference <- reference_row(fit, conditions)
  agrees <- rep(TRUE, length(rows))
  for (name in held_factors(fit, d$dpar[1], d$resp[1], c(d$covariate[1], by))) {
    agrees <- agrees & as.character(data[[name]][rows]) == as.character(reference[[name]])
  }
  out <- data.frame(
    x = as.double(data[[d$covariate[1]]][rows]), y = fit$frame$y[rows, d$resp[1]],
    group = if (is.na(by)) rep(NA_character_, length(rows)) else as.character(data[[by]][rows]),
    agrees = agrees
  )
  # No group lies on top of the others.
  out[order((seq_along(rows) * 7919) %% 104729), ]
}
