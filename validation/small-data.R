# Few rows, smooths in all five predictors: is a fit usable, does it warn where it should, do
# intervals cover?
#
#   Rscript validation/small-data.R random N first last    one size, data sets first to last; a .rds
#   each Rscript validation/small-data.R sets                   classical data sets
#   Rscript validation/small-data.R table                  the table from the .rds files
# Results of `random` go to small-data-N-first.rds in the working directory.
suppressMessages(library(covary))
say <- function(...) cat(sprintf(...), sep = "")

quiet_fit <- function(expr) {
  warned <- character()
  seconds <- system.time(fit <- tryCatch(
    withCallingHandlers(suppressMessages(expr), warning = function(w) {
      warned <<- c(warned, class(w)[1])
      invokeRestart("muffleWarning")
    }),
    covary_error = function(e) e
  ))[["elapsed"]]
  list(
    fit = fit, refused = inherits(fit, "error"), warned = length(warned) > 0,
    why = paste(unique(warned), collapse = " "), seconds = seconds
  )
}

formulas <- list(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x))

# Truth from the prior of the model: the basis of s(x), slopes normal(0, 1), sds of smooths
# half_t(3), on log sds and rhobits half as large: a factor of e either way, not of a hundred.
one_set <- function(n, seed) {
  set.seed(seed + 1000 * n)
  x <- switch(sample(3, 1),
    stats::runif(n),
    stats::rexp(n),
    stats::rnorm(n)
  )
  fake <- data.frame(x, a = stats::rnorm(n), b = stats::rnorm(n))
  columns <- suppressMessages(covary(formulas, data = fake, algorithm = "none"))$data$x[[1]][,
    rank(x),
    drop = FALSE
  ]
  curve <- function(size) {
    as.vector((size *
      c(0, stats::rnorm(1), stats::rnorm(nrow(columns) - 2) * abs(stats::rt(1, 3)))) %*% columns)
  }
  truth <- list(
    curve(1), curve(1), log(0.5) + curve(0.5), log(0.5) + curve(0.5),
    stats::rnorm(1) + curve(0.75)
  )
  rho <- tanh(truth[[5]] / 2)
  z <- stats::rnorm(n)
  data <- data.frame(x,
    a = truth[[1]] + exp(truth[[3]]) * z,
    b = truth[[2]] + exp(truth[[4]]) * (rho * z + sqrt(1 - rho^2) * stats::rnorm(n))
  )
  list(data = data, truth = truth)
}

assess <- function(n, seed) {
  set <- one_set(n, seed)
  got <- quiet_fit(covary(formulas, data = set$data))
  row <- data.frame(n, seed,
    refused = got$refused, warned = got$warned, unusable = NA,
    covered = NA, lowest = NA, highest = NA, truth_lowest = NA,
    truth_highest = NA, khat = NA, sweeps = NA, seconds = got$seconds, why = if (got$refused) {
      conditionMessage(got$fit)
    } else {
      got$why
    }
  )
  if (got$refused) {
    return(row)
  }
  at <- vapply(
    stats::quantile(set$data$x, c(0.05, 0.25, 0.5, 0.75, 0.95)),
    function(q) which.min(abs(set$data$x - q)), 0L
  )
  covered <- 0
  relative <- true_relative <- numeric()
  thin <- FALSE
  keys <- list(c("mu", "a"), c("mu", "b"), c("sigma", "a"), c("sigma", "b"), c("rho", "a:b"))
  for (k in 1:5) {
    draws <- posterior_linpred(got$fit,
      newdata = set$data[at, ], dpar = keys[[k]][1],
      resp = keys[[k]][2]
    )
    range <- apply(draws, 2, stats::quantile, c(0.025, 0.5, 0.975))
    true <- set$truth[[k]][at]
    covered <- covered + sum(true >= range[1, ] & true <= range[3, ]) / 25
    if (k %in% 3:4) {
      residual <- stats::sd(set$data[[keys[[k]][2]]] - set$truth[[k - 2]])
      relative <- c(relative, exp(range[2, ]) / residual)
      true_relative <- c(true_relative, exp(true) / residual)
      sigma <- exp(draws)
      thin <- thin || any(apply(sigma, 2, stats::sd) < 1e-3 * colMeans(sigma))
    }
  }
  row$unusable <- thin || any(relative < 1 / 30 | relative > 30)
  row$covered <- covered
  row[c("lowest", "highest", "truth_lowest", "truth_highest")] <- c(
    range(relative),
    range(true_relative)
  )
  row$khat <- max(got$fit$info$khat)
  row$sweeps <- if (is.null(got$fit$info$moves)) 0 else got$fit$info$moves$sweeps
  row
}

table_of <- function(rows) {
  say(
    "%4s %5s %8s %7s %9s %18s %14s %17s %8s\n", "N", "sets", "refused", "warned", "unusable",
    "(truth as far out)", "coverage, all", "coverage, unwarned", "seconds"
  )
  for (n in sort(unique(rows$n))) {
    r <- rows[rows$n == n, ]
    plain <- r$covered[!r$refused & !r$warned]
    out <- mean(r$truth_lowest < 1 / 30 | r$truth_highest > 30, na.rm = TRUE)
    say(
      "%4d %5d %7.1f%% %6.1f%% %8.1f%% %17.1f%% %14.3f %17s %8.2f\n", n, nrow(r),
      100 * mean(r$refused), 100 * mean(r$warned), 100 * mean(r$unusable, na.rm = TRUE),
      100 * out, mean(r$covered, na.rm = TRUE), if (length(plain) >= 50) {
        sprintf("%.3f (%d sets)", mean(plain), length(plain))
      } else {
        "-"
      }, mean(r$seconds)
    )
  }
}

# A numeric pair and a covariate of data sets that come with R.
classical <- function() {
  from <- function(package, name, a, b, x) list(package = package, name = name, a = a, b = b, x = x)
  list(
    from("datasets", "trees", "Volume", "Height", "Girth"),
    from("datasets", "swiss", "Fertility", "Infant.Mortality", "Education"),
    from("datasets", "swiss", "Agriculture", "Examination", "Catholic"),
    from("datasets", "LifeCycleSavings", "sr", "dpi", "pop15"),
    from("datasets", "LifeCycleSavings", "sr", "ddpi", "pop75"),
    from("datasets", "mtcars", "mpg", "qsec", "wt"),
    from("datasets", "mtcars", "hp", "drat", "disp"),
    from("datasets", "iris", "Sepal.Length", "Sepal.Width", "Petal.Length"),
    from("datasets", "airquality", "Ozone", "Solar.R", "Temp"),
    from("datasets", "airquality", "Wind", "Temp", "Day"),
    from("datasets", "faithful", "eruptions", "waiting", "index"),
    from("datasets", "quakes", "mag", "stations", "depth"),
    from("datasets", "rock", "peri", "perm", "area"),
    from("datasets", "stackloss", "stack.loss", "Acid.Conc.", "Air.Flow"),
    from("datasets", "attitude", "rating", "learning", "complaints"),
    from("datasets", "attitude", "raises", "critical", "privileges"),
    from("datasets", "longley", "GNP", "Unemployed", "Year"),
    from("datasets", "freeny", "y", "price.index", "income.level"),
    from("MASS", "Pima.tr", "glu", "bp", "bmi"), from("datasets", "cars", "dist", "speed", "index"),
    from("MASS", "road", "deaths", "drivers", "popden"),
    from("datasets", "USArrests", "Murder", "Assault", "UrbanPop"),
    from("datasets", "USJudgeRatings", "CONT", "INTG", "RTEN"),
    from("datasets", "state.x77", "Income", "Life Exp", "Illiteracy"),
    from("datasets", "anscombe", "y1", "y2", "x1"),
    from("datasets", "ChickWeight", "weight", "Time", "index"),
    from("datasets", "Orange", "circumference", "age", "index"),
    from("datasets", "Puromycin", "rate", "conc", "index"),
    from("MASS", "anorexia", "Postwt", "Prewt", "index"),
    from("datasets", "attenu", "accel", "mag", "dist"),
    from("MASS", "Boston", "medv", "rm", "lstat"), from("MASS", "Rubber", "loss", "tens", "hard"),
    from("MASS", "cats", "Hwt", "Bwt", "index"),
    from("MASS", "Cars93", "MPG.city", "Horsepower", "Weight"),
    from("MASS", "crabs", "FL", "RW", "CL"), from("MASS", "birthwt", "bwt", "lwt", "age"),
    from("MASS", "cpus", "perf", "mmax", "syct"), from("MASS", "hills", "time", "climb", "dist"),
    from("MASS", "mammals", "brain", "body", "index"),
    from("MASS", "geyser", "waiting", "duration", "index"),
    from("MASS", "UScrime", "y", "Po1", "GDP"), from("MASS", "steam", "Press", "Temp", "index"),
    from("nlme", "Orthodont", "distance", "age", "index"),
    from("nlme", "Oxboys", "height", "age", "index"),
    from("nlme", "MathAchieve", "MathAch", "SES", "MEANSES"),
    from("datasets", "Theoph", "conc", "Dose", "Time"),
    from("nlme", "BodyWeight", "weight", "Time", "index"),
    from("nlme", "Dialyzer", "rate", "pressure", "index"),
    from("survival", "lung", "wt.loss", "meal.cal", "age"),
    from("survival", "pbc", "bili", "albumin", "age"),
    from("survival", "heart", "age", "year", "stop"),
    from("survival", "veteran", "time", "karno", "age"),
    from("mgcv", "columb", "crime", "income", "home.value")
  )
}

fit_classical <- function(set) {
  space <- new.env()
  data <- tryCatch(getExportedValue(set$package, set$name), error = function(e) {
    utils::data(list = set$name, package = set$package, envir = space)
    get(set$name, envir = space)
  })
  data <- as.data.frame(data)
  data <- data.frame(
    a = as.numeric(data[[set$a]]), b = as.numeric(data[[set$b]]),
    x = if (set$x == "index") seq_len(nrow(data)) else as.numeric(data[[set$x]])
  )
  data <- stats::na.omit(data)
  k <- min(10, length(unique(data$x)))
  set.seed(1)
  got <- quiet_fit(covary(list(cbind(a, b) ~ s(x, k = k), sigma ~ s(x, k = k), rho ~ s(x, k = k)),
    data = data
  ))
  state <- if (got$refused) "refused" else if (got$warned) "warned" else "fitted"
  range <- c(NA, NA)
  if (!got$refused) {
    data <- data[order(data$x), ]
    rows <- round(seq(1, nrow(data), length.out = 20))
    for (resp in c("a", "b")) {
      sigma <- exp(posterior_linpred(got$fit, newdata = data[rows, ], dpar = "sigma", resp = resp))
      left <- stats::residuals(stats::loess(stats::reformulate("x", resp), data, span = 0.9))
      # around each row, over its 15 neighbours
      residual <- vapply(
        rows,
        function(i) {
          sqrt(
            mean(left[order(abs(seq_along(left) - i))[seq_len(min(15, length(left)))]]^2)
          )
        }, 0
      )
      range <- base::range(c(range, apply(sigma, 2, stats::median) / residual), na.rm = TRUE)
      if (any(apply(sigma, 2, stats::sd) < 1e-3 * colMeans(sigma))) state <- "UNUSABLE"
    }
    if (range[1] < 1 / 30 || range[2] > 30) state <- "UNUSABLE"
  }
  say(
    "%-10s %-17s %-16s %-16s %-14s %5d  %-8s sigma / residual sd %6.3f to %7.3f  %5.2f s  %s\n",
    set$package, set$name, set$a, set$b, set$x, nrow(data), state, range[1], range[2],
    got$seconds, if (got$refused) substr(conditionMessage(got$fit), 1, 60) else got$why
  )
  state
}

given <- commandArgs(TRUE)
if (given[1] == "random") {
  size <- as.integer(given[2])
  rows <- do.call(rbind, lapply(as.integer(given[3]):as.integer(given[4]), assess, n = size))
  saveRDS(rows, sprintf("small-data-%d-%s.rds", size, given[3]))
  table_of(rows)
} else if (given[1] == "sets") {
  print(table(vapply(classical(), fit_classical, "")))
} else {
  table_of(do.call(rbind, lapply(Sys.glob("small-data-*-*.rds"), readRDS)))
}
