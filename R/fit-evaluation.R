# The distribution of the responses at given rows, evaluated in blocks of draws or rows so that
# temporary memory stays bounded whatever S and N are.

# A plain data frame that all predictors `keys` can use; NULL (the rows of the fit) stays NULL.
prepare_newdata <- function(fit, newdata, keys = names(fit$design$predictors)) {
  if (is.null(newdata)) {
    return(NULL)
  }
  if (!is.data.frame(newdata)) check_newdata(newdata, fit$design)
  check_newdata(as.data.frame(newdata), fit$design, keys)
}

row_count <- function(fit, newdata) if (is.null(newdata)) fit$frame$n else nrow(newdata)

row_labels <- function(fit, newdata) {
  if (is.null(newdata)) {
    return(fit$frame$row_names)
  }
  if (is.character(attr(newdata, "row.names"))) row.names(newdata)
}

# Rows of the draws: all (NULL), those asked for, or a random choice of `ndraws`.
choose_draws <- function(fit, ndraws, draw_ids) {
  total <- nrow(fit$draws)
  if (!is.null(ndraws) && !is.null(draw_ids)) {
    stop_covary("argument", "Give `ndraws` or `draw_ids`, not both.",
      fields = list(arg = "draw_ids")
    )
  }
  if (!is.null(ndraws)) {
    if (check_count(ndraws, "ndraws") > total) {
      stop_covary("argument", "`ndraws` is ", ndraws, "; the fit has ", total, " draws.",
        fields = list(arg = "ndraws")
      )
    }
    return(sample.int(total, ndraws))
  }
  if (is.null(draw_ids)) {
    return(NULL)
  }
  if (!is.numeric(draw_ids) || length(draw_ids) == 0 || anyNA(draw_ids) ||
    any(draw_ids < 1 | draw_ids > total | draw_ids != round(draw_ids))) {
    stop_covary("argument", "`draw_ids` must be whole numbers between 1 and ", total, ", not ",
      describe(draw_ids), ".",
      fields = list(arg = "draw_ids")
    )
  }
  as.integer(draw_ids)
}

draw_count <- function(fit, draw_ids) if (is.null(draw_ids)) nrow(fit$draws) else length(draw_ids)

# Predictors that the distribution of some responses rests on, prepared to be evaluated:
# list(likelihood, responses, observed (their numbers among the responses that have predictors, NULL
# if they are those), predictors (in the shape of eta, see likelihood.R), margins (of `responses` in
# their order, see margins_in_order()), n, s).
new_evaluation <- function(
  fit, newdata, draw_ids, responses = fit$responses, dpars = names(fit_likelihood(fit)$dpars)
) {
  at <- function(key) predictor_at(fit, key, newdata, draw_ids)
  basis <- responses_behind(fit, responses)
  list(
    likelihood = fit_likelihood(fit), responses = responses,
    observed = if (!identical(basis, responses)) match(responses, basis),
    predictors = for_predictors(fit, basis, dpars, at),
    margins = margins_in_order(margin_draws(fit, draw_ids), responses),
    n = row_count(fit, newdata), s = draw_count(fit, draw_ids)
  )
}

# f(key) of the predictors of some responses, in the shape of eta.
for_predictors <- function(fit, responses, dpars, f) {
  lapply(fit_likelihood(fit)$dpars[dpars], function(dpar) {
    for_units(dpar, responses, function(resp) f(unit_key(fit, dpar, resp)))
  })
}

# eta of a block of draws or rows
evaluation_block <- function(e, draws = NULL, rows = NULL) {
  eta <- lapply(e$predictors, map_units, function(at) predictor_values(at, draws, rows))
  if (is.null(e$observed)) eta else e$likelihood$marginal(eta, e$observed)
}

# Draws of several quantities (S x N each) as S x N x length array, or a matrix if there is one.
stack_draws <- function(draws, labels, rows, drop = TRUE) {
  s <- nrow(draws[[1]])
  n <- ncol(draws[[1]])
  if (length(draws) == 1 && drop) {
    out <- draws[[1]]
    dimnames(out) <- if (!is.null(rows)) list(NULL, rows)
    return(out)
  }
  array(unlist(draws, use.names = FALSE), c(s, n, length(draws)), list(NULL, rows, labels))
}

# The same predictor at its distinct rows; `[at$index]` brings back all rows.
distinct_rows <- function(at) {
  at$index <- seq_len(nrow(at$x))
  at
}

# An evaluation with its predictors changed.
change_parts <- function(e, change) {
  e$predictors <- lapply(e$predictors, map_units, change)
  e
}

# The same evaluation with the mean of the coefficients as its only draw; effects of new levels have
# mean zero.
average_draws <- function(e) {
  e <- change_parts(e, function(at) {
    at$draws <- matrix(colMeans(at$draws), 1)
    at$unseen <- list()
    at
  })
  e["margins"] <- list(average_margins(e$margins))
  e$s <- 1L
  e
}
