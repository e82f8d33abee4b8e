# Thin plate splines as polynomials between knots against the sum over all knots by mgcv.

test_that("columns are those of mgcv, inside and outside the data, for any scale and with ties", {
  set.seed(941)
  cases <- list(runif(80), 1e6 * rnorm(60) + 1e9, round(rnorm(100) * 5), rexp(300)^3 * 1e-4)
  for (x in cases) {
    for (k in c(5, 9)) {
      for (m in c(0, 1, 3, 4)) {
        sm <- mgcv::smoothCon(mgcv::s(x, k = k, m = m),
          data = list(x = x), absorb.cons = TRUE,
          n = length(x)
        )[[1]]
        fast <- with_polynomials(sm)
        expect_s3_class(fast, "covary_tprs")
        at <- list(x = c(
          x, mean(x), max(x) + diff(range(x)) / 2, min(x) - diff(range(x)) / 2,
          as.vector(sm$shift) + sm$Xu[2:4]
        ))
        theirs <- mgcv::PredictMat(sm, at, n = length(at$x))
        expect_lt(
          max(abs(mgcv::PredictMat(fast, at, n = length(at$x)) - theirs)) / max(abs(theirs)),
          rounding_of_fit
        )
      }
    }
  }
})

test_that("margins of tensor products are polynomials too; other bases stay as they are", {
  d <- rows_60()
  tensor <- with_polynomials(mgcv::smoothCon(mgcv::t2(x, z, k = 4, bs = "tp"),
    data = d,
    absorb.cons = TRUE
  )[[1]])
  expect_s3_class(tensor$margin[[1]], "covary_tprs")
  for (term in list(
    quote(s(x, bs = "cr", k = 5)), quote(s(x, z, k = 8)),
    quote(s(x, bs = "ts", k = 5))
  )) {
    sm <- mgcv::smoothCon(eval(term, list(s = mgcv::s)), data = d)[[1]]
    expect_identical(with_polynomials(sm), sm)
  }
  sm <- mgcv::smoothCon(mgcv::s(x, k = 5), data = d)[[1]]
  other <- sm
  other$UZ <- rbind(0, other$UZ)
  expect_identical(with_polynomials(other), other)
})

test_that("many values give some 400 knots with both ends, as near to all as mgcv's random 2000", {
  set.seed(942)
  x <- runif(4000)
  knots <- spline_knots(mgcv::s(x, k = 10), list(x = x), rep(1, 4000))$x
  expect_true(all(knots %in% x) && all(range(x) %in% knots))
  expect_gt(length(knots), 350)
  expect_lt(length(knots), 450)
  some <- x[1:3000]
  span <- function(spec, knots = NULL) {
    qr.Q(qr(cbind(1, mgcv::smoothCon(spec,
      data = list(x = some), knots = knots, absorb.cons = TRUE,
      n = 3000
    )[[1]]$X)))
  }
  spec <- mgcv::s(x, k = 10)
  full <- span(mgcv::s(x, k = 10, xt = list(max.knots = 3000)))
  angle <- function(a) max(acos(pmin(1, svd(crossprod(a, full))$d)))
  expect_lt(
    angle(span(spec, spline_knots(spec, list(x = some), rep(1, 3000)))),
    1.5 * angle(span(spec))
  )
  # weights count as rows do: most of the weight below 0.1, most knots of the first kind there
  heavy <- spline_knots(mgcv::s(x, k = 10), list(x = x), ifelse(x < 0.1, 100, 1))$x
  expect_gt(mean(heavy < 0.1), 0.4)
  # ties, few values, a number of knots that the user asks for and other bases are left to mgcv
  expect_null(spline_knots(mgcv::s(x, k = 10), list(x = round(x, 2)), rep(1, 4000)))
  expect_null(spline_knots(mgcv::s(x, xt = list(max.knots = 50)), list(x = x), rep(1, 4000)))
  expect_null(spline_knots(mgcv::s(x, bs = "cr"), list(x = x), rep(1, 4000)))
  tied <- c(runif(1500), rep(0.5, 1e5))
  expect_gt(length(spline_knots(mgcv::s(x), list(x = tied), rep(1, length(tied)))$x), 150)
})
