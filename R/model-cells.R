# The model of cells or nodes (suffstats-*.R), in standardised units: responses are
# (y - centre) / scale; gamma = coefficient * scale of its column / scale of its response.

new_cells_model <- function(design, cells, priors, scales) {
  predictors <- design$predictors
  responses <- names(design$responses)
  k <- length(responses)
  if (!is.null(cells$observed)) check_missing_responses(predictors)
  means <- vapply(predictors, has_role, TRUE, "mean")
  centre <- vapply(predictors[means], predictor_shift, 0, scales)
  y_scale <- unlist(scales$sd[responses])
  size <- lapply(predictors, predictor_size, scales)
  # The centre of a response, and the log of its scale, sit in the constant of the predictor where
  # it has one, else in its offset.
  left <- vapply(predictors, function(p) {
    if (holds_constant(p)) 0 else dpar_of(p)$shift(scales, p$resp)
  }, 0)
  left[means] <- 0
  offset <- (design$offset - left) / unlist(size)
  coefficients <-
    stack_frames(Map(
      coefficient_table, predictors, size,
      lapply(predictors, absorbed_shift, scales)
    ))
  joint <- joint_priors(predictors, coefficients, priors, scales)
  sds <- sd_table(predictors, size, priors)
  own <- own_priors(coefficients, priors, unlist(lapply(joint, `[[`, "at")))
  core <- list(
    likelihood = list(name = likelihood_of(predictors)$name, responses = k),
    size = list(cells = cells$m, coefficients = nrow(coefficients), smooths = nrow(sds)),
    cells = standardise_cells(cells, centre, y_scale), observed = cells$observed,
    offset = offset, x = design$x, group = coefficients$sd, family = own$family, prior = own$par,
    joint = joint,
    sd_family = vapply(sds$prior, `[[`, 0L, "code"),
    sd_prior = vapply(sds$prior, `[[`, numeric(3), "par")
  )
  new_model(
    core, coefficients, sds,
    start = start_values(coefficients, predictors, scales),
    means = coefficients$key %in% names(predictors)[means], scales = scales,
    predictors = describe_predictors(predictors, scales),
    # Standardised offsets are (user's - rest) / size.
    standard = list(centre = centre, scale = y_scale, rest = left, size = unlist(size)),
    # Where a constant alone would begin, by predictor
    constant_start = vapply(predictors, function(p) dpar_of(p)$start(scales, p$resp), 0),
    # Coefficients of the constant, by predictor that has it
    constant = unlist(lapply(predictors, standard_constant), use.names = FALSE),
    # log p(y) = log p(standardised y) + this
    log_jacobian = -scales$n * sum(scales$share[responses] * log(y_scale))
  )
}

# Rows that lack some responses can be used where the C core has the density of the others
# (likelihood_observed.c).
check_missing_responses <- function(predictors) {
  name <- likelihood_of(predictors)$name
  if (!name %in% likelihoods_of_observed) {
    stop_covary("missing", "The likelihood \"", name, "\" needs all responses of a row. Use ",
      "missing = \"drop\".",
      fields = list(likelihood = name)
    )
  }
}

likelihoods_of_observed <- c("normal", "normal_regression")

# What a model keeps of its predictors, a value each.
describe_predictors <- function(predictors, scales) {
  dpars <- lapply(predictors, dpar_of)
  list(
    keys = names(predictors),
    units = unname(lapply(predictors, function(p) match(p$resp, names(scales$sd)))),
    roles = vapply(dpars, `[[`, "", "role", USE.NAMES = FALSE),
    information = vapply(dpars, `[[`, 0, "information", USE.NAMES = FALSE),
    constant_priors = unname(lapply(predictors, constant_default, scales = scales)),
    likelihood = likelihood_of(predictors)$name
  )
}

# The default priors of coefficients together, one a predictor that has such; `at` among all
# coefficients.
joint_priors <- function(predictors, coefficients, priors, scales) {
  known <- attr(priors, "joint")
  blocks <- lapply(predictors, function(p) {
    block <- if (is.null(known)) joint_prior(p, joint_places(p, priors), scales) else known[[p$key]]
    if (!is.null(block)) block$at <- match(unpenalised(p)$name[block$at], coefficients$name)
    block
  })
  unname(blocks[!vapply(blocks, is.null, TRUE)])
}

# Priors of single coefficients: family and 3 x d parameters; none where a coefficient is penalised
# or has its prior with others.
own_priors <- function(coefficients, priors, joint) {
  family <- integer(length(coefficients$name))
  par <- matrix(0, 3, length(family))
  own <- setdiff(which(coefficients$sd == 0), joint)
  at <- match(coefficients$name[own], priors$name)
  standard <- Map(
    standardise_prior, priors$prior[at], coefficients$shift[own],
    coefficients$factor[own]
  )
  family[own] <- vapply(standard, `[[`, 0L, "code")
  par[, own] <- vapply(standard, `[[`, numeric(3), "par")
  list(family = family, par = par)
}

# A standardised coefficient is gamma = (user's - shift) * factor.
coefficient_table <- function(p, size, absorbed) {
  out <- unclass(p$columns)
  out$key <- rep(p$key, length(out$name))
  out$factor <- out$x_scale / size
  out$shift <- numeric(length(out$name))
  out$shift[out$class != "smooth"] <- absorbed
  out
}

sd_table <- function(predictors, size, priors) {
  sds <- lapply(unclass(priors)[c("name", "x_scale", "prior")], `[`, priors$class == "sds")
  key <- sd_owners(predictors)
  shared <- vapply(seq_along(key), function(i) is_shared_sd(predictors[[key[i]]], i), TRUE)
  factor <- sds$x_scale / ifelse(shared, 1, unlist(size[key]))
  out <- unchecked_frame(list(name = sds$name, key = as.character(key), factor = if (length(key)) {
    unname(factor)
  } else {
    numeric()
  }))
  out$prior <- Map(function(p, f) scale_sd_prior(p, f), sds$prior, out$factor)
  out
}

start_values <- function(coefficients, predictors, scales) {
  start <- numeric(nrow(coefficients))
  for (p in predictors[vapply(predictors, `[[`, TRUE, "intercept")]) {
    at <- coefficients$key == p$key & coefficients$class == "Intercept"
    start[at] <- dpar_of(p)$start(scales, p$resp)
  }
  start
}

#' @export
loglik_and_priors.covary_cells_model <- function(model, beta, order = 2L) {
  .Call(C_loglik_and_priors, model$core, as.double(beta), order)
}

#' @export
expect_loglik_and_priors.covary_cells_model <- function(model, mean, cov, every = 1L) {
  .Call(C_expect_loglik_and_priors, model$core, mean, cov, every)
}

#' @export
seconds_per_draw.covary_cells_model <- function(model) {
  shape <- model$core$shape
  columns <- if (is.null(shape)) model$dim else length(shape$head) + nrow(shape$level)
  model$core$size$cells * (columns + 30) * 0.6e-9
}

# In pieces of about 0.1 s.
#' @export
loglik_and_priors_draws.covary_cells_model <- function(model, draws, progress = NULL) {
  piece <- max(1, floor(0.1 / seconds_per_draw(model)))
  starts <- seq(1, nrow(draws), by = piece)
  if (length(starts) == 1) {
    return(.Call(C_loglik_and_priors_draws, model$core, draws))
  }
  out <- numeric(nrow(draws))
  for (s in starts) {
    rows <- s:min(s + piece - 1, nrow(draws))
    out[rows] <- .Call(C_loglik_and_priors_draws, model$core, draws[rows, , drop = FALSE])
    if (!is.null(progress)) progress$tick("weighing draws", s / nrow(draws))
  }
  out
}

#' @export
subsample_model.covary_cells_model <- function(model, most = subsample_size) model

#' @export
negligible_spread.covary_cells_model <- function(model) 0.1
