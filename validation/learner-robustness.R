# A million random trials, meant to break the log-Cholesky learner.
#
#   Rscript validation/learner-robustness.R > validation/learner-robustness.txt
#
# Runs of 500 trials; each draws its dimensions (1..5), categories (2..4), activation, bias,
# momentum, batch, starting covariance
# (half of them the default) and three learning rates (log-uniform on 1e-5..10), and one kind of
# stimuli. After every trial of every run all parameters must be finite; at the end of every run,
# and at every 10th trial, each covariance as reported to the user must have finite entries, pass
# chol(), have a positive determinant and a reciprocal condition number that solve() accepts. The
# constant kind goes to the engine past the check that refuses constant columns.

library(covary)
if (!exists("total")) total <- 1e6
set.seed(31)

kinds <- c(
  "ordinary", "duplicated", "collinear", "nearly collinear", "constant",
  "constant within category",
  "huge", "mixed huge", "tiny", "heavy tails"
)

draw_stimuli <- function(kind, n, d, category) {
  x <- matrix(rnorm(n * d, sd = .3), n) + .4 * as.integer(category)
  switch(kind,
    duplicated = x[rep(1:2, length.out = n), , drop = FALSE],
    collinear = x[, rep(1, d), drop = FALSE] %*% diag(seq_len(d), d),
    `nearly collinear` = x[, rep(1, d), drop = FALSE] + 1e-9 * x,
    constant = 0 * x + .3,
    `constant within category` = 0 * x + as.integer(category),
    huge = x * 1e150 / max(abs(x)),
    `mixed huge` = x * ifelse(runif(n) < .1, 1e150 / max(abs(x)), 1),
    tiny = x * 1e-150,
    `heavy tails` = matrix(pmax(pmin(rt(n * d, .05), 1e150), -1e150), n),
    x
  )
}

one_run <- function(kind, n = 100, epochs = 5) {
  d <- sample(1:5, 1)
  g <- sample(2:4, 1)
  category <- factor(rep_len(seq_len(g), n))
  x <- draw_stimuli(kind, n, d, category)
  colnames(x) <- paste0("x", seq_len(d))
  rates <- exp(runif(3, log(1e-5), log(10)))
  plan <- list(
    rates = c(mean = rates[1], scale = rates[2], weight = rates[3]), freeze = NULL,
    momentum = sample(c(0, .3, .9, .999), 1), epochs = epochs, shuffle = TRUE,
    scale = "log_cholesky",
    activation = sample(c("density", "log_density"), 1), bias = runif(1) < .3,
    batch = sample(c(1L, 1L, 7L), 1), thin = 1L
  )
  stimuli <- list(
    x = x, category = category, categories = levels(category),
    dimensions = colnames(x)
  )
  start <- if (runif(1) < .5) list(covariance = 10^(if (kind == "huge") 299 else runif(1, -30, 30)))
  start <- covary:::complete_start(start, stimuli, plan$bias)
  order <- covary:::presentation_order(n, epochs, TRUE)
  covary:::run_learner(start, stimuli, plan, order)
}

singular <- function(s) {
  ok <- all(is.finite(s)) && det(s) > 0 && rcond(s) > .Machine$double.eps &&
    !inherits(try(chol(s), silent = TRUE), "try-error")
  !ok
}

examine <- function(learner) {
  states <- cbind(learner$record[, seq(10, ncol(learner$record), 10)], learner$parameter)
  covariances <- lapply(
    seq_len(ncol(states)),
    function(i) covary:::unpack_coef(states[, i], learner)$covariance
  )
  predicted <- covary:::activate(learner)
  c(
    trials = nrow(learner$trials), errors = !is.null(learner$failed),
    nonfinite_parameters = sum(!is.finite(learner$record)),
    nonfinite_losses = sum(!is.finite(learner$trials$loss)),
    covariances = sum(vapply(covariances, function(s) dim(s)[3], 1L)),
    singular = sum(vapply(
      covariances,
      function(s) sum(apply(s, 3, function(v) singular(as.matrix(v)))), 0
    )),
    nonfinite_predictions = sum(!is.finite(unlist(predicted))),
    held_runs = any(learner$held > 0)
  )
}

runs <- ceiling(total / 500)
kind <- rep_len(kinds, runs)
counts <- do.call(rbind, lapply(kind, function(k) examine(one_run(k))))
table <- rbind(rowsum(counts, kind, reorder = FALSE), total = colSums(counts))
print(table)
