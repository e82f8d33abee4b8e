# What objects of the toolkit must be when they come back from a user.

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
    chol_cov = rule("a square matrix", absent_or(function(v, x) {
      is_matrix(v, x$target$dim, x$target$dim) && !is.null(x$mean)
    })),
    sd = rule("a positive number for each free number", absent_or(function(v, x) {
      is.numeric(v) && length(v) == x$target$dim && all(v > 0) && !is.null(x$mean)
    })),
    factors = rule("scales and factors of a covariance", absent_or(function(v, x) {
      is.list(v) && is.numeric(v$s) && length(v$s) == x$target$dim &&
        is_matrix(v$b, rows = x$target$dim) && !is.null(x$mean)
    })),
    draws = rule("a numeric matrix with a column for each free number", function(v, x) {
      if (is.null(v)) {
        return(is_gaussian(x))
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

optimizer_rules <- list(
  name = rule("text", alone(is_text)),
  rate = rule("a positive number", alone(is_one_number, .Machine$double.xmin)),
  rule = rule("a rule and its numbers", function(v, x) {
    numbers <- unlist(v[c("rate", "decay", "decay2", "epsilon")])
    is_among(v$name, x$name) && .Call(C_optimizer_slots, v) >= 0 && all_finite(numbers) &&
      v$rate > 0 && all(numbers[2:3] >= 0 & numbers[2:3] < 1) && v$epsilon >= 0
  })
)

callback_rules <- list(
  kind = rule("text", alone(is_text)),
  every = rule("a count", alone(is_whole_number, 1)),
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
    free = rule("a count", alone(is_whole_number)),
    size = rule("a count", alone(is_whole_number, 1)),
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
  draws = rule("a count", alone(is_whole_number, 1)),
  stl = rule("TRUE or FALSE", alone(is_flag)),
  rank = rule("a count up to 64", absent_or(alone(is_whole_number, 1, 64))),
  fixed_draws = rule("a count from 4", absent_or(alone(is_whole_number, 4))),
  most_draws = rule("a count from 4", alone(is_whole_number, 4)),
  tolerance = rule("a number between 0 and 1", alone(is_one_number, 1e-300, 1)),
  closed_form = rule("TRUE or FALSE", alone(is_flag)),
  max_norm = rule("a number from 0", alone(is_one_number, 0)),
  pilot_rows = rule("a count from 10", absent_or(alone(is_whole_number, 10)))
)

nuts_control_rules <- list(
  accept = rule("a number between 0 and 1", function(v, x) {
    is_one_number(v, 0, 1) && v > 0 && v < 1
  }),
  metric = rule("the name of a metric", alone(is_among, c("auto", "dense", "diagonal"))),
  max_depth = rule("a count up to 20", alone(is_whole_number, 1, 20)),
  jitter = rule("a number from 0", alone(is_one_number, 0, 1e300))
)

check_approximation <- function(x, arg = "object") {
  check_object(x, "covary_approximation", arg)
  check_object(x$target, "covary_density", paste0(arg, "$target"))
  x
}

register_class("covary_approximation",
  title = "approximation of advi(), nuts(), ...", remedy = "fit again",
  rules = approximation_rules, sealed = c("setup", "state"), by_field = c("setup", "state"),
  # Callbacks look at approximations that are not finished.
  may_lack_seal = TRUE
)
register_class("covary_density",
  title = "target", remedy = "build it again", rules = density_rules,
  sealed = c(
    "kind", "dim", "rows", "data", "names", "parameters", "transforms", "label", "regression",
    "design", "constant"
  ),
  by_field = "data"
)
register_class("covary_optimizer",
  title = "optimiser", remedy = "make it again",
  rules = optimizer_rules
)
register_class("covary_callback",
  title = "callback", remedy = "make it again",
  rules = callback_rules
)
register_class("covary_transform",
  title = "transform", remedy = "make it again",
  rules = transform_rules
)
register_class("covary_quadrature",
  title = "result of quadrature_kl()", remedy = "make it again",
  rules = quadrature_rules
)
register_class("covary_advi_control",
  title = "result of advi_control()", remedy = "make it again",
  rules = advi_control_rules
)
register_class("covary_nuts_control",
  title = "result of nuts_control()", remedy = "make it again",
  rules = nuts_control_rules
)
