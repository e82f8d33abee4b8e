# Densities: what engines of the toolkit move on. Fields: kind (which C target, or "r"), dim (free
# numbers), rows, data (for the C target), evaluate (kind "r"), names (of the free numbers), blocks
# (transforms by parameter), start (free), expect (closed-form expectations, or NULL), label.

new_density <- function(
  kind, data, blocks, rows = 0L, start = NULL, evaluate = NULL, expect = NULL,
  label = kind, extra = list()
) {
  dim <- sum(vapply(blocks, `[[`, 0L, "free"))
  out <- list(
    kind = kind, dim = dim, rows = as.integer(rows), data = data, evaluate = evaluate,
    names = block_labels(blocks, "free"), parameters = block_labels(blocks, "size"),
    blocks = blocks,
    start = if (is.null(start)) numeric(dim) else start, expect = expect, label = label
  )
  seal(structure(c(out, extra), class = "covary_density"))
}

block_labels <- function(blocks, what) {
  unlist(Map(function(name, b) {
    n <- b[[what]]
    index <- if (what == "size" && !is.null(b$labels)) {
      b$labels
    } else if (n > 1) {
      paste0("[", seq_len(n), "]")
    } else {
      ""
    }
    label <- paste0(name, index)
    if (what == "free" && b$kind == "log") {
      paste0("log_", label)
    } else if (what == "free" && b$kind == "logit") {
      paste0("logit_", label)
    } else {
      label
    }
  }, names(blocks), blocks), use.names = FALSE)
}

#' A log density as a target
#'
#' Wraps R functions as a target for [advi()], [svgd()], [laplace()], [pathfinder()] and [nuts()].
#'
#' @param log_density `function(theta)`: log density at a named vector of parameters, up to a
#'   constant. With `rows`, `function(theta, rows)`: log likelihood of the rows with these numbers.
#' @param gradient Optional function of the same arguments: gradient by the parameters as
#'   `log_density` sees them. Without it, derivatives come from complex steps where `log_density`
#'   accepts complex numbers, else from central differences; a message says which. Engines compare
#'   a given gradient with the density where they start and end, and warn where they differ.
#' @param names Names of the parameters.
#' @param transforms List of [transforms] by parameter name; parameters left out are unconstrained
#'   numbers. The log Jacobian is added for you.
#' @param start Optional starting values, as `log_density` sees them: a list by parameter
#'   (`list(mu = 1, weight = c(.2, .8))`) or a vector by name (`c(mu = 1, "weight[1]" = .2,
#'   "weight[2]" = .8)`), in any order; parameters left out start at the default. A vector without
#'   names holds all of them in order.
#' @param rows Number of rows a minibatch can choose from.
#' @param log_prior,prior_gradient With `rows`: the part of the density that does not depend on
#'   rows.
#' @return An object of class `covary_density`.
#' @examples
#' log_density <- function(theta) -0.5 * sum((theta - c(1, 2))^2 / c(1, 4))
#' target <- target_density(log_density, names = c("a", "b"))
#' fit <- advi(target)
#' mean(fit)
#' @export
target_density <- function(
  log_density, gradient = NULL, names = NULL, transforms = list(),
  start = NULL, rows = NULL,
  log_prior = NULL, prior_gradient = NULL
) {
  check_function(log_density, "log_density")
  for (f in c("gradient", "log_prior", "prior_gradient")) {
    if (!is.null(get(f))) {
      check_function(get(f), f)
    }
  }
  blocks <- read_blocks(names, transforms)
  n <- if (is.null(rows)) 0L else check_count(rows, "rows")
  if (n == 0 && (!is.null(log_prior) || !is.null(prior_gradient))) {
    stop_covary("argument",
      "`log_prior` is only for targets with `rows`; put the prior into `log_density`.",
      fields = list(arg = "log_prior")
    )
  }
  if (n > 0 && !is.null(gradient) && !is.null(log_prior) && is.null(prior_gradient)) {
    stop_covary("argument", "With `gradient` and `log_prior`, `prior_gradient` is needed too.",
      fields = list(arg = "prior_gradient")
    )
  }
  user <- list(
    density = log_density, gradient = gradient, prior = log_prior,
    prior_gradient = prior_gradient, rows = n
  )
  out <- new_density("r", list(), blocks, rows = n, label = "a log density in R")
  out$start <- read_start(start, out)
  how <- if (is.null(gradient)) choose_derivative(user, out) else "given"
  out$derivative <- how
  out$evaluate <- new_evaluate(user, out, how)
  out
}

read_blocks <- function(names, transforms) {
  if (!is.list(transforms)) {
    stop_covary("argument", "`transforms` must be a list, not ",
      describe(transforms), ".",
      fields = list(arg = "transforms")
    )
  }
  if (is.null(names)) names <- base::names(transforms)
  if (!is.character(names) || length(names) == 0 || anyNA(names) || anyDuplicated(names) ||
    any(names == "")) {
    stop_covary("argument", "`names` must hold different names of the parameters.",
      fields = list(arg = "names")
    )
  }
  unknown <- setdiff(base::names(transforms), names)
  if (length(transforms) &&
    (is.null(base::names(transforms)) || length(unknown) ||
      anyDuplicated(base::names(transforms)))) {
    stop_covary("transform", "`transforms` must be named by parameters (", enumerate(names),
      "), each at most once",
      if (length(unknown)) paste0("; there is no ", enumerate(unknown)), ".",
      fields = list(arg = "transforms")
    )
  }
  blocks <- lapply(
    names,
    function(n) as_transform(if (is.null(transforms[[n]])) "identity" else transforms[[n]], n)
  )
  base::names(blocks) <- names
  blocks
}

# Free numbers of starting values given by parameter; those left out start where the target does.
read_start <- function(start, target) {
  if (is.null(start)) {
    return(target$start)
  }
  read <- if (is.list(start)) start_list else start_vector
  values <- read(start, target$blocks)
  free <- target$start
  at <- 0
  for (n in names(target$blocks)) {
    b <- target$blocks[[n]]
    v <- values[[n]]
    if (!is.null(v)) free[at + seq_len(b$free)] <- b$inverse(start_value(v, n, b))
    at <- at + b$free
  }
  free
}

# An element a parameter.
start_list <- function(start, blocks) {
  given <- names(start)
  if (length(start) && (is.null(given) || anyNA(given) || anyDuplicated(given) ||
    !all(given %in% names(blocks)))) {
    stop_covary("start", "`start` must be named by parameters, each at most once: ",
      enumerate(names(blocks), most = 12), "; found ",
      if (is.null(given)) "no names" else enumerate(given, most = 12), ".",
      fields = list(arg = "start", found = given)
    )
  }
  unclass(start)
}

# A number a value: all of them in order, or by their labels, such as 'mu' or 'weight[2]'.
start_vector <- function(start, blocks) {
  labels <- block_labels(blocks, "size")
  if (!is.numeric(start)) {
    stop_covary("start", "`start` must be a list or a numeric vector, not ", describe(start), ".",
      fields = list(arg = "start")
    )
  }
  given <- names(start)
  if (is.null(given) && length(start) != length(labels)) {
    stop_covary("start", "`start` without names must hold ", length(labels),
      " numbers (", enumerate(labels, most = 12), "), not ",
      describe(start), ".",
      fields = list(arg = "start")
    )
  }
  if (!is.null(given) && (anyNA(given) || anyDuplicated(given) || !all(given %in% labels))) {
    stop_covary("start", "Names in `start` must be among ", enumerate(labels, most = 12),
      ", each at most once; found ",
      enumerate(given, most = 12), ".",
      fields = list(arg = "start", found = given)
    )
  }
  if (is.null(given)) names(start) <- labels
  owner <- rep(names(blocks), vapply(blocks, `[[`, 0L, "size"))[match(names(start), labels)]
  split(start, factor(owner, unique(owner)))
}

start_value <- function(v, name, block) {
  if (!is.numeric(v) || length(v) != block$size || any(!is.finite(v))) {
    stop_covary("start", "Start of '", name, "' must be ", block$size, " finite number",
      if (block$size > 1) "s", ", not ", describe(v), ".",
      fields = list(arg = "start", parameter = name)
    )
  }
  # one number has no order; the name it may carry comes from elsewhere
  if (block$size > 1) {
    v <- by_name(
      v, block_labels(stats::setNames(list(block), name), "size"),
      paste0("the start of '", name, "'"), "start", "start"
    )
  }
  as.double(v)
}

# Matrix (a row a draw) of free numbers to parameters.
constrain <- function(target, theta) {
  if (!is.null(target$constrain)) {
    return(target$constrain(target, theta))
  }
  at <- 0
  parts <- lapply(target$blocks, function(b) {
    columns <- at + seq_len(b$free)
    at <<- at + b$free
    b$forward(theta[, columns, drop = FALSE])
  })
  out <- do.call(cbind, unname(parts))
  colnames(out) <- target$parameters
  if (!is.null(target$derived)) cbind(out, target$derived(out)) else out
}

log_jacobian <- function(target, theta) {
  at <- 0
  total <- 0
  for (b in target$blocks) {
    total <- total + b$log_jacobian(theta[, at + seq_len(b$free), drop = FALSE])
    at <- at + b$free
  }
  total
}

is_plain <- function(target) {
  is.null(target$constrain) && is.null(target$derived) &&
    all(vapply(target$blocks, function(b) b$kind == "identity", TRUE))
}

#' @export
print.covary_density <- function(x, ...) {
  check_object(x, "covary_density", "x")
  cat("Target: ", x$label, ", ", x$dim, " free number", if (x$dim != 1) "s", if (x$rows > 0) {
    paste0(", ", x$rows, " rows")
  }, "\n", sep = "")
  cat("Parameters: ", enumerate(x$parameters, quote = FALSE, most = 12), "\n", sep = "")
  kinds <- vapply(x$blocks, `[[`, "", "text")
  moved <- kinds != "identity"
  if (any(moved)) {
    cat("Transforms: ", paste0(names(kinds)[moved], " ", kinds[moved], collapse = ", "), "\n",
      sep = ""
    )
  }
  if (identical(x$kind, "r")) cat("Gradient:   ", x$derivative, "\n", sep = "")
  invisible(x)
}

check_density <- function(target, arg = "target") {
  if (missing(target)) {
    stop_covary("argument", "`", arg, "` is missing; give one such as target_density().",
      fields = list(arg = arg)
    )
  }
  if (!inherits(target, "covary_density")) {
    stop_covary("argument", "`", arg,
      "` must be a target such as target_density(), linear_regression() or as_target(), not ",
      describe(target), ".",
      fields = list(arg = arg)
    )
  }
  check_object(target, "covary_density", arg)
}

# Log densities (and gradients, dim x n) at the rows of theta (n x dim).
density_at <- function(target, theta, gradient = FALSE, rows = NULL, scale = 1) {
  guard_target(.Call(C_target, target, t(theta), rows, scale, gradient))
}

# An error in a user's function becomes a typed condition.
guard_target <- function(expr) {
  withCallingHandlers(expr, error = function(e) {
    if (inherits(e, "covary_error")) {
      return()
    }
    stop_covary("target", "The log density failed: ", conditionMessage(e), ".",
      fields = list(parent = e)
    )
  })
}
