# Inputs that a fit, or a prediction, has to survive: a data frame with a row a case.
#
# `expect` is the class of the error, or "fit": a fit with finite draws, where everything unusual is
# said by a warning of class covary_warning, in `warns` if one is due. `run` is an expression of
# the data below.

bad_input_data <- function() {
  set.seed(1)
  d <- data.frame(
    x = stats::runif(60), z = stats::rnorm(60),
    g = factor(sample(letters[1:4], 60, TRUE)), w = rep(1:2, 30)
  )
  d$a <- 1 + d$x + stats::rnorm(60)
  d$b <- d$a / 2 + stats::rnorm(60)
  fit <- function(data, formula = cbind(a, b) ~ x, ..., draws = 100) {
    covary::covary(formula, ..., data = data, draws = draws)
  }
  with_column <- function(name, value) {
    d[[name]] <- value
    d
  }
  seen <- suppressWarnings(fit(d, cbind(a, b) ~ s(x, k = 5) + g + s(g, z, bs = "re"), rho ~ log(x)))
  slopes <- suppressWarnings(fit(d, a ~ s(g, bs = "re")))
  # Draws of all predictors at new data
  at <- function(newdata, object = seen) {
    covary:::check_newdata(newdata, object$design)
    lapply(
      names(object$design$predictors),
      function(key) covary:::predictor_draws(object, key, newdata)
    )
  }
  environment()
}

bad_input_cases <- function() {
  cases <- list()
  add <- function(name, expect, run, warns = "") {
    cases[[length(cases) + 1]] <<- list(
      name = name, expect = expect, run = substitute(run),
      warns = warns
    )
  }
  error <- function(what) paste0("covary_error_", what)

  # Rows
  add("zero rows", error("data"), fit(d[0, ]))
  add("one row", error("data"), fit(d[1, ]))
  add("two rows", "fit", fit(d[1:2, ], a ~ x))
  add("two rows of two responses", error("proportional_responses"), fit(d[1:2, ]))
  add("three rows of two responses", "fit", fit(d[1:3, ]))
  add("fewer rows than coefficients", "fit", fit(d[1:5, ], a ~ poly(x, 2) * g), "collinear")
  add(
    "fewer rows than coefficients, two responses", "fit",
    fit(d[1:4, ], cbind(a, b) ~ x + z + I(x^2) + I(z^2)), "collinear"
  )
  add("all rows missing a response", error("response"), fit(transform(d, a = NA_real_)))
  add("all rows missing a covariate", error("data"), fit(transform(d, x = NA_real_)))
  add("some rows missing", "fit", fit(transform(d, x = replace(x, 3, NaN))))
  add(
    "missing and na.fail", error("missing"),
    fit(transform(d, x = replace(x, 3, NA)), na.action = stats::na.fail)
  )
  add("na.pass", error("argument"), fit(d, na.action = stats::na.pass))
  # Values of responses
  add("Inf in a response", error("infinite"), fit(transform(d, a = replace(a, 3, Inf))))
  add("constant response", error("constant_response"), fit(transform(d, a = 3)))
  add("zero response", error("constant_response"), fit(transform(d, b = 0)))
  add("b = -2 a", error("proportional_responses"), fit(transform(d, b = -2 * a)))
  add("b = -2 a nearly", "fit", fit(transform(d, b = -2 * a + 1e-5 * b)))
  add("b = -2 a + 3 x", "fit", fit(transform(d, b = -2 * a + 3 * x)), "not_converged")
  add("noiseless response", "fit", fit(transform(d, a = 1 + 2 * x), a ~ x), "not_converged")
  add("noiseless and noisy response", "fit", fit(transform(d, a = 1 + 2 * x)), "not_converged")
  add("noiseless smooth", "fit", fit(transform(d, a = sin(6 * x)), a ~ s(x), sigma ~ s(x)))
  add(
    "two values, explained", "fit", fit(transform(d, a = as.numeric(z > 0)), a ~ I(z > 0)),
    "not_converged"
  )
  add("the response as covariate", "fit", fit(d, a ~ a), "not_converged")
  add("response times 1e300", "fit", fit(transform(d, a = a * 1e300)))
  add("response times 1e-300", "fit", fit(transform(d, a = a * 1e-300)))
  add("smooth of a response times 1e300", "fit", fit(transform(d, a = a * 1e300), a ~ s(x)))
  add("smooth of a response times 1e-300", "fit", fit(transform(d, a = a * 1e-300), a ~ s(x)))
  add("response times 1e-320", error("scale"), fit(transform(d, a = a * 1e-320)))
  add("response plus 1e16", error("constant_response"), fit(transform(d, a = a + 1e16)))
  # Kinds of responses
  add("character response", error("response"), fit(transform(d, a = "a")))
  add("logical response", error("response"), fit(transform(d, a = a > 1)))
  add("factor response", error("response"), fit(transform(d, a = g)))
  add("Date response", error("response"), fit(transform(d, a = Sys.Date() + 1:60)))
  add("complex response", error("response"), fit(transform(d, a = a + 1i)))
  add("list response", error("response"), fit(with_column("a", as.list(d$a))))
  add("matrix response", error("response"), fit(with_column("a", cbind(d$a, 1))))
  add("missing response column", error("variable"), fit(d, nothing ~ x))
  # Covariates
  add("Inf in a covariate", error("infinite"), fit(transform(d, x = replace(x, 3, -Inf))))
  add("log of a negative covariate", error("infinite"), suppressWarnings(fit(d, a ~ log(z))))
  add(
    "smooth of a log of a negative covariate", error("infinite"),
    suppressWarnings(fit(d, a ~ s(log(z))))
  )
  add("constant covariate", "fit", fit(transform(d, x = 2)), "collinear")
  add("smooth of a constant", error("smooth"), fit(transform(d, x = 2), a ~ s(x)))
  add("collinear covariates", "fit", fit(transform(d, x2 = 2 * x), a ~ x + x2), "collinear")
  add("too few distinct values", error("smooth"), fit(transform(d, x = rep(1:3, 20)), a ~ s(x)))
  add(
    "fewer distinct values than k", error("smooth"),
    fit(transform(d, x = rep(1:5, 12)), a ~ s(x, bs = "ps", k = 6))
  )
  add(
    "too few distinct pairs", error("smooth"),
    fit(transform(d, x = rep(1:3, 20), z = rep(1:2, 30)), a ~ s(x, z))
  )
  add("covariate times 1e300", "fit", fit(transform(d, x = x * 1e300)))
  add("covariate times 1e-300", "fit", fit(transform(d, x = x * 1e-300)))
  add(
    "covariate times 1e300 in a smooth", error("smooth"),
    fit(transform(d, x = x * 1e300), a ~ s(x))
  )
  add(
    "coefficient beyond numbers", error("scale"),
    fit(transform(d, a = a * 1e300, x = x * 1e-300))
  )
  add("factor of one level", error("covariate"), fit(transform(d, g = factor("a")), a ~ g))
  add(
    "factor with empty levels", "fit",
    fit(transform(d, g = factor(g, letters)), a ~ g + s(x, by = g, k = 3))
  )
  add("list covariate", error("covariate"), fit(with_column("x", as.list(d$x))))
  add("data frame covariate", error("covariate"), fit(with_column("x", data.frame(q = d$x))))
  add("complex covariate", error("covariate"), fit(transform(d, x = x + 1i)))
  add("matrix covariate", "fit", fit(with_column("x", cbind(d$x, d$z))))
  add("date covariate", "fit", fit(transform(d, x = Sys.Date() + 1:60), a ~ s(x) + x))
  add("character in a smooth", error("smooth"), fit(transform(d, x = as.character(g)), a ~ s(x)))
  add("missing covariate column", error("variable"), fit(d, a ~ nothing))
  add("function as covariate", error("covariate"), fit(d, a ~ df))
  # Names
  add("names with spaces", "fit", fit(
    stats::setNames(d, c("my x", "z", "g", "w", "a", "my b")),
    cbind(a, `my b`) ~ s(`my x`) + `my x`
  ))
  if (l10n_info()[["UTF-8"]]) {
    add(
      "names not in ASCII", "fit",
      fit(stats::setNames(d, c("gr\u00f6\u00dfe \u20ac", "z", "g", "w", "a", "b")), a ~ .)
    )
  }
  add("reserved names", "fit", fit(
    stats::setNames(d, c("if", "TRUE", "g", "w", "sigma", "rho")),
    cbind(sigma, rho) ~ s(`if`) + `TRUE`, sigma(rho) ~ 1
  ))
  # Formulas
  add("one-sided formula", error("formula"), fit(d, ~x))
  add("character formula", error("formula"), fit(d, "a ~ x"))
  add(
    "31 responses", error("formula"),
    fit(d, stats::as.formula(paste0("cbind(", paste0("a + ", 1:31, collapse = ", "), ") ~ x")))
  )
  add("te()", error("formula"), fit(d, a ~ te(x, z)))
  add("smooth in an interaction", error("formula"), fit(d, a ~ s(x):g))
  add("lme4 term", error("formula"), fit(d, a ~ (1 | g)))
  add("constant right side", error("formula"), fit(d, a ~ "x"))
  add("term that fails", error("covariate"), fit(d, a ~ stop("no")))
  add("no such basis", error("smooth"), fit(d, a ~ s(x, bs = "zz")))
  add("k is not a number", error("smooth"), fit(d, a ~ s(x, k = "a")))
  add("fixed smoothing parameter", error("smooth"), fit(d, a ~ s(x, sp = 1)))
  add("everything known", error("formula"), fit(d, a ~ 0, sigma ~ 0))
  add("offset is a factor", error("offset"), fit(d, a ~ x + offset(g)))
  add("known sigma of exp(-800)", error("numerics"), fit(d, a ~ x, sigma ~ 0 + offset(-800)))
  add("known rho of 1", error("numerics"), fit(d, cbind(a, b) ~ x, rho ~ 0 + offset(1000)))
  # Data
  add("data missing", error("data"), covary::covary(a ~ x))
  add("formula missing", error("formula"), covary::covary(data = d))
  add("data NULL", error("data"), fit(NULL))
  add("data is a matrix", error("data"), fit(as.matrix(d[1:2])))
  add("data is a list", error("data"), fit(as.list(d)))
  # Weights and subset
  add("negative weights", error("weights"), fit(d, weights = -w))
  add("weights of wrong length", error("weights"), fit(d, weights = 1:3))
  add("missing weight", "fit", fit(d, weights = replace(w, 1, NA)))
  add("all weights zero", error("data"), fit(d, weights = 0 * w))
  add("infinite weights", error("weights"), fit(d, weights = w / 0))
  add("character weights", error("weights"), fit(d, weights = "w"))
  add("weights not found", error("variable"), fit(d, weights = nothing))
  add("tiny weights", "fit", fit(d, weights = w * 1e-300))
  add("empty subset", error("data"), fit(d, subset = x > 5))
  add("subset is NA", error("subset"), fit(d, subset = NA))
  add("negative subset", error("subset"), fit(d, subset = -1))
  # Arguments
  add("draws 0", error("argument"), fit(d, draws = 0))
  add("draws -1", error("argument"), fit(d, draws = -1))
  add("draws NA", error("argument"), fit(d, draws = NA))
  add("draws a letter", error("argument"), fit(d, draws = "a"))
  add("draws infinite", error("argument"), fit(d, draws = Inf))
  add("algorithm misspelled", error("argument"), fit(d, algorithm = "nsted"))
  add("algorithm is a number", error("argument"), fit(d, algorithm = 1))
  add("control is a list", error("argument"), fit(d, control = list()))
  add("refresh is a letter", error("argument"), fit(d, refresh = "a"))
  add("unknown argument", error("formula"), fit(d, a ~ x, iter = 2000))
  # Priors
  add("prior is a character", error("prior"), fit(d, prior = "normal(0, 1)"))
  add(
    "prior of nothing", error("prior"),
    fit(d, prior = covary::set_prior(covary::normal(), coef = "nothing"))
  )
  add(
    "prior scale 1e-200", error("numerics"),
    fit(d, prior = covary::set_prior(covary::normal(0, 1e-200)))
  )
  add("prior scale 1e200", "fit", fit(d, prior = covary::set_prior(covary::normal(0, 1e200))))
  add(
    "sd prior scale 1e-200", "fit",
    fit(d, a ~ s(x), prior = covary::set_prior(covary::half_t(3, 0, 1e-200), class = "sds"))
  )
  add(
    "sd prior scale 1e200", "fit",
    fit(d, a ~ s(x), prior = covary::set_prior(covary::half_t(3, 0, 1e200), class = "sds"))
  )
  add(
    "prior of a mean far away", "fit",
    fit(d, prior = covary::set_prior(covary::normal(1e6, 1), class = "Intercept", dpar = "mu"))
  )
  add(
    "prior of a log sd far away", "fit",
    fit(d, prior = covary::set_prior(covary::normal(1e6, 1), class = "Intercept", dpar = "sigma"))
  )
  add(
    "prior of a correlation far away", "fit",
    fit(d, prior = covary::set_prior(covary::normal(1e6, 1), class = "Intercept", dpar = "rho"))
  )
  add(
    "prior at 1e300", error("numerics"),
    fit(d, prior = covary::set_prior(covary::normal(1e300, 1), class = "Intercept", dpar = "mu"))
  )
  add(
    "prior without moments", "fit",
    fit(d, a ~ x, prior = covary::set_prior(covary::student_t(1e-5)), algorithm = "prior"),
    "infinite"
  )
  # New data
  add("newdata without a column", error("newdata"), at(d["x"]))
  add("newdata of wrong type", error("newdata"), at(transform(d, x = "a")))
  add("newdata: factor as number", error("newdata"), at(transform(d, g = 1)))
  add("newdata with missing rows", "fit", at(transform(d[1:5, ], x = replace(x, 2, NA))))
  add("newdata all missing", "fit", at(transform(d[1:5, ], x = NA)))
  add("newdata of zero rows", "fit", at(d[0, ]))
  add("newdata with Inf", error("infinite"), at(transform(d, z = Inf)))
  add("newdata where a term is infinite", error("infinite"), at(transform(d[1:2, ], x = 0)))
  add("newdata with an unknown level", error("new_level"), at(transform(d[1:5, ], g = "new")))
  add("newdata with a new random level", "fit", at(data.frame(g = c("a", "new", NA)), slopes))
  add("newdata is NULL", error("newdata"), at(NULL))
  add("newdata is a matrix", error("newdata"), at(as.matrix(d[1:2])))
  add("newdata with a list column", error("newdata"), at(with_column("x", as.list(d$x))))
  cases
}

# What became of a case: list(outcome, warnings (classes), ok)
bad_input_outcome <- function(case, data) {
  warned <- character()
  result <- tryCatch(withCallingHandlers(eval(case$run, data),
    warning = function(w) {
      warned <<- c(warned, class(w)[1])
      invokeRestart("muffleWarning")
    },
    message = function(m) invokeRestart("muffleMessage")
  ), error = identity)
  outcome <- if (inherits(result, "error")) class(result)[1] else "fit"
  ok <- outcome == case$expect
  if (inherits(result, "covary")) {
    draws <- unclass(result$draws)
    finite <- all(is.finite(draws[, setdiff(colnames(draws), c("lprior", "lp__", "lp_approx__"))]))
    ok <- ok && (finite || "covary_warning_infinite" %in% warned) &&
      (result$info$converged || "covary_warning_not_converged" %in% warned)
  }
  classed <- startsWith(warned, "covary_warning")
  ok <- ok && all(classed) &&
    (case$warns == "" || paste0("covary_warning_", case$warns) %in% warned)
  list(outcome = outcome, warnings = unique(warned), ok = ok)
}
