# The category learner: the verb, its coefficients, and what it warns of.

#' Learn categories trial by trial
#'
#' Stimuli are presented one at a time. Each category has a mean and a covariance; the
#' activations of all categories (normal densities at the stimulus) feed one linear layer,
#' its softmax gives the probabilities of the responses, and the cross-entropy error is
#' backpropagated to the weights, the means and the covariances. The covariance is learned
#' through its Cholesky factor with a logarithmic diagonal, which is valid for every real
#' vector, so no learning rate can make it singular.
#'
#' @section Model:
#' For a stimulus \eqn{x} of category \eqn{y}, with \eqn{\Sigma_g = L_g L_g'}{S_g = L_g L_g'}:
#' \deqn{a_g = N(x; m_g, \Sigma_g), \quad z = W a + b, \quad p = \mathrm{softmax}(z), \quad
#'   E = -\log p_y.}{a_g = N(x; m_g, S_g), z = W a + b, p = softmax(z), E = -log p_y.}
#' With `activation = "log_density"` \eqn{a_g} is the logarithm of the density. After each
#' batch every parameter \eqn{\theta}{theta} moves by stochastic gradient descent with a velocity
#' \eqn{v}:
#' \deqn{v \leftarrow \mathrm{momentum}\, v + \partial E / \partial \theta, \quad
#'   \theta \leftarrow \theta - \mathrm{rate}\, v.}{v <- momentum v + dE/dtheta, theta <- theta -
#'   rate v.}
#' Weights and biases start at zero.
#'
#' @section Scale parameterisations:
#' \describe{
#'   \item{`"log_cholesky"`}{log diagonal and strict lower triangle of \eqn{L}. Never fails.}
#'   \item{`"cholesky"`}{lower triangle of \eqn{L}. Fails when its diagonal reaches zero.}
#'   \item{`"covariance"`}{the covariance itself; \eqn{\Sigma_{ij}}{S_ij} and
#'     \eqn{\Sigma_{ji}}{S_ji} each take half of the derivative, as automatic differentiation of
#'     a full matrix does. Fails when it stops being positive definite.}
#' }
#' A covariance counts as valid when the diagonal of \eqn{L} lies between 1e-30 and 1e150 and
#' the condition number of \eqn{L} (Frobenius norm, in units of the starting standard
#' deviations) is at most `sqrt(1e13)`: then \eqn{L L'} is positive definite in double precision
#' too. A `"log_cholesky"` step that would leave this region is halved until it stays inside; the
#' other two raise `covary_error_singular` there. Means are kept within 1e160, weights within 1e100,
#' and log densities, gradients and velocities within 1e304. Ordinary runs never meet these limits;
#' runs that do say so with a warning of class `covary_warning_held` and in `learner$held`.
#'
#' @param formula `category ~ x1 + x2`: the category (factor, character, logical or whole
#'   numbers; G >= 2 different ones) and the D >= 1 numeric dimensions of the stimuli.
#' @param data A data frame, one row per stimulus. Every number must lie within 1e150.
#' @param rates Learning rates, see [learning_rates()]. The gradient of a mean is in loss per
#'   unit of the stimulus, so good rates depend on the units of the data.
#' @param momentum Share of the last velocity that is kept, from 0 to below 1.
#' @param epochs How often the whole data set is presented.
#' @param shuffle Draw a new random order for each epoch (with R's generator, so
#'   `set.seed()` repeats it), or present the rows as they stand.
#' @param scale Parameterisation of the covariances, see below.
#' @param activation `"density"` or `"log_density"`.
#' @param bias Learn a bias per response, at the rate of the weights.
#' @param batch Trials per step; their gradients are averaged. A batch never spans two epochs.
#' @param start Starting point: a list with any of `mean` (G x D matrix; default: half way
#'   between the overall mean and the mean of the category), `covariance` (D x D x G array, one D x
#'   D matrix for all, or one number times the identity; default 0.02), `weight` (G responses x G
#'   categories, default 0) and `bias` (G, default 0). Names of categories and dimensions, where
#'   given, decide the order, so the `coef()` of another learner is a start. A list of such lists
#'   runs several starting points on the same trials, and so does a whole number n: the default
#'   start and n - 1 starts at a random stimulus of each category. The run with the lowest final
#'   loss is returned; `learner$starts` lists them all.
#' @param freeze Parts that are not learned: any of `"mean"`, `"scale"`, `"weight"` (the latter
#'   with the bias).
#' @param thin Keep the parameters of every `thin`-th trial for [trajectory()]. Default: so
#'   that at most 10,000 are kept. Loss and response are kept for every trial.
#'
#' @return An object of class `covary_learner`. `coef()` gives a list of `mean` (G x D),
#'   `covariance` (D x D x G), `weight` (G responses x G categories) and, if asked for, `bias`
#'   (G). See [predict.covary_learner()], [trajectory()] and [plot.covary_learner()].
#'   Fields: `held` (steps cut short, by part), `silent` (trials on which every density was
#'   exactly zero), `starts` (data frame of the starting points), `trials` (data frame of
#'   epoch, row, loss and response).
#'
#' @section Errors:
#' `covary_error_one_category`, `covary_error_missing` (NA), `covary_error_constant` (a
#' dimension with one value only), `covary_error_range` (infinite or beyond 1e150),
#' `covary_error_rates`, `covary_error_dimension` (shape of a start), `covary_error_start`
#' (start covariance not positive definite), `covary_error_formula`, `covary_error_data`,
#' `covary_error_argument`, and `covary_error_singular`, whose fields are `trial`, `category`
#' and `learner`: the learner up to that trial, with its trajectory. An interrupted
#' run returns what it has, with a warning of class `covary_warning_interrupted`; a run
#' in which most trials activate nothing at all warns with `covary_warning_silent`.
#'
#' @references
#' Pinheiro, J. C. and Bates, D. M. (1996). Unconstrained parametrizations for
#' variance-covariance matrices. Statistics and Computing 6, 289-296: the log-Cholesky
#' parameterisation.
#'
#' @examples
#' set.seed(1)
#' stimuli <- data.frame(
#'   category = rep(c("a", "b"), each = 100),
#'   x1 = rnorm(200, rep(c(-.5, -.25), each = 100), .12),
#'   x2 = rnorm(200, rep(c(.25, -.6), each = 100), .15)
#' )
#' learner <- learn_categories(category ~ x1 + x2, stimuli)
#' learner
#' coef(learner)$covariance
#' plot(learner)
#' @export
learn_categories <- function(
  formula, data, rates = learning_rates(), momentum = .3, epochs = 5,
  shuffle = TRUE,
  scale = c("log_cholesky", "cholesky", "covariance"),
  activation = c("density", "log_density"), bias = FALSE, batch = 1,
  start = NULL, freeze = NULL, thin = NULL
) {
  scale <- check_choice(scale, c("log_cholesky", "cholesky", "covariance"), "scale")
  activation <- check_choice(activation, c("density", "log_density"), "activation")
  if (missing(formula)) {
    stop_covary("formula",
      "`formula` is missing; give one such as `category ~ x1 + x2`.",
      fields = list(arg = "formula")
    )
  }
  if (missing(data)) {
    stop_covary("data", "`data` is missing; it must be a data frame.",
      fields = list(arg = "data")
    )
  }
  stimuli <- learner_stimuli(formula, data)
  rates <- check_rates(rates)
  plan <- list(
    rates = rates, freeze = check_freeze(freeze), momentum = check_momentum(momentum),
    epochs = check_count(epochs, "epochs"), shuffle = check_flag(shuffle, "shuffle"),
    scale = scale, activation = activation, bias = check_flag(bias, "bias"),
    batch = check_count(batch, "batch")
  )
  plan$thin <- check_thin(thin, plan$epochs * nrow(stimuli$x))
  starts <- learner_starts(start, stimuli, plan$bias)
  order <- presentation_order(nrow(stimuli$x), plan$epochs, plan$shuffle)

  learner <- best_run(run_starts(starts, stimuli, plan, order))
  learner$call <- match.call()
  warn_learner(learner)
  seal(learner)
}

#' @rdname learn_categories
#' @param object,x A learner.
#' @param digits Significant digits to print.
#' @param ... Not used.
#' @importFrom stats coef
#' @export
coef.covary_learner <- function(object, ...) {
  check_dots(...)
  check_learner(object)
  unpack_coef(object$parameter, object)
}

warn_learner <- function(learner) {
  if (learner$interrupted) {
    warn_covary("interrupted", "The run was interrupted after ", nrow(learner$trials),
      " trials; the learner holds",
      " what was learned so far.",
      fields = list(trial = nrow(learner$trials))
    )
  }
  if (any(learner$held > 0)) {
    part <- names(which.max(learner$held))
    warn_covary("held",
      "Learning steps must stay within the limits of `?learn_categories`; cut short: ",
      sum(learner$held), ", most of them of the ", part, ". Use a smaller `", part,
      "` rate in `rates`.",
      fields = list(held = learner$held)
    )
  }
  if (learner$silent > nrow(learner$trials) / 2) {
    warn_covary("silent", "Densities must be above zero for something to be learned; on ",
      learner$silent, " of ",
      nrow(learner$trials),
      " trials every density was exactly 0. Use smaller `rates`, a `start` with a covariance in",
      " the units of the data, or `activation = \"log_density\"`.",
      fields = list(silent = learner$silent)
    )
  }
}
