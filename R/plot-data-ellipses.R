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
values_shown <- function(fit, covariate, at, probs = c(0.05, 0.275, 0.5, 0.725, 0.95)) {
  if (is.null(at)) {
    v <- as.double(training_data(fit)[[covariate]])
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

# Posterior medians of the bivariate normal of a pair at values of a covariate.
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
  if (length(fit$margins)) stop_margins(fit, "A picture of ellipses")
  pair <- response_pair(fit, resp)
  b <- bivariate_at(fit, covariate, values_shown(fit, covariate, at), pair, conditions)
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
      half <- acos(b$rho[i]) / 2
      data.frame(
        covariate = covariate, value = b$value[i], content = p,
        x = b$mean_x[i] + radius * b$sd_x[i] * cos(angle + half),
        y = b$mean_y[i] + radius * b$sd_y[i] * cos(angle - half),
        b[rep(i, points), -1], row.names = NULL
      )
    }))
  })
  do.call(rbind, parts)
}
