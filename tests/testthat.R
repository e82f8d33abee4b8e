library(testthat)
library(covary)

test_check("covary")
