# Charts of three to five responses with random curves, against naive code.

inside <- function(name) getFromNamespace(name, "covary")

# A chart whose curves are cubics of age with effects of four sites in every predictor. Its
# coefficients are kept beside it: by key, cubic (4) and site (4).
random_chart <- function(k, seed) {
  set.seed(seed)
  table <- inside("new_chart_table")
  responses <- paste0("y", seq_len(k))
  sites <- c("a", "b", "c", "d")
  units <- c(
    lapply(responses, function(r) list("mu", r)), lapply(responses, function(r) list("sigma", r)),
    lapply(inside("response_pairs")(responses), function(r) list("rho", r))
  )
  keys <- vapply(units, function(u) paste(c(u[[1]], u[[2]]), collapse = ":"), "")
  size <- c(mu = 1, sigma = 0.2, rho = 0.5)
  truth <- lapply(units, function(u) {
    scale <- size[[u[[1]]]]
    list(
      cubic = rnorm(4, 0, scale) * c(1, 0.3, 0.1, 0.05), site = rnorm(4, 0, 0.3 * scale),
      sd = 0.3 * scale
    )
  })
  names(truth) <- keys
  known <- inside("normal_likelihood")()$dpars
  predictors <- lapply(stats::setNames(seq_along(units), keys), function(i) {
    at <- truth[[i]]
    grid <- list(age = c(0, 2, 9))
    values <- cubic_at(at$cubic, seq(0, 2, length.out = 9))
    list(
      dpar = units[[i]][[1]], resp = units[[i]][[2]], link = known[[units[[i]][[1]]]]$link$name,
      tables = list(
        table("s(age)", FALSE, grid, list(), values),
        table("s(site)", TRUE, list(), list(site = sites), at$site, at$sd)
      )
    )
  })
  rank <- 3
  loadings <- lapply(predictors, function(p) {
    list(list(grid = list(age = c(0, 2, 5)), levels = list(), values = matrix(
      0.05 * rnorm(rank), 5, rank,
      byrow = TRUE
    )))
  })
  effects <- list(site = list(
    keys = keys, loadings = array(0, c(4, rank, length(keys))),
    left = aperm(array(diag(0.02^2, length(keys)), c(length(keys), length(keys), 4)), c(3, 1, 2))
  ))
  named <- function(v) stats::setNames(v, responses)
  chart <- structure(list(
    version = 1, title = "", units = named(rep(NA_character_, k)), source = "", made = "",
    package = "0", n = 1000, min_count = 0, responses = responses, columns = named(responses),
    likelihood = "normal", covariates = list(
      age = list(type = "numeric", kind = "numeric", range = c(0, 2), step = 0.1),
      site = list(type = "factor", logical = FALSE, levels = sites, n = rep(250L, 4))
    ), predictors = predictors,
    posterior = list(rank = rank, loadings = loadings, levels = effects),
    baseline = matrix(c(0, 1), k, 2, byrow = TRUE, dimnames = list(responses, c("mean", "sd"))),
    groups = list(site = data.frame(
      level = sites, n = 250L, adapted = FALSE, age_min = 0, age_max = 2
    )), table_error = 0
  ), class = "covary_reference")
  list(chart = chart, truth = truth, loadings = lapply(loadings, function(l) l[[1]]$values[1, ]))
}

cubic_at <- function(b, age) b[1] + b[2] * age + b[3] * age^2 + b[4] * age^3

# list(mu, sd, r) of one person; without: drop the effects of sites; moved: added to predictors
naive_curves <- function(x, age, site, without = FALSE, moved = list()) {
  eta <- function(key) {
    at <- x$truth[[key]]
    effect <- if (without || !site %in% c("a", "b", "c", "d")) 0 else at$site[match(site, letters)]
    cubic_at(at$cubic, age) + effect + if (is.null(moved[[key]])) 0 else moved[[key]]
  }
  names <- x$chart$responses
  k <- length(names)
  partial <- diag(k)
  for (i in 2:k) {
    for (j in seq_len(i - 1)) {
      partial[i, j] <- tanh(eta(paste("rho", names[j], names[i], sep = ":")) / 2)
    }
  }
  # Row by row of the Cholesky factor: what is left after the responses before is shared out.
  root <- diag(k)
  for (i in 2:k) {
    left <- 1
    for (j in seq_len(i - 1)) {
      root[i, j] <- partial[i, j] * sqrt(left)
      left <- left - root[i, j]^2
    }
    root[i, i] <- sqrt(left)
  }
  list(
    mu = vapply(names, function(name) eta(paste0("mu:", name)), 0),
    sd = exp(vapply(names, function(name) eta(paste0("sigma:", name)), 0)),
    r = tcrossprod(root)
  )
}

random_people <- function(x, n, gaps = TRUE) {
  d <- data.frame(age = runif(n, 0, 2), site = sample(c("a", "b", "c", "d"), n, TRUE))
  for (name in x$chart$responses) {
    d[[name]] <- rnorm(n, 0, 2)
    if (gaps) d[[name]][runif(n) < 0.2] <- NA
  }
  d
}

naive_z <- function(x, d, i, ...) {
  at <- naive_curves(x, d$age[i], d$site[i], ...)
  y <- unlist(d[i, x$chart$responses])
  c(at, list(y = y, z = (y - at$mu) / at$sd))
}

test_that("z, distances, drivers and conditional z of random charts are those of naive code", {
  for (k in 3:5) {
    x <- random_chart(k, 60 + k)
    d <- random_people(x, 30)
    names <- x$chart$responses
    given <- sample(names, 2)
    out <- deviations(x$chart, d, given = stats::reformulate(given))
    of <- function(resp, column) out[[column]][out$resp == resp]
    for (i in seq_len(nrow(d))) {
      p <- naive_z(x, d, i)
      for (name in names) expect_equal(of(name, "z")[i], p$z[[name]], tolerance = 1e-9)
      on <- which(!is.na(p$z))
      joint <- paste(names, collapse = ":")
      expect_identical(of(joint, "dof")[i], length(on))
      if (length(on) == 0) next
      weighted <- solve(p$r[on, on], p$z[on])
      expect_equal(of(joint, "distance")[i]^2, sum(p$z[on] * weighted), tolerance = 1e-9)
      share <- p$z[on] * weighted
      large <- share >= max(share) / 2
      expect_identical(of(joint, "driver")[i], paste(
        names[on][large], ifelse(p$z[on][large] > 0, "high", "low"),
        collapse = ", "
      ))
      for (name in setdiff(names, given)) {
        at <- match(given, names)
        one <- match(name, names)
        slope <- solve(p$r[at, at], p$r[at, one])
        expected <- (p$z[[one]] - sum(slope * p$z[at])) / sqrt(1 - sum(slope * p$r[at, one]))
        found <- of(paste(name, "|", paste(given, collapse = ", ")), "z")[i]
        expect_equal(found, expected, tolerance = 1e-8)
      }
    }
  }
})

test_that("z_se of random charts is that of numerical derivatives and the loadings", {
  x <- random_chart(4, 71)
  d <- random_people(x, 12, gaps = FALSE)
  keys <- names(x$truth)
  loadings <- do.call(rbind, x$loadings[keys])
  cov <- tcrossprod(loadings) + diag(0.02^2, length(keys))
  out <- deviations(x$chart, d, given = ~ y3 + y1, uncertainty = "posterior")
  score <- function(i, moved) {
    p <- naive_z(x, d, i, moved = moved)
    at <- c(3, 1)
    slope <- solve(p$r[at, at], p$r[at, 4])
    c(p$z[2], (p$z[4] - sum(slope * p$z[at])) / sqrt(1 - sum(slope * p$r[at, 4])))
  }
  for (i in 1:12) {
    gradient <- vapply(keys, function(key) {
      (score(i, stats::setNames(list(1e-5), key)) - score(i, stats::setNames(list(-1e-5), key))) /
        2e-5
    }, numeric(2))
    expected <- sqrt(diag(gradient %*% cov %*% t(gradient)))
    found <- c(out$z_se[out$resp == "y2"][i], out$z_se[out$resp == "y4 | y3, y1"][i])
    # Differences of 1e-4 and 1e-5: third derivatives times 1e-8
    expect_equal(found, unname(expected), tolerance = 1e-5)
  }
})

test_that("harmonised responses of random charts are those of naive code, and round trips exact", {
  x <- random_chart(4, 81)
  d <- random_people(x, 40)
  names <- x$chart$responses
  moved <- harmonise(x$chart, d)
  for (i in seq_len(40)) {
    from <- naive_z(x, d, i)
    to <- naive_curves(x, d$age[i], d$site[i], without = TRUE)
    on <- which(!is.na(from$z))
    if (length(on) == 0) next
    w <- solve(t(chol(from$r[on, on])), from$z[on])
    expected <- to$mu[on] + to$sd[on] * drop(t(chol(to$r[on, on])) %*% w)
    expect_equal(unname(unlist(moved[i, names[on]])), unname(expected), tolerance = 1e-9)
  }
  expect_identical(is.na(moved), is.na(d))
  at_b <- harmonise(x$chart, d, to = "b")
  expect_equal(at_b[d$site == "b", ], d[d$site == "b", ], tolerance = 1e-10)
  at_b$site <- "b"
  back <- harmonise(x$chart, at_b[d$site == "c", ], to = "c")
  expect_equal(back[names], d[d$site == "c", names], tolerance = 1e-10)
})

test_that("measures of random charts are those of naive code", {
  x <- random_chart(3, 91)
  d <- random_people(x, 50, gaps = FALSE)
  found <- evaluate(x$chart, d)
  value <- function(resp, measure) {
    found$estimate[found$resp == resp & found$measure == measure]
  }
  people <- lapply(seq_len(50), function(i) naive_z(x, d, i))
  joint <- vapply(people, function(p) {
    cov <- p$r * tcrossprod(p$sd)
    e <- p$y - p$mu
    -0.5 * (sum(e * solve(cov, e)) + log(det(cov)) + 3 * log(2 * pi))
  }, 0)
  expect_equal(value("y1:y2:y3", "joint_log_score"), mean(joint), tolerance = 1e-9)
  z2 <- vapply(people, function(p) p$z[[2]], 0)
  sd2 <- vapply(people, function(p) p$sd[[2]], 0)
  expect_equal(value("y2", "log_score"), mean(dnorm(z2, log = TRUE) - log(sd2)), tolerance = 1e-9)
  expect_equal(value("y2", "mean_z"), mean(z2), tolerance = 1e-9)
  square <- vapply(people, function(p) sum(p$z * solve(p$r, p$z)), 0)
  expect_equal(value("y1:y2:y3", "coverage_joint"), mean(square <= qchisq(0.95, 3)))
})

test_that("regions and centiles of random charts lie where naive code has them", {
  x <- random_chart(4, 95)
  at <- data.frame(age = 1.3, site = "c")
  p <- naive_curves(x, 1.3, "c")
  path <- reference_region(x$chart, at, level = 0.8, resp = c("y2", "y4"), predictive = FALSE)
  z <- cbind((path$y2 - p$mu[2]) / p$sd[2], (path$y4 - p$mu[4]) / p$sd[4])
  r <- p$r[c(2, 4), c(2, 4)]
  expect_equal(rowSums(z %*% solve(r) * z), rep(qchisq(0.8, 2), 101), tolerance = 1e-9)
  lines <- centiles(x$chart, at, z = c(-2, 1))
  expect_equal(lines$value, as.vector(t(outer(p$sd, c(-2, 1)) + p$mu)), tolerance = 1e-9)
})

test_that("adapted means of four responses are the Gaussian posterior", {
  x <- random_chart(4, 97)
  d <- random_people(x, 15)
  d$site <- "new"
  d$site[1] <- NA
  found <- adapt(x$chart, d, vary = "mu")
  precision <- diag(1 / 0.3^2, 4)
  linear <- numeric(4)
  for (i in 2:15) {
    p <- naive_z(x, d, i)
    on <- which(!is.na(p$y))
    if (length(on) == 0) next
    inverse <- solve(p$r[on, on, drop = FALSE] * tcrossprod(p$sd[on]))
    precision[on, on] <- precision[on, on] + inverse
    linear[on] <- linear[on] + inverse %*% (p$y - p$mu)[on]
  }
  s <- sites(found)[5, ]
  expect_equal(unlist(s[paste0("mu_y", 1:4)]), solve(precision, linear),
    tolerance = 1e-6, ignore_attr = TRUE
  )
  expect_equal(unlist(s[paste0("mu_y", 1:4, "_sd")]), sqrt(diag(solve(precision))),
    tolerance = 1e-4, ignore_attr = TRUE
  )
})

test_that("an adapted correlation of three responses is that of a grid", {
  x <- random_chart(3, 99)
  for (key in c("rho:y1:y3", "rho:y2:y3")) x$chart$predictors[[key]]$tables[[2]] <- NULL
  x$truth[["rho:y1:y3"]]$site <- x$truth[["rho:y2:y3"]]$site <- numeric(4)
  keep <- setdiff(names(x$truth), c("rho:y1:y3", "rho:y2:y3"))
  effect <- x$chart$posterior$levels$site
  at <- match(keep, effect$keys)
  x$chart$posterior$levels$site <- list(
    keys = keep, loadings = effect$loadings[, , at, drop = FALSE],
    left = effect$left[, at, at, drop = FALSE]
  )
  d <- random_people(x, 20, gaps = FALSE)
  d$site <- "new"
  found <- sites(adapt(x$chart, d, vary = "rho"))[5, ]
  grid <- seq(-1.2, 1.2, length.out = 401)
  log_p <- vapply(grid, function(b) {
    moved <- list("rho:y1:y2" = b)
    dnorm(b, 0, 0.15, TRUE) + sum(vapply(1:20, function(i) {
      p <- naive_z(x, d, i, moved = moved)
      -0.5 * (sum(p$z * solve(p$r, p$z)) + log(det(p$r)))
    }, 0))
  }, 0)
  w <- exp(log_p - max(log_p))
  w <- w / sum(w)
  expect_equal(found$rho_y1_y2, sum(w * grid), tolerance = 1e-5)
  expect_equal(found$rho_y1_y2_sd, sqrt(sum(w * grid^2) - sum(w * grid)^2), tolerance = 1e-3)
})

test_that("a chart of four responses and its file score alike", {
  skip_if_not_installed("jsonlite")
  x <- random_chart(4, 101)
  d <- random_people(x, 30)
  file <- tempfile(fileext = ".json")
  on.exit(unlink(file))
  write_reference(x$chart, file)
  back <- read_reference(file)
  a <- deviations(x$chart, d, given = ~y2, uncertainty = "posterior")
  b <- deviations(back, d, given = ~y2, uncertainty = "posterior")
  # Random values have more than the 15 digits of a file
  expect_equal(b$z, a$z, tolerance = 1e-12)
  expect_equal(b$z_se, a$z_se, tolerance = 1e-9)
})
