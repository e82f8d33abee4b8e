# Four features at ten sites, of one factor whose loadings grow with age; pairs of all.
data_features <- function(n = 3000) {
  set.seed(51)
  sites <- sprintf("s%02d", 1:10)
  d <- data.frame(
    age = stats::runif(n, 5, 90), sex = sample(c("F", "M"), n, TRUE),
    site = sample(sites, n, TRUE)
  )
  common <- stats::rnorm(n)
  for (j in 1:4) {
    shift <- stats::setNames(stats::rnorm(10, 0, 0.3), sites)
    loading <- (0.3 + 0.006 * d$age) * (-1)^j
    noise <- loading * common + sqrt(1 - loading^2) * stats::rnorm(n)
    d[[paste0("f", j)]] <- 10 * j + sin(d$age / 20 + j) + shift[d$site] + exp(0.004 * d$age) * noise
  }
  d
}

fit_features <- function() {
  if (is.null(fits$features)) {
    d <- data_features()
    set.seed(52)
    margins <- fit_margins(d, paste0("f", 1:4),
      mu = ~ sex + s(age, k = 6) + s(site, bs = "re"), sigma = ~ age + s(site, bs = "re"),
      refresh = FALSE
    )
    fits$features <- fit_pairs(margins, d, rho = ~age, refresh = FALSE)
  }
  fits$features
}

# Predictors of a feature, or of the correlation of a pair, from the exact basis.
exact_curve <- function(pairs, dpar, name, d) {
  inside <- function(name) getFromNamespace(name, "covary")
  object <- if (dpar == "rho") pairs else pairs$margins
  key <- if (dpar == "rho") inside("rho_key")(pairs) else inside("margin_key")(dpar)
  columns <- inside("curve_columns")(object$design, key, d)
  mean <- object$mean[, name, drop = FALSE]
  if (dpar != "rho") mean <- mean[inside("places_of")(object$design, key), , drop = FALSE]
  as.vector(inside("curve_means")(columns, mean))
}

exact_z <- function(pairs, d) {
  vapply(colnames(pairs$margins$mean), function(name) {
    (d[[name]] - exact_curve(pairs, "mu", name, d)) / exp(exact_curve(pairs, "sigma", name, d))
  }, numeric(nrow(d)))
}
