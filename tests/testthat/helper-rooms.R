# Small data, quick fits and views of their insides for the tests of the R rooms.

rows_60 <- function(seed = 1) {
  set.seed(seed)
  d <- data.frame(
    x = stats::runif(60), z = stats::rnorm(60),
    g = factor(sample(letters[1:4], 60, TRUE))
  )
  d$a <- 1 + sin(5 * d$x) + stats::rnorm(60)
  d$b <- 0.5 * d$a + exp(d$x / 2) * stats::rnorm(60)
  d
}

# Whether 200 draws suffice for khat is not what these tests are about.
quick <- function(..., draws = 200, covary = covary::covary) {
  withCallingHandlers(covary(..., draws = draws),
    covary_warning_khat = function(w) invokeRestart("muffleWarning"),
    covary_message_dropped_rows = function(m) invokeRestart("muffleMessage")
  )
}

parse <- function(..., names = c("x", "z", "g", "a", "b")) parse_formulas(..., data_names = names)

rhs_of <- function(parsed) vapply(parsed$predictors, function(p) deparse1(p$rhs[[2]]), "")

# Draws of all predictors at new data: S x N matrices by key.
all_predictors <- function(fit, newdata) {
  check_newdata(newdata, fit$design)
  lapply(
    stats::setNames(nm = names(fit$design$predictors)),
    function(key) predictor_draws(fit, key, newdata)
  )
}

coefficients_of <- function(fit) {
  parameters <- setdiff(colnames(fit$draws), c("lprior", "lp__", "lp_approx__"))
  unclass(fit$draws)[, parameters, drop = FALSE]
}

# Largest difference of two sets of draws in sds of the first.
draws_differ <- function(one, two) {
  sd <- apply(one, 2, stats::sd)
  max(abs(one - two) / rep(pmax(sd, 1e-300), each = nrow(one)))
}

model_of <- function(..., data, prior = NULL, weights = NULL) {
  parsed <- parse_formulas(..., data_names = names(data))
  frame <- read_frame(parsed, data, weights, NULL, stats::na.omit)
  cells <- new_cells(frame)
  design <- new_design(parsed, frame, cells)
  scales <- scales_of_cells(response_scales(cells_moments(cells), colnames(frame$y)), design, cells)
  new_cells_model(design, cells, resolve_priors(design, scales, prior), scales)
}
