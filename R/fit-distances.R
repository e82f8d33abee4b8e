# How far rows lie from the fit at the posterior means of its coefficients.

# list(distance(y): squared Mahalanobis distances of the responses that each row has, alone(y):
# N x K, residuals of each response by itself, in fitted sds). y: one line for each of `rows`, K
# columns, NA where a response is missing.
residuals_about_fit <- function(fit, rows) {
  likelihood <- fit_likelihood(fit)
  central <- central_predictors(fit)[rows, , drop = FALSE]
  eta <- for_predictors(fit, fit$responses, names(likelihood$dpars), function(key) central[, key])
  margins <- margins_in_order(average_margins(margin_draws(fit)), fit$responses)
  whiten <- function(y, rows, at) {
    latent <- lapply(at, function(j) through_margin(margins[[j]], y[rows, j], to_latent))
    likelihood$whiten(latent, eta_of_observed(likelihood, eta, rows, at))
  }
  list(
    distance = function(y) {
      out <- rep(NA_real_, nrow(y))
      each_kind(y, function(rows, at) {
        out[rows] <<- Reduce(`+`, lapply(whiten(y, rows, at), function(w) w^2))
      })
      out
    },
    alone = function(y) {
      vapply(seq_len(ncol(y)), function(j) {
        rows <- which(!is.na(y[, j]))
        replace(rep(NA_real_, nrow(y)), rows, whiten(y, rows, j)[[1]])
      }, numeric(nrow(y)))
    }
  )
}

# Names of rows in the data, or their numbers there where they have none.
row_ids <- function(fit) {
  names <- fit$frame$row_names
  if (is.null(names)) format(fit$frame$rows, scientific = FALSE, trim = TRUE) else names
}

# Rows that a normal fit expects in one data set of twenty of this size: data frame row (name or
# number), resp (the response that is farthest out, or "together"), residual (of it, in fitted sds;
# NA for responses together), distance (root of the squared Mahalanobis distance), the rarest first.
# NULL where the fit has no rows.
extreme_rows <- function(fit, share = 0.05) {
  if (!has_rows(fit) || fit$algorithm == "prior") {
    return(NULL)
  }
  n <- fit$frame$n
  k <- length(fit$responses)
  about <- residuals_about_fit(fit, seq_len(n))
  z <- matrix(about$alone(fit$frame$y), n)
  square <- about$distance(fit$frame$y)
  p_joint <- stats::pchisq(square, rowSums(!is.na(z)), lower.tail = FALSE)
  size <- replace(abs(z), is.na(z), 0)
  worst <- max.col(size, "first")
  p_alone <- 2 * k * stats::pnorm(-size[cbind(seq_len(n), worst)])
  p <- pmin(p_joint, p_alone, na.rm = TRUE)
  rare <- which(p * n < share)
  rare <- rare[order(p[rare])]
  alone <- (p_alone * n < share)[rare]
  data.frame(
    row = row_ids(fit)[rare],
    resp = ifelse(alone, fit$responses[worst[rare]], "together"),
    residual = ifelse(alone, z[cbind(rare, worst[rare])], NA_real_),
    distance = sqrt(square[rare])
  )
}
