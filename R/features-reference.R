#' @rdname reference
#' @export
reference.covary_margins <- function(
  fit, title = "", units = NULL, source = "", min_count = 5, resp = NULL, ...
) {
  check_dots(...)
  check_label(title, "title")
  check_label(source, "source")
  check_count(min_count, "min_count", 0)
  resp <- chart_resp(list(responses = feature_labels(fit)), resp)
  x <- as_feature_reference(fit, resp)
  if (length(units) == 1) units <- rep(unname(units), length(resp))
  if (!is.null(units)) units <- check_units(units, resp)
  x <- small_groups_once(x, min_count)
  for (name in resp) {
    x$charts[[name]]$min_count <- min_count
    if (!is.null(units)) x$charts[[name]]$units[] <- units[[match(name, resp)]]
  }
  x$title <- title
  x$source <- source
  x$min_count <- min_count
  x$made <- format(Sys.Date())
  x
}

#' @rdname reference
#' @export
reference.covary_pairs <- reference.covary_margins

# The chart without levels of random effects that too few people have, with one warning for all
# features.
small_groups_once <- function(x, min_count) {
  gone <- list()
  withCallingHandlers(
    {
      x$charts <- lapply(x$charts, without_small_groups, min_count)
      if (!is.null(x$correlations)) {
        x$correlations <- correlations_without_small_groups(x$correlations, min_count)
      }
    },
    covary_warning_small_group = function(w) {
      gone[[w$covariate]] <<- union(gone[[w$covariate]], w$levels)
      invokeRestart("muffleWarning")
    }
  )
  for (name in names(gone)) {
    warn_covary("small_group", "Level ", enumerate(gone[[name]]), " of '", name,
      "' has fewer than ", min_count, " people in some features and is not in their charts; ",
      "adapt() takes it in from its people.",
      fields = list(covariate = name, levels = gone[[name]])
    )
  }
  x
}

correlations_without_small_groups <- function(correlations, min_count) {
  chart <- c(correlations, list(
    n = Inf, posterior = list(loadings = list(), levels = list()), groups = list()
  ))
  without_small_groups(chart, min_count)[names(correlations)]
}

#' The chart of one or two features
#'
#' Takes the chart of a feature, or of two features with their correlation, out of one of many, for
#' pictures ([plot.covary_reference()]), joint regions and all else that is asked of a chart.
#'
#' @param object A chart of features ([reference()]), margins of [fit_margins()], or pairs of
#'   [fit_pairs()].
#' @param resp Name of a feature, or of two whose pair was fitted.
#' @return A chart of class `covary_reference`. That of two features knows how sure each feature's
#'   curves are, but not how their errors go together, nor how sure their correlation is: `z_se` of
#'   conditional scores and `predictive = TRUE` of [reference_region()] count errors of the two as
#'   independent and the correlation as known.
#' @section Errors:
#' `covary_error_argument`, `covary_error_chart` where a factor has other levels in the two.
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' pairs <- fit_pairs(margins, iris, rho = ~Species)
#' chart <- feature_chart(pairs, c("Sepal.Length", "Sepal.Width"))
#' reference_region(chart, data.frame(Species = "setosa"), predictive = FALSE, points = 5)
#' @export
feature_chart <- function(object, resp) {
  check_feature_object(object)
  known <- feature_labels(object)
  if (!is.character(resp) || !length(resp) %in% 1:2) {
    stop_covary("argument", "`resp` must name one or two of the features ",
      enumerate(known, most = 12), ", not ", describe(resp), ".",
      fields = list(arg = "resp")
    )
  }
  resp <- chart_resp(list(responses = known), resp)
  x <- as_feature_reference(object, resp, length(resp) == 2)
  x$charts <- lapply(x$charts, function(chart) {
    for (name in c("title", "source", "made")) {
      if (!nzchar(chart[[name]])) chart[[name]] <- x[[name]]
    }
    chart
  })
  if (length(resp) == 1) x$charts[[1]] else two_feature_chart(x, resp)
}

check_feature_object <- function(object) {
  if (!inherits(object, c("covary_margins", "covary_pairs", "covary_feature_reference"))) {
    stop_covary("argument", "`object` must be margins of fit_margins(), pairs of fit_pairs() or ",
      "their chart, not ", describe(object), ".",
      fields = list(arg = "object")
    )
  }
}

two_feature_chart <- function(x, resp) {
  need_correlations(x$correlations, resp, "resp")
  k <- pair_place(x$correlations, resp)
  one <- x$charts[[1]]
  two <- x$charts[[2]]
  rho <- x$correlations$predictors$rho
  key <- predictor_key("rho", resp)
  tables <- lapply(rho$tables, table_of_pair, k)
  covariates <- c(one$covariates, two$covariates, x$correlations$covariates)
  one$covariates <- covariates[!duplicated(names(covariates))]
  for (name in c("responses", "units", "columns", "predictors")) {
    one[[name]] <- c(one[[name]], two[[name]])
  }
  one$predictors[[key]] <- list(dpar = "rho", resp = resp, link = rho$link, tables = tables)
  one$posterior <- joined_posterior(one$posterior, two$posterior)
  one$baseline <- rbind(one$baseline, two$baseline)
  one$n <- min(one$n, two$n)
  for (name in names(one$covariates)) {
    levels <- lapply(covariates[names(covariates) == name], `[[`, "levels")
    if (length(unique(levels)) > 1) {
      stop_covary("chart", "The chart of ", enumerate(resp), " cannot be made: '", name,
        "' has other levels in one than in the other.",
        fields = list(covariate = name)
      )
    }
  }
  one
}

# Posteriors of two features (chart-posterior.R) whose errors are independent.
joined_posterior <- function(a, b) {
  rank <- a$rank + b$rank
  at <- list(seq_len(a$rank), a$rank + seq_len(b$rank))
  widen <- function(loadings, at) {
    lapply(loadings, lapply, function(table) {
      values <- matrix(0, nrow(table$values), rank)
      values[, at] <- table$values
      replace(table, "values", list(values))
    })
  }
  levels <- lapply(stats::setNames(nm = union(names(a$levels), names(b$levels))), function(name) {
    parts <- list(a$levels[[name]], b$levels[[name]])
    keys <- unlist(lapply(parts, `[[`, "keys"))
    size <- max(unlist(lapply(parts, function(part) dim(part$left)[1])))
    loadings <- array(0, c(size, rank, length(keys)))
    left <- array(0, c(size, length(keys), length(keys)))
    for (i in seq_along(parts)) {
      mine <- match(parts[[i]]$keys, keys)
      if (length(mine) == 0) next
      loadings[, at[[i]], mine] <- parts[[i]]$loadings
      left[, mine, mine] <- parts[[i]]$left
    }
    list(keys = keys, loadings = loadings, left = left)
  })
  list(
    rank = rank, loadings = c(widen(a$loadings, at[[1]]), widen(b$loadings, at[[2]])),
    levels = levels
  )
}

#' @rdname reference
#' @export
print.covary_feature_reference <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_feature_reference", "x")
  names <- names(x$charts)
  first <- x$charts[[1]]
  cat("Reference chart of ", length(names), " features", if (nzchar(x$title)) {
    paste0(": ", x$title)
  }, "\n", sep = "")
  cat("Features:     ", enumerate(names, quote = FALSE), "\n", sep = "")
  cat("Correlations: ", if (is.null(x$correlations)) {
    "none"
  } else {
    paste0(
      format(ncol(x$correlations$pairs), big.mark = ","), " pairs",
      if (is.null(x$correlations$joint)) ", no joint matrix"
    )
  }, "\n", sep = "")
  cat("Covariates:   ", paste(vapply(names(first$covariates), covariate_text, "", chart = first),
    collapse = ", "
  ), "\n", sep = "")
  n <- format(range(vapply(x$charts, `[[`, 0, "n")), big.mark = ",", trim = TRUE)
  from <- paste(unique(n), collapse = " to ")
  cat("From:         ", from, " people a feature", if (nzchar(x$source)) {
    paste0("; ", x$source)
  }, if (nzchar(x$made)) paste0("; made ", x$made), "; covary ", x$package, "\n", sep = "")
  invisible(x)
}
