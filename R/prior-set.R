# Prior distributions as values, and the priors of a model.

#' Prior distributions
#'
#' Distributions for [set_prior()]. `normal()`, `student_t()` and `logistic()` are priors of
#' coefficients; the others are priors of the standard deviation of a smooth or random effect,
#' on `(0, Inf)`. All are proper.
#'
#' Inside [set_prior()], `gamma(shape, rate)` is the gamma distribution; it is not exported,
#' so that [base::gamma()] keeps its meaning.
#'
#' @param location,scale Location and scale (> 0), on the scale of the user's data.
#'   `half_t()` and `half_normal()` have location 0.
#' @param df Degrees of freedom, > 0.
#' @param rate,shape Rate and shape, > 0.
#' @return An object of class `covary_prior`.
#' @examples
#' normal(0, 10)
#' half_t(3, 0, 1)
#' @name priors
NULL

new_prior <- function(family, code, par, text) {
  structure(list(family = family, code = code, par = as.double(par), text = text),
    class = "covary_prior"
  )
}

prior_text <- function(name, ...) {
  paste0(name, "(", paste(vapply(c(...), format, "", digits = 4), collapse = ", "), ")")
}

positive <- function(x, arg) check_number(x, arg, 0, Inf, open = TRUE)

#' @rdname priors
#' @export
normal <- function(location = 0, scale = 1) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  new_prior(
    "normal", 1L, c(location, positive(scale, "scale"), 0),
    prior_text("normal", location, scale)
  )
}

#' @rdname priors
#' @export
student_t <- function(df = 3, location = 0, scale = 1) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  new_prior(
    "student_t", 2L, c(location, positive(scale, "scale"), positive(df, "df")),
    prior_text("student_t", df, location, scale)
  )
}

#' @rdname priors
#' @export
logistic <- function(location = 0, scale = 1) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  new_prior(
    "logistic", 3L, c(location, positive(scale, "scale"), 0),
    prior_text("logistic", location, scale)
  )
}

#' @rdname priors
#' @export
half_t <- function(df = 3, location = 0, scale = 1) {
  check_number(location, "location", 0, 0)
  new_prior(
    "half_t", 11L, c(0, positive(scale, "scale"), positive(df, "df")),
    prior_text("half_t", df, 0, scale)
  )
}

#' @rdname priors
#' @export
half_normal <- function(location = 0, scale = 1) {
  check_number(location, "location", 0, 0)
  new_prior(
    "half_normal", 12L, c(0, positive(scale, "scale"), 0),
    prior_text("half_normal", 0, scale)
  )
}

#' @rdname priors
#' @export
exponential <- function(rate = 1) {
  new_prior(
    "exponential", 13L, c(0, 1 / positive(rate, "rate"), 0),
    prior_text("exponential", rate)
  )
}

gamma_prior <- function(shape, rate = 1) {
  new_prior(
    "gamma", 14L, c(positive(shape, "shape"), 1 / positive(rate, "rate"), 0),
    prior_text("gamma", shape, rate)
  )
}

#' @rdname priors
#' @export
inv_gamma <- function(shape, scale) {
  new_prior(
    "inv_gamma", 15L, c(positive(shape, "shape"), positive(scale, "scale"), 0),
    prior_text("inv_gamma", shape, scale)
  )
}

#' @export
format.covary_prior <- function(x, ...) check_object(x, "covary_prior", "x")$text

#' @export
print.covary_prior <- function(x, ...) {
  check_object(x, "covary_prior", "x")
  cat(x$text, "\n", sep = "")
  invisible(x)
}

is_sd_prior <- function(prior) prior$code > 10L

#' Set the prior of a group of parameters
#'
#' Priors are combined by `c()` and given to [covary()]. What is left out (`coef`, `dpar`,
#' `resp`) means all of them. A prior that names a coefficient wins over one that does not, then one
#' that names a response, then one that names a `dpar`; of two that name the same the later one
#' wins. A prior that applies to nothing is an error.
#'
#' Classes: `"Intercept"` is the intercept *after* all other columns have been centred
#' at their means; `"b"` is every other unpenalised coefficient (of a predictor without
#' intercept: all of them), whose defaults are joint, see [default_prior()]; `"sds"` is the standard
#' deviation of a smooth or random effect. Parametric coefficients are on the scale of the user's
#' columns. The unpenalised column of a smooth is scaled to standard deviation one over the data,
#' and a penalised block so that its sd is the standard deviation of the wiggly part over the data;
#' random effects (`bs = "re"`) are left as they are.
#'
#' @param prior A prior such as [normal()] or [half_t()]; here `gamma(shape, rate)` is the
#'   gamma distribution.
#' @param class `"b"`, `"Intercept"` or `"sds"`.
#' @param coef Coefficient, as listed by [default_prior()]; `NULL` for all.
#' @param dpar `"mu"`, `"sigma"`, `"rho"`, or `NULL` for all.
#' @param resp Response, or `"a:b"` for the pair of a correlation; `NULL` for all.
#' @return A data frame of class `covary_priors` with one row; `c()` puts several together.
#' @examples
#' c(
#'   set_prior(normal(0, 10), class = "b", dpar = "rho"),
#'   set_prior(half_t(3, 0, 1), class = "sds")
#' )
#' @export
set_prior <- function(prior, class = "b", coef = NULL, dpar = NULL, resp = NULL) {
  prior <- eval(substitute(prior), list(gamma = gamma_prior), parent.frame())
  if (!inherits(prior, "covary_prior")) {
    stop_covary("prior", "`prior` must be a distribution such as normal(0, 10), not ",
      describe(prior), ".",
      fields = list(arg = "prior")
    )
  }
  check_object(prior, "covary_prior", "prior")
  class <- check_choice(class, c("b", "Intercept", "sds"), "class")
  if (is_sd_prior(prior) != (class == "sds")) {
    stop_covary("prior", "Prior ", prior$text, if (class == "sds") {
      " is not a distribution on (0, Inf), as class \"sds\" needs."
    } else {
      paste0(
        " is a prior of a standard deviation; class \"", class,
        "\" needs normal(), student_t() or logistic()."
      )
    },
    fields = list(arg = "prior")
    )
  }
  if (!is.null(dpar)) check_choice(dpar, c("mu", "sigma", "rho"), "dpar")
  if (!is.null(coef) && !(is.character(coef) && length(coef) == 1)) {
    stop_covary("argument", "`coef` must be the name of one coefficient, not ", describe(coef), ".",
      fields = list(arg = "coef")
    )
  }
  out <- data.frame(
    class = class, coef = if (is.null(coef)) "" else as.character(coef),
    dpar = if (is.null(dpar)) "" else dpar,
    resp = if (is.null(resp)) "" else paste(resp, collapse = ":")
  )
  out$prior <- list(prior)
  structure(out, class = c("covary_priors", "data.frame"))
}

#' @export
c.covary_priors <- function(...) {
  parts <- list(...)
  if (!all(vapply(parts, inherits, TRUE, "covary_priors"))) {
    stop_covary("prior", "Only results of set_prior() can be combined with each other.")
  }
  for (part in parts) check_object(part, "covary_priors", "...")
  structure(do.call(rbind, lapply(parts, as.data.frame)), class = c("covary_priors", "data.frame"))
}

#' @export
print.covary_priors <- function(x, ...) {
  check_object(x, "covary_priors", "x")
  out <- as.data.frame(unclass(x[setdiff(names(x), "prior")]))
  out <- cbind(prior = vapply(x$prior, format, ""), out)
  print.data.frame(out, row.names = FALSE, right = FALSE)
  invisible(x)
}

# One row a parameter of the model: prior, class, coef, dpar, resp, name, source.
resolve_priors <- function(design, scales, given) {
  if (!is.null(given) && !inherits(given, "covary_priors")) {
    stop_covary("prior", "`prior` must come from set_prior(), not ", describe(given), ".",
      fields = list(arg = "prior")
    )
  }
  if (!is.null(given)) check_object(given, "covary_priors", "prior")
  out <- parameter_table(design)
  out$prior <- unname(Map(default_of, out$class, out$coef, out$dpar, out$resp, out$name,
    out$x_scale,
    MoreArgs = list(scales = scales)
  ))
  out$source <- rep("default", nrow(out))
  used <- rep(FALSE, NROW(given))
  if (NROW(given)) {
    detail <- nzchar(given$coef) * 4 + nzchar(given$resp) * 2 + nzchar(given$dpar)
    winner <- rep(0L, nrow(out))
    for (g in order(detail, seq_along(detail))) winner[matches_prior(given[g, ], out)] <- g
    hit <- winner > 0
    out$prior[hit] <- given$prior[winner[hit]]
    out$source[hit] <- "user"
    used[winner[hit]] <- TRUE
  }
  if (any(!used)) stop_unused_prior(given[which(!used)[1], ], out)
  structure(show_joint_defaults(out, design, scales), class = c("covary_priors", "data.frame"))
}

# Places, among the unpenalised coefficients of predictor p, of those with the joint default prior.
joint_places <- function(p, priors) {
  mine <- match(unpenalised(p)$name, priors$name)
  which(priors$class[mine] == "b" & priors$source[mine] == "default")
}

# From coefficients inside the fit to the user's, both standardised (design-orthogonal.R); `at`:
# places among the unpenalised.
mixing_of <- function(p, at) {
  out <- diag(length(unpenalised(p)$name))
  if (!is.null(p$mixing)) out[seq_len(ncol(p$mixing)), seq_len(ncol(p$mixing))] <- p$mixing
  out[at, at, drop = FALSE]
}

# Each coefficient of a joint default shows its own marginal, on the scale of the user's columns.
show_joint_defaults <- function(out, design, scales) {
  blocks <- lapply(design$predictors, function(p) joint_prior(p, joint_places(p, out), scales))
  for (p in design$predictors) {
    block <- blocks[[p$key]]
    if (is.null(block)) next
    at <- match(unpenalised(p)$name[block$at], out$name)
    factor <- unpenalised(p)$x_scale[block$at] / response_size(p, scales)
    sd <- sqrt(rowSums((mixing_of(p, block$at) %*% block$cov) * mixing_of(p, block$at))) / factor
    location <- absorbed_shift(p, scales)[block$at]
    out$prior[at] <-
      Map(
        function(location, sd) {
          new_prior(
            "normal", 1L, c(location, sd, 0),
            paste0(prior_text("normal", location, sd), ", joint")
          )
        },
        location, sd
      )
  }
  structure(out, joint = blocks) # for new_target()
}

stop_unused_prior <- function(prior, table) {
  wanted <- paste(c(
    paste0("class = \"", prior$class, "\""), if (nzchar(prior$coef)) {
      paste0("coef = \"", prior$coef, "\"")
    },
    if (nzchar(prior$dpar)) paste0("dpar = \"", prior$dpar, "\""), if (nzchar(prior$resp)) {
      paste0("resp = \"", prior$resp, "\"")
    }
  ), collapse = ", ")
  stop_covary("prior", "Prior ", format(prior$prior[[1]]), " for ", wanted,
    if (any(matches_prior(prior, table))) {
      " is overridden by others everywhere; remove it."
    } else {
      " applies to no parameter of the model; default_prior() lists them."
    },
    fields = list(arg = "prior")
  )
}

matches_prior <- function(prior, table) {
  same <- function(want, have) !nzchar(want) | have == want
  resp <- same(prior$resp, table$resp) |
    vapply(strsplit(table$resp, ":", fixed = TRUE), function(r) {
      paste(rev(r), collapse = ":") ==
        prior$resp
    }, TRUE)
  table$class == prior$class & same(prior$coef, table$coef) & same(prior$dpar, table$dpar) & resp
}

parameter_table <- function(design) {
  rows <- lapply(design$predictors, function(p) {
    columns <- unclass(p$columns)
    smooth <- columns$class == "smooth"
    at <- c(which(!smooth), which(smooth & !duplicated(columns$sd)))
    random <- smooth[at]
    name <- columns$name[at]
    name[random] <- sub("^s_", "sds_", sub("\\[1\\]$", "", name[random]))
    list(
      class = ifelse(random, "sds", columns$class[at]), coef = columns$coef[at],
      dpar = rep(p$dpar, length(at)),
      resp = rep(paste(p$resp, collapse = ":"), length(at)), name = name,
      x_scale = columns$x_scale[at]
    )
  })
  stack_frames(rows)
}

# Defaults scale themselves to the data (see default_prior).
default_of <- function(class, coef, dpar, resp, name, x_scale, scales) {
  s <- if (dpar == "mu") scales$sd[[resp]] else 1
  if (class != "Intercept") {
    spread <- s / x_scale
    if (!is.finite(spread) || spread == 0) {
      stop_covary("scale", "Coefficient '", name,
        "' is too large or small for a number: its column has sd ", format(x_scale, digits = 3),
        " and its response sd ", format(s, digits = 3), ". Change their units.",
        fields = list(coef = coef)
      )
    }
    return(if (class == "sds") half_t(3, 0, spread) else normal(0, prior_spread * spread))
  }
  switch(dpar,
    mu = normal(scales$mean[[resp]], prior_spread * s),
    sigma = normal(scales$log_sd[[resp]], prior_spread),
    rho = logistic(0, 1)
  )
}

#' Priors of a model, before fitting
#'
#' Lists every parameter of a model with the prior that [covary()] would give it.
#'
#' The defaults are proper, scale themselves to the data, and do not depend on how the columns of a
#' predictor are coded: `t + I(t^2)`, `poly(t, 2)`, other contrasts or `0 + g` in place of `g` give
#' the same prior of the fitted function. `s` is the standard deviation of the response, less its
#' offsets:
#'
#' | class | mean | log sd | correlation |
#' |---|---|---|---|
#' | Intercept | normal(mean(y), 2.5 s) | normal(log(s), 2.5) | logistic(0, 1): rho uniform on (-1, 1) |
#' | b, together | sd 2.5 s over the rows in each direction | sd about 2.5 at every row | as log sd |
#' | sds | half_t(3, 0, s) | half_t(3, 0, 1) | half_t(3, 0, 1) |
#'
#' The coefficients of class b of a predictor have one normal prior, with the covariance matrix of
#' equation 4a of `vignette("mathematics")`; the table shows the marginal of each, marked `joint`.
#' Where the columns hold the constant without an intercept, it has the prior of one. A predictor of
#' a mean without the constant has the root mean square of the response for `s`. A coefficient with
#' a prior from [set_prior()] leaves the block, and the others keep their marginal.
#'
#' For a random slope, `s(g, x, bs = "re")`, the scale of sds is divided by the root mean square of
#' x.
#'
#' @inheritParams covary
#' @return A data frame of class `covary_priors`: `class`, `coef`, `dpar`, `resp`, `name` (of the
#'   parameter in the draws), `prior`, `source`.
#' @examples
#' default_prior(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' @export
default_prior <- function(
  formula, ..., data, weights = NULL, subset = NULL,
  na.action = stats::na.omit
) {
  check_data(data)
  env <- parent.frame()
  weights <- evaluate(substitute(weights), data, env, "Weights")
  subset <- evaluate(substitute(subset), data, env, "Subset")
  read <- read_rows(
    parse_formulas(formula, ..., data_names = names(data)), data, weights, subset,
    na.action
  )
  parsed <- read$parsed
  frame <- read$frame
  cells <- new_cells(frame)
  design <- new_design(parsed, frame, cells, data)
  scales <- scales_of_cells(response_scales(cells, frame), design, cells)
  prior_columns(resolve_priors(design, scales, NULL))
}

prior_columns <- function(priors) {
  priors[c("prior", "class", "coef", "dpar", "resp", "name", "source")]
}

response_scales <- function(cells, frame) {
  moments <- cells_moments(cells)
  extreme <- colnames(frame$y)[moments$sd > 0 & !is.finite(1 / moments$sd) | !is.finite(moments$sd)]
  if (length(extreme)) {
    stop_covary("scale", "Response ", enumerate(extreme),
      " varies too little or too much for a number. Change its units.",
      fields = list(response = extreme)
    )
  }
  new_scales(moments, colnames(frame$y))
}
