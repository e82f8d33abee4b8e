# The data of ellipses: the fitted bivariate normal at values of a covariate.

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

# Values of a covariate: those given, or quantiles.
values_shown <- function(
  fit, covariate, at, probs = c(0.05, 0.275, 0.5, 0.725, 0.95), rows = TRUE
) {
  if (is.null(at)) {
    v <- as.double(training_data(fit)[[covariate]])[rows]
    at <- stats::quantile(v, probs, type = 1, names = FALSE)
    # Readable values, to a hundredth of the range or so, inside it.
    at <- pmin(pmax(round(at, 3 - ceiling(log10(diff(range(v))))), min(v)), max(v))
  }
  if (!is_number(at) || length(at) == 0 || any(!is.finite(at))) {
    stop_covary("argument", "`at` must hold finite values of '", covariate, "', not ", describe(at),
      ".",
      fields = list(arg = "at")
    )
  }
  sort(unique(as.double(at)))
}

# Rows that have the levels of the factors held (all, if none has): nothing is known beyond them.
agreeing_rows <- function(fit, covariate, reference) {
  data <- training_data(fit)
  agree <- rep(TRUE, nrow(data))
  for (name in setdiff(names(data), c(covariate, random_effect_names(fit$design$predictors)))) {
    if (fit$design$covariates[[name]]$type == "factor") {
      agree <- agree & as.character(data[[name]]) == as.character(reference[[name]])
    }
  }
  if (any(agree)) which(agree) else seq_along(agree)
}

# Posterior medians of means, sds and correlation of a pair at values of a covariate.
bivariate_at <- function(fit, covariate, at, pair, conditions = list()) {
  newdata <- reference_row(fit, conditions)[rep(1, length(at)), , drop = FALSE]
  newdata[[covariate]] <- of_type(at, newdata[[covariate]])
  rownames(newdata) <- NULL
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
  if (!is.finite(sum(as.matrix(b)))) {
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
