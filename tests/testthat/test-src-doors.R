# What a door does with values that no caller of this package sends: edited objects, and those of
# other versions.

door <- function(name, ...) .Call(getFromNamespace(paste0("C_", name), "covary"), ...)
refused <- function(call) expect_error(call, class = "covary_error_internal")

model_target <- function() covary(mpg ~ wt, data = mtcars, algorithm = "none")
edit <- function(list, ...) utils::modifyList(list, list(...), keep.null = TRUE)

test_that("a size or count that is negative, missing, huge, fractional or no number is refused", {
  for (bad in list(NULL, NA, NA_integer_, NaN, -1, 1e300, Inf, 2.5, "2", list(2L), 1:2)) {
    refused(door("merge_cells", bad, matrix(0, 6, 1), matrix(0, 6, 1)))
    refused(door("cells", 1L, bad, matrix(1, 1, 1), 1))
    refused(door("loglik_and_priors", model_target()$data, c(1, 1, 1), bad))
    refused(door("nuts", model_target(), list(), numeric(3), numeric(6), bad))
  }
  for (bad in list(NULL, NA, NaN, -1, 1e300, Inf, "2", 1:2)) refused(door("reserve", bad))
  for (bad in c(NaN, -1, 0, 1e300, Inf, 2.5)) {
    refused(door(
      "moments", 0, list(1), NULL, NULL, grid_of(1, 0, bad), c(0, 1),
      list(level = 2, threads = 1, groups = 1)
    ))
    refused(door(
      "moments_two", 0, 0, list(1), NULL, NULL, list(grid_of(1, 0, bad), grid_of(1, 0, 1)), c(0, 1),
      list(level = 2, threads = 1, groups = 1, most_numbers = 1e6)
    ))
  }
})

test_that("products of sizes beyond memory are refused, not wrapped", {
  refused(door(
    "moments", 0, list(1), NULL, NULL, grid_of(1, 0, 2^29), c(0, 1),
    list(level = 2, threads = 1, groups = 2^29)
  ))
  refused(door(
    "moments_two", 0, 0, list(1), NULL, NULL, rep(list(grid_of(1, 0, 2^28)), 2), c(0, 1),
    list(level = 2, threads = 1, groups = 2^28, most_numbers = Inf)
  ))
  term <- list(grid = grid_of(1, 0, 2^30), groups = 2^30, coefficients = 0)
  refused(door(
    "rows", matrix(0, 1, 1), NULL, c(0, 1), list(term),
    list(level = 2, threads = 1, groups = 1)
  ))
})

test_that("a code that stands for nothing is refused", {
  for (bad in c(99, 5, -1, NA)) refused(door("prior", bad, c(0, 1, 3), 1, 1))
  model <- model_target()$data
  refused(door("loglik_and_priors", edit(model, family = rep(77L, 3)), c(1, 1, 1), 0L))
  target <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
  estimate <- list(stl = FALSE, entropy = FALSE)
  low_rank <- function(rank) list(name = "lowrank", rank = rank)
  for (bad in list(
    list(name = "unheard"), low_rank(0L), low_rank(65L), low_rank(NA), list(name = "lowrank"),
    list(name = 1L), list(rank = 1L), c(0, 0), NULL
  )) {
    refused(door("elbo", target, bad, estimate, c(0, 0), 0))
  }
  mean_field <- list(name = "meanfield")
  for (bad in list(estimate[1], estimate[2], c(0L, 0L), edit(estimate, stl = NA), NULL)) {
    refused(door("elbo", target, mean_field, bad, c(0, 0), 0))
  }
  for (known in list(target, t_groups(c(1, 2, 4, 3), c(1, 1, 2, 2)))) {
    prior <- known$data$prior
    for (name in names(prior)) {
      for (bad in list(NULL, NaN, "a", 1:2, -Inf)) {
        if (name %in% c("mean", "mean_location", "low") && identical(bad, -Inf)) next
        edited <- unclass(known)
        edited$data$prior <- replace(prior, name, list(bad))
        refused(door("target", edited, numeric(known$dim), NULL, 1, FALSE))
      }
    }
  }
  refused(door("svgd", target, list(
    particles = 2, bandwidth = 0, moments = 0, batch_size = 0,
    batch_scale = 1,
    optimizer = edit(adam()$rule, name = "unheard")
  ), 1, 1, NULL, c(0, 1), numeric(2)))
  refused(door("target", edit(unclass(target), kind = "unheard"), 0, NULL, 1, FALSE))
  refused(door("target", edit(unclass(target), kind = 3), 0, NULL, 1, FALSE))
})

test_that("groups, rows, places and categories outside their range are refused", {
  refused(door("cells", c(1L, 3L), 2L, matrix(1:2 + 0, 2), c(1, 1)))
  refused(door("cells", c(1L, NA), 2L, matrix(1:2 + 0, 2), c(1, 1)))
  model <- model_target()$data
  refused(door("loglik_and_priors", edit(model, group = c(0L, 0L, 1L)), c(1, 1, 1), 0L))
  refused(door("surrogate_marginal", matrix(1), 1, 2L, matrix(0), 0L, 2L))
  refused(door("target", model_target(), c(0, 0, 0), 10000L, 1, FALSE))
  refused(door("target", model_target(), c(0, 0, 0), NA_integer_, 1, FALSE))
})

test_that("lists without names, of the wrong type or with a missing field are refused by field", {
  model <- model_target()$data
  for (bad in list(NULL, 1, unname(model), "model", quote(x), globalenv())) {
    refused(door(
      "loglik_and_priors",
      bad, c(1, 1, 1), 0L
    ))
  }
  for (name in setdiff(names(model), c("joint", "observed"))) {
    expect_error(door(
      "loglik_and_priors", model[setdiff(names(model), name)],
      c(1, 1, 1), 0L
    ), name, class = "covary_error_internal")
  }
  for (name in names(model)) {
    refused(door("loglik_and_priors", replace(model, name, list("a")), c(1, 1, 1), 0L))
  }
})

test_that("a minibatch without rows, or of a target that has none, is refused", {
  settings <- list(
    family = list(name = "meanfield"), optimizer = sgd(.1)$rule,
    estimate = list(stl = FALSE, entropy = FALSE), draws = 1, batch_size = 3,
    batch_scale = 1, loss_scale = 1, most_norm = 0
  )
  refused(door("advi", model_target(), settings, 1, 2L, numeric(6), NULL, numeric(6), numeric()))
  target <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
  refused(door("advi", target, settings, 1, 2L, numeric(2), rep(1L, 6), numeric(2), numeric()))
})

test_that("stimuli, categories, order and state of a learner are checked against each other", {
  set.seed(1)
  d <- data.frame(g = rep(c("a", "b"), 5), x = rnorm(10), y = rnorm(10))
  fit <- learn_categories(g ~ x + y, d, epochs = 1)
  x <- t(fit$x)
  y <- as.integer(fit$category) - 1L
  state <- list(
    parameter = fit$start, velocity = 0 * fit$start, gradient = 0 * fit$start,
    trial = 0, waiting = 0L
  )
  run <- function(
    settings = fit$settings, x. = x, y. = y, order = 0:9, thin = 1L,
    state. = state
  ) {
    door("learner_run", settings, x., y., order, thin, state.)
  }
  expect_equal(run()$done, 10)
  for (name in names(fit$settings)) {
    for (bad in list(NULL, NA, "a", -5, 1e9, list(), 2:9)) {
      if (name %in% c(
        "mean_rate", "scale_rate", "weight_rate", "momentum", "log_activation", "bias",
        "rows", "batch"
      ) && is.numeric(bad) && length(bad) == 1) {
        next
      }
      refused(run(settings = replace(fit$settings, name, list(bad))))
    }
  }
  refused(run(x. = x[, -1]))
  refused(run(y. = y + 1L))
  refused(run(y. = y + 0))
  refused(run(order = 5:10))
  refused(run(thin = -1L))
  for (name in names(state)) {
    refused(run(state. = replace(state, name, list(NULL))))
    refused(run(state. = state[names(state) != name]))
  }
  refused(run(state. = edit(state, trial = NaN)))
  refused(run(state. = edit(state, trial = 0.5)))
  refused(run(state. = edit(state, parameter = fit$start[-1])))
  refused(door("learner_activate", fit$settings, x[-1], fit$parameter))
  refused(door("learner_activate", fit$settings, x, fit$parameter[-1]))
})

test_that("any number of threads and any level of vector code are legal", {
  expected <- door(
    "moments", 0.5, list(1), NULL, NULL, grid_of(1, 0, 1), c(0, 1),
    list(level = 2, threads = 1, groups = 1)
  )
  for (threads in c(-1, 0, 1e9, NaN, Inf)) {
    expect_identical(door(
      "moments", 0.5, list(1), NULL,
      NULL, grid_of(1, 0, 1), c(0, 1), list(level = 2, threads = threads, groups = 1)
    ), expected)
  }
  for (level in c(-1, 99, NaN)) {
    expect_equal(door(
      "moments", 0.5, list(1), NULL, NULL, grid_of(1, 0, 1),
      c(0, 1), list(level = level, threads = 1, groups = 1)
    ), expected)
  }
})
