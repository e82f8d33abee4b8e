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

register_class("covary_feature_reference",
  title = "chart of features of reference()",
  remedy = "make it again with reference(), or read it again",
  rules = list(
    version = rule(
      paste("a number up to", chart_version),
      alone(function(v) is_whole_number(v, 1) && v <= chart_version)
    ),
    title = rule("a text", alone(is_text)),
    source = rule("a text", alone(is_text)),
    min_count = rule("a number of people", alone(is_whole_number)),
    charts = rule("a list of charts of one response, by name", alone(function(v) {
      is.list(v) && length(v) > 0 && !is.null(names(v)) && !anyDuplicated(names(v)) &&
        all(vapply(names(v), function(name) {
          is_valid(v[[name]], "covary_reference") && identical(v[[name]]$responses, name)
        }, TRUE))
    })),
    correlations = rule("NULL, or tables of pairs", alone(function(v) {
      is.null(v) || is_pair_charts(v)
    }))
  )
)

is_pair_charts <- function(v) {
  pairs <- ncol(v$pairs)
  known <- c(v$covariates, stats::setNames(list(list(
    type = "factor", levels = as.character(seq_len(pairs))
  )), curve_factor))
  is.character(v$features) && nrow(v$pairs) == 2 && all(v$pairs >= 1) &&
    all(v$pairs <= length(v$features)) && all(vapply(v$covariates, is_chart_covariate, TRUE)) &&
    all(vapply(v$predictors$rho$tables, function(table) {
      has_known_covariates(table, known) && all_finite(table$values) &&
        length(table$values) == prod(table_size(table)) &&
        length(table$sd) == if (table$random) pairs else 1
    }, TRUE)) && (is.null(v$joint) || is_joint_rule(v$joint, length(v$features)))
}

is_joint_rule <- function(v, features) {
  size <- length(v$features)
  all(v$features %in% seq_len(features)) && is_matrix(v$pooled, size, size) &&
    all_finite(v$pooled) && is_whole_number(v$factor) && is_one_number(v$weight) &&
    is_one_number(v$ridge)
}
