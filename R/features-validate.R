# What margins and pairs must be when they come back from a user.

register_class("covary_margins",
  title = "result of fit_margins()", remedy = "fit the margins again",
  rules = list(
    mean = rule("a matrix of numbers", alone(is.matrix)),
    cov = rule("a matrix with a column a feature", function(v, x) {
      is.matrix(v) && ncol(v) == ncol(x$mean) && nrow(v) == triangle_size(nrow(x$mean))
    }),
    diagnostics = rule("a data frame with a row a feature", function(v, x) {
      is.data.frame(v) && nrow(v) == ncol(x$mean)
    })
  ),
  sealed = c("formulas", "design", "mean", "cov", "sds", "draws"), by_field = "design"
)

check_margins <- function(x, arg = "object") {
  if (!inherits(x, "covary_margins")) {
    stop_covary("argument", "`", arg, "` must be margins of fit_margins(), not ", describe(x), ".",
      fields = list(arg = arg)
    )
  }
  check_object(x, "covary_margins", arg)
}

register_class("covary_pairs",
  title = "result of fit_pairs()", remedy = "fit the pairs again",
  rules = list(
    pairs = rule("two rows of numbers of features", function(v, x) {
      is.matrix(v) && nrow(v) == 2 && all(v >= 1 & v <= ncol(x$margins$mean))
    }),
    mean = rule("a matrix with a column a pair", function(v, x) {
      is.matrix(v) && ncol(v) == ncol(x$pairs)
    }),
    cov = rule("a matrix with a column a pair", function(v, x) {
      is.matrix(v) && ncol(v) == ncol(x$pairs) && nrow(v) == triangle_size(nrow(x$mean))
    }),
    diagnostics = rule("a data frame with a row a pair", function(v, x) {
      is.data.frame(v) && nrow(v) == ncol(x$pairs)
    })
  ),
  sealed = c("margins", "formula", "design", "pairs", "mean", "cov", "sds", "joint"),
  by_field = "design"
)

check_pairs_object <- function(x, arg = "object") {
  if (!inherits(x, "covary_pairs")) {
    stop_covary("argument", "`", arg, "` must be pairs of fit_pairs(), not ", describe(x), ".",
      fields = list(arg = arg)
    )
  }
  check_object(x, "covary_pairs", arg)
}
