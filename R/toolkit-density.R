# Targets: log densities of free (unconstrained) numbers, what all algorithms of the toolkit move
# on. Fields:
#   kind        which target of the C core (r_target.c), or "r"
#   dim, names  number of free numbers and their names
#   rows        rows that a minibatch can choose from, 0 without
#   data        for the C target
#   evaluate    kind "r": function(theta, order, rows, scale) (toolkit-evaluate.R)
#   transforms      transforms by parameter; parameters: names of all values
#   start       free numbers to start from
#   label       for print()
#   constrain, derived  (optional) other ways from free numbers to parameters
# `class` goes in front of covary_density and has the methods of toolkit-contract.R.

# `...`: rows, start, evaluate and further fields, by name.
new_density <- function(kind, data, transforms, ..., label = kind, class = NULL) {
  dim <- sum(vapply(transforms, `[[`, 0L, "free"))
  out <- list(
    kind = kind, dim = dim, rows = 0L, data = data,
    names = value_labels(transforms, "free"), parameters = value_labels(transforms, "size"),
    transforms = transforms, start = numeric(dim), label = label
  )
  more <- list(...)
  out[names(more)] <- more
  out$rows <- as.integer(out$rows)
  seal(structure(out, class = c(class, "covary_density")), "covary_density")
}

# Labels of the values of parameters, by `what`: "size" (as the density sees them) or "free".
value_labels <- function(transforms, what) {
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
  }, names(transforms), transforms), use.names = FALSE)
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
  by_parameter <- read_transforms(names, transforms)
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
  out <- new_density("r", list(), by_parameter, rows = n, label = "a log density in R")
  out$start <- read_start(start, out)
  how <- if (is.null(gradient)) choose_derivative(user, out) else "given"
  out$derivative <- how
  out$evaluate <- new_evaluate(user, out, how)
  out
}

# A transform for each name.
read_transforms <- function(names, transforms) {
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
  out <- lapply(
    names,
    function(n) as_transform(if (is.null(transforms[[n]])) "identity" else transforms[[n]], n)
  )
  base::names(out) <- names
  out
}

# Matrix (a row a draw) of free numbers to parameters.
constrain <- function(target, theta) {
  if (!is.null(target$constrain)) {
    return(target$constrain(target, theta))
  }
  at <- 0
  parts <- lapply(target$transforms, function(b) {
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
  for (b in target$transforms) {
    total <- total + b$log_jacobian(theta[, at + seq_len(b$free), drop = FALSE])
    at <- at + b$free
  }
  total
}

is_plain <- function(target) {
  is.null(target$constrain) && is.null(target$derived) &&
    all(vapply(target$transforms, function(b) b$kind == "identity", TRUE))
}

#' @export
print.covary_density <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_density", "x")
  cat("Target: ", x$label, ", ", x$dim, " free number", if (x$dim != 1) "s", if (x$rows > 0) {
    paste0(", ", x$rows, " rows")
  }, "\n", sep = "")
  cat("Parameters: ", enumerate(x$parameters, quote = FALSE, most = 12), "\n", sep = "")
  kinds <- vapply(x$transforms, `[[`, "", "text")
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
  count_reads(target, nrow(theta) * (1 + gradient), rows)
  guard_target(.Call(C_target, target, t(theta), rows, scale, gradient))
}

# Gradients alone, dim x n, at the columns of theta (dim x n): half of the work where the user gave
# a function for them.
gradient_at <- function(target, theta, rows = NULL, scale = 1) {
  if (target$kind != "r" || !identical(target$derivative, "given")) {
    return(density_at(target, t(theta), TRUE, rows, scale)$gradient)
  }
  count_reads(target, ncol(theta), rows)
  out <- guard_target(vapply(seq_len(ncol(theta)), function(j) {
    target$evaluate(theta[, j], 2L, rows, scale)
  }, numeric(target$dim)))
  matrix(out, target$dim)
}

# While a fit runs, its copy of the target has a `meter`, an environment with the numbers of
# evaluations (density and gradient each) and of the rows that they read.
count_reads <- function(target, evaluations, rows) {
  meter <- target$meter
  if (is.null(meter)) {
    return(invisible())
  }
  all <- if (is.null(target$reads)) target$rows else target$reads
  each <- if (is.null(rows)) all else length(rows)
  meter$evaluations <- meter$evaluations + evaluations
  meter$rows <- meter$rows + evaluations * each
}

with_meter <- function(target) {
  target$meter <- list2env(list(evaluations = 0, rows = 0), parent = emptyenv())
  target
}

# An error in a user's function becomes a typed condition.
guard_target <- function(expr) {
  withCallingHandlers(expr, error = function(e) {
    # Limits of time and memory are no faults of the density.
    if (inherits(e, "covary_error") || is_limit(e)) {
      return()
    }
    stop_covary("target", "The log density failed: ", conditionMessage(e), ".",
      fields = list(parent = e)
    )
  })
}
