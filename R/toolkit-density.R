# Targets: log densities of free (unconstrained) numbers, what all algorithms of the toolkit move
# on. Fields:
#   kind        which target of the C core (r_target.c), or "r"
#   dim, names  number of free numbers and their names
#   rows        rows that a minibatch can choose from, 0 without
#   data        for the C target
#   evaluate    kind "r": function(theta, order, rows, scale) (toolkit-evaluate.R)
#   derivative  kind "r": where the gradient comes from, "given", "complex" or "central"
#   transforms  a transform for each parameter, by name
#   parameters  names of all values of the parameters, as the density sees them
#   start       free numbers to start from
#   label       what print() calls the target
#   constrain   (optional) function(target, theta) in place of the transforms: parameters (S x p)
#               from free numbers (S x dim)
#   derived     (optional) function(x): further columns, from the parameters x (S x p)
# `class` goes in front of covary_density and has the methods of toolkit-contract.R.

# `...`: rows, start, evaluate and further fields, by name.
new_density <- function(kind, data, transforms, ..., label = kind, class = NULL) {
  dim <- sum(vapply(transforms, `[[`, 0L, "free"))
  out <- list(
    kind = kind, dim = dim, rows = 0L, data = data,
    names = value_labels(transforms, "free"), parameters = value_labels(transforms, "size"),
    transforms = transforms, start = numeric(dim), label = label
  )
  # a parameter `log_s` beside the log of `s`
  if (anyDuplicated(out$names)) out$names <- value_labels(transforms, "free", prefix = FALSE)
  more <- list(...)
  out[names(more)] <- more
  out$rows <- as.integer(out$rows)
  check_value_names(out$parameters)
  seal(structure(out, class = c(class, "covary_density")), "covary_density")
}

# Columns that draws have beside the parameters, here and in package 'posterior'.
reserved_names <- c("lp__", "lp_approx__", ".chain", ".iteration", ".draw", ".log_weight")

# Each value of the parameters becomes a column of draws, so names must differ.
check_value_names <- function(names) {
  twice <- unique(names[duplicated(names)])
  bad <- c(twice, intersect(names, reserved_names))
  if (length(bad)) {
    stop_covary("argument",
      "Draws have a column for each parameter, so names must differ from each other and from ",
      "those of other columns; found ", enumerate(bad),
      if (length(twice)) " twice", ".",
      fields = list(arg = "names", names = bad)
    )
  }
}

# Labels of the values of parameters, one each: 'mu', 'weight[2]'. `what`: "size" (values as the
# density sees them) or "free" (free numbers, with `prefix` 'log_sigma' for the log of sigma).
value_labels <- function(transforms, what, prefix = what == "free") {
  label <- function(name, transform) {
    n <- transform[[what]]
    index <- if (what == "size" && !is.null(transform$labels)) {
      transform$labels
    } else if (n > 1) {
      paste0("[", seq_len(n), "]")
    } else {
      ""
    }
    scale <- if (prefix && transform$kind %in% c("log", "logit")) paste0(transform$kind, "_")
    paste0(scale, name, index)
  }
  unlist(Map(label, names(transforms), transforms), use.names = FALSE)
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
#' @param log_prior With `rows`: `function(theta)`, the part of the density that does not depend on
#'   rows.
#' @param prior_gradient Its gradient, needed where `gradient` is given too.
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
  n <- if (is.null(rows)) 0L else check_count(rows, "rows")
  user <- list(
    density = log_density, gradient = gradient, prior = log_prior,
    prior_gradient = prior_gradient, rows = n
  )
  check_user_functions(user)
  transforms <- read_transforms(names, transforms)
  out <- new_density("r", list(), transforms, rows = n, label = "a log density in R")
  out$start <- read_start(start, out)
  out$derivative <- "given"
  if (is.null(gradient)) {
    out$derivative <- guard_target(choose_derivative(user, out))
    inform_derivative(out$derivative, out$dim)
  }
  out$evaluate <- new_evaluate(user, out, out$derivative)
  out
}

# user: what target_density() was given (toolkit-evaluate.R)
check_user_functions <- function(user) {
  of_rows <- if (user$rows > 0) c("theta", "rows") else "theta"
  check_callable(user$density, "log_density", of_rows)
  if (!is.null(user$gradient)) check_callable(user$gradient, "gradient", of_rows)
  if (!is.null(user$prior)) check_callable(user$prior, "log_prior", "theta")
  if (!is.null(user$prior_gradient)) check_callable(user$prior_gradient, "prior_gradient", "theta")
  given <- !vapply(user, is.null, TRUE)
  if (user$rows == 0 && (given[["prior"]] || given[["prior_gradient"]])) {
    stop_covary("argument",
      "`log_prior` is only for targets with `rows`; put the prior into `log_density`.",
      fields = list(arg = "log_prior")
    )
  }
  if (given[["gradient"]] && given[["prior"]] && !given[["prior_gradient"]]) {
    stop_covary("argument", "With `gradient` and `log_prior`, `prior_gradient` is needed too.",
      fields = list(arg = "prior_gradient")
    )
  }
  if (given[["prior_gradient"]] && !(given[["gradient"]] && given[["prior"]])) {
    stop_covary("argument",
      "`prior_gradient` is used only beside `log_prior` and `gradient`; give both, or neither.",
      fields = list(arg = "prior_gradient")
    )
  }
}

# A list of transforms, one for each of `names` (of the parameters) and by these names.
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
    function(name) {
      given <- transforms[[name]]
      as_transform(if (is.null(given)) "identity" else given, name)
    }
  )
  base::names(out) <- names
  out
}

# Parameters and what is derived from them (S x p), from free numbers theta (S x dim).
constrain <- function(target, theta) {
  if (!is.null(target$constrain)) {
    return(target$constrain(target, theta))
  }
  at <- 0
  parts <- lapply(target$transforms, function(transform) {
    columns <- at + seq_len(transform$free)
    at <<- at + transform$free
    transform$forward(theta[, columns, drop = FALSE])
  })
  out <- do.call(cbind, unname(parts))
  colnames(out) <- target$parameters
  if (!is.null(target$derived)) cbind(out, target$derived(out)) else out
}

# Log Jacobians (S) of the transforms at free numbers theta (S x dim).
log_jacobian <- function(target, theta) {
  at <- 0
  total <- 0
  for (transform in target$transforms) {
    columns <- at + seq_len(transform$free)
    total <- total + transform$log_jacobian(theta[, columns, drop = FALSE])
    at <- at + transform$free
  }
  total
}

# Are the free numbers the parameters?
is_plain <- function(target) {
  is.null(target$constrain) && is.null(target$derived) &&
    all(vapply(target$transforms, function(transform) transform$kind == "identity", TRUE))
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
  kinds <- kinds[kinds != "identity"]
  if (length(kinds)) {
    cat("Transforms: ", paste0(names(kinds), " ", kinds, collapse = ", "), "\n",
      sep = ""
    )
  }
  if (identical(x$kind, "r")) cat("Gradient:   ", x$derivative, "\n", sep = "")
  invisible(x)
}

# The target that the user gave as argument `arg`.
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
