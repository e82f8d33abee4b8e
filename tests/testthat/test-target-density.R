test_that("derivatives are chosen and announced", {
  f <- function(theta) -sum(theta^4)
  expect_message(t1 <- target_density(f, names = c("a", "b")), class = "covary_message_gradient")
  expect_equal(t1$derivative, "complex")
  expect_message(t2 <- target_density(function(theta) -sum(abs(theta)^3), names = c("a", "b")), class = "covary_message_gradient")
  expect_equal(t2$derivative, "central")
  at <- internal("density_at")
  theta <- c(0.3, -0.7)
  expect_equal(as.vector(at(t1, matrix(theta, 1), TRUE)$gradient), -4 * theta^3, tolerance = 1e-12)
  expect_equal(as.vector(at(t2, matrix(theta, 1), TRUE)$gradient), -3 * abs(theta)^2 * sign(theta), tolerance = 1e-7)
  expect_silent(target_density(f, function(theta) -4 * theta^3, names = c("a", "b")))
})

test_that("errors in a user's density are typed and leave nothing behind", {
  calls <- 0
  target <- suppressMessages(target_density(function(theta) {
    calls <<- calls + 1
    if (calls > 200) stop("out of luck")
    -0.5 * sum(theta^2)
  }, names = "a"))
  e <- tryCatch(nuts(target), error = identity)
  expect_s3_class(e, "covary_error_target")
  expect_match(conditionMessage(e), "out of luck")
  expect_error(suppressMessages(target_density(function(theta) c(1, 2), names = "a")), class = "covary_error_target")
  expect_error(target_density(3, names = "a"), class = "covary_error_argument")
  expect_error(target_density(function(t) 0, names = c("a", "a")), class = "covary_error_argument")
})
