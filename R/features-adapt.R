#' @param resp Of many features: names of those that the new levels are taken in for; `NULL`
#'   (default) for all. The charts of others do not know the levels.
#' @rdname adapt
#' @export
adapt.covary_margins <- function(
  object, newdata, site = NULL, vary = c("mu", "sigma"), min_n = 10, resp = NULL, ...
) {
  check_dots(...)
  check_count(min_n, "min_n", 0)
  resp <- chart_resp(list(responses = feature_labels(object)), resp)
  x <- as_feature_reference(object)
  asked <- list(site = site_factor(x$charts[[1]], site), vary = vary, min_n = min_n)
  if (!is.data.frame(newdata)) check_chart_columns(character(), newdata)
  y <- feature_responses(as_feature_reference(x, resp), object, newdata)
  few <- character()
  withCallingHandlers(
    for (name in resp) {
      x$charts[[name]] <- with_feature_name(
        adapt_chart(x$charts[[name]], newdata, y[, name, drop = FALSE], asked), name
      )
    },
    covary_warning_few_controls = function(w) {
      few <<- union(few, w$level)
      invokeRestart("muffleWarning")
    }
  )
  if (length(few)) {
    warn_covary("few_controls", "Level ", enumerate(few), " has fewer than ", min_n,
      " controls of some features; its effects are not known well. ",
      "uncertainty = \"posterior\" in deviations() says how well.",
      fields = list(level = few)
    )
  }
  x
}

#' @rdname adapt
#' @export
adapt.covary_pairs <- adapt.covary_margins

#' @rdname adapt
#' @export
adapt.covary_feature_reference <- adapt.covary_margins

# Too few controls of a feature are an error that names it.
with_feature_name <- function(expr, name) {
  withCallingHandlers(expr, covary_error_small_group = function(e) {
    stop_covary("small_group", "Feature '", name, "': ", conditionMessage(e),
      " Or leave it out by `resp`.",
      fields = list(resp = name, n = e$n)
    )
  })
}

#' @rdname sites
#' @export
sites.covary_margins <- function(object, site = NULL, ...) {
  check_dots(...)
  x <- as_feature_reference(object, joint = FALSE)
  frames <- lapply(names(x$charts), function(name) {
    out <- unclass(sites(x$charts[[name]], site))
    for (dpar in c("mu", "sigma")) {
      with_name <- paste0(dpar, "_", name, c("", "_sd"))
      at <- match(with_name, names(out), nomatch = 0)
      names(out)[at] <- paste0(dpar, c("", "_sd"))[at > 0]
    }
    unchecked_frame(c(list(resp = rep(name, length(out$level))), out), length(out$level))
  })
  stack_frames(frames)
}

#' @rdname sites
#' @export
sites.covary_pairs <- sites.covary_margins

#' @rdname sites
#' @export
sites.covary_feature_reference <- sites.covary_margins
