# The data of ellipses: the fitted bivariate normal at values of a covariate.
# Values shown are numbers, or a factor where the covariate has levels.

# Two responses: "a:b", c("a", "b"), or by default the first two.
response_pair <- function(fit, resp = NULL) {
  if (length(fit$responses) < 2) {
    stop_covary("argument", "Ellipses and correlations need two responses; the fit has one.",
      fields = list(arg = "type")
    )
  }
  if (is.null(resp)) {
    return(fit$responses[1:2])
  }
  dpar <- dpar_as(fit_likelihood(fit), "correlation")
  fit$design$predictors[[find_keys(fit, dpar$name, resp)[1]]]$resp
}

# Values of a covariate: those given, or quantiles; of factors the levels that some rows have, as a
# factor, and of numbers of few values all of them.
values_shown <- function(
  fit, covariate, at, probs = c(0.05, 0.275, 0.5, 0.725, 0.95), rows = TRUE
) {
  known <- fit$design$covariates[[covariate]]
  v <- training_data(fit)[[covariate]][rows]
  if (known$type != "numeric") {
    return(levels_shown(known$levels, at, covariate, as.character(v)))
  }
  v <- as.double(v)
  if (is.null(at)) at <- if (is_discrete(known)) v else readable_quantiles(v, probs)
  if (!is_number(at) || length(at) == 0 || any(!is.finite(at))) {
    stop_covary("argument", "`at` must hold finite values of '", covariate, "', not ", describe(at),
      ".",
      fields = list(arg = "at")
    )
  }
  sort(unique(as.double(at)))
}

# Rounded to a hundredth of the range or so, inside it.
readable_quantiles <- function(v, probs) {
  at <- stats::quantile(v, probs, type = 1, names = FALSE)
  pmin(pmax(round(at, 3 - ceiling(log10(diff(range(v))))), min(v)), max(v))
}

levels_shown <- function(levels, at, covariate, observed) {
  if (is.null(at)) at <- intersect(levels, observed)
  if (length(at) == 0 || !all(as.character(at) %in% levels)) {
    stop_covary("argument", "`at` must hold levels of '", covariate, "' (",
      enumerate(levels, most = 12), "), not ", enumerate(setdiff(as.character(at), levels)), ".",
      fields = list(arg = "at")
    )
  }
  factor(unique(as.character(at)), levels)
}

# More shapes or tiles than these cannot be told apart.
check_shown <- function(values, covariate, at) {
  if (length(values) > 8) {
    stop_covary("argument",
      if (is.null(at)) paste0("'", covariate, "'") else "`at`", " has ", length(values),
      " values; a picture can show at most 8: choose them by `at`.",
      fields = list(arg = "at")
    )
  }
}

# New data: a row a value of the covariate, the others held.
rows_at <- function(fit, covariate, values, conditions) {
  reference <- reference_row(fit, conditions)
  newdata <- reference[rep(1, length(values)), , drop = FALSE]
  newdata[[covariate]] <- if (is.factor(values)) {
    as_level(as.character(values), reference[[covariate]])
  } else {
    of_type(values, reference[[covariate]])
  }
  rownames(newdata) <- NULL
  follow_levels(newdata, fit, covariate, attr(reference, "given"))
}

# Rows that have the levels of the factors held (all, if none has): nothing is known beyond them.
agreeing_rows <- function(fit, covariate, reference) {
  data <- training_data(fit)
  agree <- rep(TRUE, nrow(data))
  free <- c(
    covariate, following_factors(fit, covariate), random_effect_names(fit$design$predictors)
  )
  for (name in setdiff(names(data), free)) {
    if (fit$design$covariates[[name]]$type == "factor") {
      agree <- agree & as.character(data[[name]]) == as.character(reference[[name]])
    }
  }
  if (any(agree)) which(agree) else seq_along(agree)
}

# Posterior medians of means, sds and correlation of a pair at values of a covariate, in the
# population (plot-effects-population.R).
bivariate_at <- function(fit, covariate, at, pair, conditions = list()) {
  newdata <- rows_at(fit, covariate, at, conditions)
  fit <- population_of(fit, c(covariate, names(conditions)))
  keys <- c(
    role_keys(fit, "mean", pair), role_keys(fit, "sd", pair),
    role_keys(fit, "correlation", list(pair))
  )
  centre <- lapply(posterior_limits(fit, keys, newdata), `[[`, "estimate")
  names(centre) <- c("mean_x", "mean_y", "sd_x", "sd_y", "rho")
  data.frame(value = at, centre)
}

ellipse_frame <- function(
  fit, covariate, at = NULL, resp = NULL, conditions = list(),
  content = c(0.5, 0.95), points = 120
) {
  pair <- response_pair(fit, resp)
  rows <- agreeing_rows(fit, covariate, reference_row(fit, conditions))
  shown <- values_shown(fit, covariate, at, rows = rows)
  b <- bivariate_at(fit, covariate, shown, pair, conditions)
  # Outlines are those of the normal, where responses have a margin mapped back from it.
  l <- if (length(fit$margins)) {
    bivariate_at(without_margins(fit), covariate, shown, pair, conditions)
  } else {
    b
  }
  if (!is.finite(sum(as.matrix(b[-1])))) {
    stop_covary("argument",
      "`at` lies too far from the data: the model has no finite values there.",
      fields = list(arg = "at")
    )
  }
  angle <- seq(0, 2 * pi, length.out = points)
  parts <- lapply(seq_len(nrow(b)), function(i) {
    do.call(rbind, lapply(content, function(p) {
      radius <- sqrt(stats::qchisq(p, 2))
      half <- acos(l$rho[i]) / 2
      data.frame(
        covariate = covariate, value = b$value[i], content = p,
        x = response_of(fit, pair[1], l$mean_x[i] + radius * l$sd_x[i] * cos(angle + half)),
        y = response_of(fit, pair[2], l$mean_y[i] + radius * l$sd_y[i] * cos(angle - half)),
        b[rep(i, points), -1], row.names = NULL
      )
    }))
  })
  do.call(rbind, parts)
}

# Responses of latent values, NA where there are none
response_of <- function(fit, label, latent) {
  margin <- fit$margins[[label]]
  if (is.null(margin)) {
    return(latent)
  }
  m <- list(margin = margin, p = margin_values(margin))
  replace(from_latent(margin, latent), beyond_limit(latent, m), NA)
}
