# Edited objects: each object of the package with one to three places changed, given to what takes
# such objects.

source(file.path(here, "rows.R"))
many <- data.frame(
  x = stats::runif(5000), z = stats::runif(5000), g = rep(c("u", "v"), 2500),
  y1 = stats::rnorm(5000), y2 = stats::rnorm(5000)
)
gaussian <- target_density(function(theta) -0.5 * sum(theta^2),
  names = c("a", "b"),
  transforms = list(b = "log")
)
objects <- list(
  fit = quietly(covary(cbind(y1, y2) ~ s(x, k = 4) + g, sigma ~ x, data = rows, draws = 100)),
  fit = quietly(covary(y1 ~ x, data = rows, draws = 100, weights = w, algorithm = "laplace")),
  fit = quietly(covary(y1 ~ x,
    data = compress(many, "y1", by = ~x, resolution = 20),
    draws = 100
  )),
  cells = quietly(compress(rows, c("y1", "y2"), by = ~g)),
  cells = quietly(compress(many, c("y1", "y2"), by = ~ x + g, resolution = 20)),
  cells = quietly(compress(many, "y1", by = ~ x + z, resolution = 20)),
  learner = quietly(learn_categories(k ~ y1 + y2, rows, epochs = 1, bias = TRUE)),
  approximation = quietly(advi(line, draws = 100)),
  approximation = quietly(advi(bimodal,
    optimizer = adam(0.05), iterations = 20, draws = 100,
    callbacks = tracker(m = mean)
  )),
  approximation = quietly(nuts(bimodal, chains = 2, warmup = 20, iterations = 20)),
  approximation = quietly(svgd(bimodal, 10, 5)),
  approximation = quietly(pathfinder(gaussian, draws = 100)),
  density = bimodal, density = line, density = gaussian,
  density = quietly(covary(y1 ~ s(x, k = 4), data = rows, algorithm = "none")),
  priors = c(set_prior(normal(0, 10)), set_prior(half_t(3, 0, 1), class = "sds")),
  prior = normal(0, 1), prior = half_t(3, 0, 2), optimizer = adam(0.01),
  optimizer = adagrad_window(), callback = check_convergence(every = 5),
  callback = tracker(m = mean), control = covary_control(), advi_control = advi_control(),
  nuts_control = nuts_control(), transform = transform_log(), transform = transform_simplex(3),
  rates = learning_rates(),
  quadrature = quadrature_kl(function(x) -x^2 / 2, n = 501)
)

uses <- list(
  fit = list(
    print, summary, coef, vcov, confint, nobs, formula, terms, family, model.frame,
    model.matrix, fitted, residuals, sigma, logLik, predict, simulate, tidy,
    glance, augment, diagnostics, elbo, prior_summary, as_draws, as_draws_df, as_draws_array,
    as.matrix, as.data.frame, as.array, variables, ndraws, nchains, correlation,
    covariance, posterior_predict, posterior_epred, posterior_linpred, log_lik, predictive_error,
    predictive_interval, posterior_interval, bayes_R2,
    conditional_effects, plot, plot_data, pp_check, df.residual, nsamples, as_target,
    function(x) predict(x, newdata = rows), function(x) plot(x, "ellipses"),
    function(x) update(x, draws = 100, data = rows), function(x) {
      posterior_predict(x,
        newdata = rows, ndraws = 3
      )
    }, function(x) print(summary(x)), loo, waic
  ),
  cells = list(
    print, summary, nobs, function(x) merge(x, x), function(x) c(x, x),
    function(x) subset(x, g == "a"), function(x) merge(objects$cells, x),
    function(x) covary(y1 ~ 1, data = x, draws = 100),
    function(x) covary(y1 ~ x, data = x, draws = 100, algorithm = "laplace"),
    function(x) covary(cbind(y1, y2) ~ g, data = x, draws = 100, algorithm = "laplace"), length
  ),
  learner = list(
    print, summary, coef, predict, plot, simulate, trajectory,
    function(x) predict(x, rows), function(x) plot(x, "loss"),
    function(x) print(summary(x)), function(x) trajectory(x, "covariance"),
    function(x) learn_categories(k ~ y1 + y2, rows, epochs = 1, start = coef(x))
  ),
  approximation = list(
    print, summary, mean, sd, vcov, coef, elbo, diagnostics, as_draws,
    as_draws_df, as.matrix, as.data.frame, plot, tracked,
    function(x) predict(x, rows), function(x) refine(x, 5), function(x) plot(x, "loss"),
    function(x) plot(x, "tracker"), function(x) as_draws_matrix(x, 10),
    function(x) mean(x, scale = "free"), function(x) nuts(x$target, 1, 10, 10, start = x),
    function(x) plot(objects$approximation, against = x)
  ),
  density = list(
    print, as_target, function(x) advi(x, iterations = 10, draws = 100),
    function(x) nuts(x, 1, 10, 10), function(x) laplace(x, draws = 100),
    function(x) svgd(x, 10, 3), function(x) pathfinder(x, 1, 20, draws = 100),
    function(x) advi(x, iterations = 10, optimizer = adam(), draws = 100)
  ),
  priors = list(print, function(x) c(x, x), function(x) {
    covary(y1 ~ s(x, k = 4),
      data = rows,
      prior = x, draws = 100, algorithm = "laplace"
    )
  }),
  prior = list(
    print, format, function(x) set_prior(x), function(x) set_prior(x, class = "sds"),
    function(x) linear_regression(y1 ~ x, rows, prior = x),
    function(x) linear_regression(y1 ~ x, rows, sigma = x)
  ),
  optimizer = list(
    print, function(x) advi(bimodal, optimizer = x, iterations = 10, draws = 100),
    function(x) svgd(bimodal, 10, 3, optimizer = x)
  ),
  callback = list(function(x) {
    advi(bimodal,
      optimizer = adam(), iterations = 10, draws = 100,
      callbacks = list(x)
    )
  }),
  control = list(
    function(x) {
      covary(y1 ~ x,
        data = rows, control = x, draws = 100,
        algorithm = "laplace"
      )
    },
    function(x) covary(y1 ~ x, data = rows, control = x, draws = 100)
  ),
  advi_control = list(
    function(x) advi(bimodal, control = x, draws = 100),
    function(x) advi(bimodal, optimizer = adam(), iterations = 10, control = x, draws = 100)
  ),
  nuts_control = list(function(x) nuts(bimodal, 1, 10, 10, control = x)),
  transform = list(print, function(x) {
    target_density(function(theta) -sum(theta^2),
      names = "a",
      transforms = list(a = x)
    )
  }),
  rates = list(print, function(x) learn_categories(k ~ y1 + y2, rows, epochs = 1, rates = x)),
  quadrature = list(print, plot)
)

new_case <- function() {
  i <- sample.int(length(objects), 1, prob = ifelse(names(objects) %in% c(
    "fit", "cells",
    "approximation", "learner", "density"
  ), 3, 1))
  kind <- names(objects)[i]
  object <- edited(objects[[i]])
  use <- sample.int(length(uses[[kind]]), 1)
  list(
    label = paste0(
      kind, " ", i, " use ", use, " (",
      one_line(deparse(uses[[kind]][[use]], nlines = 2)), "): ", object$how
    ),
    run = function() uses[[kind]][[use]](object$value)
  )
}
