# Every registered door under gctorture2(step = 10). Calls are recorded while small fits run, then
# repeated under torture and compared.
#
#   Rscript validation/gctorture.R      (from the root of the package, with it installed)

suppressMessages(library(covary))
ns <- asNamespace("covary")
calls <- list()

record <- function(symbol, ...) {
  name <- symbol$name
  if (is.null(calls[[name]])) calls[[name]] <<- list(symbol = symbol, args = list(...))
  .Primitive(".Call")(symbol, ...)
}
# The package's R code once more, over an environment in which .Call is the recorder.
recorder <- new.env(parent = parent.env(ns))
for (name in ls(ns, pattern = "^C_")) assign(name, get(name, ns), recorder)
recorder$.Call <- record
code <- new.env(parent = recorder)
for (file in list.files("R", "[.]R$", full.names = TRUE)) sys.source(file, code)
attach(code, name = "recorded")

set.seed(1)
n <- 40
d <- data.frame(
  x = round(runif(n), 2), w = runif(n), g = factor(rep(letters[1:5], length.out = n)),
  category = rep(c("a", "b"), n / 2)
)
d$y1 <- d$x + rnorm(n)
d$y2 <- 0.5 * d$y1 + rnorm(n)
quiet <- function(code) {
  tryCatch(invisible(suppressWarnings(suppressMessages(code))),
    error = function(e) message("while recording: ", conditionMessage(e))
  )
}

fit <- quiet(covary(cbind(y1, y2) ~ s(x, k = 4), sigma ~ x, data = d, draws = 120))
quiet(covary(y1 ~ x, data = d, draws = 120, algorithm = "fullrank"))
quiet(covary(y1 ~ s(x, k = 4), data = d, draws = 120, algorithm = "fullrank"))
quiet(logLik(fit))
quiet(learn_categories(category ~ y1 + y2, d, epochs = 1))
quiet(predict(learn_categories(category ~ y1 + y2, d, epochs = 1)))
mixture <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
quiet(advi(mixture, iterations = 20, draws = 120))
quiet(advi(mixture, iterations = 20, draws = 120, control = advi_control(parity = "pymc")))
quiet(svgd(mixture, iterations = 5))
quiet(nuts(mixture, 100, warmup = 50, chains = 1))
density <- quiet(covary(cbind(y1, y2) ~ x, data = d, algorithm = "none"))
quiet(advi(density, batch_size = 10, iterations = 20, draws = 120))
quiet(laplace(density))
big <- d[sample(n, 500, TRUE), ]
big$x <- runif(500)
big$x <- big$x + seq_len(500) * 1e-9
wide <- big[rep(1:500, 10), ]
wide$x <- runif(5000) # more values than are grouped exactly
cells <- quiet(compress(wide, c("y1", "y2"), by = ~ x + g, resolution = 20))
quiet(merge(cells, cells))
wide$w <- runif(5000)
quiet(compress(wide, c("y1", "y2"), by = ~ x + w, resolution = 20))
ages <- quiet(compress(d, c("y1", "y2"), by = ~g))
quiet(merge(ages, ages))
quiet(code$merge.cells(ages, ages))
quiet(covary(cbind(y1, y2) ~ x, data = cells, draws = 120))
many <- d[sample(n, 21000, TRUE), ]
for (name in c("x", "w", "v")) many[[name]] <- runif(21000)
quiet(covary(cbind(y1, y2) ~ s(x, k = 4) + s(w, k = 4) + v, data = many, draws = 120))
# Several responses, some missing; features; charts.
d$y3 <- d$y2 + rnorm(n)
holes <- d
holes$y1[1:5] <- NA
holes$y3[4:9] <- NA
for (correlation in c("partial", "regression")) {
  quiet(covary(cbind(y1, y2, y3) ~ x, rho ~ x,
    data = holes, draws = 120, control = covary_control(correlation = correlation)
  ))
}
margins <- quiet(fit_margins(d, c("y1", "y2", "y3"), ~ s(x, k = 4), ~x))
quiet(fit_pairs(margins, d, rho = ~ s(x, k = 4)))
# R does not find attached methods of attached generics.
quiet(code$deviations.covary(fit, d, uncertainty = "posterior"))
quiet(code$reference_region.covary(fit, data.frame(x = 0.5)))
writeLines(c("x,y1,y2", "1,2,3", "2,3,5", "3,5,4"), rows <- tempfile(fileext = ".csv"))
quiet(code$compress(rows, c("y1", "y2"), by = ~x))
# Few rows and many coefficients: draws that Markov chains move.
few <- d[1:12, ]
quiet(covary(cbind(y1, y2) ~ s(x, k = 4), sigma ~ s(x, k = 4), rho ~ s(x, k = 4),
  data = few, draws = 120
))
quiet(advi(target_density(function(x) -x^4, 1L), iterations = 20, draws = 120))
# Doors that only tests call.
cell <- ns$new_cells(fit$frame)$stats
eta <- matrix(0.1, 5, ncol(cell))
invisible(record(ns$C_likelihood, list(name = "normal", responses = 2L), cell, eta))
invisible(record(
  ns$C_likelihood_expect, list(name = "normal", responses = 2L), cell, eta,
  matrix(as.vector(diag(0.1, 5)), 25, ncol(cell)), 0L
))
invisible(record(ns$C_exponential, as.double(-3:3), 2L))
cells <- ns$new_cells(fit$frame)
smoothed <- ns$new_cells_model(
  fit$design, cells, fit$priors,
  ns$response_scales(ns$cells_moments(cells), colnames(fit$frame$y))
)
invisible(record(ns$C_smooths, smoothed$core, rep(0.1, smoothed$dim + smoothed$n_sds)))

doors <- names(getDLLRegisteredRoutines("covary")$.Call)
failed <- 0
for (name in doors) {
  call <- calls[[name]]
  if (is.null(call)) {
    cat(sprintf("%-20s not reached\n", name))
    next
  }
  # Doors that draw random numbers start from the same seed; a state that a door changes is copied.
  copy <- function() unserialize(serialize(call$args, NULL))
  run <- function(args) {
    tryCatch(do.call(.Primitive(".Call"), c(list(call$symbol), args)),
      error = conditionMessage
    )
  }
  if (any(vapply(call$args, typeof, "") == "externalptr")) {
    cat(sprintf("%-20s holds a pointer; reached through its fit only\n", name))
    next
  }
  args <- copy()
  set.seed(1)
  plain <- run(args)
  if (typeof(plain) == "weakref") {
    cat(sprintf("%-20s makes references, which never are identical\n", name))
    next
  }
  args <- copy()
  set.seed(1)
  gctorture2(step = 10)
  tortured <- run(args)
  gctorture2(step = 0)
  same <- identical(plain, tortured)
  failed <- failed + !same
  cat(sprintf("%-20s %s\n", name, if (same) "clean" else "DIFFERS"))
}
cat(length(doors), "doors,", failed, "failed\n")
if (failed) quit(status = 1)
