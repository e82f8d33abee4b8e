# A chart: the curves of a fit without its rows, class covary_reference. Fits are scored through the
# chart that is made of them, so both agree to the last digit.

# With K responses it has
#   version      of this format
#   title, units (named by response), source   texts, "" and NA where not given
#   made, package   date, and version of covary
#   n            how many people the fit had
#   min_count    the smallest group that it says anything of; 0 for a chart that stays in a session
#   responses    K labels; columns: K names of columns of new data, NA where a response is no column
#   likelihood   its name
#   covariates   chart-covariates.R
#   predictors   chart-curves.R, by key
#   posterior    chart-posterior.R
#   margins      likelihood-margin.R, by label of the responses that have one; parameters that were
#                estimated have their posterior means
#   baseline     K x 2, mean and sd of the responses of the fit
#   groups       by factor with a random effect, data frame: a line a level (chart-sites.R)
#   table_error  the largest error of z, within 3 sds, that tables were found to make
chart_version <- 3

# Its curves are of transformed responses.
new_chart <- function(fit) {
  margins <- lapply(fit$margins, rounded_margin)
  baseline <- response_baseline(fit)
  drawn <- margin_parameter_draws(fit)
  fit <- without_margins(fit)
  covariates <- chart_covariates(fit)
  chart <- structure(list(
    version = chart_version, title = "", units = stats::setNames(rep(NA_character_, length(
      fit$responses
    )), fit$responses), source = "", made = "",
    package = as.character(utils::packageVersion("covary")), n = fit$frame$n, min_count = 0,
    responses = fit$responses, columns = response_names(fit),
    likelihood = fit_likelihood(fit)$name, covariates = covariates,
    predictors = chart_predictors(fit, covariates),
    posterior = chart_posterior(fit, covariates, drawn), margins = margins, baseline = baseline,
    groups = level_groups(fit, covariates), table_error = NA_real_
  ), class = "covary_reference")
  chart$table_error <- measure_table_error(chart, fit)
  chart
}

# By label: the column that a response is, NA where it is a call.
response_names <- function(fit) {
  calls <- fit$design$responses[fit$responses]
  vapply(calls, function(call) if (is.name(call)) as.character(call) else NA_character_, "")
}

# Means and standard deviations, to four digits
response_baseline <- function(fit) {
  if (!has_rows(fit)) {
    names <- list(fit$responses, c("mean", "sd"))
    known <- fit$frame$baseline
    return(matrix(if (is.null(known)) NA_real_ else known, length(fit$responses), 2,
      dimnames = names
    ))
  }
  y <- fit$frame$y
  signif(cbind(mean = colMeans(y, na.rm = TRUE), sd = apply(y, 2, stats::sd, na.rm = TRUE)), 4)
}

# By how much tables change z of people within three standard deviations, at rows of the fit; an
# error above 1e-6, or 5e-5 where a term joins two covariates (tables of two are right to 1e-5 of a
# predictor, and a log sd or a correlation changes z three standard deviations out by three times
# that).
measure_table_error <- function(chart, fit) {
  check <- chart_check_predictors(fit)
  at <- read_people(chart, check$data)
  values <- predictors_at(chart, at)
  likelihood <- chart_likelihood(chart)
  sds <- likelihood$sds(in_shape_of_eta(chart, values), seq_along(chart$responses))
  gaps <- vapply(names(chart$predictors), function(key) {
    p <- chart$predictors[[key]]
    gap <- abs(values[[key]] - check$eta[, key])
    role <- likelihood$dpars[[p$dpar]]$role
    if (role == "mean") gap <- gap / sds[[match(p$resp, chart$responses)]]
    max(gap) * if (role == "mean") 1 else 3
  }, 0)
  tables <- unlist(lapply(chart$predictors, `[[`, "tables"), recursive = FALSE)
  axes <- max(vapply(tables, function(table) length(table$grid), 0L))
  if (max(gaps) > if (axes == 2) 5e-5 else 1e-6) {
    stop_chart(
      paste0("its tables would change z by ", format(max(gaps), digits = 2)),
      "use smoother terms"
    )
  }
  max(gaps)
}

chart_likelihood <- function(chart) likelihood_of(list(list(likelihood = chart$likelihood)))

# The chart of a fit or of itself. The last chart made of a fit is kept: its seal says which it was.
last_chart <- new.env(parent = emptyenv())

as_chart <- function(object, arg = "object") {
  if (inherits(object, "covary_reference")) {
    return(check_object(object, "covary_reference", arg))
  }
  check_fit(object, arg, margins = TRUE)
  if (!identical(last_chart$seal, object$seal)) {
    last_chart$chart <- new_chart(object)
    last_chart$seal <- object$seal
  }
  last_chart$chart
}
