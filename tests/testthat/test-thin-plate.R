# Thin plate splines as cubics between knots against the sum over all knots by mgcv.

test_that("columns are those of mgcv, inside and outside the data, for any scale and with ties", {
  set.seed(941)
  cases <- list(runif(80), 1e6 * rnorm(60) + 1e9, round(rnorm(100) * 5), rexp(300)^3 * 1e-4)
  for (x in cases) for (k in c(5, 9)) {
    sm <- mgcv::smoothCon(mgcv::s(x, k = k), data = list(x = x), absorb.cons = TRUE, n = length(x))[[1]]
    fast <- with_cubics(sm)
    expect_s3_class(fast, "covary_cubics")
    at <- list(x = c(x, mean(x), max(x) + diff(range(x)) / 2, min(x) - diff(range(x)) / 2, as.vector(sm$shift) + sm$Xu[2:4]))
    theirs <- mgcv::PredictMat(sm, at, n = length(at$x))
    expect_lt(max(abs(mgcv::PredictMat(fast, at, n = length(at$x)) - theirs)) / max(abs(theirs)), 1e-9)
  }
})

test_that("margins of tensor products are cubics too; other bases and a basis stored in another way stay as they are", {
  d <- rows_60()
  tensor <- with_cubics(mgcv::smoothCon(mgcv::t2(x, z, k = 4, bs = "tp"), data = d, absorb.cons = TRUE)[[1]])
  expect_s3_class(tensor$margin[[1]], "covary_cubics")
  for (term in list(quote(s(x, bs = "cr", k = 5)), quote(s(x, z, k = 8)), quote(s(x, m = 3, k = 8)), quote(s(x, bs = "ts", k = 5)))) {
    sm <- mgcv::smoothCon(eval(term, list(s = mgcv::s)), data = d)[[1]]
    expect_identical(with_cubics(sm), sm)
  }
  sm <- mgcv::smoothCon(mgcv::s(x, k = 5), data = d)[[1]]
  other <- sm
  other$UZ <- 2 * other$UZ
  other$p.order <- 3
  expect_identical(with_cubics(other), other)
})
