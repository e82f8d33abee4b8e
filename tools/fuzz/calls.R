# Hostile calls: a legitimate call of an exported function or method with one to three arguments
# replaced.

source(file.path(here, "rows.R"))
fit <- quietly(covary(cbind(y1, y2) ~ x + g, sigma ~ x, data = rows, draws = 100))
single <- quietly(covary(y1 ~ s(x, k = 4) + w, data = rows, draws = 100, algorithm = "fullrank"))
ages <- quietly(compress(rows, "y1", by = ~g))
many <- data.frame(
  x = stats::runif(5000), g = rep(c("u", "v"), 2500), y1 = stats::rnorm(5000),
  y2 = stats::rnorm(5000)
)
moments <- quietly(compress(many, c("y1", "y2"), by = ~ x + g, resolution = 20))
learner <- quietly(learn_categories(k ~ y1 + y2, rows, epochs = 1))
gaussian <- target_density(function(theta) -0.5 * sum(theta^2), names = c("a", "b"))
approximation <- quietly(advi(line, draws = 100))
tracked_fit <- quietly(advi(bimodal,
  optimizer = adam(0.05), iterations = 20, draws = 100,
  callbacks = tracker(m = mean)
))

legitimate <- list(
  covary = list(
    formula = y1 ~ x, data = rows, weights = NULL, subset = NULL, prior = NULL,
    algorithm = "laplace", draws = 100, control = covary_control(),
    refresh = FALSE
  ),
  covary = list(
    formula = cbind(y1, y2) ~ x, data = rows, draws = 100,
    prior = set_prior(normal(0, 10))
  ),
  covary = list(formula = y1 ~ g, data = ages, draws = 100),
  covary = list(formula = cbind(y1, y2) ~ x, data = moments, draws = 100, algorithm = "laplace"),
  covary_control = list(
    importance = "auto", advi = list(), svgd = list(), pathfinder = list(),
    nuts = list(), compress = "auto", resolution = "auto", threads = 1
  ),
  compress = list(
    data = rows, responses = "y1", by = ~x, weights = NULL, resolution = "auto",
    query = NULL, reader = NULL, chunk = 1000, cluster = NULL, threads = 1
  ),
  compress = list(data = many, responses = c("y1", "y2"), by = c("x", "g"), resolution = 20),
  default_prior = list(formula = y1 ~ s(x, k = 4), data = rows, weights = NULL, subset = NULL),
  set_prior = list(prior = normal(0, 1), class = "b", coef = NULL, dpar = NULL, resp = NULL),
  normal = list(location = 0, scale = 1), student_t = list(df = 3, location = 0, scale = 1),
  logistic = list(location = 0, scale = 1),
  half_t = list(df = 3, location = 0, scale = 1), half_normal = list(location = 0, scale = 1),
  exponential = list(rate = 1), inv_gamma = list(shape = 1, scale = 1),
  learn_categories = list(
    formula = k ~ y1 + y2, data = rows, rates = learning_rates(),
    momentum = .3, epochs = 1, shuffle = TRUE, scale = "log_cholesky",
    activation = "density", bias = FALSE, batch = 1, start = NULL, freeze = NULL, thin = NULL
  ),
  learning_rates = list(mean = .002, scale = 1e-4, weight = .1),
  linear_regression = list(
    formula = y1 ~ x, data = rows, prior = normal(0, 10),
    sigma = half_t(3, 0, 1)
  ),
  normal_mixture = list(weights = c(.5, .5), means = c(0, 1), sds = c(1, 1)),
  t_groups = list(y = rows$y1, group = rows$k),
  target_density = list(
    log_density = function(theta) -0.5 * sum(theta^2), gradient = NULL,
    names = c("a", "b"), transforms = list(), start = NULL, rows = NULL,
    log_prior = NULL, prior_gradient = NULL
  ),
  as_target = list(object = fit),
  advi = list(
    target = bimodal, family = "meanfield", iterations = 20, optimizer = "auto",
    batch_size = NULL, start = NULL, start_sigma = NULL, callbacks = list(),
    draws = 100, control = advi_control(), refresh = FALSE
  ),
  advi = list(target = line, iterations = 20, optimizer = adam(0.01), batch_size = 5, draws = 100),
  advi_control = list(
    parity = "none", draws_per_iteration = 1, stl = NULL, rank = NULL,
    fixed_draws = NULL, most_draws = 1000, tolerance = .05, closed_form = TRUE,
    max_norm = 0, pilot_rows = NULL
  ),
  svgd = list(
    target = bimodal, particles = 10, iterations = 5, temperature = 1, heat = NULL,
    jitter = 1, kernel = NULL, bandwidth = NULL, optimizer = NULL,
    batch_size = NULL, start = NULL, rebalance = NULL, callbacks = list(), refresh = FALSE
  ),
  laplace = list(target = gaussian, start = NULL, draws = 100),
  pathfinder = list(target = gaussian, paths = 1, iterations = 20, draws = 100),
  nuts = list(
    target = bimodal, chains = 1, warmup = 10, iterations = 10, start = NULL,
    control = nuts_control(), refresh = FALSE
  ),
  nuts_control = list(accept = .8, metric = "auto", max_depth = 5, jitter = 1),
  refine = list(object = tracked_fit, iterations = 5), tracked = list(object = tracked_fit),
  adam = list(learning_rate = .01, beta1 = .9, beta2 = .9, epsilon = 1e-8),
  adagrad_window = list(learning_rate = .01, epsilon = .1, window = 10, lagged = FALSE),
  adamax = list(learning_rate = .01, beta1 = .9, beta2 = .9, epsilon = 1e-8),
  adadelta = list(learning_rate = 1, rho = .9, epsilon = 1e-6),
  adagrad = list(learning_rate = 1, epsilon = 1e-6), rmsprop = list(
    learning_rate = 1, rho = .9,
    epsilon = 1e-6
  ), sgd = list(learning_rate = .1),
  momentum = list(learning_rate = .1, momentum = .9), nesterov = list(
    learning_rate = .1,
    momentum = .9
  ),
  callback = list(fun = function(approx, losses, i) NULL, every = 10),
  check_convergence = list(every = 100, tolerance = 1e-3, diff = "relative", ord = Inf),
  check_loss = list(every = 100, window = 1000), tracker = list(m = mean, every = 1),
  transform_logit = list(lower = 0, upper = 1), transform_ordered = list(n = 2),
  transform_simplex = list(n = 3), transform_correlation = list(n = 3),
  quadrature_kl = list(
    log_density = function(x) -x^2 / 2, measure = "kl", lower = -5, upper = 5,
    truncated = FALSE, weight = NULL, start = NULL, n = 501
  ),
  predict = list(fit,
    newdata = rows, dpar = "mu", resp = NULL, type = "response", interval = .9,
    ndraws = NULL, draw_ids = NULL
  ),
  predict = list(single, newdata = rows), predict = list(learner,
    newdata = rows, type = "class",
    log = FALSE
  ), predict = list(approximation, newdata = rows, interval = .9),
  fitted = list(fit, dpar = "mu", resp = NULL), residuals = list(fit, type = "raw", resp = NULL),
  sigma = list(fit), coef = list(fit), vcov = list(single),
  confint = list(fit, parm = NULL, level = .9), formula = list(fit, dpar = NULL, resp = NULL),
  terms = list(fit, dpar = "mu", resp = "y1"), nobs = list(fit),
  model.matrix = list(fit, dpar = "mu", resp = "y1"), model.frame = list(fit), family = list(fit),
  logLik = list(single), summary = list(fit, prob = .9),
  update = list(single, formula. = . ~ . + g, data = rows, draws = 100),
  simulate = list(fit, nsim = 2, seed = 1, newdata = rows, resp = NULL),
  posterior_predict = list(fit, newdata = rows, resp = NULL, ndraws = 5, draw_ids = NULL),
  posterior_epred = list(fit, newdata = rows, dpar = "mu", resp = NULL, ndraws = 5),
  posterior_linpred = list(fit,
    transform = FALSE, newdata = rows, dpar = "mu", resp = "y1",
    ndraws = 5
  ), log_lik = list(fit, newdata = rows, resp = NULL, ndraws = 5),
  predictive_error = list(fit, newdata = rows, resp = NULL, ndraws = 5),
  predictive_interval = list(fit, prob = .9, newdata = rows, resp = "y1", ndraws = 20),
  posterior_interval = list(fit, prob = .9, variable = NULL, regex = FALSE),
  bayes_R2 = list(fit, resp = NULL, summary = TRUE, ndraws = 10),
  correlation = list(fit, newdata = rows, interval = .9, draws = FALSE, ndraws = 5),
  covariance = list(fit, newdata = rows, interval = .9, draws = FALSE),
  conditional_effects = list(fit,
    covariate = "x", dpar = NULL, resp = NULL, by = NULL,
    conditions = list()
  ), plot = list(fit,
    type = "effects", covariate = "x",
    dpar = "mu", resp = "y1", by = NULL, conditions = list(), data = TRUE, max_points = 10
  ),
  plot = list(fit, type = "ellipses", covariate = "x", at = NULL),
  plot = list(learner, type = "density", dims = NULL, levels = .5, when = "after", window = NULL),
  plot = list(approximation, what = "marginals", against = NULL, parameters = NULL, truth = NULL),
  plot_data = list(fit, type = "effects", covariate = "x", at = NULL, by = NULL),
  pp_check = list(fit, type = "dens", covariate = NULL, ndraws = 5, bins = NULL),
  tidy = list(fit, conf.int = TRUE, conf.level = .9), glance = list(fit),
  augment = list(fit, data = rows, newdata = NULL), diagnostics = list(fit), elbo = list(fit),
  prior_summary = list(fit),
  as_draws_df = list(fit, variable = NULL, regex = FALSE),
  as.matrix = list(fit, variable = "b_y1_x", regex = FALSE), variables = list(fit),
  ndraws = list(fit),
  as_draws_array = list(approximation, ndraws = 10), mean = list(approximation,
    scale = "parameters"
  ), sd = list(approximation, scale = "free"),
  trajectory = list(learner, what = "learned", thin = 1), subset = list(ages, quote(g == "a")),
  merge = list(ages, ages), c = list(moments, moments), nobs = list(ages)
)

new_case <- function() {
  i <- sample.int(length(legitimate), 1)
  arguments <- legitimate[[i]]
  name <- names(legitimate)[i]
  fun <- get(name, asNamespace("covary"))
  # the first argument decides where the call of a generic of another package goes
  ours <- exists(name, asNamespace("covary"), inherits = FALSE)
  open <- seq_along(arguments)
  if (!ours) open <- open[-1]
  for (j in open[sample.int(length(open), min(length(open), sample.int(3, 1)))]) {
    value <- hostile()
    # update() and c() evaluate what they are given, as base R does
    while (name %in% c("update", "c") && is.language(value) &&
      !inherits(value, "formula")) {
      value <- hostile()
    }
    arguments[j] <- list(value)
  }
  label <- paste0(name, "(", paste(names(arguments), vapply(
    arguments,
    function(v) {
      one_line(deparse(if (is.object(v) || length(v) > 12) class(v)[1] else v,
        nlines = 1
      ))
    }, ""
  ),
  sep = " = ", collapse = ", "
  ), ")")
  list(label = label, run = function() do.call(fun, arguments, quote = TRUE))
}
