test_that("a link and its inverse undo each other, and the derivative is that of the inverse", {
  eta <- seq(-3, 3, 0.5)
  for (link in default_links()) {
    expect_equal(link$link(link$inverse(eta)), eta)
    slope <- difference_jacobian(link$inverse, eta)
    expect_equal(link$derivative(eta), diag(slope), tolerance = half_of_digits)
  }
  expect_error(validate_link(list(name = "half a link")))
})

test_that("a correlation by another link is the same correlation", {
  fisher <- new_correlation_link(
    "fisher", identity, identity, function(eta) rep(1, length(eta))
  )
  other <- normal_likelihood(replace(default_links(), "correlation", list(fisher)))
  r <- matrix(list(), 2, 2)
  r[[2, 1]] <- 0.8
  half <- r
  half[[2, 1]] <- 0.4
  y <- list(0.3, -1.2)
  at <- function(rho) list(mu = list(0.1, 0.2), sigma = list(0.5, -0.5), rho = rho)
  expect_equal(other$log_density(y, at(half)), normal_likelihood()$log_density(y, at(r)))
  expect_equal(fisher$inverse(0.4), tanh(0.4))
})
