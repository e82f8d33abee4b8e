learned <- function() {
  set.seed(1)
  learn_categories(category ~ x1 + x2, original_stimuli(50), learning_rates(.002, 1e-3, .1),
    bias = TRUE
  )
}

test_that("densities and probabilities equal the twin's", {
  learner <- learned()
  model <- list(d = 2, g = 2, scale = "log_cholesky", activation = "density", bias = TRUE)
  p <- learner_twin_split(learner$parameter, model)
  at <- rbind(c(-.4, .1), c(0, 0), c(-.3, -.5))
  density <- sapply(1:2, function(g) {
    l <- learner_twin_factor(p$triangle[, g], "log_cholesky", 2)
    apply(at, 1, function(x) exp(learner_twin_log_density(x, p$mean[, g], l)))
  })
  expect_equal(unname(predict(learner, at, type = "density")), density, tolerance = last_bits)
  probability <- apply(at, 1, function(x) {
    exp(-c(
      learner_twin_loss(learner$parameter, x, 1, model),
      learner_twin_loss(learner$parameter, x, 2, model)
    ))
  })
  expect_equal(unname(predict(learner, at, type = "prob")), t(probability), tolerance = last_bits)
  expect_equal(
    predict(learner, at, type = "prob", log = TRUE),
    log(predict(learner, at, type = "prob"))
  )
  expect_identical(
    predict(learner, at),
    factor(c("a", "b")[apply(probability, 2, which.max)], c("a", "b"))
  )
})

test_that("new data as a data frame or a matrix give the same", {
  learner <- learned()
  d <- data.frame(x2 = c(.1, -.5), x1 = c(0, -.2))
  expect_identical(
    predict(learner, d, type = "prob"),
    predict(learner, as.matrix(d[c("x1", "x2")]), type = "prob")
  )
  expect_identical(dim(predict(learner, d[0, ], type = "prob")), c(0L, 2L))
})

test_that("bad new data are refused, each with its class", {
  learner <- learned()
  fails <- function(class, newdata) {
    expect_error(predict(learner, newdata), class = paste0("covary_error_", class))
  }
  fails("dimension", data.frame(x1 = 1))
  fails("dimension", matrix(0, 1, 3))
  fails("missing", data.frame(x1 = NA_real_, x2 = 1))
  fails("range", data.frame(x1 = 1e151, x2 = 1))
  fails("unknown_category", data.frame(x1 = 1, x2 = 1, category = "c"))
  fails("data", 1)
  fails("data", data.frame(x1 = "1", x2 = 1))
  expect_error(summary(learner, data.frame(x1 = 1, x2 = 1, category = "c")),
    class = "covary_error_unknown_category"
  )
  expect_error(summary(learner, data.frame(x1 = 1, x2 = 1)), class = "covary_error_data")
  expect_error(predict(learner, type = "odds"), class = "covary_error_argument")
})

test_that("the summary counts responses by true category", {
  learner <- learned()
  s <- summary(learner)
  expect_identical(rowSums(s$confusion), c(a = 50, b = 50))
  expect_identical(s$confusion["a", "b"], sum(predict(learner)[learner$category == "a"] == "b"))
  expect_equal(s$accuracy, mean(predict(learner) == learner$category))
  new <- summary(learner, data.frame(
    category = c("a", "b", "b"), x1 = c(-.5, -.2, -.2),
    x2 = c(.3, -.6, -.6)
  ))
  expect_identical(c(new$confusion), c(1L, 0L, 0L, 2L))
  expect_output(print(s), "accuracy")
})

test_that("simulated responses follow the probabilities and leave the generator alone", {
  learner <- learned()
  at <- data.frame(x1 = c(-.4, -.4, -.4), x2 = c(-.4, -.3, -.4))
  set.seed(3)
  before <- .Random.seed
  draws <- simulate(learner, nsim = 4000, seed = 1, newdata = at)
  expect_identical(.Random.seed, before)
  expect_identical(draws, simulate(learner, nsim = 4000, seed = 1, newdata = at))
  p <- predict(learner, at, type = "prob")[, "b"]
  found <- rowMeans(draws == "b")
  expect_true(all(abs(found - p) <= 4 * sqrt(p * (1 - p) / 4000)))
  expect_true(all(p > .02 & p < .98))
  # stimuli are drawn independently, equal ones too
  expect_lte(abs(cor(c(draws[1, ] == "b"), c(draws[3, ] == "b"))), 4 / sqrt(4000))
  expect_identical(levels(draws[[1]]), c("a", "b"))
})

test_that("a learner survives saveRDS", {
  learner <- learned()
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(learner, file)
  expect_identical(predict(readRDS(file), type = "prob"), predict(learner, type = "prob"))
})

test_that("dimensions of new stimuli are those of the run", {
  set.seed(33)
  d <- data.frame(k = rep(c("a", "b"), 30), x = rnorm(60, rep(c(0, 2), 30)), z = rnorm(60))
  for (f in list(k ~ poly(x, 2), k ~ scale(x) + z, k ~ log(x + 10) + z)) {
    fit <- learn_categories(f, d, epochs = 1)
    whole <- predict(fit, type = "prob")
    expect_equal(predict(fit, d[7, ], type = "prob"), whole[7, , drop = FALSE])
    expect_equal(predict(fit, d[11:20, ], type = "prob"), whole[11:20, ])
    expect_identical(dim(predict(fit, d[0, ], type = "prob")), c(0L, 2L))
  }
  tied <- learn_categories(k ~ I(x / max(x)), d, epochs = 1)
  expect_error(predict(tied, d), class = "covary_error_data")
  plain <- learn_categories(k ~ x + z, d, epochs = 1)
  expect_identical(predict(plain, as.matrix(d[c("z", "x")])), predict(plain))
  expect_identical(predict(plain, unname(as.matrix(d[c("x", "z")]))), predict(plain))
  expect_error(predict(plain, cbind(x = 1, q = 2)), class = "covary_error_dimension")
})
