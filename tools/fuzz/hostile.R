# Hostile values, and edits of objects. Everything is drawn from R's generator, so a seed gives a
# case.

pick <- function(x) x[[sample.int(length(x), 1)]]

# Code of a user that fails: not an error of the package.
user_failure <- "hostile user code"

hostile_numbers <- function() {
  list(
    NA, NaN, Inf, -Inf, -1, 0, 1L, 2, 0.5, 1e-320, 1e308, -1e308,
    3e9, NA_integer_, NA_real_, -2147483647L,
    numeric(), integer(), 1:3, c(1, NA, 3), c(2, Inf), rep(0, 50), stats::rnorm(32), seq_len(40),
    1e5,
    12345.678, 1i, as.raw(3), c(a = 1, b = 2)
  )
}

hostile_texts <- function() {
  list(
    "", "a", NA_character_, character(), c("x", "y"), "no such column",
    "x; q()", strrep("long", 5000), "\u00e9t\u00e9 \u6f22",
    "a\nb", "`x`", "1", "TRUE", "mu", "sigma", "rho", "nested", c(x = "x"), letters, "~ x", "y1 + ",
    "normal(0, 1)"
  )
}

hostile_data <- function() {
  d <- data.frame(
    x = stats::rnorm(12), y1 = stats::rnorm(12), y2 = stats::rnorm(12),
    w = stats::runif(12), g = rep(c("a", "b", "c"), 4)
  )
  odd <- d
  odd$x <- I(as.list(1:12))
  wide <- d
  wide$m <- matrix(stats::rnorm(24), 12)
  twice <- stats::setNames(d, c("x", "x", "y1", "y2", "g"))
  strange <- stats::setNames(d, c("a b", "\u00e9", "", "if", NA))
  missing <- d
  missing[] <- NA
  list(
    d, d[0, ], d[1, ], d[, 0], odd, wide, twice, strange, missing, transform(d, x = Inf),
    transform(d, x = 1), transform(d, y1 = 1e308 * y1),
    transform(d, x = as.Date("2020-01-01") + 1:12), transform(d, x = as.complex(x)),
    transform(d, g = factor("one")), transform(d, x = as.character(x)),
    transform(d, y1 = factor(g)), transform(d, x = 1e-315), data.frame(), as.list(d),
    as.matrix(d[1:3]), structure(list(), class = "data.frame"),
    structure(d, class = c("odd", "data.frame")), transform(d, x = NULL), datasets::iris,
    datasets::airquality
  )
}

hostile_formulas <- function() {
  list(
    y1 ~ x, ~x, y1 ~ ., y1 ~ 0, ~1, y1 ~ nothing, y1 ~ s(x),
    y1 ~ s(x, k = 1000), y1 ~ s(), y1 ~ x:g:y2, cbind(y1, y1) ~ x,
    cbind(y1, y2, x) ~ 1, log(y1) ~ x, y1 ~ offset(x), y1 ~ offset(g), y1 ~ x | g, y1 ~ poly(x, 20),
    y1 ~ I(stop("hostile user code")), sigma ~ x, rho ~ x,
    rho(y1, y2) ~ x, sigma(nobody) ~ x, y1 ~ te(x, y2), y1 ~ t2(x, y2, k = 3), y1 ~ s(g, bs = "re"),
    y1 ~ s(x, bs = "none"), y1 ~ s(x, by = g),
    y1 ~ y1, 1 ~ x, "a" ~ x, y1 ~ function(x) x, y1 ~ x[1], y1 ~ d$x, mvbind(y1, y2) ~ x,
    g ~ x + y1,
    y1 ~ factor(x), y1 ~ 1 + NA, y1 ~ NULL, y1 ~ -1 + x,
    list(y1 ~ x, sigma ~ x), stats::as.formula("y1 ~ x", new.env()), y1 ~ x^2, y1 ~ x %in% g,
    y1 ~ (1 | g)
  )
}

hostile_others <- function() {
  list(
    NULL, TRUE, FALSE, c(TRUE, NA), logical(), list(), list(1, "a"),
    list(a = NULL), function(...) 1, function() stop(user_failure),
    function(x) x, function(x, y) NULL, sum, new.env(), quote(x), quote(f(x)), expression(a, b),
    factor(c("a", "b")), as.Date("2020-01-01"), Sys.time(),
    matrix(0, 2, 2), matrix("a"), array(0, c(2, 2, 2)), matrix(numeric(), 0, 3), diag(3),
    structure(1, class = "unheard"), structure(list(), class = "covary"),
    structure(list(1), class = "cells"), structure(list(), class = "covary_learner"),
    structure(list(), class = "covary_density"),
    structure(list(target = 1), class = "covary_approximation"),
    structure(list(), class = "covary_priors"), structure(1, class = "covary_prior"),
    structure(list(), class = c("covary_priors", "data.frame")),
    structure(list(code = 1), class = "covary_optimizer"), as.name("x"), pairlist(a = 1),
    globalenv(),
    stats::lm(mpg ~ wt, datasets::mtcars), as.difftime(1, units = "mins"), list(list(list())),
    structure(list(), names = character())
  )
}

hostile <- function() {
  switch(sample.int(5, 1, prob = c(3, 2, 2, 1, 3)),
    pick(hostile_numbers()),
    pick(hostile_texts()),
    pick(hostile_others()),
    pick(hostile_formulas()),
    pick(hostile_data())
  )
}

# ---- edits -----------------------------------------------------------------------------------

is_inner <- function(x) is.list(x) && length(x) > 0

# A place inside nested lists, as a vector of positions; deep places are as likely as shallow ones.
random_path <- function(x, stop = 0.35) {
  path <- integer()
  x <- unclass(x)
  while (is_inner(x)) {
    i <- sample.int(length(x), 1)
    path <- c(path, i)
    x <- unclass(.subset2(x, i))
    if (stats::runif(1) < stop) break
  }
  path
}

at_path <- function(x, path, change) {
  old <- attributes(x)
  flat <- unclass(x)
  if (length(path) == 1) {
    new <- change(.subset2(flat, path))
    if (is.null(new)) flat[path] <- list(NULL) else flat[[path]] <- new
  } else {
    flat[[path[1]]] <- at_path(.subset2(flat, path[1]), path[-1], change)
  }
  attributes(flat) <- old
  flat
}

cut_path <- function(x, path) {
  if (length(path) > 1) {
    return(at_path(
      x, path[-length(path)],
      function(v) cut_path(v, path[length(path)])
    ))
  }
  old <- attributes(x)
  flat <- unclass(x)
  names <- names(flat)[-path]
  flat <- flat[-path]
  old$names <- names
  tryCatch(
    {
      attributes(flat) <- old
      flat
    },
    error = function(e) flat
  )
}

edits <- list(
  null = function(v) NULL,
  hostile = function(v) hostile(),
  truncated = function(v) if (length(v) > 1) unclass(v)[seq_len(max(1, length(v) %/% 2))] else v[0],
  first = function(v) if (length(v)) unclass(v)[1] else 1,
  longer = function(v) if (is.atomic(v)) c(v, v) else c(unclass(v), list(1)),
  missing = function(v) {
    if (is.atomic(v) && length(v)) {
      replace(
        v, sample.int(length(v), 1),
        NA
      )
    } else {
      NA
    }
  },
  infinite = function(v) {
    if (is.numeric(v) && length(v)) {
      replace(
        v, sample.int(length(v), 1),
        pick(list(Inf, -Inf, NaN, 1e308, -1e308))
      )
    } else {
      Inf
    }
  },
  text = function(v) if (is.atomic(v)) as.character(v) else "text",
  list = function(v) as.list(v),
  negative = function(v) if (is.numeric(v)) -v else -1,
  huge = function(v) if (is.numeric(v) && length(v)) v * 1e9 + 1e9 else 1e9,
  flat = function(v) as.vector(unlist(v)),
  nameless = function(v) {
    if (is.null(attributes(v))) {
      hostile()
    } else {
      names(v) <- NULL
      v
    }
  },
  classless = function(v) unclass(v),
  reversed = function(v) if (length(v)) rev(unclass(v)) else 0L,
  integer = function(v) if (is.numeric(v)) suppressWarnings(as.integer(v)) else 3L,
  double = function(v) if (is.numeric(v)) as.double(v) + 0.5 else 0.5,
  shapeless = function(v) if (is.null(dim(v))) matrix(0, 2, 3) else as.vector(v)
)

# One to three edits of an object.
edited <- function(x) {
  done <- character()
  for (i in seq_len(sample.int(3, 1, prob = c(6, 2, 1)))) {
    if (!is_inner(unclass(x))) break
    path <- random_path(x)
    how <- pick(names(edits))
    done <- c(done, paste0(how, "[", paste(path, collapse = ","), "]"))
    x <- if (stats::runif(1) < 0.2) {
      cut_path(x, path)
    } else {
      tryCatch(at_path(x, path, function(v) {
        tryCatch(edits[[how]](v), error = function(e) NULL)
      }), error = function(e) x)
    }
  }
  list(value = x, how = paste(done, collapse = " "))
}
