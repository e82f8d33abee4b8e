# What users read: the words of the commonest conditions, through real calls, room by room. A
# changed sentence is seen in tests/testthat/_snaps/aaa-conditions.md, and accepted there.

d <- rows_60()
fit <- quick(cbind(a, b) ~ x + g, data = d)

# Prints each call with the classes and words of the first condition that it ends in or passes.
said <- function(...) {
  old <- options(digits = 7, width = 80, OutDec = ".", scipen = 0)
  on.exit(options(old))
  for (code in as.list(substitute(list(...)))[-1]) {
    found <- tryCatch(
      {
        eval(code, parent.frame())
        NULL
      },
      condition = identity
    )
    cat("> ", deparse1(code), "\n", sep = "")
    what <- grep("^covary_[a-z]+_", class(found), value = TRUE)
    words <- if (length(what)) paste0(what[1], ": ", conditionMessage(found)) else "none of ours"
    cat(words, "\n\n", sep = "")
  }
}

test_that("formula", {
  expect_snapshot_output(said(
    covary("a ~ x", data = d),
    covary(~x, data = d),
    covary(a ~ x, a ~ z, data = d),
    covary(a ~ x, sigma(b) ~ x, data = d),
    covary(a ~ x, rho ~ x, data = d),
    covary(cbind(a, b) ~ x, rho(a) ~ x, data = d),
    covary(a ~ te(x, z), data = d)
  ))
})

test_that("rows", {
  expect_snapshot_output(said(
    covary(a ~ x),
    covary(a ~ nothing, data = d),
    covary(a ~ x, data = d[0, ]),
    covary(a ~ x, data = transform(d, a = NA_real_)),
    covary(a ~ x, data = transform(d, a = replace(a, 3, Inf))),
    covary(a ~ x, data = transform(d, x = replace(x, c(3, 7), -Inf))),
    covary(a ~ x, data = transform(d, x = replace(x, 3, NA)), na.action = stats::na.fail),
    covary(g ~ x, data = d),
    covary(a ~ x, data = d, weights = -x),
    covary(a ~ x, data = d, weights = 1:3),
    covary(a ~ x, data = transform(d, x = replace(x, 1:2, NA))),
    compress("no/such/file.csv", "a", by = ~x),
    compress(d, "nothing", by = ~x),
    compress(d, "a", by = ~nothing)
  ))
})

test_that("design", {
  expect_snapshot_output(said(
    covary(a ~ s(x, k = 30), data = transform(d, x = rep(1:12, 5))),
    covary(a ~ s(g), data = d),
    covary(a ~ x + I(2 * x), data = d)
  ))
})

test_that("sufficient statistics", {
  cells <- compress(d, c("a", "b"), by = ~g)
  expect_snapshot_output(said(
    covary(a ~ x, data = cells),
    covary(nothing ~ g, data = cells),
    merge(cells, compress(d, "a", by = ~g)),
    merge(cells, compress(d, c("a", "b"), by = ~ g + z)),
    merge(cells, 1)
  ))
})

test_that("priors", {
  expect_snapshot_output(said(
    normal(0, -1),
    student_t(0, 0, 1),
    half_t(3, -1),
    set_prior("a"),
    set_prior(normal(0, 1), class = "nothing"),
    covary(a ~ x, data = d, prior = set_prior(normal(0, 1), coef = "nothing")),
    covary(a ~ x, data = d, prior = 1)
  ))
})

test_that("the verb and its settings", {
  expect_snapshot_output(said(
    covary(a ~ x, data = d, algorithm = "mcmc"),
    covary(a ~ x, data = d, draws = "many"),
    covary(a ~ x, data = d, draws = 0),
    covary(a ~ x, data = d, control = list(1)),
    covary_control(row_sd = -1),
    covary_control(threads = -1),
    update(fit, nothing = 1),
    covary(cbind(a, 2 * a) ~ x, data = d),
    covary(a ~ x, data = transform(d, a = 1))
  ))
})

test_that("after the fit", {
  expect_snapshot_output(said(
    predict(fit, "newdata"),
    predict(fit, d["x"]),
    predict(fit, transform(d, g = "q")),
    predict(fit, d, "nothing"),
    predict(fit, d, "mu", "nothing"),
    correlation(fit, d, prob = 2),
    fitted(fit, resp = "nothing"),
    as_draws_df(fit, variable = "nothing"),
    posterior_predict(fit, ndraws = -1),
    correlation(quick(a ~ x, data = d))
  ))
})

test_that("pictures", {
  expect_snapshot_output(said(
    plot(fit, "nothing"),
    pp_check(fit, "nothing"),
    conditional_effects(fit, "nothing"),
    plot_data(1)
  ))
})

test_that("toolkit", {
  target <- normal_mixture(1, 0, 1)
  expect_snapshot_output(said(
    target_density(1),
    target_density(function(x) "a", 2)$log_density(c(0, 0)),
    advi(target, family = "nothing"),
    advi(1),
    nuts(target, chains = 0),
    adam(learning_rate = -1),
    transform_log("a")
  ))
})

test_that("learner", {
  expect_snapshot_output(said(
    learn_categories(category ~ x1, data = data.frame(category = "a", x1 = 1)),
    learn_categories(category ~ x1, data = 1),
    learning_rates(mean = -1)
  ))
})

test_that("a message is one text, however its parts come", {
  said <- tryCatch(warn_covary("khat", "a ", c("b", "c"), NULL, 1.5), warning = identity)
  expect_identical(conditionMessage(said), "a bc1.5")
  fit <- fixture("two")
  fit$info$khat <- c(joint = khat_threshold(nrow(fit$draws)) + 0.01)
  fit$info$moves <- NULL
  said <- tryCatch(warn_khat(fit, fit$info$khat), warning = conditionMessage)
  expect_match(said, "with another seed .* say more\\)")
  expect_identical(length(said), 1L)
})
