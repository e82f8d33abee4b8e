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
    wanted <- unlist(strsplit(paste(resp, collapse = ":"), ":", fixed = TRUE))
    at <- match(wanted, fit$responses)
    at[is.na(at)] <- match(wanted[is.na(at)], fit$ids)
    if (anyNA(at)) {
      stop_covary("argument", "`resp` must name responses of the fit, ", enumerate(fit$responses),
        ", not ", enumerate(wanted), ".",
        fields = list(arg = "resp")
      )
    }
    wanted <- fit$responses[at]
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
