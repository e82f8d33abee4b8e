# Mutated doors: the arguments of calls that the package really makes, with one to three places
# changed.

quietly <- function(code) {
  suppressWarnings(suppressMessages(tryCatch(code,
    error = function(e) NULL
  )))
}

calls <- list()

# The package's R code once more, over an environment in which .Call is the recorder.
package <- asNamespace("covary")
recorder <- new.env(parent = parent.env(package))
for (name in ls(package, pattern = "^C_")) assign(name, get(name, package), recorder)
known <- character()
recorder$.Call <- function(symbol, ...) {
  key <- paste(c(symbol$name, vapply(list(...), function(a) {
    if (is.list(a) &&
      is.character(a$kind)) {
      a$kind
    } else {
      typeof(a)
    }
  }, "")), collapse = " ")
  if (sum(known == key) < 2) {
    known <<- c(known, key)
    calls[[length(calls) + 1]] <<- list(symbol = symbol, args = list(...))
  }
  .Primitive(".Call")(symbol, ...)
}
code <- new.env(parent = recorder)
for (file in list.files(package_code, "[.]R$", full.names = TRUE)) sys.source(file, code)

set.seed(1)
n <- 40
d <- data.frame(
  x = round(stats::runif(n), 2), w = stats::runif(n),
  g = factor(rep(letters[1:5], length.out = n)), category = rep(c("a", "b"), n / 2)
)
d$y1 <- d$x + stats::rnorm(n)
d$y2 <- 0.5 * d$y1 + stats::rnorm(n)
many <- d[rep(seq_len(n), 125), ]
many$x <- stats::runif(5000)
more <- d[sample(n, 21000, TRUE), ]
for (name in c("x", "w", "v")) more[[name]] <- stats::runif(21000)
local(
  {
    fit <- quietly(covary(cbind(y1, y2) ~ s(x, k = 4), sigma ~ x, data = d, draws = 120))
    quietly(covary(y1 ~ s(x, k = 4), data = d, draws = 120, algorithm = "fullrank"))
    quietly(logLik(fit))
    quietly(print(fit))
    learner <- quietly(learn_categories(category ~ y1 + y2, d, epochs = 1, bias = TRUE))
    quietly(predict(learner))
    mixture <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
    group <- quietly(t_groups(d$y1, d$category))
    density <- quietly(covary(cbind(y1, y2) ~ x + s(w, k = 4), data = d, algorithm = "none"))
    line <- linear_regression(y1 ~ x, d)
    own <- target_density(function(theta) -0.5 * sum(theta^2), names = c("a", "b"))
    for (target in list(mixture, group, density, own)) {
      for (family in c("meanfield", "fullrank", "lowrank")) {
        quietly(advi(target, family,
          iterations = 3, optimizer = adagrad_window(), draws = 100
        ))
      }
      quietly(advi(target, draws = 100, iterations = 3))
      quietly(svgd(target, 5, 3))
      quietly(nuts(target, 1, 5, 5))
      quietly(laplace(target, draws = 100))
    }
    quietly(advi(line, "meanfield", batch_size = 5, iterations = 3, draws = 100))
    quietly(advi(line, batch_size = 5, iterations = 3, optimizer = adam(), draws = 100))
    cells <- quietly(compress(many, c("y1", "y2"), by = ~ x + g, resolution = 20))
    many$w <- stats::runif(5000)
    quietly(compress(many, c("y1", "y2"), by = ~ x + w, resolution = 20))
    ages <- quietly(compress(d, c("y1", "y2"), by = ~g))
    quietly(merge(ages, ages))
    quietly(covary(cbind(y1, y2) ~ s(x, k = 4), data = cells, draws = 120))
    quietly(covary(cbind(y1, y2) ~ s(x, k = 4) + s(w, k = 4) + v, data = more, draws = 120))
    cell <- package$new_cells(fit$frame)$stats
    eta <- matrix(0.1, 5, ncol(cell))
    .Call(C_likelihood, list(name = "normal", responses = 2L), cell, eta)
    .Call(
      C_likelihood_expect, list(name = "normal", responses = 2L), cell, eta,
      matrix(as.vector(diag(0.1, 5)), 25, ncol(cell)), 0L
    )
    .Call(C_prior, 11L, c(0, 1, 3), c(-1, 0, 1), c(1, 1, 1))
    .Call(C_exponential, as.double(-3:3), 2L)
    cells <- package$new_cells(fit$frame)
    smoothed <- package$new_cells_model(
      fit$design, cells, fit$priors,
      package$response_scales(package$cells_moments(cells), colnames(fit$frame$y))
    )
    .Call(C_smooths, smoothed$core, rep(0.1, smoothed$dim + smoothed$n_sds))
    points <- function() matrix(stats::rnorm(3 * smoothed$dim, 0, 0.1), smoothed$dim)
    gap <- .Call(C_gap, smoothed$core, diag(smoothed$dim), numeric(smoothed$dim), points())
    .Call(
      C_ellipse, smoothed$core, diag(smoothed$dim), numeric(smoothed$dim), points(), points(),
      matrix(stats::runif(3 * 42), 42), points(), gap
    )
    file <- tempfile(fileext = ".csv")
    utils::write.csv(d, file, row.names = FALSE)
    quietly(compress(file, c("y1", "y2"), by = ~g))
  },
  envir = new.env(parent = code)
)

by_door <- split(seq_along(calls), vapply(calls, function(call) call$symbol$name, ""))
not_reached <- setdiff(names(getDLLRegisteredRoutines("covary")$.Call), names(by_door))
if (length(not_reached)) message("doors not reached: ", toString(not_reached))

new_case <- function() {
  name <- pick(names(by_door))
  call <- calls[[pick(by_door[[name]])]]
  mutated <- edited(unserialize(serialize(call$args, NULL)))
  args <- mutated$value
  # the number of arguments is R's affair
  if (length(args) != length(call$args)) {
    args <- c(
      args,
      rep(list(NULL), length(call$args))
    )[seq_along(call$args)]
  }
  list(label = paste(name, mutated$how), run = function() {
    do.call(.Primitive(".Call"),
      c(list(call$symbol), unname(args)),
      quote = TRUE
    )
  })
}
