# Two threads (B3): wall time of the pass and of the row score, 1 and 2 threads in turn, best of
# many. Says something only on a quiet machine.
#   Rscript bench/threads.R
if (!exists("simulate_rows")) {
  source(file.path(
    dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
    "common-large.R"
  ))
}
local({
  set.seed(1)
  n <- 4e6
  d <- simulate_rows(n)
  d <- d[order(d$x), ]
  y <- as.matrix(d[c("y1", "y2")])
  dimnames(y) <- NULL
  scaling <- cbind(c(0, 0), c(1, 1))
  x <- list(ordered = d$x, shuffled = sample(d$x))
  coefficients <- as.vector(array(rnorm(5 * 4 * 1024) / 10, c(5, 4, 1024)))
  rows <- function(x, threads) {
    .Call(
      internal$C_rows, y, NULL, scaling,
      list(list(
        x = x, group = NULL, groups = 1L,
        grid = list(inverse_width = 1024, first = 0, count = 1024),
        coefficients = coefficients
      )), list(
        likelihood = list(name = "normal", responses = 2),
        level = 2, threads = threads, value = FALSE
      )
    )
  }
  work <- list(
    `pass, 1024 cells x 4 moments` = function(threads) {
      .Call(
        internal$C_moments, x$shuffled, list(d$y1, d$y2), NULL, NULL, c(1024, 0, 1024), scaling,
        list(level = 2, threads = threads, groups = 1)
      )
    },
    `row score, rows in any order` = function(threads) rows(x$shuffled, threads),
    `row score, rows in order of x` = function(threads) rows(x$ordered, threads)
  )
  for (name in names(work)) {
    wall <- replicate(
      30,
      vapply(1:2, function(threads) system.time(work[[name]](threads))[["elapsed"]], 0)
    )
    cat(sprintf(
      "B3 two threads, %s: %.1f -> %.1f ns/row, wall time ratio %.2f (best of 30; medians %.2f)\n",
      name, min(wall[1, ]) / n * 1e9,
      min(wall[2, ]) / n * 1e9, min(wall[1, ]) / min(wall[2, ]),
      median(wall[1, ]) / median(wall[2, ])
    ))
    same <- identical(work[[name]](1), work[[name]](2))
    if (!same) cat("   results depend on the number of threads\n")
  }
})
