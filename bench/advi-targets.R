# The default of advi() on targets without closed form, from cold starts: evaluations of the density
# and of the gradient (each counted) up to the last iterate and in all, and errors of means and log
# sds against the optimum of the family, in its sds. Two versions are compared by running it with
# two libraries and one file of reference optima, which the first run makes (fits to a tolerance of
# .008):
#   R_LIBS=<new> Rscript bench/advi-targets.R reference.rds new.csv [seeds] [pattern] [first seed]
#   R_LIBS=<old> Rscript bench/advi-targets.R reference.rds old.csv [seeds] [pattern] [first seed]
#   Rscript bench/advi-targets.R table old.csv new.csv
suppressMessages(library(covary))
given <- c(commandArgs(TRUE), rep(NA, 5))

# Medians over seeds (mx: maximum of rms) of both versions, a line a target and family
compare <- function(old, new) {
  key <- function(x) paste(x$target, x$family)
  one <- function(x, column, of = stats::median) signif(tapply(x[[column]], key(x), of), 2)
  rows <- unique(key(new))
  both <- function(column, of = stats::median) {
    cbind(one(old, column, of)[rows], one(new, column, of)[rows])
  }
  out <- data.frame(
    both("last"), both("rms"), both("rms", max), both("worst"), both("below_best"),
    both("said")[, 2], both("converged", mean)
  )
  names(out) <- c(
    "last.o", "last.n", "rms.o", "rms.n", "mx.o", "mx.n", "worst.o", "worst.n", "elbo.o", "elbo.n",
    "said.n", "conv.o", "conv.n"
  )
  out$ratio <- round(out$last.n / out$last.o, 2)
  out$half <- ifelse(out$ratio <= 0.5, "", "more")
  bad <- out$rms.n > out$rms.o + 0.01 | out$mx.n > out$mx.o + 0.01
  out$error <- ifelse(bad %in% TRUE, "worse", "")
  cbind(target = rows, out)
}
if (identical(given[1], "table")) {
  options(width = 200)
  print(compare(utils::read.csv(given[2]), utils::read.csv(given[3])), row.names = FALSE)
  quit(save = "no")
}
reference_file <- given[1]
out_file <- given[2]
seeds <- if (is.na(given[3])) 20 else as.integer(given[3])
pattern <- if (is.na(given[4])) "" else given[4]
first_seed <- if (is.na(given[5])) 1 else as.integer(given[5])

# A target whose calls are counted
counted <- function(value, gradient, ...) {
  count <- new.env()
  count$n <- 0
  tick <- function() count$n <- count$n + 1
  list(count = count, target = target_density(function(theta) {
    tick()
    value(unname(theta))
  }, function(theta) {
    tick()
    gradient(unname(theta))
  }, ...))
}

vector_of <- function(d, value, gradient, ...) {
  counted(value, gradient, names = "x", transforms = list(x = transform_identity(d)), ...)
}

logistic <- function(separable) {
  set.seed(11)
  x <- matrix(rnorm(500 * 50), 500)
  beta <- rnorm(50) * if (separable) 3 else 0.3
  y <- if (separable) as.numeric(x %*% beta > 0) else rbinom(500, 1, plogis(x %*% beta))
  vector_of(50, function(b) {
    eta <- as.vector(x %*% b)
    sum(y * eta - log1p(exp(-abs(eta))) - pmax(eta, 0)) - sum(b^2) / 8
  }, function(b) as.vector(crossprod(x, y - plogis(as.vector(x %*% b)))) - b / 4)
}

schools_y <- c(28, 8, -3, 7, -1, 1, 18, 12)
schools_se <- c(15, 10, 16, 11, 9, 11, 10, 18)
# mu ~ N(0, 5), tau ~ half-Cauchy(0, 5), on the log scale
schools_prior <- function(mu, l) -mu^2 / 50 - log1p(exp(2 * l) / 25) + l
schools_slope <- function(mu, l) c(-mu / 25, 1 - 2 * plogis(2 * l - log(25)))
schools <- function(centred) {
  if (centred) {
    vector_of(10, function(x) {
      e <- x[3:10] - x[1]
      schools_prior(x[1], x[2]) - 8 * x[2] - sum(e^2) * exp(-2 * x[2]) / 2 -
        sum(((x[3:10] - schools_y) / schools_se)^2) / 2
    }, function(x) {
      e <- (x[3:10] - x[1]) * exp(-2 * x[2])
      c(
        schools_slope(x[1], x[2]) + c(sum(e), sum(e * (x[3:10] - x[1])) - 8),
        -e - (x[3:10] - schools_y) / schools_se^2
      )
    })
  } else {
    vector_of(10, function(x) {
      schools_prior(x[1], x[2]) - sum(x[3:10]^2) / 2 -
        sum(((x[1] + exp(x[2]) * x[3:10] - schools_y) / schools_se)^2) / 2
    }, function(x) {
      e <- -(x[1] + exp(x[2]) * x[3:10] - schools_y) / schools_se^2
      c(
        schools_slope(x[1], x[2]) + c(sum(e), sum(e * x[3:10]) * exp(x[2])),
        e * exp(x[2]) - x[3:10]
      )
    })
  }
}

groups <- function(n = 2000) {
  set.seed(12)
  g <- rep(seq_len(n), each = 5)
  x <- rnorm(5 * n)
  y <- 1 + 0.5 * x + rnorm(n, 0, 0.7)[g] + rnorm(5 * n)
  # intercept, slope, log sd of groups, log sd of rows, groups
  vector_of(n + 4, function(p) {
    r <- y - p[1] - p[2] * x - p[-(1:4)][g]
    -5 * n * p[4] - sum(r^2) * exp(-2 * p[4]) / 2 - n * p[3] -
      sum(p[-(1:4)]^2) * exp(-2 * p[3]) / 2 - sum(p[1:4]^2) / 50
  }, function(p) {
    r <- y - p[1] - p[2] * x - p[-(1:4)][g]
    w <- r * exp(-2 * p[4])
    u <- p[-(1:4)]
    c(
      sum(w), sum(w * x), sum(u^2) * exp(-2 * p[3]) - n, sum(r * w) - 5 * n,
      rowsum(w, g)[, 1] - u * exp(-2 * p[3])
    ) - c(p[1:4] / 25, numeric(n))
  })
}

mixed <- function(d, seed) {
  set.seed(seed)
  qr.Q(qr(matrix(rnorm(d^2), d))) %*% diag(exp(rnorm(d)), d)
}

student <- function(d, nu) {
  a <- mixed(d, 13)
  m <- rep(c(3, -2), length.out = d)
  vector_of(d, function(x) -(nu + 1) / 2 * sum(log1p((a %*% (x - m))^2 / nu)), function(x) {
    z <- as.vector(a %*% (x - m))
    -as.vector(t(a) %*% ((nu + 1) * z / (nu + z^2)))
  })
}

drug <- c(
  101, 100, 102, 104, 102, 97, 105, 105, 98, 101, 100, 123, 105, 103, 100, 95, 102, 106, 109, 102,
  82, 102, 100, 102, 102, 101, 102, 102, 103, 103, 97, 97, 103, 101, 97, 104, 96, 103, 124, 101,
  101, 100, 101, 101, 104, 100, 101
)
placebo <- c(
  99, 101, 100, 101, 102, 100, 97, 101, 104, 101, 102, 102, 100, 105, 88, 101, 100, 104, 100, 100,
  100, 101, 102, 103, 97, 101, 101, 100, 101, 99, 101, 100, 100, 101, 100, 99, 101, 100, 102, 99,
  100, 99
)

# A target of the package, through R so that its calls are counted
through_r <- function(target) {
  at <- utils::getFromNamespace("density_at", "covary")
  vector_of(
    target$dim, function(x) at(target, matrix(x, 1))$value,
    function(x) as.vector(at(target, matrix(x, 1), TRUE)$gradient),
    start = list(x = target$start)
  )
}

targets <- list(
  student1 = function() student(1, 3), student5 = function() student(5, 3),
  cauchy5 = function() student(5, 1),
  beta = function() {
    vector_of(1, function(u) 1001 * plogis(u, log.p = TRUE) + 2 * plogis(-u, log.p = TRUE),
      function(u) 1001 - 1003 * plogis(u),
      start = list(x = qlogis(0.9))
    )
  },
  skewed = function() vector_of(2, function(t) sum(3 * t - exp(t)), function(t) 3 - exp(t)),
  t_groups = function() {
    through_r(t_groups(c(drug, placebo), factor(rep(c("drug", "placebo"), c(47, 42)))))
  },
  sleep = function() through_r(t_groups(sleep$extra, sleep$group)),
  mixture = function() {
    set.seed(99)
    through_r(normal_mixture(data = c(rnorm(40, -1, .5), rnorm(60, 2)), k = 2))
  },
  mtcars = function() through_r(linear_regression(mpg ~ wt + hp, mtcars, prior = normal(0, 50))),
  schools_centred = function() schools(TRUE), schools_free = function() schools(FALSE),
  funnel = function() {
    vector_of(10, function(x) {
      -x[1]^2 / 18 - 4.5 * x[1] - sum(x[-1]^2) * exp(-x[1]) / 2
    }, function(x) {
      c(-x[1] / 9 - 4.5 + sum(x[-1]^2) * exp(-x[1]) / 2, -x[-1] * exp(-x[1]))
    })
  },
  rosenbrock = function() {
    vector_of(2, function(x) -(1 - x[1])^2 / 2 - 5 * (x[2] - x[1]^2)^2, function(x) {
      c(1 - x[1] + 20 * x[1] * (x[2] - x[1]^2), -10 * (x[2] - x[1]^2))
    })
  },
  logistic = function() logistic(FALSE), separable = function() logistic(TRUE),
  groups = function() groups()
)
families <- function(name) if (name == "groups") "meanfield" else c("fullrank", "meanfield")

# ELBO of a fit over draws that are the same for both versions
value_of <- function(made, fit) {
  set.seed(1)
  d <- made$target$dim
  z <- matrix(rnorm(500 * d), d)
  z <- cbind(z, -z)
  m <- mean(fit, scale = "free")
  s <- sd(fit, scale = "free")
  move <- if (fit$family == "meanfield") s * z else t(chol(vcov(fit, scale = "free"))) %*% z
  logs <- if (fit$family == "meanfield") log(s) else log(diag(chol(vcov(fit, scale = "free"))))
  at <- utils::getFromNamespace("density_at", "covary")
  mean(at(made$target, t(m + move))$value) + sum(logs)
}

# Calls up to the last iterate: noted where the fit is finished, and before a last look at fresh
# draws, which is part of the verdict.
note <- new.env()
before_check <- function(name) {
  check <- tryCatch(utils::getFromNamespace(name, "covary"), error = function(e) NULL)
  if (is.null(check)) {
    return()
  }
  utils::assignInNamespace(name, function(target, setup, state, ...) {
    before <- note$count$n
    out <- check(target, setup, state, ...)
    if (out$done) note$check <- before
    out
  }, "covary")
}
for (name in c("step_check", "step_check_diagonal")) before_check(name)
finish <- utils::getFromNamespace("finish_advi", "covary")
utils::assignInNamespace("finish_advi", function(...) {
  note$last <- if (is.null(note$check)) note$count$n else note$check
  finish(...)
}, "covary")

fit_one <- function(name, family, seed, ...) {
  made <- targets[[name]]()
  set.seed(seed)
  note$count <- made$count
  note$check <- NULL
  made$count$n <- 0
  seconds <- system.time(fit <- suppressMessages(suppressWarnings(advi(made$target, family, ...))))
  list(made = made, fit = fit, last = note$last, all = made$count$n, seconds = seconds[[3]])
}

references <- if (file.exists(reference_file)) readRDS(reference_file) else list()
for (name in grep(pattern, names(targets), value = TRUE, perl = TRUE)) {
  for (family in families(name)) {
    key <- paste(name, family)
    if (is.null(references[[key]])) {
      one <- fit_one(name, family, 2026, control = if (name == "groups") {
        advi_control()
      } else {
        advi_control(tolerance = 0.008, most_draws = 60000)
      })
      references[[key]] <- list(
        mean = mean(one$fit, scale = "free"), sd = sd(one$fit, scale = "free"),
        error = one$fit$info$error, value = value_of(one$made, one$fit)
      )
      saveRDS(references, reference_file)
    }
    best <- references[[key]]
    count <- if (name == "groups") min(seeds, 3) else seeds
    for (seed in first_seed - 1 + seq_len(count)) {
      one <- tryCatch(fit_one(name, family, seed), error = identity)
      if (inherits(one, "error")) {
        cat(key, seed, conditionMessage(one), "\n")
        next
      }
      e <- c(
        (mean(one$fit, scale = "free") - best$mean) / best$sd,
        log(sd(one$fit, scale = "free") / best$sd)
      )
      row <- data.frame(
        target = name, family, seed, last = one$last, all = one$all, rms = sqrt(mean(e^2)),
        worst = max(abs(e)), below_best = best$value - value_of(one$made, one$fit),
        said = one$fit$info$error, converged = one$fit$info$converged,
        khat = one$fit$info$khat, seconds = one$seconds
      )
      row[] <- lapply(row, function(v) if (is.numeric(v)) signif(v, 4) else v)
      new <- !file.exists(out_file)
      utils::write.table(row, out_file,
        append = !new, col.names = new, row.names = FALSE, sep = ","
      )
    }
  }
}
