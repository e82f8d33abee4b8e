# What a chart must be when it comes back from a user, or from a file that was edited.

chart_rules <- local({
  named_list <- function(v) is.list(v) && length(v) > 0 && !is.null(names(v))
  list(
    version = rule(
      paste("a number up to", chart_version),
      alone(function(v) is_whole_number(v, 1) && v <= chart_version)
    ),
    title = rule("a text", alone(is_text)),
    source = rule("a text", alone(is_text)),
    n = rule("a number of people", alone(is_whole_number, 1)),
    min_count = rule("a number of people", alone(is_whole_number)),
    responses = rule("names, each once", alone(function(v) {
      is.character(v) && length(v) > 0 && !anyNA(v) && !anyDuplicated(v)
    })),
    units = rule("a text a response", function(v, x) {
      is.character(v) && identical(names(v), x$responses)
    }),
    columns = rule("a name a response", function(v, x) {
      is.character(v) && identical(names(v), x$responses)
    }),
    likelihood = rule("a likelihood of covary", alone(is_among, names(likelihoods()))),
    covariates = rule("a list of covariates", alone(function(v) {
      is.list(v) && all(vapply(v, is_chart_covariate, TRUE))
    })),
    predictors = rule("a list of predictors with tables", function(v, x) {
      named_list(v) && setequal(names(v), chart_keys(x)) &&
        all(vapply(v, is_chart_predictor, TRUE, chart = x))
    }),
    posterior = rule("loadings that fit the predictors", function(v, x) is_chart_posterior(v, x)),
    margins = rule("a list of margins by response", function(v, x) {
      all(names(v) %in% x$responses) && all(vapply(v, is_chart_margin, TRUE))
    }),
    baseline = rule("a mean and a sd a response", function(v, x) {
      is.numeric(v) && identical(dim(v), c(length(x$responses), 2L))
    }),
    groups = rule("a list of data frames", alone(function(v) {
      is.list(v) && all(vapply(v, is.data.frame, TRUE))
    }))
  )
})

# Keys of the predictors that a chart of these responses must have, pairs in the order of its own.
chart_keys <- function(x) {
  unlist(lapply(chart_likelihood(x)$dpars, function(dpar) {
    for_units(dpar, x$responses, function(resp) {
      key <- chart_key(x, dpar, resp)
      if (length(key) == 1) key else NA_character_
    })
  }), use.names = FALSE)
}

is_chart_covariate <- function(v) {
  if (is_among(v$type, "numeric")) {
    return(is_text(v$kind) && is.numeric(v$range) && length(v$range) == 2 && all_finite(v$range) &&
      v$range[1] < v$range[2])
  }
  is_among(v$type, "factor") && is_flag(v$logical) && is.character(v$levels) &&
    length(v$levels) > 0 && !anyNA(v$levels) && !anyDuplicated(v$levels) &&
    length(v$n) == length(v$levels)
}

is_chart_predictor <- function(p, chart) {
  dpar <- chart_likelihood(chart)$dpars[[p$dpar]]
  identical(dpar$link$name, p$link) && all(p$resp %in% chart$responses) &&
    all(vapply(p$tables, function(table) {
      validate_chart_table(table)
      has_known_covariates(table, chart$covariates)
    }, TRUE))
}

has_known_covariates <- function(table, covariates) {
  all(vapply(table$numeric, function(name) is_among(covariates[[name]]$type, "numeric"), TRUE)) &&
    all(vapply(table$factors, function(name) {
      identical(table$levels[[name]], covariates[[name]]$levels)
    }, TRUE))
}

is_chart_posterior <- function(v, x) {
  keys <- c(names(x$predictors), unlist(lapply(names(x$margins), function(label) {
    margin_parameter_key(label, names(x$margins[[label]]$value))
  })))
  is_whole_number(v$rank) && all(names(v$loadings) %in% keys) &&
    all(vapply(unlist(unname(v$loadings), recursive = FALSE), function(table) {
      has_known_covariates(
        list(numeric = names(table$grid), factors = names(table$levels), levels = table$levels),
        x$covariates
      ) && is_matrix(table$values, prod(table_size(table)), v$rank) && all_finite(table$values)
    }, TRUE)) &&
    all(vapply(names(v$levels), function(name) {
      effect <- v$levels[[name]]
      size <- c(length(x$covariates[[name]]$levels), v$rank, length(effect$keys))
      identical(dim(effect$loadings), as.integer(size)) &&
        identical(dim(effect$left), as.integer(size[c(1, 3, 3)])) &&
        all(effect$keys %in% names(x$predictors))
    }, TRUE))
}

register_class("covary_reference",
  title = "chart of reference()", remedy = "make it again with reference(), or read it again",
  rules = chart_rules
)
