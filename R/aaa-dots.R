# Arguments that a function does not have. A function or method that has `...` only because its
# generic has calls check_dots(...) first: an argument is used, or refused by name.

# Names that other packages give to an argument of ours.
other_names <- list(
  p = c("probs", "q", "centiles", "cent", "quantiles"),
  prob = c("level", "conf.level", "conf_level", "interval", "probs", "ci", "credMass"),
  interval = c("prob", "level", "conf.level", "conf_level"),
  conf.level = c("prob", "level", "interval", "conf_level"),
  level = c("prob", "conf.level", "interval", "conf_level"),
  ndraws = c("nsamples", "draws", "nreps", "n", "nsim"),
  draw_ids = c("draw", "subset"),
  variable = c("pars", "variables", "parameter", "parameters", "parm", "regex_pars"),
  newdata = c("data", "newx"),
  resp = c("response", "responses"),
  dpar = c("dpars", "what"),
  covariate = c("effects", "x", "select"),
  by = c("group", "int_conditions"),
  type = c("method", "kind")
)

# Arguments that no function here has, and what to write instead.
advice_on_arguments <- list(
  seed = "call set.seed() before",
  cores = "fits and predictions use one core",
  na.action = "rows with missing covariates give NA",
  exponentiate = "transform the draws of as_draws_df()",
  robust = "take quantiles of the draws of as_draws_df()",
  effects = "random effects are in ranef(), their sds in VarCorr()",
  se.fit = "predict() always gives the posterior sd",
  moment_match = "loo::loo_moment_match(fit) and reloo(fit) mend rows of high Pareto k",
  reloo = "reloo() is a function of its own",
  integrate = "kfold() leaves out groups by `folds`",
  newdata = "it is for the rows of the fit; predict(), posterior_predict(), log_lik() take newdata",
  ndraws = "it takes all draws; posterior_epred() and posterior_linpred() take some",
  draw_ids = "it takes all draws; posterior_epred() and posterior_linpred() take some",
  prob = "intervals are in predict(), posterior_interval() and predictive_interval()",
  dpar = "predictors are chosen in predict() and posterior_linpred()"
)

# An error that names the arguments in `...`, if there are any, and what the calling function has.
check_dots <- function(...) {
  if (...length() == 0) {
    return(invisible())
  }
  refuse_arguments(dots_names(...), called_name(sys.call(-1)), names(formals(sys.function(-1))))
}

# The arguments in `...`, each with a name, "" for none.
named_dots <- function(...) stats::setNames(list(...), dots_names(...))

# The names of the arguments in `...`, "" for none.
dots_names <- function(...) {
  given <- ...names()
  if (is.null(given)) given <- rep("", ...length())
  replace(given, is.na(given), "")
}

# `given`: names of arguments, "" for none; `has`: names of the arguments that there are.
refuse_arguments <- function(given, name, has) {
  has <- setdiff(has, "...")
  first <- given[1]
  advice <- if (nzchar(first)) argument_advice(first, has)
  stop_covary("argument", name, "() has no ",
    if (nzchar(first)) paste0("argument '", first, "'") else "further unnamed arguments",
    if (!is.null(advice)) paste0(": ", advice),
    "; it has ", enumerate(has, most = 20), ".",
    fields = list(arg = if (nzchar(first)) first else "(unnamed)", surplus = given)
  )
}

argument_advice <- function(given, has) {
  same <- intersect(names(other_names)[vapply(other_names, function(o) given %in% o, TRUE)], has)
  if (length(same) == 0) same <- nearest(given, has)
  if (length(same)) paste0("here it is '", same[1], "'") else advice_on_arguments[[given]]
}

# The words of `known` that `word` may be a misspelling of, or starts.
nearest <- function(word, known) {
  steps <- drop(utils::adist(word, known, ignore.case = TRUE))
  close <- steps <= max(1, nchar(word) %/% 4) | startsWith(known, word)
  known[close][order(steps[close])]
}

# The name that a function was called by: sigma for sigma(), stats::sigma() and sigma.covary().
called_name <- function(call) {
  head <- call[[1]]
  if (is.call(head) && length(head) == 3) head <- head[[3]]
  if (!is.name(head)) {
    return("the function")
  }
  sub("\\.(covary|cells)(_[a-z_]+)?$", "", as.character(head))
}
