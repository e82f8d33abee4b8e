# The limit of R's heap (R/util-memory.R).

test_that("a reserve raises the limit, and takes no memory", {
  limit <- function() gc()["Vcells", "gc trigger"]
  used <- function() gc()["Vcells", "used"]
  before <- c(limit(), used())
  bytes <- 8 * before[1] + 2e8
  expect_invisible(reserve_memory(bytes))
  after <- limit()
  expect_gt(8 * after, bytes / 2)
  expect_lt(used() - before[2], 1e5)
})

test_that("little is not reserved, and what cannot be had is no error", {
  before <- gc()["Vcells", "gc trigger"]
  reserve_memory(least_reserve / 2)
  expect_lte(gc()["Vcells", "gc trigger"], before)
  limit <- mem.maxVSize()
  on.exit(mem.maxVSize(limit))
  mem.maxVSize(sum(gc()["Vcells", 4]) + 100)
  expect_error(.Call(C_reserve, most_reserve))
  expect_silent(reserve_memory(most_reserve))
})
