# Charts of responses with margins against formulas written here.
margin_chart_data <- function() {
  set.seed(1)
  n <- 300
  d <- data.frame(x = runif(n), s = rep(letters[1:10], n / 10))
  e1 <- rnorm(n)
  e2 <- 0.6 * e1 + 0.8 * rnorm(n)
  shift <- rnorm(10, 0, 0.15)[match(d$s, letters)]
  d$a <- (2 + d$x + shift + 0.2 * e1)^2
  d$b <- exp(1 + 0.5 * d$x + 0.3 * e2)
  d
}

charted_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      fit <<- suppressWarnings(covary(cbind(a, b) ~ x + s(s, bs = "re"),
        rho ~ x,
        data = margin_chart_data(), margin = list(a = power(), b = power(0)), seed = 1,
        draws = 1000
      ))
    }
    fit
  }
})

chart_people <- data.frame(x = c(0.2, 0.8), s = c("a", "b"), a = c(6, 9), b = c(3, 4))

# The predictors at their posterior means, and transformed responses at that of the power
naive_scores <- function(fit, d) {
  at <- function(dpar, resp) {
    colMeans(posterior_linpred(fit, newdata = d, dpar = dpar, resp = resp))
  }
  z <- vapply(c("a", "b"), function(resp) {
    (to_latent(fit$margins[[resp]], d[[resp]]) - at("mu", resp)) / exp(at("sigma", resp))
  }, numeric(nrow(d)))
  slope <- vapply(c("a", "b"), function(resp) {
    latent_log_slope(fit$margins[[resp]], d[[resp]]) - at("sigma", resp)
  }, numeric(nrow(d)))
  list(z = z, rho = tanh(at("rho", "a:b") / 2), log = dnorm(z, log = TRUE) + slope)
}

test_that("scores are of transformed responses, their errors those of the draws", {
  fit <- charted_fit()
  found <- deviations(fit, chart_people, given = ~b, uncertainty = "posterior")
  naive <- naive_scores(fit, chart_people)
  expect_equal(found$z[1:4], as.vector(naive$z), tolerance = 1e-5)
  expect_equal(found$value[1:4], c(6, 9, 3, 4))
  z <- naive$z
  d2 <- (z[, 1]^2 - 2 * naive$rho * z[, 1] * z[, 2] + z[, 2]^2) / (1 - naive$rho^2)
  expect_equal(found$distance[5:6], sqrt(d2), tolerance = 1e-5)
  conditional <- (z[, 1] - naive$rho * z[, 2]) / sqrt(1 - naive$rho^2)
  expect_equal(found$z[7:8], conditional, tolerance = 1e-5)
  m <- fit$margins$a
  power <- list(lambda = as.vector(as.matrix(fit)[, "lambda_a"]))
  at <- function(dpar) posterior_linpred(fit, newdata = chart_people, dpar = dpar, resp = "a")
  drawn <- (outer(power$lambda, chart_people$a, function(l, y) {
    to_latent(m, y, list(lambda = l))
  }) - at("mu")) / exp(at("sigma"))
  expect_equal(found$z_se[1:2], apply(drawn, 2, sd), tolerance = 0.03)
})

test_that("centiles and regions are mapped back, and are the inverse of scores", {
  fit <- charted_fit()
  lines <- centiles(fit, chart_people["x"], p = c(0.05, 0.5), exclude = "s(s)", interval = 0.9)
  expect_true(all(lines$lower < lines$value & lines$value < lines$upper))
  for (resp in c("a", "b")) {
    mine <- lines[lines$resp == resp, ]
    people <- data.frame(x = mine$x, s = "a", a = 5, b = 5)
    people[[resp]] <- mine$value
    back <- deviations(fit, people, exclude = "s(s)", resp = resp)
    expect_equal(back$z, mine$z, tolerance = 1e-8)
  }
  path <- reference_region(fit, chart_people[1, c("x", "s")], 0.8, predictive = FALSE, points = 9)
  people <- data.frame(x = 0.2, s = "a", a = path$a, b = path$b)
  scores <- deviations(fit, people, wide = TRUE)
  expect_equal(scores$centile_joint, rep(0.8, 9), tolerance = 1e-8)
  wide <- reference_region(fit, chart_people[1, c("x", "s")], 0.8, points = 9)
  expect_true(all(wide$radius > path$radius))
})

test_that("a chart carries its margins into its file and back", {
  skip_if_not_installed("jsonlite")
  fit <- charted_fit()
  ref <- reference(fit, min_count = 0)
  expect_output(print(ref), "Margins: +a: power\\(lambda = .*b: power\\(lambda = 0\\)")
  expect_true(attr(audit(ref, margin_chart_data()), "clean"))
  file <- tempfile(fileext = ".json")
  write_reference(ref, file)
  again <- read_reference(file)
  expect_equal(again$margins, ref$margins)
  one <- function(object) {
    deviations(object, chart_people, given = ~a, uncertainty = "posterior")
  }
  expect_equal(one(ref), one(fit), tolerance = 1e-12)
  expect_equal(one(again), one(fit), tolerance = 1e-12)
  bad <- chart_people
  bad$a[1] <- -1
  expect_error(deviations(again, bad), class = "covary_error_margin")
  again$margins$a$value[["lambda"]] <- NA
  expect_error(deviations(again, chart_people), class = "covary_error_object")
})

test_that("files of the first version of the format have no margins", {
  skip_if_not_installed("jsonlite")
  fit <- covary(mpg ~ wt, data = mtcars, draws = 200, seed = 1)
  file <- tempfile(fileext = ".json")
  write_reference(reference(fit), file)
  text <- paste(readLines(file), collapse = "\n")
  old <- sub("\"margins\":\\{\\},", "", sub("\"version\":2", "\"version\":1", text))
  expect_false(identical(old, text))
  writeLines(old, file)
  again <- suppressWarnings(read_reference(file), classes = "covary_warning_edited")
  new <- data.frame(wt = 3, mpg = 20)
  expect_equal(deviations(again, new)$z, deviations(fit, new)$z, tolerance = 1e-12)
})

test_that("evaluation is on the scale of the response", {
  fit <- charted_fit()
  d <- margin_chart_data()[1:60, ]
  found <- evaluate(fit, d)
  at <- function(resp, measure) found$estimate[found$resp == resp & found$measure == measure]
  naive <- naive_scores(fit, d)
  expect_equal(at("a", "log_score"), mean(naive$log[, 1]), tolerance = 1e-5)
  joint <- rowSums(naive$log) - log(1 - naive$rho^2) / 2 -
    ((naive$rho * naive$z[, 1])^2 + (naive$rho * naive$z[, 2])^2 -
      2 * naive$rho * naive$z[, 1] * naive$z[, 2]) / (2 * (1 - naive$rho^2))
  expect_equal(at("a:b", "joint_log_score"), mean(joint), tolerance = 1e-5)
  m <- fit$margins$a
  mu <- colMeans(posterior_linpred(fit, newdata = d, resp = "a"))
  sigma <- exp(colMeans(posterior_linpred(fit, newdata = d, resp = "a", dpar = "sigma")))
  mean <- vapply(seq_along(mu), function(i) {
    integrate(function(z) dnorm(z) * from_latent(m, mu[i] + sigma[i] * z), -5.6, 5.6)$value
  }, 0)
  expect_equal(at("a", "rmse"), sqrt(mean((d$a - mean)^2)), tolerance = 1e-4)
  n <- 4000
  x <- from_latent(m, mu[1] + sigma[1] * qnorm(ppoints(n)))
  # E |X - a| - E |X - X'| / 2, the latter from sorted values
  crps <- mean(abs(x - d$a[1])) - sum((2 * seq_len(n) - n - 1) * x) / n^2
  one <- evaluate(fit, d[1, ], measures = "crps")
  expect_equal(one$estimate[one$resp == "a"], crps, tolerance = 0.005)
})

test_that("harmonised responses and new sites are on the scale of the response", {
  fit <- charted_fit()
  d <- margin_chart_data()
  own <- d[d$s == "c", ]
  expect_equal(harmonise(fit, own, to = "c"), own, tolerance = 1e-10)
  moved <- harmonise(fit, own, to = "e", correlation = FALSE)
  people <- moved
  people$s <- "e"
  expect_equal(deviations(fit, people, resp = "a")$z, deviations(fit, own, resp = "a")$z,
    tolerance = 1e-6
  )
  new <- transform(own, s = "new")
  adapted <- adapt(fit, new)
  z <- deviations(adapted, new, resp = "a")$z
  expect_lt(max(abs(z - deviations(fit, own, resp = "a")$z)), 0.4)
  expect_lt(abs(mean(z)), 0.3)
})
