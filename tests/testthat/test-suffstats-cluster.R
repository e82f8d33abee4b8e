# Cells from two workers, one of which is killed on the way.

test_that("the number of workers does not matter and a dead one is replaced", {
  skip_on_cran()
  set.seed(741)
  d <- data.frame(x = runif(2e4), sex = sample(c("f", "m"), 2e4, TRUE), y = rnorm(2e4))
  folder <- tempfile("shards")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  files <- file.path(folder, sprintf("part%d.rds", 1:5))
  for (i in 1:5) saveRDS(d[(i - 1) * 4000 + 1:4000, ], files[i])
  cluster <- parallel::makeCluster(2)
  on.exit(try(parallel::stopCluster(cluster), silent = TRUE), add = TRUE)
  one <- compress(files, "y", by = ~ x + sex, cluster = cluster[1])
  two <- compress(files, "y", by = ~ x + sex, cluster = cluster)
  expect_identical(two, one)
  frame_one <- compress(d, "y", by = ~ x + sex, cluster = cluster[2])
  expect_identical(compress(d, "y", by = ~ x + sex, cluster = cluster), frame_one)
  expect_error(compress(files, "nowhere", by = ~x, cluster = cluster), class = "covary_error")
  # An error in the first shard of a round: the other answer of the round is not taken for a later
  # one.
  failing <- function(file) if (grepl("part3", file)) stop("part 3 is bad") else readRDS(file)
  environment(failing) <- baseenv()
  expect_error(
    compress(files, "y", by = ~ x + sex, cluster = cluster, reader = failing),
    "part 3 is bad"
  )
  expect_identical(compress(files, "y", by = ~ x + sex, cluster = cluster), one)
  # The worker that meets the third file first is killed.
  reader <- function(file) {
    mark <- file.path(dirname(file), "killed")
    if (grepl("part3", file) && !file.exists(mark)) {
      file.create(mark)
      tools::pskill(Sys.getpid(), 9L)
      Sys.sleep(10)
    }
    readRDS(file)
  }
  environment(reader) <- baseenv()
  expect_message(left <- compress(files, "y", by = ~ x + sex, cluster = cluster, reader = reader),
    class = "covary_message_worker_died"
  )
  expect_identical(left, one)
  unlink(file.path(folder, "killed"))
  expect_error(
    suppressMessages(compress(files, "y",
      by = ~ x + sex, cluster = cluster,
      reader = reader
    )), "All 2 workers have died",
    class = "covary_error_cluster"
  )
})

test_that("a cluster can be used after a time limit, by us and by others", {
  skip_on_cran()
  set.seed(742)
  d <- data.frame(x = runif(6000), y = rnorm(6000))
  files <- tempfile(letters[1:4], fileext = ".rds")
  for (i in 1:4) saveRDS(d[(i - 1) * 1500 + 1:1500, ], files[i])
  cluster <- parallel::makeCluster(2)
  on.exit(parallel::stopCluster(cluster))
  whole <- compress(files, "y", by = ~x, cluster = cluster)
  slow <- function(file) {
    Sys.sleep(0.5)
    readRDS(file)
  }
  environment(slow) <- baseenv()
  setTimeLimit(elapsed = 0.7, transient = TRUE)
  e <- tryCatch(compress(files, "y", by = ~x, cluster = cluster, reader = slow),
    error = function(e) e
  )
  setTimeLimit()
  expect_false(inherits(e, c("covary_error", "cells")))
  expect_identical(parallel::clusterCall(cluster, function() 42), list(42, 42))
  expect_identical(compress(files, "y", by = ~x, cluster = cluster), whole)
})

test_that("workers know what was decided before them", {
  skip_on_cran()
  set.seed(743)
  cluster <- parallel::makeCluster(2)
  on.exit(parallel::stopCluster(cluster))
  files <- tempfile(letters[1:3], fileext = ".csv")
  codes <- rep(c("1", "2"), 300)
  for (i in 1:3) {
    write.csv(data.frame(
      g = if (i == 1) replace(codes, 600, "A") else codes,
      y = rnorm(600)
    ), files[i], row.names = FALSE, quote = FALSE)
  }
  cells <- compress(files, "y", by = ~g, cluster = cluster, chunk = 100)
  expect_setequal(cells$groups$g, c("1", "2", "A"))
  expect_equal(summary(cells), summary(compress(files, "y", by = ~g)))
  expect_error(compress(files[c(2, 1)], "y", by = ~g, cluster = cluster), basename(files[1]),
    class = "covary_error_column_type"
  )
  # Shards without a complete row are counted.
  d <- data.frame(g = 1:2, y = c(rep(NA, 4000), rnorm(4000)))
  expect_identical(suppressMessages(compress(d, "y",
    by = ~g, cluster = cluster,
    threads = 2
  ))$dropped, c(missing = 4000))
  expect_error(compress(transform(d, y = NA), "y", by = ~g, cluster = cluster),
    class = "covary_error_data"
  )
})
