test_that("people of an unknown level are scored as those of a new one, where that is asked for", {
  set.seed(2)
  d <- data.frame(age = stats::runif(400, 5, 15), site = rep(letters[1:8], 50))
  d$y <- 2 * d$age + rep(c(-3, -2, -1, 0, 0, 1, 2, 3), 50) + stats::rnorm(400)
  chart <- reference(quick(y ~ age + s(site, bs = "re"), data = d))
  people <- data.frame(age = c(10, 12, NA), y = c(21, 25, 20), site = c(NA, "a", "a"))
  new <- transform(people, site = c("new", "a", "a"))
  for (way in c("population", "predictive")) {
    found <- deviations(chart, people, new_levels = way)
    expect_identical(found$status, c("new level", "ok", "missing"))
    expect_equal(found$z, deviations(chart, new, new_levels = way)$z)
  }
  expect_identical(deviations(chart, people)$status, c("missing", "ok", "missing"))
})
