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
  expect_error(compress(files, "nowhere", by = ~ x, cluster = cluster), class = "covary_error")
  # An error in the first shard of a round: the other answer of the round is not taken for a later one.
  failing <- function(file) if (grepl("part3", file)) stop("part 3 is bad") else readRDS(file)
  environment(failing) <- baseenv()
  expect_error(compress(files, "y", by = ~ x + sex, cluster = cluster, reader = failing), "part 3 is bad")
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
  expect_message(left <- compress(files, "y", by = ~ x + sex, cluster = cluster, reader = reader), class = "covary_message_worker_died")
  expect_identical(left, one)
  unlink(file.path(folder, "killed"))
  expect_error(suppressMessages(compress(files, "y", by = ~ x + sex, cluster = cluster, reader = reader)), "All 2 workers have died",
    class = "covary_error_cluster")
})
