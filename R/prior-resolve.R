# The prior of every parameter of a model: the user's where one applies, else the default.

# One row a parameter of the model: prior, class, coef, dpar, resp, name, source.
resolve_priors <- function(design, scales, given) {
  if (!is.null(given) && !inherits(given, "covary_priors")) {
    stop_covary("prior", "`prior` must come from set_prior(), not ", describe(given), ".",
      fields = list(arg = "prior")
    )
  }
  if (!is.null(given)) check_object(given, "covary_priors", "prior")
  out <- parameter_table(design)
  predictors <- design$predictors[out$key]
  size <- vapply(predictors, predictor_size, 0, scales = scales)
  size[out$shared] <- 1 # an sd of standardised coefficients
  out$prior <- unname(Map(default_of, out$class, out$coef, out$name, out$x_scale, predictors, size,
    MoreArgs = list(scales = scales)
  ))
  out$source <- rep("default", nrow(out))
  used <- rep(FALSE, NROW(given))
  if (NROW(given)) {
    detail <- nzchar(given$coef) * 4 + nzchar(given$resp) * 2 + nzchar(given$dpar)
    winner <- rep(0L, nrow(out))
    for (g in order(detail, seq_along(detail))) {
      matched <- as_in_brms(given[g, ], matches_prior(given[g, ], out), out$dpar)
      winner[matched] <- g
    }
    hit <- winner > 0
    out$prior[hit] <- Map(
      of_parameter, given$prior[winner[hit]], predictors[hit],
      MoreArgs = list(scales = scales)
    )
    out$source[hit] <- "user"
    used[winner[hit]] <- TRUE
  }
  if (any(!used)) stop_unused_prior(given[which(!used)[1], ], out)
  structure(show_joint_defaults(out, design, scales), class = c("covary_priors", "data.frame"))
}

# A line a parameter; sds that predictors share stand with the first of them, and are of the
# response that has the pairs.
parameter_table <- function(design) {
  owner <- sd_owners(design$predictors)
  rows <- lapply(design$predictors, function(p) {
    columns <- unclass(p$columns)
    smooth <- columns$class == "smooth"
    first <- smooth & !duplicated(columns$sd)
    first[smooth] <- first[smooth] & owner[columns$sd[smooth]] == p$key
    at <- c(which(!smooth), which(first))
    random <- smooth[at]
    shared <- random & is_shared_sd(p, columns$sd[at])
    name <- columns$name[at]
    name[random] <- vapply(columns$sd[at][random], sd_name, "", p = p)
    list(
      class = ifelse(random, "sds", columns$class[at]), coef = columns$coef[at],
      dpar = rep(p$dpar, length(at)),
      resp = ifelse(shared, p$resp[length(p$resp)], unit_label(p$resp)), name = name,
      key = rep(p$key, length(at)), shared = shared,
      x_scale = columns$x_scale[at], correlation = rep(is_correlation(p), length(at))
    )
  })
  stack_frames(rows)
}

matches_prior <- function(prior, table) {
  same <- function(want, have) !nzchar(want) | have == want
  resp <- same(prior$resp, table$resp) |
    vapply(strsplit(table$resp, ":", fixed = TRUE), function(r) {
      unit_label(rev(r)) ==
        prior$resp
    }, TRUE)
  out <- table$class == prior$class & same(prior$coef, table$coef) & resp
  if (prior$prior[[1]]$family == "lkj") out <- out & table$correlation
  out & same(prior$dpar, table$dpar)
}

# A prior of 'brms' without dpar is of the mean, as it is there; said where ours would be of more.
as_in_brms <- function(prior, matched, dpar) {
  means <- matched & dpar == "mu"
  if (!isTRUE(prior$prior[[1]]$means_only) || all(means == matched)) {
    return(matched)
  }
  inform_covary(
    "prior", "Prior ", format(prior$prior[[1]]), " of 'brms' has no `dpar`: it is of \"mu\" ",
    "alone, as there. Without `dpar` covary::set_prior() is of ",
    enumerate(unique(dpar[matched])), "."
  )
  means
}

# A prior that a user gives many parameters, as it is for one: each pair has its part of LKJ.
of_parameter <- function(prior, p, scales) {
  if (prior$family != "lkj") {
    return(prior)
  }
  lkj_of_pair(prior, match(p$resp[1], names(scales$sd)), length(scales$sd))
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
      paste0(
        " applies to no parameter of the model",
        if (any(matches_prior(replace(prior, "class", "Intercept"), table))) {
          "; did you mean class = \"Intercept\"?"
        } else {
          "; default_prior() lists them."
        }
      )
    },
    fields = list(arg = "prior")
  )
}

# Places, among the unpenalised coefficients of predictor p, of those with the joint default prior.
joint_places <- function(p, priors) {
  mine <- match(unpenalised(p)$name, priors$name)
  which(priors$class[mine] == "b" & priors$source[mine] == "default")
}

# Each coefficient of a joint default shows its own marginal, on the scale of the user's columns.
show_joint_defaults <- function(out, design, scales) {
  blocks <- lapply(design$predictors, function(p) joint_prior(p, joint_places(p, out), scales))
  for (p in design$predictors) {
    block <- blocks[[p$key]]
    if (is.null(block)) next
    at <- match(unpenalised(p)$name[block$at], out$name)
    factor <- unpenalised(p)$x_scale[block$at] / predictor_size(p, scales)
    sd <- sqrt(rowSums((mixing_of(p, block$at) %*% block$cov) * mixing_of(p, block$at))) / factor
    location <- absorbed_shift(p, scales)[block$at]
    out$prior[at] <-
      Map(
        function(location, sd) {
          new_prior(
            "normal", c(location, sd, 0),
            paste0(prior_text("normal", location, sd), ", joint")
          )
        },
        location, sd
      )
  }
  structure(out, joint = blocks) # for new_cells_model()
}

# From coefficients inside the fit to the user's, both standardised (design-orthogonal.R); `at`:
# places among the unpenalised.
mixing_of <- function(p, at) {
  out <- diag(length(unpenalised(p)$name))
  if (!is.null(p$mixing)) out[seq_len(ncol(p$mixing)), seq_len(ncol(p$mixing))] <- p$mixing
  out[at, at, drop = FALSE]
}

prior_columns <- function(priors) {
  priors[c("prior", "class", "coef", "dpar", "resp", "name", "source")]
}
