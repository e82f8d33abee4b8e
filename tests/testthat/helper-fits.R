# Small fits, each made once in a run. `quiet()` silences verdicts on approximations that are rough
# on purpose.

quiet <- function(expr) {
  withCallingHandlers(expr, covary_warning_khat = function(w) invokeRestart("muffleWarning"))
}

data_two <- function() {
  set.seed(11)
  n <- 120
  x <- round(runif(n, -2, 2), 2)
  f <- factor(sample(c("p", "q"), n, TRUE))
  rho <- tanh((0.5 + 0.8 * x) / 2)
  u <- rnorm(n)
  a <- 1 + sin(x) + exp(-0.3 + 0.3 * x) * u
  b <- 20 - 2 * (f == "q") + 3 * (rho * u + sqrt(1 - rho^2) * rnorm(n))
  data.frame(a = a, b = b, x = x, f = f, w = rep(1:2, length.out = n))
}

data_groups <- function() {
  set.seed(12)
  g <- rep(letters[1:10], each = 8)
  x <- rnorm(80, 0, 3)
  at <- match(g, letters)
  data.frame(y = 1 + rnorm(10)[at] + 0.5 * rnorm(10)[at] * x + rnorm(80, 0, 0.7), g = g, x = x)
}

fits <- new.env()

fixture <- function(name) {
  if (is.null(fits[[name]])) {
    set.seed(1)
    fits[[name]] <- quiet(switch(name,
      two = covary(cbind(a, b) ~ s(x, k = 5) + f, sigma(a) ~ x, rho ~ x,
        data = data_two(),
        draws = 800
      ),
      weighted = covary(cbind(a, b) ~ x, data = data_two(), weights = w, draws = 300),
      one = covary(mpg ~ wt, sigma ~ wt, data = mtcars, draws = 800),
      full = covary(cbind(mpg, qsec) ~ wt, data = mtcars, algorithm = "fullrank", draws = 800),
      groups = covary(y ~ x + s(g, bs = "re") + s(g, x, bs = "re"),
        data = data_groups(),
        draws = 1000
      ),
      known = covary(cbind(mpg, qsec) ~ wt, sigma(qsec) ~ 0 + offset(log(hp / 60)), rho ~ 0,
        data = mtcars, draws = 300
      )
    ))
  }
  fits[[name]]
}

# A chunk reader of data frames
chunks <- function(...) {
  all <- list(...)
  at <- 0
  function(reset) {
    at <<- if (reset) 0 else at + 1
    if (!reset && at <= length(all)) all[[at]]
  }
}
