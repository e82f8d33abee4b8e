# The promise of threads: the same bits for any number of them, with one BLAS and one number of its
# threads. So the tests of threads compare fits of one session, and hold with any BLAS:
#   OPENBLAS_NUM_THREADS=2 R_LD_LIBRARY_PATH=<directory of OpenBLAS>:<usual path> Rscript ...

test_that("fits of rows and of cells are the same bits for any number of threads", {
  set.seed(31)
  d <- data.frame(x = runif(12000))
  d$a <- sin(5 * d$x) + rnorm(12000)
  d$b <- 0.5 * d$a + exp(d$x - 1) * rnorm(12000)
  for (compress in c("always", "never")) {
    fits <- lapply(c(1, 2), function(threads) {
      set.seed(32)
      fit <- quick(cbind(a, b) ~ s(x, k = 5), sigma ~ x,
        data = d, control = covary_control(threads = threads, compress = compress)
      )
      list(fit$draws, fit$info$log_evidence)
    })
    expect_identical(fits[[1]], fits[[2]], label = paste("threads, compress =", compress))
  }
})

test_that("what correlations are is partial or regression, and many responses cost", {
  expect_identical(covary_control()$correlation, "partial")
  expect_error(covary_control(correlation = "marginal"), class = "covary_error_argument")
  responses <- stats::setNames(as.list(letters[1:11]), letters[1:11])
  said <- expect_message(
    say_cost_of_responses(list(responses = responses), covary_control()),
    class = "covary_message_cost"
  )
  expect_match(conditionMessage(said), "correlation = \"regression\"", fixed = TRUE)
  expect_no_message(say_cost_of_responses(list(responses = responses[1:10]), covary_control()))
})
