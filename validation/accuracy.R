# Accuracy of the algorithms against Stan's NUTS, on a grid of every predictor.
#
#   Rscript validation/accuracy.R > validation/accuracy.txt
#
# Reference: nuts-A-*.csv and nuts-B-*.csv, made by nuts-reference.R. Errors are in posterior sds.

library(covary)

here <- "validation"
read <- function(name) utils::read.csv(file.path(here, name))

fit_bspline <- function(algorithm, ...) {
  d <- read("nuts-A-data.csv")
  basis <- ~ 0 + splines::bs(x, knots = median(x), degree = 3, intercept = TRUE)
  covary(update(basis, cbind(y1, y2) ~ .), update(basis, sigma ~ .), update(basis, rho ~ .),
    data = d,
    prior = set_prior(normal(0, 10), class = "b"), algorithm = algorithm, ...
  )
}

fit_smooths <- function(algorithm, ...) {
  d <- read("nuts-B-data.csv")
  prior <- c(
    set_prior(normal(0, 5), class = "Intercept", dpar = "mu"),
    set_prior(normal(0, 2.5), class = "Intercept", dpar = "sigma"),
    set_prior(logistic(0, 1), class = "Intercept", dpar = "rho"),
    set_prior(normal(0, 5), class = "b", dpar = "mu"),
    set_prior(normal(0, 2.5), class = "b", dpar = "sigma"),
    set_prior(normal(0, 2.5), class = "b", dpar = "rho"),
    set_prior(half_t(3, 0, 1), class = "sds")
  )
  covary(cbind(y1, y2) ~ s(x), sigma ~ s(x), rho ~ s(x),
    data = d, prior = prior,
    algorithm = algorithm, ...
  )
}

compare_grid <- function(fit, reference) {
  out <- lapply(split(reference, reference$predictor), function(ref) {
    parts <- strsplit(ref$predictor[1], "_")[[1]]
    draws <- posterior_linpred(fit,
      newdata = data.frame(x = ref$x), dpar = parts[1],
      resp = paste(parts[-1], collapse = ":")
    )
    data.frame(
      predictor = ref$predictor[1],
      rms = sqrt(mean(((colMeans(draws) - ref$mean) / ref$sd)^2)),
      max = max(abs(colMeans(draws) - ref$mean) / ref$sd),
      sd_min = min(apply(draws, 2, sd) / ref$sd),
      sd_max = max(apply(draws, 2, sd) / ref$sd)
    )
  })
  do.call(rbind, out)
}

compare_logtau <- function(fit, reference) {
  draws <- as.matrix(fit)
  name <- paste0("sds_", sub("^mu_", "", reference$predictor), "_sx_1")
  t <- log(draws[, name])
  data.frame(
    predictor = reference$predictor, error = (colMeans(t) - reference$mean) / reference$sd,
    sd_ratio = apply(t, 2, sd) / reference$sd
  )
}

show <- function(table) {
  numeric <- vapply(table, is.numeric, TRUE)
  table[numeric] <- lapply(table[numeric], round, 3)
  print(table, row.names = FALSE)
}

if (sys.nframe() == 0) {
  cat("# ", format(Sys.Date()), R.version.string, "covary", format(packageVersion("covary")), "\n")
  for (algorithm in c("nested", "fullrank", "meanfield", "laplace", "nuts")) {
    for (case in c("bspline", "smooths")) {
      set.seed(1)
      fit <- suppressWarnings(if (case == "bspline") {
        fit_bspline(algorithm)
      } else {
        fit_smooths(algorithm)
      })
      cat("\n## ", algorithm, ", ", case, "; khat ",
        paste(round(fit$info$khat, 2), collapse = ", "), "\n",
        sep = ""
      )
      grid <- compare_grid(
        fit,
        read(if (case == "bspline") "nuts-A-grid.csv" else "nuts-B-grid.csv")
      )
      show(grid)
      if (case == "smooths") show(compare_logtau(fit, read("nuts-B-logtau.csv")))
    }
  }
}
