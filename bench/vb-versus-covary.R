# Time and accuracy of covary and its peers on case B of the validation (two
# responses, five smooth predictors of one covariate).
#
#   Rscript bench/vb-versus-covary.R          (from the root of the package)
#
# Peers: Stan's automatic variational inference (rstan::vb, defaults, on the very
# program and priors of the NUTS reference; compile time is reported apart) and
# mgcv's gaulss, which fits the mean and log sd of one response and no correlation.
# How to install rstan is told in validation/nuts-reference.R.
#
# compare_peers() returns a data frame, one row per method and n:
#   seconds     elapsed time of the fit alone
#   compile     seconds of compiling, paid once per machine
#   mean_error  root mean square over the grid of (mean - NUTS mean) / NUTS sd,
#               n = 1000 only; 1 would be one posterior sd off on average
#   worst_error largest such difference
#   sd_ratio    geometric mean over the grid of sd / NUTS sd
#   rmse_truth  root mean square of mean - truth over the predictors fitted
#   times_covary  seconds over those of covary at the same n
#   note        what a reader must know; the error text if a method failed

source(file.path("inst", "validation", "nuts-reference.R"))

case_data <- function(n) {
  stored <- file.path("inst", "validation", "nuts-B-data.csv")
  if (n == 1000) read.csv(stored) else simulate_smooths(n)
}

# estimate: data frame of x (the grid), predictor, mean, sd.
score <- function(estimate, n) {
  truth <- truth_smooths(grid)
  wanted <- truth[cbind(match(estimate$x, grid), match(estimate$predictor, predictors))]
  scores <- data.frame(
    mean_error = NA, worst_error = NA, sd_ratio = NA,
    rmse_truth = sqrt(mean((estimate$mean - wanted)^2))
  )
  if (n == 1000) {
    nuts <- read.csv(file.path("inst", "validation", "nuts-B-grid.csv"))
    key <- function(table) paste(table$predictor, round(table$x, 6))
    row <- match(key(estimate), key(nuts))
    off <- (estimate$mean - nuts$mean[row]) / nuts$sd[row]
    scores$mean_error <- sqrt(mean(off^2))
    scores$worst_error <- max(abs(off))
    scores$sd_ratio <- exp(mean(log(estimate$sd / nuts$sd[row])))
  }
  scores
}

# Times fit(), then scores summarise(fit); failures become a row with a note.
record <- function(method, n, fit, summarise, compile = 0, note = "") {
  gc()
  result <- tryCatch(
    {
      seconds <- system.time(object <- fit())[["elapsed"]]
      cbind(
        seconds = seconds, score(summarise(object), n),
        note = paste0(note, attr(object, "note"))
      )
    },
    error = function(e) {
      data.frame(
        seconds = NA, mean_error = NA, worst_error = NA, sd_ratio = NA, rmse_truth = NA,
        note = paste("failed:", conditionMessage(e))
      )
    }
  )
  cbind(method = method, n = n, compile = compile, result)
}

# coordinates: "prepared" are those of the NUTS reference, where the posterior is
# close to independent standard normals, which flatters vb; "non-centred" are the
# usual b / tau.
time_vb <- function(compiled, n = 1000, algorithm = c("meanfield", "fullrank"),
                    coordinates = c("non-centred", "prepared"), seed = 1) {
  algorithm <- match.arg(algorithm)
  coordinates <- match.arg(coordinates)
  data <- case_data(n)
  stan_data <- if (coordinates == "prepared") {
    stan_data_smooths(data)
  } else {
    stan_data_smooths(data, rep(0, 5))
  }
  basis <- basis_smooths(data$x)
  fit <- function() {
    said <- character()
    keep <- function(w) {
      said <<- c(said, conditionMessage(w))
      invokeRestart("muffleWarning")
    }
    output <- capture.output(object <- withCallingHandlers(
      warning = keep,
      rstan::vb(compiled$model,
        data = stan_data, algorithm = algorithm,
        pars = c("beta", "b", "tau"), seed = seed
      )
    ))
    ended <- regmatches(output, regexpr(
      "(MEAN|MEDIAN) ELBO CONVERGED|maximum number of iterations",
      output
    ))
    k <- regmatches(said, regexpr("Pareto k diagnostic value is [^ ]+[0-9]", said))
    attr(object, "note") <- paste(c(unique(ended), k), collapse = "; ")
    object
  }
  summarise <- function(object) {
    run <- list(fit = object, data = stan_data)
    at <- design_matrix(basis(grid), stan_data)
    do.call(rbind, lapply(seq_along(predictors), function(k) {
      d <- coefficient_draws(run, k)
      eta <- matrix(d, ncol = dim(d)[3]) %*% t(at)
      data.frame(x = grid, predictor = predictors[k], mean = colMeans(eta), sd = apply(eta, 2, sd))
    }))
  }
  record(paste("rstan::vb", algorithm, coordinates, "seed", seed), n, fit, summarise,
    compile = compiled$seconds
  )
}

# gaulss has eta = log(sd - 0.01); turned into log sd, with the sd by the delta method.
time_gaulss <- function(n = 1000) {
  data <- case_data(n)
  floor <- 0.01
  fit <- function() {
    mgcv::gam(list(y1 ~ s(x), ~ s(x)),
      family = mgcv::gaulss(b = floor),
      data = data
    )
  }
  summarise <- function(object) {
    p <- predict(object, data.frame(x = grid), type = "link", se.fit = TRUE)
    sigma <- exp(p$fit[, 2]) + floor
    rbind(
      data.frame(x = grid, predictor = "mu_y1", mean = p$fit[, 1], sd = p$se.fit[, 1]),
      data.frame(
        x = grid, predictor = "sigma_y1", mean = log(sigma),
        sd = p$se.fit[, 2] * exp(p$fit[, 2]) / sigma
      )
    )
  }
  record("mgcv::gam gaulss", n, fit, summarise,
    note = "one response only; other priors than the reference's"
  )
}

# The priors of the reference, so that errors are errors of the algorithm.
reference_priors <- function() {
  library(covary)
  c(
    set_prior(normal(0, 5), class = "Intercept", dpar = "mu"),
    set_prior(normal(0, 2.5), class = "Intercept", dpar = "sigma"),
    set_prior(logistic(0, 1), class = "Intercept", dpar = "rho"),
    set_prior(normal(0, 5), class = "b", dpar = "mu"),
    set_prior(normal(0, 2.5), class = "b", dpar = "sigma"),
    set_prior(normal(0, 2.5), class = "b", dpar = "rho"),
    set_prior(half_t(3, 0, 1), class = "sds")
  )
}

# `distinct`: x rounded to about so many values, as ages and doses are; NULL for all distinct.
time_covary <- function(n = 1000, algorithm = "nested", distinct = NULL) {
  d <- case_data(n)
  if (!is.null(distinct)) d <- simulate_rounded(n, distinct)
  prior <- reference_priors()
  fit <- function() {
    set.seed(1)
    suppressMessages(covary(cbind(y1, y2) ~ s(x), sigma ~ s(x), rho ~ s(x),
      data = d, prior = prior,
      algorithm = algorithm
    ))
  }
  summarise <- function(object) {
    do.call(rbind, lapply(predictors, function(name) {
      parts <- strsplit(name, "_")[[1]]
      eta <- posterior_linpred(object,
        newdata = data.frame(x = grid), dpar = parts[1],
        resp = paste(parts[-1], collapse = ":")
      )
      data.frame(x = grid, predictor = name, mean = colMeans(eta), sd = apply(eta, 2, sd))
    }))
  }
  fit() # loads what R loads at the first call
  label <- paste0("covary ", algorithm, if (!is.null(distinct)) {
    paste0(", x rounded to ", distinct, " values")
  })
  record(label, n, fit, summarise)
}

simulate_rounded <- function(n, distinct) {
  x <- round(runif(n) * distinct) / distinct
  truth <- truth_smooths(x)
  rho <- tanh(truth[, "rho_y1_y2"] / 2)
  z1 <- rnorm(n)
  z2 <- rho * z1 + sqrt(1 - rho^2) * rnorm(n)
  data.frame(x = x, y1 = truth[, "mu_y1"] + exp(truth[, "sigma_y1"]) * z1, y2 = truth[, "mu_y2"] +
    exp(truth[, "sigma_y2"]) * z2)
}

compare_peers <- function(n = c(1e3, 1e4, 1e5), n_vb = 1e3, seeds = 1:3) {
  compiled <- compile_model(file.path("inst", "validation"))
  ways <- expand.grid(
    seed = seeds, algorithm = c("meanfield", "fullrank"),
    coordinates = c("non-centred", "prepared"), n = n_vb, stringsAsFactors = FALSE
  )
  vb <- lapply(seq_len(nrow(ways)), function(i) {
    time_vb(compiled, ways$n[i], ways$algorithm[i], ways$coordinates[i], ways$seed[i])
  })
  ours <- c(
    lapply(
      c("nested", "fullrank", "meanfield", "laplace"),
      function(a) time_covary(1000, a)
    ),
    lapply(setdiff(n, 1000), time_covary), list(time_covary(1e5, distinct = 1000))
  )
  do.call(rbind, c(ours, vb, lapply(n, time_gaulss)))
}

if (sys.nframe() == 0) {
  set.seed(1)
  cat("# Rscript bench/vb-versus-covary.R ", format(Sys.Date()), "; ", R.version.string, "; ",
    Sys.info()[["machine"]],
    ", one core, reference BLAS\n",
    sep = ""
  )
  options(width = 200)
  result <- suppressWarnings(compare_peers())
  ours <- result$seconds[result$method == "covary nested"][match(
    result$n,
    result$n[result$method == "covary nested"]
  )]
  result$times_covary <- result$seconds / ours
  print(result, digits = 3)
}
