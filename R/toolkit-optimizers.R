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

# Numbers as read_optimizer() in r_advi.c takes them.
new_optimizer <- function(
  name, rule, rate, decay = 0, decay2 = 0, epsilon = 0, window = 1,
  lagged = FALSE
) {
  check_number(rate, "learning_rate", 0, Inf, open = TRUE)
  check_number(epsilon, "epsilon", 0)
  structure(
    list(
      name = name, rate = rate,
      code = as.double(c(
        rule, rate, share(decay), share(decay2), epsilon,
        check_count(window, "window"), check_flag(lagged, "lagged")
      ))
    ),
    class = "covary_optimizer"
  )
}

share <- function(x) {
  if (!(is.numeric(x) && length(x) == 1 && !is.na(x) && x >= 0 && x < 1)) {
    stop_covary(
      "argument", "Momentum, rho and beta must be numbers from 0 to below 1, not ",
      describe(x), "."
    )
  }
  x
}

#' @rdname optimizers
#' @export
sgd <- function(learning_rate = 0.001) new_optimizer("sgd", 0, learning_rate)

#' @rdname optimizers
#' @export
momentum <- function(learning_rate = 0.001, momentum = 0.9) {
  new_optimizer("momentum", 1, learning_rate, momentum)
}

#' @rdname optimizers
#' @export
nesterov <- function(learning_rate = 0.001, momentum = 0.9) {
  new_optimizer("nesterov", 2, learning_rate, momentum)
}

#' @rdname optimizers
#' @export
adagrad <- function(learning_rate = 1, epsilon = 1e-6) {
  new_optimizer("adagrad", 3, learning_rate, epsilon = epsilon)
}

#' @rdname optimizers
#' @export
adagrad_window <- function(learning_rate = 0.001, epsilon = 0.1, window = 10, lagged = FALSE) {
  new_optimizer("adagrad_window", 4, learning_rate,
    epsilon = epsilon, window = window,
    lagged = lagged
  )
}

#' @rdname optimizers
#' @export
rmsprop <- function(learning_rate = 1, rho = 0.9, epsilon = 1e-6) {
  new_optimizer("rmsprop", 5, learning_rate, rho, epsilon = epsilon)
}

#' @rdname optimizers
#' @export
adadelta <- function(learning_rate = 1, rho = 0.95, epsilon = 1e-6) {
  new_optimizer("adadelta", 6, learning_rate, rho, epsilon = epsilon)
}

#' @rdname optimizers
#' @export
adam <- function(learning_rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) {
  new_optimizer("adam", 7, learning_rate, beta1, beta2, epsilon)
}

#' @rdname optimizers
#' @export
adamax <- function(learning_rate = 0.002, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) {
  new_optimizer("adamax", 8, learning_rate, beta1, beta2, epsilon)
}

optimizer_slots <- function(optimizer) {
  c(0, 1, 1, 1, optimizer$code[6], 1, 2, 2, 2)[optimizer$code[1] + 1]
}

#' @export
print.covary_optimizer <- function(x, ...) {
  check_object(x, "covary_optimizer", "x")
  cat("Optimiser ", x$name, ", learning rate ", format(x$rate), "\n", sep = "")
  invisible(x)
}
