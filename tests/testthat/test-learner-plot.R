set.seed(1)
learner <- learn_categories(category ~ x1 + x2, original_stimuli(30))

drawn <- function(...) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  plot(...)
}

test_that("contours enclose their share of the probability", {
  contours <- drawn(learner, levels = c(.5, .9))
  expect_named(contours, c("when", "category", "level", "x1", "x2"))
  expect_identical(nrow(contours), 2L * 2L * 2L * 100L)
  one <- contours[contours$when == "after" & contours$category == "b" & contours$level == .9, ]
  distance <- mahalanobis(
    one[c("x1", "x2")], coef(learner)$mean["b", ],
    coef(learner)$covariance[, , "b"]
  )
  expect_equal(distance, rep(qchisq(.9, 2), 100), ignore_attr = TRUE)
  before <- contours[contours$when == "before" & contours$category == "a", ]
  expect_equal(mean(range(before$x1)), learner$start[1], tolerance = 1e-3)
})

test_that("curves are the margin of one dimension", {
  curves <- drawn(learner, dims = "x2", when = "after")
  expect_identical(unique(curves$when), "after")
  a <- curves[curves$category == "a", ]
  expect_equal(
    a$density,
    dnorm(a$x2, coef(learner)$mean["a", "x2"], sqrt(coef(learner)$covariance["x2", "x2", "a"]))
  )
})

test_that("loss and accuracy are running means of the trials", {
  loss <- drawn(learner, "loss", window = 25)
  expect_identical(loss$trial, as.numeric(1:300))
  expect_equal(loss$loss[c(1, 10, 300)], c(
    learner$trials$loss[1], mean(learner$trials$loss[1:10]),
    mean(learner$trials$loss[276:300])
  ))
  accuracy <- drawn(learner, "accuracy", window = 300)
  correct <- learner$trials$response == learner$category[learner$trials$row]
  expect_equal(accuracy$accuracy[300], mean(correct))
})

test_that("plots leave the graphics parameters as they were and refuse bad requests", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  before <- graphics::par(c("mfrow", "mar", "oma", "fig"))
  plot(learner)
  plot(learner, "loss", main = "Mine")
  expect_identical(graphics::par(c("mfrow", "mar", "oma", "fig")), before)
  expect_error(plot(learner, "weights"), class = "covary_error_argument")
  expect_error(plot(learner, dims = "x9"), class = "covary_error_dimension")
  expect_error(plot(learner, dims = 1:3), class = "covary_error_dimension")
  expect_error(plot(learner, levels = 2), class = "covary_error_argument")
  expect_error(plot(learner, when = "during"), class = "covary_error_argument")
})
