# Optimiser rules as values; the steps themselves are in optimizer.c.

#' Optimisers
#'
#' Rules for stochastic gradient steps in [advi()] and [svgd()], with the formulas and defaults that
#' PyMC uses. `advi()` needs none of them by default: it optimises over fixed draws.
#'
#' With the default `adagrad_window()` a parameter whose gradient keeps its sign moves by
#' `learning_rate / sqrt(window)` a step: 3.16 in 10,000 steps. The present gradient is part of its
#' own normaliser, which makes fitted standard deviations about 8 % too large; `lagged = TRUE`
#' leaves it out and removes that bias.
#'
#' @param learning_rate Step size.
#' @param momentum Share of the last step that is kept.
#' @param epsilon Added to the normaliser.
#' @param window Number of past gradients in the normaliser.
#' @param lagged Leave the present gradient out of its own normaliser.
#' @param rho,beta1,beta2 Decay of the moving averages.
#' @return An object of class `covary_optimizer`.
#' @examples
#' target <- normal_mixture(c(.5, .5), c(-1, 1), c(1, 1))
#' advi(target, optimizer = adam(0.01), iterations = 2000)
#' @name optimizers
NULL

# `...`: what the rule needs beside a rate, by the names below. The field `rule` is what
# read_optimizer() in r_advi.c takes; its name is that of a rule in optimizer.c.
new_optimizer <- function(name, rate, ...) {
  rule <- list(
    name = name, rate = check_number(rate, "learning_rate", 0, Inf, open = TRUE),
    decay = 0, decay2 = 0, epsilon = 0, window = 1L, lagged = FALSE
  )
  rule <- utils::modifyList(rule, list(...))
  check_share(rule$decay)
  check_share(rule$decay2)
  check_number(rule$epsilon, "epsilon", 0, 1e300)
  numbers <- c("rate", "decay", "decay2", "epsilon")
  rule[numbers] <- lapply(rule[numbers], as.double)
  rule$window <- check_count(rule$window, "window")
  check_flag(rule$lagged, "lagged")
  structure(list(name = name, rate = rate, rule = rule), class = "covary_optimizer")
}

# A share of what was before that a moving average keeps.
check_share <- function(x) {
  if (!(is.numeric(x) && length(x) == 1 && !is.na(x) && x >= 0 && x < 1)) {
    stop_covary(
      "argument", "Momentum, rho and beta must be numbers from 0 to below 1, not ",
      describe(x), "."
    )
  }
}

#' @rdname optimizers
#' @export
sgd <- function(learning_rate = 0.001) new_optimizer("sgd", learning_rate)

#' @rdname optimizers
#' @export
momentum <- function(learning_rate = 0.001, momentum = 0.9) {
  new_optimizer("momentum", learning_rate, decay = momentum)
}

#' @rdname optimizers
#' @export
nesterov <- function(learning_rate = 0.001, momentum = 0.9) {
  new_optimizer("nesterov", learning_rate, decay = momentum)
}

#' @rdname optimizers
#' @export
adagrad <- function(learning_rate = 1, epsilon = 1e-6) {
  new_optimizer("adagrad", learning_rate, epsilon = epsilon)
}

#' @rdname optimizers
#' @export
adagrad_window <- function(learning_rate = 0.001, epsilon = 0.1, window = 10, lagged = FALSE) {
  new_optimizer("adagrad_window", learning_rate,
    epsilon = epsilon, window = window, lagged = lagged
  )
}

#' @rdname optimizers
#' @export
rmsprop <- function(learning_rate = 1, rho = 0.9, epsilon = 1e-6) {
  new_optimizer("rmsprop", learning_rate, decay = rho, epsilon = epsilon)
}

#' @rdname optimizers
#' @export
adadelta <- function(learning_rate = 1, rho = 0.95, epsilon = 1e-6) {
  new_optimizer("adadelta", learning_rate, decay = rho, epsilon = epsilon)
}

#' @rdname optimizers
#' @export
adam <- function(learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) {
  new_optimizer("adam", learning_rate, decay = beta1, decay2 = beta2, epsilon = epsilon)
}

#' @rdname optimizers
#' @export
adamax <- function(learning_rate = 0.002, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) {
  new_optimizer("adamax", learning_rate, decay = beta1, decay2 = beta2, epsilon = epsilon)
}

# Numbers of state a parameter
optimizer_slots <- function(optimizer) .Call(C_optimizer_slots, optimizer$rule)

#' @export
print.covary_optimizer <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_optimizer", "x")
  cat("Optimiser ", x$name, ", learning rate ", format(x$rate), "\n", sep = "")
  invisible(x)
}
