# Priors as other packages write them: lists of rstanarm, texts, and priors of brms; and ours as
# brms and rstanarm read them.

# Constructors by the names of a call, whichever package is attached last.
prior_constructors <- function() {
  list(
    normal = normal, student_t = student_t, logistic = logistic, lkj = lkj, half_t = half_t,
    half_normal = half_normal, exponential = exponential, gamma = gamma_prior,
    inv_gamma = inv_gamma, cauchy = function(location, scale) student_t(1, location, scale)
  )
}

# A covary_prior from one, from a text such as "normal(0, 10)", or from a list of rstanarm; anything
# else as it is.
as_prior <- function(prior) {
  if (is_text(prior)) {
    return(prior_of_text(prior))
  }
  if (is.list(prior) && !is.object(prior) && is_text(prior$dist)) {
    return(prior_of_list(prior))
  }
  prior
}

prior_of_text <- function(text) {
  call <- attempt(str2lang(text))
  head <- if (is.call(call)) as.character(call[[1]])[1]
  known <- c(names(prior_constructors()), "+", "-", "*", "/", "(")
  simple <- is.call(call) && all(all.names(call) %in% known)
  numbers <- if (simple) attempt(vapply(as.list(call)[-1], eval, 0, envir = baseenv()))
  if (!isTRUE(head %in% names(prior_constructors())) || is.null(numbers)) {
    stop_covary("prior", "`prior` must be a distribution with numbers, such as \"normal(0, 10)\", ",
      "not ", describe(text), "; distributions are ", enumerate(names(prior_constructors())), ".",
      fields = list(arg = "prior")
    )
  }
  do.call(prior_constructors()[[head]], as.list(numbers))
}

# `prior`: list(dist, df, location, scale, autoscale) of rstanarm. NULL scales are its own defaults.
prior_of_list <- function(prior) {
  if (isTRUE(prior$autoscale) && prior$dist != "lkj") refuse_autoscale()
  if (is.null(prior$scale)) refuse_prior_of_list(prior, "it has no scale")
  switch(prior$dist,
    normal = normal(prior$location, prior$scale),
    t = student_t(prior$df, prior$location, prior$scale),
    exponential = exponential(1 / prior$scale),
    lkj = lkj(prior$regularization),
    refuse_prior_of_list(prior, "covary has no such distribution")
  )
}

refuse_prior_of_list <- function(prior, why) {
  stop_covary("prior", "`prior` is \"", prior$dist, "\" of another package, but ", why,
    "; use normal(0, 10) or another of ?normal.",
    fields = list(arg = "prior")
  )
}

refuse_autoscale <- function() {
  stop_covary(
    "prior", "`autoscale = TRUE` is not known here: priors are on the scale of the ",
    "data, and the defaults scale themselves, see default_prior().",
    fields = list(arg = "autoscale")
  )
}

# Priors of a call: ours, or those of brms' set_prior() and prior(), line by line.
as_priors <- function(priors) {
  if (!inherits(priors, "brmsprior")) {
    return(priors)
  }
  structure(
    do.call(rbind, lapply(seq_len(nrow(priors)), function(i) {
      as.data.frame(prior_of_brms(lapply(unclass(priors), `[`, i)))
    })),
    class = c("covary_priors", "data.frame")
  )
}

# `row`: a line of a brmsprior. brms cuts distributions of sds at zero, and without `dpar` it means
# the mean alone.
prior_of_brms <- function(row) {
  given <- function(field) isTRUE(nzchar(row[[field]]) && !is.na(row[[field]]))
  for (field in c("group", "nlpar", "lb", "ub")) {
    if (given(field)) refuse_prior_of_brms(row, paste0(field, " = \"", row[[field]], "\""))
  }
  if (!given("prior")) refuse_prior_of_brms(row, "no distribution; leave it out for the default")
  if (!row$class %in% c("b", "Intercept", "sds")) {
    refuse_prior_of_brms(row, paste0(
      "class = \"", row$class, "\"; here sds of smooths and random effects are \"sds\", and ",
      "residual sds are coefficients, on the log scale, of dpar = \"sigma\""
    ))
  }
  prior <- prior_of_text(row$prior)
  if (row$class == "sds") prior <- upper_half(prior)
  prior$means_only <- !given("dpar")
  of <- function(field) if (given(field)) row[[field]]
  set_prior(prior, class = row$class, coef = of("coef"), dpar = of("dpar"), resp = of("resp"))
}

refuse_prior_of_brms <- function(row, what) {
  stop_covary("prior", "A prior of 'brms' cannot be used: it has ", what,
    ". Write it by covary::set_prior().",
    fields = list(arg = "prior")
  )
}

# The fields that rstanarm reads in a prior. `scale`: NULL for the default of the function that gets
# it.
for_rstanarm <- function(prior, dist, location, scale, df = NA, autoscale = FALSE) {
  check_flag(autoscale, "autoscale")
  prior[c("dist", "df", "location", "autoscale")] <- list(dist, df, location, autoscale)
  prior["scale"] <- list(scale)
  prior
}

# The value of a call to a function of another package that has the name of one of ours.
hand_on_call <- function(package, name, call, env = parent.frame(2)) {
  need_package(package, paste0(name, "() with these arguments"))
  call[[1]] <- getExportedValue(package, name)
  eval(call, env)
}

# Cut at zero.
upper_half <- function(prior) {
  if (!prior$family %in% c("normal", "student_t")) {
    return(prior)
  }
  if (prior$family == "normal") {
    half_normal(prior$par[1], prior$par[2])
  } else {
    half_t(prior$par[3], prior$par[1], prior$par[2])
  }
}

# The call that makes a prior, with all digits.
prior_call <- function(prior) {
  p <- prior$par
  numbers <- switch(prior$family,
    normal = p[1:2],
    logistic = p[1:2],
    student_t = p[c(3, 1, 2)],
    half_t = c(p[3], 0, p[2]),
    half_normal = c(0, p[2]),
    exponential = 1 / p[2],
    gamma = c(p[1], 1 / p[2]),
    inv_gamma = p[1:2],
    lkj = p[3]
  )
  paste0(prior$family, "(", paste(format_all_digits(numbers), collapse = ", "), ")")
}

format_all_digits <- function(x) vapply(x, format, "", digits = 15)

# brms' set_prior() makes a data frame of its arguments: a prior is a text in it.
#' @export
as.data.frame.covary_prior <- function(
  x, row.names = NULL, optional = FALSE, ..., stringsAsFactors = FALSE
) {
  check_dots(...)
  as.data.frame(prior_call(check_object(x, "covary_prior", "x")),
    row.names = row.names, optional = optional, stringsAsFactors = stringsAsFactors
  )
}
