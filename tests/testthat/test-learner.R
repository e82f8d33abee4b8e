stimuli <- function(n = 40) {
  set.seed(1)
  original_stimuli(n / 2)
}

test_that("a learner learns the original categories", {
  set.seed(8)
  learner <- learn_categories(category ~ x1 + x2, original_stimuli(),
    learning_rates(.002, 1e-3, .1),
    start = original_start
  )
  expect_gt(summary(learner)$accuracy, .98)
  expect_equal(unname(coef(learner)$mean["a", ]), c(-.5, .25), tolerance = .15)
  expect_gt(coef(learner)$covariance[2, 2, "a"], coef(learner)$covariance[1, 1, "a"])
  expect_lt(coef(learner)$covariance[1, 2, "a"], 0)
  expect_gt(coef(learner)$covariance[1, 2, "b"], 0)
})

test_that("coef has the documented shapes and names", {
  set.seed(9)
  d <- data.frame(k = rep(c(TRUE, FALSE), 10), u = rnorm(20), v = rnorm(20), w = rnorm(20))
  coef <- coef(learn_categories(k ~ u + v + w, d, bias = TRUE, epochs = 1))
  expect_identical(dimnames(coef$mean), list(c("FALSE", "TRUE"), c("u", "v", "w")))
  expect_identical(dim(coef$covariance), c(3L, 3L, 2L))
  expect_identical(
    dimnames(coef$weight),
    list(response = c("FALSE", "TRUE"), category = c("FALSE", "TRUE"))
  )
  expect_named(coef$bias, c("FALSE", "TRUE"))
  one <- coef(learn_categories(k ~ u, d, epochs = 1))
  expect_identical(dim(one$mean), c(2L, 1L))
  expect_identical(dim(one$covariance), c(1L, 1L, 2L))
})

test_that("set.seed repeats a run, and rows stay in order without shuffling", {
  run <- function(seed, ...) {
    d <- stimuli()
    set.seed(seed)
    learn_categories(category ~ x1 + x2, d, ...)
  }
  expect_identical(coef(run(1)), coef(run(1)))
  expect_false(identical(coef(run(1)), coef(run(2))))
  expect_identical(run(1, shuffle = FALSE, epochs = 2)$trials$row, rep(1:40, 2))
  expect_identical(sort(run(1, epochs = 1)$trials$row), 1:40)
})

test_that("starting values are used, in every accepted form", {
  d <- stimuli()
  start <- function(...) {
    learner <- learn_categories(category ~ x1 + x2, d, start = list(...), epochs = 1)
    covary:::unpack_coef(learner$start, learner)
  }
  s <- matrix(c(.03, .01, .01, .05), 2)
  expect_equal(unname(start(covariance = s)$covariance[, , 2]), s)
  expect_equal(unname(start(covariance = array(c(s, 2 * s), c(2, 2, 2)))$covariance[, , 2]), 2 * s)
  expect_equal(unname(start()$covariance[, , 1]), diag(.02, 2))
  expect_equal(unname(start(mean = rbind(1:2, 3:4))$mean), rbind(1:2, 3:4))
  expect_equal(unname(start(weight = diag(2))$weight), diag(2))
  own <- colMeans(d[d$category == "a", -1])
  expect_equal(start()$mean["a", ], (own + colMeans(d[-1])) / 2)
})

test_that("names in a start decide the order, so another learner's coef is a start", {
  d <- stimuli()
  first <- coef(learn_categories(category ~ x1 + x2, d, bias = TRUE))
  again <- function(start) {
    learner <- learn_categories(category ~ x1 + x2, d, bias = TRUE, start = start, epochs = 1)
    covary:::unpack_coef(learner$start, learner)
  }
  expect_equal(again(first), first)
  turned <- list(
    mean = first$mean[2:1, 2:1], covariance = first$covariance[2:1, 2:1, 2:1],
    weight = first$weight[2:1, 2:1], bias = first$bias[2:1]
  )
  expect_equal(again(turned), first)
  rownames(turned$mean) <- c("a", "c")
  expect_error(again(turned), class = "covary_error_start")
})

test_that("of several starting points the one with the lowest loss is returned", {
  d <- stimuli()
  set.seed(10)
  learner <- learn_categories(category ~ x1 + x2, d, start = 4)
  expect_identical(nrow(learner$starts), 4L)
  expect_identical(learner$loss, min(learner$starts$loss))
  expect_equal(learner$loss, summary(learner)$loss)
  expect_true(all(c(learner$starts$mean[[2]]) %in% c(d$x1, d$x2)))
  two <- list(list(mean = rbind(c(5, 5), c(-5, -5))), original_start)
  set.seed(11)
  expect_identical(which.min(learn_categories(category ~ x1 + x2, d, start = two)$starts$loss), 2L)
})

test_that("a raw covariance fails with a condition that holds the run so far", {
  model <- list(d = 2, g = 2, scale = "covariance", activation = "density", bias = FALSE)
  failing <- character()
  for (seed in 1:4) {
    set.seed(seed)
    d <- original_stimuli()
    failure <- tryCatch(
      learn_categories(category ~ x1 + x2, d, learning_rates(.002, 1e-3, .1),
        start = original_start,
        scale = "covariance"
      ),
      covary_error = identity
    )
    expect_s3_class(failure, "covary_error_singular")
    partial <- failure$learner
    expect_identical(nrow(partial$trials), failure$trial)
    path <- trajectory(partial)
    expect_identical(path$trial[nrow(path)], as.numeric(failure$trial))
    expect_true(all(is.finite(as.matrix(path[-1, -(1:5)]))))
    expect_output(print(partial), "became singular")
    # the twin gets to the same place, and its next step is not positive definite
    twin <- learner_twin_run(
      partial$start, partial$x, as.integer(partial$category),
      partial$trials$row, model,
      rep(partial$plan$rates, c(4, 6, 4)), .3
    )
    expect_equal(partial$parameter, twin[failure$trial - 1, ])
    triangle <- twin[failure$trial, 4 + (match(failure$category, partial$categories) - 1) * 3 + 1:3]
    expect_lte(min(eigen(matrix(triangle[c(1, 2, 2, 3)], 2))$values), 0)
    failing <- c(failing, failure$category)
  }
  expect_setequal(failing, c("a", "b"))
})

test_that("a raw Cholesky factor fails when its diagonal reaches zero, the log-Cholesky does not", {
  set.seed(2)
  d <- original_stimuli()
  run <- function(scale) {
    learn_categories(category ~ x1 + x2, d, learning_rates(.002, .1, .1),
      start = original_start,
      scale = scale
    )
  }
  expect_error(run("cholesky"), class = "covary_error_singular")
  expect_no_error(suppressWarnings(run("log_cholesky")))
})

test_that("a start that fails among several is reported, and another is returned", {
  set.seed(12)
  d <- original_stimuli()
  starts <- list(c(original_start[1], covariance = 1e-4), original_start)
  learner <- suppressWarnings(learn_categories(category ~ x1 + x2, d,
    learning_rates(.002, 1e-5, .1),
    start = starts,
    scale = "covariance"
  ))
  expect_identical(learner$starts$failed, c(TRUE, FALSE))
})

test_that("every bad input has its own class of error", {
  d <- stimuli()
  fails <- function(class, formula = category ~ x1 + x2, data = d, ...) {
    expect_error(learn_categories(formula, data, ...), class = paste0("covary_error_", class))
  }
  fails("one_category", data = d[d$category == "a", ])
  fails("missing", data = transform(d, x1 = replace(x1, 3, NA)))
  fails("missing", data = transform(d, category = replace(category, 3, NA)))
  fails("constant", data = transform(d, x2 = 1))
  fails("range", data = transform(d, x2 = replace(x2, 1, Inf)))
  fails("range", data = transform(d, x2 = replace(x2, 1, 1.1e150)))
  fails("rates", rates = c(mean = 0, scale = 1, weight = 1))
  fails("rates", rates = c(1, 2, 3))
  fails("dimension", start = list(mean = matrix(0, 2, 3)))
  fails("dimension", start = list(covariance = diag(3)))
  fails("dimension", start = list(weight = diag(3)))
  fails("start", start = list(covariance = matrix(1, 2, 2)))
  fails("start", start = list(sigma = 1))
  fails("start", start = list(mean = matrix(c(NA, 0, 0, 0), 2)))
  fails("formula", formula = ~x1)
  fails("formula", formula = category ~ 1)
  fails("formula", formula = category ~ x1 * x2)
  fails("formula", formula = category ~ x1 + absent)
  fails("data", data = as.list(d))
  fails("data", data = transform(d, x2 = as.character(x2)))
  fails("data", data = transform(d, category = x1))
  fails("argument", momentum = 1)
  fails("argument", epochs = 0)
  fails("argument", batch = 1.5)
  fails("argument", scale = "precision")
  fails("argument", activation = "logit")
  fails("argument", freeze = "everything")
  fails("argument", thin = 0)
  for (bad in list(0, -1, NA, Inf, "1", c(1, 2))) {
    expect_error(learning_rates(scale = bad), class = "covary_error_rates")
  }
})

test_that("errors carry the facts as fields", {
  d <- stimuli()
  holes <- transform(d, x1 = replace(x1, c(3, 5), NA))
  e <- tryCatch(learn_categories(category ~ x1 + x2, holes), covary_error = identity)
  expect_identical(unname(e$row), c(3L, 5L))
  e <- tryCatch(learn_categories(category ~ x1 + x2, transform(d, x2 = 1)), covary_error = identity)
  expect_identical(e$column, "x2")
  e <- tryCatch(learn_categories(category ~ x1 + x2, d, start = list(mean = matrix(0, 2, 3))),
    covary_error = identity
  )
  expect_identical(as.integer(e$expected), c(2L, 2L))
})

test_that("a run that activates nothing says so", {
  d <- transform(stimuli(), x1 = 1e6 * x1)
  expect_warning(learner <- learn_categories(category ~ x1 + x2, d),
    class = "covary_warning_silent"
  )
  expect_gt(learner$silent, nrow(learner$trials) / 2)
})

test_that("the formula takes all columns, transformed ones and unused levels", {
  d <- stimuli()
  d$category <- factor(d$category, c("a", "b", "unused"))
  expect_identical(learn_categories(category ~ ., d, epochs = 1)$dimensions, c("x1", "x2"))
  learner <- learn_categories(category ~ exp(x1) + x2, d, epochs = 1)
  expect_identical(learner$dimensions, c("exp(x1)", "x2"))
  expect_identical(learner$categories, c("a", "b"))
  expect_equal(predict(learner, d, type = "prob"), predict(learner, type = "prob"))
})

test_that("categories may be of any kind, and mean the same", {
  set.seed(31)
  d <- data.frame(x = rnorm(60), z = rnorm(60))
  text <- rep(c("a", "b"), 30)
  fit <- function(k) {
    set.seed(1)
    learn_categories(k ~ x + z, cbind(d, k = k), epochs = 2)
  }
  same <- fit(text)
  kinds <- list(
    factor(text), factor(text, ordered = TRUE), text == "b", as.integer(text == "b"),
    as.numeric(text == "b"),
    factor(text, levels = c("unused", "a", "b")), ifelse(text == "a", "", "b"),
    as.Date("2020-01-01") + (text == "b")
  )
  for (k in kinds) {
    other <- fit(k)
    expect_identical(other$parameter, same$parameter)
    expect_identical(as.integer(predict(other)), as.integer(predict(same)))
    expect_equal(summary(other, cbind(d, k = k))$accuracy, summary(same)$accuracy)
    expect_false(is.ordered(predict(other)))
    grDevices::pdf(NULL)
    expect_silent(plot(other))
    grDevices::dev.off()
  }
  # the order of levels is that of the factor
  turned <- fit(factor(text, levels = c("b", "a"), ordered = TRUE))
  expect_identical(turned$categories, c("b", "a"))
  fails <- function(k, class) expect_error(fit(k), class = paste0("covary_error_", class))
  fails(rep("a", 60), "one_category")
  fails(factor(rep("a", 60), levels = c("a", "b")), "one_category")
  fails(replace(text, 3, NA), "missing")
  fails(addNA(factor(replace(text, 3, NA))), "missing")
  fails(rep(c(NaN, 1), 30), "missing")
  fails(rep(c(Inf, 1), 30), "data")
  fails(rep(c(0.5, 1), 30), "data")
  fails(1e15 + rep(0:1, 30), "data")
  fails(I(as.list(rep(1:2, 30))), "data")
})

test_that("starts and rates go by name, each once", {
  set.seed(32)
  d <- data.frame(k = rep(c("a", "b"), 30), x = rnorm(60))
  fit <- function(...) learn_categories(k ~ x, d, epochs = 1, freeze = "mean", ...)
  expect_equal(coef(fit(start = list(mean = c(b = 1, a = 0))))$mean[, 1], c(a = 0, b = 1))
  expect_error(fit(start = list(mean = c(a = 1, q = 0))), class = "covary_error_start")
  expect_error(fit(start = list(mean = c(1, 0), mean = c(0, 1))), class = "covary_error_start")
  expect_error(fit(rates = c(mean = 0.1, mean = 0.2)), class = "covary_error_rates")
  expect_error(learn_categories(k ~ x), class = "covary_error_data")
  expect_error(learn_categories(data = d), class = "covary_error_formula")
  expect_error(learn_categories(k ~ q, d), class = "covary_error_formula")
  expect_error(learn_categories(k ~ k, d), class = "covary_error_formula")
})
