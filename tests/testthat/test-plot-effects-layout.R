test_that("blocks below each other are as wide as the page, each with its key", {
  block <- function(m, key) list(plan = list(matrix = m), key = key)
  m <- stacked_layout(list(
    block(rbind(c(1, 2, 5), c(3, 4, 5)), new_key(note = "a")), block(rbind(1:2), NULL)
  ))
  places <- m[[1]]
  expect_identical(dim(places), c(4L, 60L))
  expect_identical(unique(places[1, ]), 1)
  expect_identical(unique(places[2, ]), c(2, 3, 6))
  expect_identical(unique(places[3, ]), c(4, 5, 6))
  expect_identical(unique(places[4, ]), c(7, 8))
  expect_identical(lengths(split(places[4, ], places[4, ])), c(`7` = 30L, `8` = 30L))
  expect_length(m$heights, 4)
})
