# Simulation-based calibration of the default engine (Talts, Betancourt, Simpson, Vehtari and Gelman
# 2018): truth drawn from the prior, data from the truth, and the rank of the truth among 99
# posterior draws must be uniform.
#
#   Rscript validation/sbc.R [case] [data sets]        all cases, 200 data sets each, by default
#
# Quantities: coefficients, log sds of smooths, predictors at three rows, marginal correlations
# there from three responses on, and the joint log likelihood. Uniform: chi-square over 20 bins (10
# below 100 data sets), p values by quantity, Holm-corrected within a case; and the share of 90 %
# intervals that hold the truth.
#
# three_300 takes 1,000 draws a fit instead of 4,000: most of its draws are moved by Markov chains,
# which is most of its time.
suppressMessages(library(covary))

groups <- function(n) factor(rep(seq_len(n / 10), length.out = n))
priors <- c(
  set_prior(normal(0, 0.7)), set_prior(normal(0, 1), class = "Intercept"),
  set_prior(normal(0, 0.5), class = "Intercept", dpar = "sigma"),
  set_prior(normal(0, 0.5), dpar = "sigma"),
  set_prior(logistic(0, 1), class = "Intercept", dpar = "rho")
)
sds <- set_prior(half_normal(0, 0.5), class = "sds")
two <- function(right) {
  lapply(
    list(quote(cbind(a, b)), quote(sigma), quote(rho)),
    function(left) eval(call("~", left, right))
  )
}
three <- list(cbind(a, b, c) ~ s(x), sigma ~ s(x), rho ~ s(x))
cases <- list(
  three_300 = list(n = 300, formulas = three, prior = c(priors, sds), draws = 1000),
  three_1000 = list(n = 1000, formulas = three, prior = c(priors, sds)),
  linear_60 = list(n = 60, formulas = two(quote(x)), prior = priors),
  linear_400 = list(n = 400, formulas = two(quote(x)), prior = priors),
  smooths_60 = list(n = 60, formulas = two(quote(s(x))), prior = c(priors, sds)),
  smooths_300 = list(n = 300, formulas = two(quote(s(x))), prior = c(priors, sds)),
  groups_200 = list(
    n = 200, formulas = list(a ~ x + s(g, bs = "re"), sigma ~ x),
    prior = c(
      set_prior(normal(0, 0.7)), set_prior(normal(0, 1), class = "Intercept"),
      set_prior(normal(0, 0.5), class = "Intercept", dpar = "sigma"), sds
    )
  )
)

# Covariates are the same in all data sets of a case, so that the prior is too.
covariates <- function(n) {
  set.seed(n)
  data.frame(x = stats::rnorm(n), g = groups(n))
}

quantities <- function(fit, rows, y, ids) {
  draws <- unclass(posterior::as_draws_matrix(fit))[ids, , drop = FALSE]
  keep <- grepl("^b_|^bs_|^sds_", colnames(draws))
  keys <- unique(fit$priors[c("dpar", "resp")])
  at <- lapply(seq_len(nrow(keys)), function(i) {
    v <- posterior_linpred(fit,
      newdata = rows, dpar = keys$dpar[i], resp = keys$resp[i],
      draw_ids = ids
    )
    colnames(v) <- paste(keys$dpar[i], keys$resp[i], seq_len(nrow(rows)))
    v
  })
  cbind(draws[, keep, drop = FALSE], do.call(cbind, at), marginal_correlations(fit, rows, ids),
    log_lik = rowSums(log_lik(fit, newdata = y, draw_ids = ids))
  )
}

# draws x (pairs and rows); pairs with the first response have their correlation as a predictor.
marginal_correlations <- function(fit, rows, ids) {
  k <- length(fit$responses)
  if (k < 3) {
    return(NULL)
  }
  whole <- correlation(fit, newdata = rows, draws = TRUE, draw_ids = ids)
  pairs <- which(lower.tri(diag(k)) & col(diag(k)) > 1, arr.ind = TRUE)
  out <- do.call(cbind, lapply(seq_len(nrow(pairs)), function(i) {
    matrix(whole[, , pairs[i, 1], pairs[i, 2]], length(ids))
  }))
  colnames(out) <- paste("correlation", seq_len(ncol(out)))
  out
}

one_data_set <- function(case, seed) {
  data <- covariates(case$n)
  set.seed(seed)
  responses <- all.vars(case$formulas[[1]][[2]])
  data[responses] <- lapply(responses, function(r) stats::rnorm(case$n))
  truth <- suppressMessages(covary(case$formulas,
    data = data, prior = case$prior,
    algorithm = "prior", draws = 100
  ))
  y <- posterior_predict(truth, newdata = data, draw_ids = 1)
  data[responses] <- lapply(seq_along(responses), function(k) {
    if (length(dim(y)) == 3) {
      y[1, , k]
    } else {
      y[1, ]
    }
  })
  draws <- if (is.null(case$draws)) 4000 else case$draws
  warned <- FALSE
  fit <- withCallingHandlers(
    suppressMessages(covary(case$formulas, data = data, prior = case$prior, draws = draws)),
    warning = function(w) {
      warned <<- TRUE
      invokeRestart("muffleWarning")
    }
  )
  rows <- data[order(data$x)[round(c(0.1, 0.5, 0.9) * case$n)], ]
  true <- quantities(truth, rows, data, 1)
  post <- quantities(fit, rows, data, sample.int(draws, 99))
  list(rank = colSums(post < rep(true, each = 99)), warned = warned)
}

report <- function(name, case, sets) {
  done <- lapply(
    seq_len(sets),
    function(seed) tryCatch(one_data_set(case, seed), covary_error = function(e) NULL)
  )
  refused <- vapply(done, is.null, TRUE)
  warned <- vapply(done[!refused], `[[`, TRUE, "warned")
  ranks <- do.call(rbind, lapply(done[!refused], `[[`, "rank"))
  bins <- if (nrow(ranks) < 100) 10 else 20
  p <- apply(ranks, 2, function(r) {
    stats::chisq.test(table(factor(r %/% (100 / bins), levels = seq_len(bins) - 1)),
      simulate.p.value = FALSE
    )$p.value
  })
  inside <- mean(ranks >= 5 & ranks <= 94)
  cat(sprintf(
    paste0(
      "%-12s %3d data sets, %2d refused, %4.1f %% warned, %2d quantities: smallest p %.4f ",
      "(%s), Holm %.3f; p below .05: %d; 90 %% intervals hold %.3f\n"
    ), name, sets,
    sum(refused), 100 * mean(warned), ncol(ranks), min(p), names(which.min(p)),
    min(stats::p.adjust(p, "holm")), sum(p < 0.05), inside
  ))
}

given <- commandArgs(TRUE)
chosen <- if (length(given) && given[1] %in% names(cases)) given[1] else names(cases)
sets <- if (length(given) > 1) as.integer(given[2]) else 200L
for (name in chosen) suppressWarnings(report(name, cases[[name]], sets))
