test_that("an argument that a method does not have is refused by name", {
  fit <- quiet(covary(cbind(mpg, qsec) ~ wt, data = mtcars, algorithm = "laplace", draws = 100))
  e <- expect_error(stats::sigma(fit, smurf = 1), class = "covary_error_argument")
  expect_identical(e$arg, "smurf")
  expect_match(conditionMessage(e), "^sigma\\(\\) has no argument 'smurf'")
  expect_error(confint(fit, lvel = .5), "here it is 'level'", fixed = TRUE)
  expect_error(confint(fit, prob = .5), "here it is 'level'", fixed = TRUE)
  expect_error(confint(fit, NULL, .5, 1), "further unnamed arguments")
  expect_error(as_draws_df(fit, pars = "x"), "here it is 'variable'", fixed = TRUE)
  expect_error(do.call("elbo", list(fit, smurf = 1)), "elbo() has no", fixed = TRUE)
  expect_error(do.call(elbo, list(fit, smurf = 1)), class = "covary_error_argument")
})

# Every function and method with `...`, except those that hand `...` to code of other packages.
test_that("no method swallows an argument", {
  space <- asNamespace("covary")
  table <- getNamespaceInfo(space, "S3methods")
  methods <- unique(table[, 3])
  swallowed <- Filter(function(name) {
    f <- get0(name, space)
    has_dots <- is.function(f) && "..." %in% names(formals(f))
    has_dots && !grepl("...", paste(deparse(body(f)), collapse = " "), fixed = TRUE)
  }, methods)
  # Defaults only say that there is no such method; format() and the functions of insight and
  # emmeans are called by others, with arguments for all kinds of models.
  called <- "^(find_|get_|link_|model_info|emm_basis|format\\.covary_prior)|\\.default$"
  other <- grep(called, swallowed, value = TRUE)
  expect_identical(setdiff(swallowed, other), character())
})
