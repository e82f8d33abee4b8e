test_that("fits that did not converge are sent to what may help", {
  fit <- fixture("one")
  fit$info$converged <- FALSE
  expect_warning(warn_quality(fit), "use algorithm = \"nuts\"",
    class = "covary_warning_not_converged"
  )
  fit$algorithm <- "nuts"
  told <- tryCatch(warn_quality(fit), covary_warning_not_converged = conditionMessage)
  expect_match(told, "chains did not converge.*more `draws`")
  expect_no_match(told, "algorithm =")
})
