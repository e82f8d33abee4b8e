run <- function(...) {
  set.seed(1)
  learn_categories(category ~ x1 + x2, original_stimuli(20), ..., epochs = 3)
}

test_that("the trajectory holds every trial, from the start to the final parameters", {
  learner <- run(bias = TRUE)
  path <- trajectory(learner)
  expect_identical(path$trial, as.numeric(0:120))
  expect_identical(path$row[-1], learner$trials$row)
  expect_identical(path$loss[-1], learner$trials$loss)
  expect_equal(path$loss[2], log(2)) # zero weights: chance
  expect_identical(unlist(path[121, -(1:6)], use.names = FALSE), learner$parameter)
  expect_identical(path[["mean[b,x2]"]][121], coef(learner)$mean["b", "x2"])
  expect_identical(path[["weight[a,b]"]][121], coef(learner)$weight["a", "b"])
  expect_equal(exp(2 * path[["log_L[a,x1,x1]"]][121]), coef(learner)$covariance["x1", "x1", "a"])
  expect_identical(
    as.character(path$category[-1]),
    as.character(learner$category[learner$trials$row])
  )
})

test_that("thinning keeps every n-th row, when learning or later", {
  full <- trajectory(run())
  expect_identical(trajectory(run(thin = 7))$trial, seq(0, 119, by = 7))
  expect_equal(trajectory(run(thin = 7)), full[full$trial %% 7 == 0, ], ignore_attr = "row.names")
  expect_equal(trajectory(run(), thin = 7), full[full$trial %% 7 == 0, ], ignore_attr = "row.names")
  expect_identical(nrow(trajectory(run(thin = 50), "loss")), 121L)
})

test_that("covariances along the way are those of the learned numbers", {
  for (scale in c("log_cholesky", "cholesky", "covariance")) {
    learner <- run(rates = learning_rates(scale = 1e-5), scale = scale)
    path <- trajectory(learner, "covariance")
    last <- path[nrow(path), ]
    s <- coef(learner)$covariance
    expect_equal(
      c(
        last[["covariance[b,x1,x1]"]], last[["covariance[b,x2,x1]"]],
        last[["covariance[b,x2,x2]"]]
      ),
      s[, , "b"][c(1, 2, 4)]
    )
    expect_equal(path[["covariance[a,x2,x2]"]][1], .02)
  }
})

test_that("the start stands once in a trajectory, however it is thinned", {
  set.seed(34)
  d <- data.frame(k = rep(c("a", "b"), 50), x = rnorm(100))
  for (epochs in 1:2) {
    for (kept in list(NULL, 1, 50, 100, 101, 1000)) {
      fit <- learn_categories(k ~ x, d, epochs = epochs, thin = kept)
      for (thin in c(1, 3, 99, 100, 101, 1e6)) {
        for (what in c("learned", "covariance", "loss")) {
          t <- trajectory(fit, what, thin = thin)
          step <- thin * if (what == "loss" || is.null(kept)) 1 else kept
          expect_equal(t$trial, seq(0, 100 * epochs, by = step))
          expect_true(is.na(t$loss[1]))
        }
      }
    }
  }
})
