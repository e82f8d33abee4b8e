# Which predictors of a fit an argument names.

# Keys of predictors: `dpar` and `resp` as users give them. resp NULL: all; "a:b" or c("a", "b"): a
# pair.
find_keys <- function(fit, dpar = NULL, resp = NULL) {
  predictors <- fit$design$predictors
  resp <- check_names(resp, "resp")
  if (!is.null(dpar)) check_choice(dpar, unique(vapply(predictors, `[[`, "", "dpar")), "dpar")
  keep <- rep(TRUE, length(predictors))
  if (!is.null(dpar)) keep <- keep & vapply(predictors, function(p) p$dpar == dpar, TRUE)
  if (!is.null(resp)) {
    wanted <- unlist(strsplit(unit_label(resp), ":", fixed = TRUE))
    wanted <- match_responses(fit, wanted)
    keep <- keep & vapply(predictors, function(p) setequal(p$resp, wanted), TRUE)
  }
  if (!any(keep)) {
    stop_covary("argument", "The fit has no predictor for dpar = ", describe(dpar), " and resp = ",
      describe(resp), "; it has ",
      enumerate(names(predictors), most = 20), ".",
      fields = list(arg = "resp")
    )
  }
  names(predictors)[keep]
}

# The key of a pair, whichever stands first.
pair_key <- function(fit, dpar, pair) {
  keys <- c(predictor_key(dpar, pair), predictor_key(dpar, rev(pair)))
  keys[keys %in% names(fit$design$predictors)]
}

unit_key <- function(fit, dpar, resp) {
  if (dpar$of == "pair") pair_key(fit, dpar$name, resp) else predictor_key(dpar$name, resp)
}

# The keys of a role, "mean" or "sd", by response; of "correlation" by pair.
role_keys <- function(fit, role, units = fit$responses) {
  dpar <- dpar_as(fit_likelihood(fit), role)
  vapply(units, unit_key, "", fit = fit, dpar = dpar, USE.NAMES = FALSE)
}

# Keys of the predictors that the (joint) distribution of some responses rests on.
distribution_keys <- function(fit, responses, dpars = names(fit_likelihood(fit)$dpars)) {
  basis <- responses_behind(fit, unique(responses))
  unlist(for_predictors(fit, basis, dpars, identity), use.names = FALSE)
}

# The responses whose predictors the distribution of some responses rests on, in the fit's order.
responses_behind <- function(fit, responses) {
  fit$responses[fit_likelihood(fit)$rests_on(match(responses, fit$responses))]
}

# Labels of responses from names or ids; NULL: all.
choose_responses <- function(fit, resp) {
  if (is.null(check_names(resp, "resp"))) {
    return(fit$responses)
  }
  labels <- match_responses(fit, resp)
  if (length(labels) == 0 || anyDuplicated(labels)) stop_unknown_response(fit, resp)
  labels
}

# Labels of responses given by label or id.
match_responses <- function(fit, given) {
  at <- match(given, fit$responses)
  at[is.na(at)] <- match(given[is.na(at)], fit$ids)
  if (anyNA(at)) stop_unknown_response(fit, given)
  fit$responses[at]
}

stop_unknown_response <- function(fit, given) {
  stop_covary("argument", "`resp` must name responses of the fit, ", enumerate(fit$responses),
    ", not ", enumerate(as.character(given)), ".",
    fields = list(arg = "resp")
  )
}

# "a" or "a:b" of the predictors `keys`.
key_labels <- function(fit, keys) {
  vapply(fit$design$predictors[keys], function(p) unit_label(p$resp), "",
    USE.NAMES = FALSE
  )
}

fit_likelihood <- function(fit) likelihood_of(fit$design$predictors)

fit_link <- function(fit, dpar) fit_likelihood(fit)$dpars[[dpar]]$link

check_dpar <- function(dpar) check_choice(dpar, dpar_names(), "dpar")
