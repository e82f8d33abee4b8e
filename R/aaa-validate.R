# Objects that come back from users: whole, or a typed error before anything relies on them.
#
# An object may have been edited, cut, or saved by another version. Two things are checked wherever
# an exported function takes one, in well under a millisecond whatever the rows:
#   rules  what single fields must be (the tables below, one a class)
#   seal   fingerprints (r_fingerprint.c) of the parts whose inside is nobody else's business,
#   taken
#          when the object was made: a fit's design cannot be described in a line, but any change of
#          it can be seen.
# An approximation has no seal while callbacks look at it. Fields that neither table names may be
# changed freely, and fields may be added.

# `must` completes "its field 'x' must be"; test(value, object)
rule <- function(must, test) list(must = must, test = test)

alone <- function(test, ...) function(v, x) test(v, ...)

absent_or <- function(test) function(v, x) is.null(v) || test(v, x)

is_text <- function(v, n = 1) is.character(v) && length(v) == n && !anyNA(v)

is_flag <- function(v) is.logical(v) && length(v) == 1 && !is.na(v)

is_one_number <- function(v, low = -Inf, high = Inf) {
  is.numeric(v) && length(v) == 1 && !is.na(v) && v >= low && v <= high
}

is_whole <- function(v, low = 0, high = .Machine$integer.max) {
  is_one_number(v, low, high) && v == round(v)
}

is_among <- function(v, choices) is_text(v) && v %in% choices

is_matrix <- function(v, rows = nrow(v), columns = ncol(v)) {
  is.numeric(v) && is.matrix(v) && nrow(v) == rows && ncol(v) == columns
}

all_finite <- function(v) is.numeric(v) && all(is.finite(v))

# Of a long vector evenly spaced values, so that the time does not grow with it. With `by` only of
# every so manieth, counted from the first.
some_of <- function(v, by = 1) {
  n <- length(v) %/% by
  at <- if (n <= 2^15) seq_len(n) else round(seq(1, n, length.out = 2^12))
  v[by * (at - 1) + 1]
}

# ---- the classes -----------------------------------------------------------------------------

# By class: what it is called, what to do about a broken one, its rules, the fields under seal, and
# those of them that are told apart by their own fields.
object_classes <- function() {
  list(
    covary = list(
      what = "fit of covary()", again = "fit again", rules = fit_rules,
      sealed = c(
        "formulas", "algorithm", "responses", "ids", "pairs", "draws", "design", "priors",
        "frame", "cell", "n_cells"
      ),
      apart = c("design", "frame")
    ),
    cells = list(what = "object of compress()", again = "compress again", rules = cells_rules),
    covary_learner = list(
      what = "learner of learn_categories()", again = "learn again",
      rules = list(),
      sealed = c(
        "categories", "dimensions", "terms", "columns", "x", "category", "plan", "settings",
        "start", "parameter", "record", "trials", "held", "silent", "interrupted", "loss", "starts",
        "failed"
      ),
      apart = c("plan", "settings")
    ),
    covary_approximation = list(
      what = "approximation of advi(), nuts(), ...", again = "fit again",
      rules = approximation_rules, sealed = c("setup", "state"), apart = c("setup", "state"),
      unsealed = TRUE
    ),
    covary_density = list(
      what = "target", again = "build it again", rules = density_rules,
      sealed = c(
        "kind", "dim", "rows", "data", "names", "parameters", "blocks", "label",
        "regression",
        "design", "terms", "xlevels", "expect", "constant"
      ),
      apart = "data"
    ),
    covary_priors = list(
      what = "prior of set_prior()", again = "use set_prior() again",
      rules = priors_rules
    ),
    covary_prior = list(what = "prior distribution", again = "make it again", rules = prior_rules),
    covary_optimizer = list(what = "optimiser", again = "make it again", rules = optimizer_rules),
    covary_callback = list(what = "callback", again = "make it again", rules = callback_rules),
    covary_transform = list(what = "transform", again = "make it again", rules = transform_rules),
    covary_quadrature = list(
      what = "result of quadrature_kl()", again = "make it again",
      rules = quadrature_rules
    ),
    covary_advi_control = list(
      what = "result of advi_control()", again = "make it again",
      rules = advi_control_rules
    ),
    covary_nuts_control = list(
      what = "result of nuts_control()", again = "make it again",
      rules = nuts_control_rules
    )
  )
}

fit_rules <- list(
  call = rule("a call", alone(is.call)),
  info = rule("a list", alone(is.list))
)

# Inside `info` of a fit, where a field may be absent.
fit_info_rules <- local({
  number <- rule("a number", alone(is.numeric))
  flag <- rule("TRUE or FALSE", alone(is_flag))
  named <- rule("numbers with names", function(v, x) {
    is.numeric(v) && (length(v) == 0 || !is.null(names(v)))
  })
  list(
    elbo = number, elbo_mcse = number, log_evidence = number, trace = number,
    iterations = number,
    importance_ess = number, efficiency = number, rhat = number, ess = number, certificate = number,
    converged = flag, resampled = flag, interrupted = flag, khat = named, timings = named,
    note = rule("text", alone(is.character)), compression = rule("a list", alone(is.list))
  )
})

cells_rules <- list(
  k = rule("the number of responses", alone(is_whole, 1)),
  responses = rule("the names of the responses", function(v, x) {
    is_text(v, x$k) &&
      !anyDuplicated(v)
  }),
  scaling = rule("a finite matrix of centres and positive scales", function(v, x) {
    is_matrix(v, x$k, 2) && all_finite(v) && all(v[, 2] > 0)
  }),
  covariates = rule("a named list of descriptions", function(v, x) {
    is.list(v) && (length(v) == 0 || is_text(names(v), length(v))) && !anyDuplicated(names(v)) &&
      all(vapply(v, is_description, TRUE)) && length(continuous_names(x)) <= 2
  }),
  resolution = rule("a positive number", alone(is_one_number, .Machine$double.xmin, 1e9)),
  rows = rule("a count", alone(is_one_number, 0, 1e300)),
  dropped = rule("the count of missing rows", function(v, x) {
    is_one_number(v, 0, 1e300) && identical(names(v), "missing")
  }),
  groups = rule("a data frame of the exact covariates", function(v, x) {
    exact <- setdiff(names(x$covariates), continuous_names(x))
    fits <- function(name) is_group_column(v[[name]], x$covariates[[name]], nrow(v))
    is.data.frame(v) && identical(as.character(names(v)), as.character(exact)) &&
      all(vapply(exact, fits, TRUE))
  }),
  stats = rule("a column of sums a group", function(v, x) {
    if (length(continuous_names(x))) {
      return(is.null(v))
    }
    is_matrix(v, 1 + x$k + x$k * (x$k + 1) / 2, nrow(x$groups)) && is.double(v) &&
      all_finite(some_of(v)) && all(some_of(v, nrow(v)) >= 0)
  }),
  table = rule("an array of moments, as many as its cells and groups", function(v, x) {
    n <- length(continuous_names(x))
    if (n == 0) {
      return(is.null(v))
    }
    size <- c(moments_padded(x$k), 4, if (n == 1) c(NA, max(1, nrow(x$groups))) else c(4, NA))
    is.double(v) && length(dim(v)) == 4 && all(dim(v) == size, na.rm = TRUE) &&
      all_finite(some_of(v)) && all(some_of(v, prod(dim(v)[seq_len(1 + n)])) >= 0)
  }),
  step = rule("a whole number for each continuous covariate", function(v, x) {
    continuous <- continuous_names(x)
    if (length(continuous) == 0) {
      return(TRUE)
    }
    all_finite(v) && length(v) == length(continuous) && all(v == round(v)) &&
      (length(v) == 1 || setequal(names(v), continuous))
  }),
  core = rule("the width of the central half", function(v, x) {
    is.null(v) || all_finite(v) && length(v) == length(continuous_names(x))
  }),
  first = rule("the number of the first cell", function(v, x) {
    if (length(continuous_names(x)) == 1) is_one_number(v) && v == round(v) else is.null(v)
  }),
  places = rule("the places of the rectangles", function(v, x) {
    if (length(continuous_names(x)) < 2) {
      return(is.null(v))
    }
    is_matrix(v, dim(x$table)[4], 3) && all_finite(v) &&
      all(v[, 3] >= 1 & v[, 3] <= max(1, nrow(x$groups)))
  }),
  range = rule("the ends of each continuous covariate, inside its cells", function(v, x) {
    n <- length(continuous_names(x))
    if (n == 0) {
      return(TRUE)
    }
    all_finite(v) && length(v) == 2 * n && (n == 1 || identical(dim(v), c(2L, 2L))) &&
      is_inside(matrix(v, 2), x, n)
  })
)

# All cells lie between the ends of the covariates: merge() lays out a grid by them.
is_inside <- function(range, x, n) {
  at <- floor(range * rep(2^as.vector(x$step), each = 2))
  if (any(range[1, ] > range[2, ]) || any(abs(at) >= 2^52)) {
    return(FALSE)
  }
  cells <- if (n == 1) {
    cbind(x$first + c(0, dim(x$table)[3] - 1))
  } else {
    apply(x$places[, 1:2, drop = FALSE], 2, base::range)
  }
  all(cells[1, ] >= at[1, ] & cells[2, ] <= at[2, ])
}

is_description <- function(v) {
  is.list(v) && is_among(v$kind, c("exact", "continuous")) &&
    is_among(v$type, c("factor", "logical", "character", number_types)) &&
    (v$kind == "exact" || v$type %in% number_types) &&
    (is.null(v$levels) || is.character(v$levels)) &&
    is_flag(v$ordered) && (v$type != "time" || is_text(v$zone)) &&
    (v$type != "difference of times" ||
      is_among(v$units, c("secs", "mins", "hours", "days", "weeks")))
}

# Groups hold texts for factors, and numbers for dates and times.
is_group_column <- function(v, how, n) {
  fits <- switch(how$type,
    logical = is.logical(v),
    character = is.character(v),
    factor = is.character(v) && all(v %in% how$levels),
    is.numeric(v)
  )
  is.atomic(v) && is.null(dim(v)) && length(v) == n && !anyNA(v) && fits
}

approximation_rules <- local({
  a_draw <- rule("a number a draw", absent_or(function(v, x) {
    is.numeric(v) && length(v) == nrow(x$draws)
  }))
  list(
    target = rule("a target", alone(inherits, "covary_density")),
    method = rule("the name of a method", alone(
      is_among,
      c("advi", "svgd", "laplace", "pathfinder", "nuts")
    )),
    family = rule("the name of a family", alone(is_text)),
    mean = rule("a number for each free number", absent_or(function(v, x) {
      is.numeric(v) && length(v) == x$target$dim
    })),
    root = rule("a square matrix", absent_or(function(v, x) {
      is_matrix(v, x$target$dim, x$target$dim) && !is.null(x$mean)
    })),
    draws = rule("a numeric matrix with a column for each free number", function(v, x) {
      if (is.null(v)) {
        return(!is.null(x$root))
      }
      is_matrix(v, columns = x$target$dim) && nrow(v) > 0 && !anyNA(some_of(v))
    }),
    chain = rule("the chain of each draw", absent_or(function(v, x) {
      is.numeric(v) && length(v) == nrow(x$draws) && !anyNA(v) &&
        nrow(x$draws) %% length(unique(v)) == 0
    })),
    lp = a_draw, lq = a_draw,
    history = rule("numeric", absent_or(alone(is.numeric))),
    callbacks = rule("a list of callbacks", function(v, x) {
      is.list(v) && all(vapply(v, inherits, TRUE, "covary_callback"))
    }),
    info = rule("a list of what was found", function(v, x) {
      numbers <- c("elbo", "khat", "rhat", "log_evidence", "divergences", "iterations")
      fine <- function(w) is.null(w) || is.numeric(w) || all(is.na(w))
      is.list(v) && all(vapply(v[intersect(names(v), numbers)], fine, TRUE)) &&
        (x$method != "nuts" || length(v$rhat) > 0 && length(v$divergences) == 1)
    })
  )
})

density_rules <- list(
  start = rule("a finite number for each free number", function(v, x) {
    all_finite(v) && length(v) == x$dim
  }),
  derivative = rule("text", absent_or(alone(is_text))),
  evaluate = rule("a function", function(v, x) is.function(v) || (is.null(v) && x$kind != "r"))
)

prior_codes <- c(
  normal = 1L, student_t = 2L, logistic = 3L, half_t = 11L, half_normal = 12L,
  exponential = 13L, gamma = 14L, inv_gamma = 15L
)

prior_rules <- list(
  family = rule("a known family", alone(is_among, names(prior_codes))),
  code = rule("the number of its family", function(v, x) {
    is_whole(v) &&
      v == prior_codes[[x$family]]
  }),
  par = rule(
    "three numbers, those of scale, shape and degrees of freedom positive",
    function(v, x) {
      all_finite(v) && length(v) == 3 && v[2] > 0 &&
        (!x$family %in% c("student_t", "half_t") || v[3] > 0) &&
        (!x$family %in% c("gamma", "inv_gamma") || v[1] > 0)
    }
  ),
  text = rule("text", alone(is_text))
)

priors_rules <- local({
  column <- rule("a text a prior", function(v, x) is_text(v, length(x$prior)))
  list(
    prior = rule("a list of prior distributions", function(v, x) {
      is.list(v) && all(vapply(v, is_valid, TRUE, class = "covary_prior"))
    }),
    class = column, coef = column, dpar = column, resp = column
  )
})

optimizer_rules <- list(
  name = rule("text", alone(is_text)),
  rate = rule("a positive number", alone(is_one_number, .Machine$double.xmin)),
  code = rule("the seven numbers of a rule", function(v, x) {
    all_finite(v) && length(v) == 7 && v[1] %in% 0:8 && v[2] > 0 && all(v[3:4] >= 0 & v[3:4] < 1) &&
      v[5] >= 0 && is_whole(v[6], 1) && v[7] %in% 0:1
  })
)

callback_rules <- list(
  kind = rule("text", alone(is_text)),
  every = rule("a count", alone(is_whole, 1)),
  first = rule("TRUE or FALSE", alone(is_flag)),
  run = rule("a function", alone(is.function)),
  memory = rule("what the callback keeps", function(v, x) {
    is.list(v) && (x$kind != "tracker" || all(vapply(entries(v), is_entry, TRUE)))
  }),
  values = rule("names", absent_or(function(v, x) is_text(v, length(v))))
)

is_entry <- function(v) is.list(v) && is_one_number(v$iteration) && is.list(v$values)

transform_rules <- local({
  code <- rule("a function", alone(is.function))
  list(
    kind = rule("text", alone(is_text)), text = rule("text", alone(is_text)),
    free = rule("a count", alone(is_whole)), size = rule("a count", alone(is_whole, 1)),
    forward = code, inverse = code, log_jacobian = code, pullback = code,
    labels = rule("a text a value", absent_or(function(v, x) is_text(v, x$size)))
  )
})

quadrature_rules <- list(
  mean = rule("a number", alone(is_one_number)),
  sd = rule("a number", alone(is_one_number)),
  divergence = rule("a number", alone(is_one_number)),
  measure = rule("text", alone(is_text)),
  truncated = rule("TRUE or FALSE", alone(is_flag)),
  grid = rule("a data frame of x, p and q", function(v, x) {
    is.data.frame(v) && nrow(v) > 0 && all(lengths(v) == nrow(v)) &&
      all(c("x", "p", "q") %in% names(v)) && all(vapply(v[c("x", "p", "q")], all_finite, TRUE)) &&
      any(v$p > 0) && any(v$q > 0)
  })
)

advi_control_rules <- list(
  parity = rule("\"none\" or \"pymc\"", alone(is_among, c("none", "pymc"))),
  draws = rule("a count", alone(is_whole, 1)),
  stl = rule("TRUE or FALSE", alone(is_flag)),
  rank = rule("a count up to 64", absent_or(alone(is_whole, 1, 64))),
  fixed_draws = rule("a count from 4", absent_or(alone(is_whole, 4))),
  most_draws = rule("a count from 4", alone(is_whole, 4)),
  tolerance = rule("a number between 0 and 1", alone(is_one_number, 1e-300, 1)),
  closed_form = rule("TRUE or FALSE", alone(is_flag)),
  max_norm = rule("a number from 0", alone(is_one_number, 0)),
  pilot_rows = rule("a count from 10", absent_or(alone(is_whole, 10)))
)

nuts_control_rules <- list(
  accept = rule("a number between 0 and 1", function(v, x) {
    is_one_number(v, 0, 1) && v > 0 &&
      v < 1
  }),
  metric = rule("the name of a metric", alone(is_among, c("auto", "dense", "diagonal"))),
  max_depth = rule("a count up to 20", alone(is_whole, 1, 20)),
  jitter = rule("a number from 0", alone(is_one_number, 0, 1e300))
)

# ---- the seal --------------------------------------------------------------------------------

# The object with the fingerprints of its sealed parts, by name; lists that are told `apart` count
# by field.
seal <- function(x, class = base::class(x)[1]) {
  x$seal <- fingerprints(x, object_classes()[[class]])
  x
}

fingerprints <- function(x, how) {
  parts <- unclass(x)[setdiff(intersect(names(x), how$sealed), how$apart)]
  for (name in intersect(how$apart, names(x))) {
    inner <- unclass(.subset2(x, name))
    if (!is.list(inner) || is.null(names(inner))) {
      parts[[name]] <- inner
    } else if (length(inner)) parts[paste0(name, "$", names(inner))] <- inner
  }
  parts <- parts[!vapply(parts, is.null, TRUE)]
  stats::setNames(.Call(C_fingerprint, unname(parts)), names(parts))
}

# ---- checking --------------------------------------------------------------------------------

# The object, or a typed error that names the first field at fault.
check_object <- function(x, class = base::class(x)[1], arg = "object") {
  how <- object_classes()[[class]]
  fault <- object_fault(x, class, how)
  if (is.null(fault)) {
    return(x)
  }
  stop_covary("object", "`", arg, "` is no whole ", how$what, ": ", fault$text,
    ". It was edited or cut, ",
    "or comes from another version of covary; ", how$again, ".",
    fields = list(arg = arg, field = fault$field, class = class)
  )
}

check_learner <- function(x, arg = "object") check_object(x, "covary_learner", arg)

check_cells <- function(x, arg = "object") check_object(x, "cells", arg)

check_approximation <- function(x, arg = "object") {
  check_object(x, "covary_approximation", arg)
  check_object(x$target, "covary_density", paste0(arg, "$target"))
  x
}

is_valid <- function(x, class) is.null(object_fault(x, class, object_classes()[[class]]))

new_fault <- function(field, ...) {
  list(field = field, text = paste0("its field '", field, "' ", ...))
}

# NULL, or list(field, text)
object_fault <- function(x, class, how) {
  if (!inherits(x, class)) {
    return(list(text = paste("it is", describe(x))))
  }
  if (!is.list(x) || is.null(names(x))) {
    return(list(text = "it is not a list with names"))
  }
  x <- unclass(x)
  fault <- rules_fault(x, x, how$rules)
  if (is.null(fault) && class == "covary") {
    fault <- rules_fault(x$info, x, fit_info_rules, "info$", absent = TRUE)
  }
  if (is.null(fault) && length(how$sealed)) fault <- seal_fault(x, how)
  fault
}

rules_fault <- function(fields, object, rules, prefix = "", absent = FALSE) {
  for (name in names(rules)) {
    value <- fields[[name]]
    if (absent && is.null(value)) next
    ok <- tryCatch(rules[[name]]$test(value, object), error = function(e) FALSE)
    if (isTRUE(ok)) next
    return(new_fault(
      paste0(prefix, name), "must be ", rules[[name]]$must, ", not ",
      describe(value)
    ))
  }
}

seal_fault <- function(x, how) {
  made <- x$seal
  if (is.null(made) && isTRUE(how$unsealed)) {
    return()
  }
  if (!is.character(made) || is.null(names(made))) {
    return(new_fault("seal", "is missing"))
  }
  now <- fingerprints(x, how)
  absent <- setdiff(names(made), names(now))
  if (length(absent)) {
    return(new_fault(absent[1], "is missing"))
  }
  changed <- names(now)[!(names(now) %in% names(made)) | now != made[names(now)]]
  if (length(changed)) new_fault(changed[1], "was changed after it was made")
}
