# Are the predictors of fits of many rows those that the formulas say? Random formulas with jumps,
# waves, logs, offsets, interactions and factors, at 12,000 to 200,000 rows, fitted as covary()
# pleases (cells, tables, blocks or rows).
#
#   Rscript validation/predictor-accuracy.R [formulas [seed]] > validation/predictor-accuracy.txt
#
# Every other formula has one continuous covariate, with which rows go to cells.
#
# The truth is a fit of the rows themselves (compress = "never") by the same algorithm. Parametric
# predictors of both are multiplied out here, from model.matrix() of all rows and the coefficients,
# so that coefficients which mean something else are found too; predictors with smooths come from
# predict() at 4000 rows and the ends of all columns. `error` is the largest difference over all
# predictors and rows in residual sds (of log sds and rhobits: itself), `shift` in posterior sds,
# `reported` and `of posterior` what diagnostics() says of it. A fit passes if its error is at most
# .01, or if it said that it is not.
library(covary)
given <- as.integer(commandArgs(TRUE))
count <- if (length(given)) given[1] else 40L
seed <- if (length(given) > 1) given[2] else 1200L

draw_data <- function(n) {
  d <- data.frame(
    x = runif(n), h = runif(n, 0, 2000), z = rnorm(n), w = exp(rnorm(n, 0, 3)),
    o = rnorm(n),
    rain = ifelse(runif(n) < 0.6, 0, rexp(n)), age = sample(20:80, n, TRUE),
    s = exp(rnorm(n, 0, 0.7)),
    g = factor(sample(c("a", "b", "c"), n, TRUE)), u = sample(c("m", "f"), n, TRUE)
  )
  if (runif(1) < 0.3) contrasts(d$g) <- contr.sum(3)
  z1 <- rnorm(n)
  d$y <- with(d, 1 + x + sin(2 * pi * h / 24) + 2 * (rain > 0) + 0.3 * rain + 0.4 * log(w) + 0.2 *
    (x > 0.4) * z + o) + z1
  d$v <- with(d, sin(5 * x) + (g == "b") + 0.5 * abs(z - 1)) + 0.5 * z1 + exp(0.3 * (d$rain > 0)) *
    rnorm(n)
  d
}

mean_terms <- c(
  "x", "I(x > 0.4)", "sin(2 * pi * h / 24)", "cos(2 * pi * h / 24)", "I(rain > 0)",
  "rain", "I(rain > 0):rain", "log(w)",
  "poly(x, 3)", "scale(z)", "z", "pmax(z, 0.5)", "g", "g:x", "u", "I(age > 50)", "poly(age, 2)",
  "log(age)", "cut(x, c(-1, 0.2, 0.6, 2))", "floor(10 * x)",
  "I(x^2)", "I(h %% 24)", "splines::bs(x, df = 6)", "splines::ns(z, df = 3)",
  "factor(round(z) > 1)", "ifelse(x > 0.7, x, 0)", "x:z",
  "sqrt(w)", "abs(z - 1)", "I(1 / (x + 0.001))", "sin(500 * x)", "I(exp(z))"
)
smooth_terms <- c(
  "s(x, k = 8)", "s(z, k = 6)", "s(h %% 24, bs = \"cc\", k = 8)",
  "s(x, by = g, k = 5)", "s(log(w), k = 6)"
)
sigma_terms <- c(
  "1", "x", "I(rain > 0)", "offset(log(s))", "offset(0.3 * (x > 0.4)) + z", "g",
  "poly(z, 2)", "sin(2 * pi * h / 24)", "scale(x)"
)
rho_terms <- c("1", "x", "offset(o)", "I(rain > 0)", "offset(0.5 * sin(h))", "g")
mean_offsets <- c(
  "", "", "offset(o)", "offset(log(w) / 2)", "offset(x * z)", "offset(sin(40 * x))",
  "offset(2 * (x > 0.6) + o)"
)

# Those that use no covariates but `variables`
only <- function(terms, variables) {
  uses <- function(term) all(all.vars(str2lang(if (nzchar(term)) term else "1")) %in% variables)
  terms[vapply(terms, uses, TRUE)]
}

draw_formulas <- function(variables) {
  mean_terms <- only(mean_terms, variables)
  smooth_terms <- c(only(smooth_terms, variables), "g")
  sigma_terms <- only(sigma_terms, variables)
  rho_terms <- only(rho_terms, variables)
  terms <- sample(mean_terms, sample(seq_len(min(4, length(mean_terms))), 1))
  if (runif(1) < 0.2) terms <- unique(c(terms, sample(smooth_terms, 1)))
  offset <- sample(only(mean_offsets, variables), 1)
  right <- paste(c(terms, if (nzchar(offset)) offset), collapse = " + ")
  pair <- runif(1) < 0.3
  c(
    paste(if (pair) "cbind(y, v)" else "y", "~", right), paste("sigma ~", sample(sigma_terms, 1)),
    if (pair) paste("rho ~", sample(rho_terms, 1))
  )
}

fit_quietly <- function(formulas, d, ...) {
  said <- character()
  seconds <- system.time(fit <- withCallingHandlers(
    tryCatch(covary(formulas, data = d, algorithm = "laplace", draws = 1000, ...),
      covary_error = function(e) {
        said <<- c(said, class(e)[1])
        NULL
      }
    ),
    warning = function(w) {
      said <<- c(said, class(w)[1])
      invokeRestart("muffleWarning")
    },
    message = function(m) invokeRestart("muffleMessage")
  ))[[3]]
  list(fit = fit, said = said, seconds = seconds)
}

# rows x draws-free: the mean of a predictor and its posterior sd at the rows
predictor <- function(fit, p, d, rows) {
  if (length(p$smooths)) {
    at <- predict(fit, d[rows, ], dpar = p$dpar, resp = p$resp)
    link <- switch(p$dpar,
      mu = identity,
      sigma = log,
      rho = function(r) 2 * atanh(r)
    )
    return(list(mean = link(at$estimate), sd = NULL))
  }
  x <- model.matrix(p$rhs, d)[rows, , drop = FALSE]
  offset <- model.offset(model.frame(p$rhs, d))
  names <- p$columns$name
  list(
    mean = as.vector(x %*% coef(fit)[names]) + if (is.null(offset)) 0 else offset[rows],
    sd = sqrt(rowSums((x %*% vcov(fit)[names, names, drop = FALSE]) * x))
  )
}

way_of <- function(fit) {
  if (!is.null(fit$info$compression)) {
    paste(fit$info$compression$continuous, "cont. cells")
  } else if (!is.null(fit$info$accuracy)) "tables" else "rows"
}

compare <- function(fit, rows_fit, d) {
  all <- seq_len(nrow(d))
  # With the ends of all columns, from which cut(x, 4) takes its breaks.
  some <- unique(c(
    round(seq(1, nrow(d), length.out = 4000)),
    unlist(lapply(Filter(is.numeric, d), function(v) c(which.min(v), which.max(v))))
  ))
  log_sd <- list()
  keys <- names(fit$design$predictors)
  out <- vapply(rev(keys), function(key) {
    p <- fit$design$predictors[[key]]
    rows <- if (length(p$smooths)) some else all
    at <- lapply(list(fit, rows_fit), function(f) predictor(f, f$design$predictors[[key]], d, rows))
    gap <- abs(at[[1]]$mean - at[[2]]$mean)
    if (p$dpar == "sigma") {
      log_sd[[p$resp]] <<- predictor(
        rows_fit,
        rows_fit$design$predictors[[key]], d, all
      )$mean
    }
    residual <- if (p$dpar == "mu") gap / exp(log_sd[[p$resp]][rows]) else gap
    c(max(residual), if (is.null(at[[2]]$sd)) {
      NA
    } else {
      max(ifelse(at[[2]]$sd > 0, gap / at[[2]]$sd, 0))
    })
  }, numeric(2))
  c(error = max(out[1, ]), shift = max(0, out[2, ], na.rm = TRUE))
}

failed <- 0
cat(sprintf(
  "%2s %6s %-14s %8s %8s %9s %12s %6s  %s\n", "", "rows", "way", "error", "shift",
  "reported", "of posterior", "s", "formulas"
))
for (i in seq_len(count)) {
  set.seed(seed + i)
  n <- sample(c(12000, 20500, 40000, 90000, 200000), 1, prob = c(3, 3, 2, 1, 1))
  d <- draw_data(n)
  discrete <- c("g", "u", "age")
  formulas <- draw_formulas(if (i %% 2) {
    c(sample(c("x", "rain", "z", "h", "w"), 1), discrete)
  } else {
    c(names(d), discrete)
  })
  fast <- fit_quietly(lapply(formulas, as.formula), d)
  truth <- fit_quietly(lapply(formulas, as.formula), d,
    control = covary_control(compress = "never")
  )
  text <- paste(formulas, collapse = "; ")
  if (is.null(fast$fit) || is.null(truth$fit)) {
    cat(sprintf(
      "%2d %6d %-14s %s\n", i, n, "error",
      paste(c(fast$said, truth$said, text), collapse = " ")
    ))
    next
  }
  gap <- compare(fast$fit, truth$fit, d)
  accuracy <- diagnostics(fast$fit)$accuracy
  reported <- if (is.null(accuracy)) c(0, 0) else c(max(accuracy$residual), max(accuracy$posterior))
  passed <- gap[["error"]] <= 0.01 || length(setdiff(fast$said, truth$said))
  failed <- failed + !passed
  cat(sprintf(
    "%2d %6d %-14s %8.1e %8.1e %9.1e %12.1e %6.2f  %s%s\n", i, n, way_of(fast$fit),
    gap[["error"]], gap[["shift"]], reported[1],
    reported[2], fast$seconds, text, if (passed) "" else "   FAILED"
  ))
}
cat(count, "formulas,", failed, "with an error above .01 residual sds unsaid\n")
quit(status = min(failed, 99))
