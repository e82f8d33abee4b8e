orthodont <- function() {
  quiet(covary(distance ~ age * Sex + s(Subject, bs = "re"), sigma ~ Sex,
    data = as.data.frame(nlme::Orthodont), draws = 400, seed = 1
  ))
}

test_that("effects are those of the population, unless a group is shown or asked for", {
  fit <- orthodont()
  e <- conditional_effects(fit, "Sex", dpar = "mu")
  nd <- data.frame(age = 10, Sex = c("Male", "Female"))
  known <- apply(posterior_epred(fit, newdata = nd, re_formula = NA), 2, stats::median)
  expect_equal(e$estimate, known)
  held <- conditional_effects(fit, "Sex", dpar = "mu", re_formula = NULL)
  expect_gt(max(abs(held$estimate - known)), 0.5)
  of <- conditional_effects(fit, "Sex", dpar = "mu", conditions = list(Subject = "M09"))
  nd$Subject <- "M09"
  expect_equal(of$estimate, apply(posterior_epred(fit, newdata = nd), 2, stats::median))
  expect_identical(held_text(fit, e[1, ], "Sex", list()), "population, without Subject; age = 10")
  expect_error(conditional_effects(fit, re_formula = ~x), class = "covary_error_argument")
})

test_that("factors that follow from a shown one go with it", {
  fit <- orthodont()
  e <- conditional_effects(fit, "Subject", dpar = "mu", conditions = list(age = 8))
  girl <- which(e$level == "F10")
  nd <- data.frame(age = 8, Sex = c("Female", "Male"), Subject = "F10")
  known <- apply(posterior_epred(fit, newdata = nd), 2, stats::median)
  expect_equal(e$estimate[girl], known[1])
  expect_null(held_text(fit, e[1, ], c("Subject", "age"), list()))
  e <- conditional_effects(fit, "Subject", dpar = "mu", conditions = list(age = 8, Sex = "Male"))
  expect_equal(e$estimate[girl], known[2])
})

test_that("the axis of dates shows dates", {
  at <- pretty_times(c(1216, 1368), as.Date("1973-05-01"))
  expect_true(all(at >= as.Date(1216, "1970-01-01") & at <= as.Date(1368, "1970-01-01")))
  expect_gt(length(at), 2)
  expect_identical(length(attr(at, "labels")), length(at))
  expect_match(attr(at, "labels"), "[A-Za-z]")
})
