# What users can do with the sufficient statistics that compress() makes: the class "cells".

#' Objects of class cells
#'
#' @param x,object,y,subset,... Objects made by [compress()]; for `subset()` a condition on the
#'   exact covariates.
#' @return `merge()` and `c()` add the rows of several objects; `subset()` keeps the groups for
#'   which the condition holds; `nobs()` counts rows; `print()` returns its argument invisibly.
#' @examples
#' d <- data.frame(x = runif(6000), sex = sample(c("f", "m"), 6000, TRUE), y = rnorm(6000))
#' a <- compress(d[1:4000, ], "y", by = ~ x + sex)
#' b <- compress(d[4001:6000, ], "y", by = ~ x + sex)
#' merge(a, b)
#' subset(a, sex == "f")
#' @name cells-class
NULL

#' @rdname cells-class
#' @export
print.cells <- function(x, ...) {
  check_dots(...)
  x <- check_cells(x, "x")
  continuous <- continuous_names(x)
  cat("Cells of ", paste(x$responses, collapse = ", "), ": ",
    format(x$rows, big.mark = ",", scientific = FALSE), " rows in ",
    format(count_cells(x), big.mark = ","), " cells, ",
    format(utils::object.size(x), units = "auto"), "\n",
    sep = ""
  )
  exact <- names(x$groups)
  if (length(exact)) {
    cat("Exact:      ", paste(exact, collapse = ", "), " (", count_tuples(x),
      " groups)\n",
      sep = ""
    )
  }
  if (length(continuous)) {
    range <- vapply(seq_along(continuous), function(d) {
      ends <- format(restore_column(matrix(x$range, 2)[, d], x$covariates[[continuous[d]]]))
      paste0(" in [", ends[1], ", ", ends[2], "]")
    }, "")
    cat("Continuous: ", paste0(continuous, range, collapse = " and "), ", cells of width ",
      paste(format(2^-x$step), collapse = " x "), ", ", 4^length(continuous), " moments each\n",
      sep = ""
    )
    cat("Error:      interpolation bound ", format(interpolation_bound(x), digits = 2),
      " posterior sds (for functions that ",
      "vary over a tenth of the range; fits report their own)\n",
      sep = ""
    )
  } else {
    cat("Error:      none, the cells are sufficient\n")
  }
  if (!is.null(x$passes)) {
    cat("Read by:    a data base, ", x$passes, " times\n", sep = "")
  }
  if (any(x$dropped > 0)) {
    cat("Left out:   ", say_missing_rows(sum(x$dropped), verb = "with"), "\n", sep = "")
  }
  if (length(x$incomplete)) {
    cat("Incomplete: ", say_incomplete(x$incomplete, x$responses), "\n", sep = "")
  }
  invisible(x)
}

# Error of the mode in posterior sds: remainder of cubic Chebyshev interpolation of a function with
# fourth derivative (range / 10)^-4 times its size, times the square root of the rows; summed over
# covariates.
interpolation_bound <- function(x) {
  width <- 2^-x$step / pmax(diff(matrix(x$range, 2))[1, ], 2^-x$step)
  sum((10 * width / 2)^4) / (24 * 8) * sqrt(x$rows)
}

# Number of distinct tuples of the exact covariates
count_tuples <- function(x) length(unique(group_keys(x$groups)))

#' @rdname cells-class
#' @export
merge.cells <- function(x, y, ...) {
  check_dots(...)
  if (!inherits(y, "cells")) {
    stop_covary("argument", "`y` must be an object of compress(), not ",
      describe(y), ".",
      fields = list(arg = "y")
    )
  }
  out <- merge_suffstats(check_cells(x, "x"), check_cells(y, "y"))
  warn_wide_cells(out)
  out
}

#' @rdname cells-class
#' @export
c.cells <- function(...) Reduce(merge.cells, list(...))

#' @rdname cells-class
#' @export
subset.cells <- function(x, subset, ...) {
  check_dots(...)
  x <- check_cells(x, "x")
  keep <- evaluate_call(substitute(subset), factor_groups(x), parent.frame(), "Subset")
  if (!is.logical(keep) || length(keep) != length(x$observed)) {
    stop_covary("argument", "`subset` must be a condition on the exact covariates ",
      enumerate(names(x$groups)), ".",
      fields = list(arg = "subset")
    )
  }
  keep <- which(keep)
  if (length(keep) == 0) {
    stop_covary("argument", "No cells are left.", fields = list(arg = "subset"))
  }
  keep_groups(x, keep)
}

#' @rdname cells-class
#' @importFrom stats nobs
#' @export
nobs.cells <- function(object, ...) {
  check_dots(...)
  check_cells(object)$rows
}

#' @rdname cells-class
#' @export
summary.cells <- function(object, ...) {
  check_dots(...)
  object <- check_cells(object)
  m <- response_moments(object)
  data.frame(
    response = object$responses, n = m$n * m$share, mean = m$mean, sd = m$sd, row.names = NULL
  )
}
