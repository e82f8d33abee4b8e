# Charts of many features: for each margin a chart of one response (chart-object.R), for the
# correlations tables of all pairs.

# An object of class covary_feature_reference has
#   version, title, source, made, package, min_count   as charts have them
#   charts        by name of the feature, charts of one response
#   correlations  NULL, or of P pairs list(
#                   features    names of all features of the margins
#                   pairs       2 x P numbers of them
#                   covariates  of rho (chart-covariates.R)
#                   predictors  list(rho): dpar, link and tables, in which `curve_factor` has the
#                               numbers of the pairs, and sd the sds of P random effects
#                   joint       how a joint matrix is made (features-joint.R), or NULL)

new_feature_reference <- function(charts, correlations) {
  structure(list(
    version = chart_version, title = "", source = "", made = "",
    package = as.character(utils::packageVersion("covary")), min_count = 0, charts = charts,
    correlations = correlations
  ), class = "covary_feature_reference")
}

# What is asked of margins, of pairs, and of their chart.
margins_of <- function(object) if (inherits(object, "covary_pairs")) object$margins else object

feature_labels <- function(object) {
  if (inherits(object, "covary_feature_reference")) {
    return(names(object$charts))
  }
  margins <- margins_of(object)
  colnames(margins$mean)[!is.na(margins$mean[1, ])]
}

# The charts of some features, made when they are first asked for: the last object's are kept.
last_feature_charts <- new.env(parent = emptyenv())

# The chart of margins, pairs, or of itself, with the features `resp` alone; correlations have all
# pairs that were fitted. joint: are correlations needed?
as_feature_reference <- function(object, resp = feature_labels(object), joint = TRUE) {
  if (inherits(object, "covary_feature_reference")) {
    check_object(object, "covary_feature_reference", "object")
    object$charts <- object$charts[resp]
    return(object)
  }
  if (inherits(object, "covary_pairs")) check_pairs_object(object)
  margins <- check_margins(margins_of(object))
  if (!identical(last_feature_charts$seal, object$seal)) {
    last_feature_charts$seal <- object$seal
    last_feature_charts$charts <- list()
    last_feature_charts$correlations <- NULL
  }
  for (name in setdiff(resp, names(last_feature_charts$charts))) {
    last_feature_charts$charts[[name]] <- new_chart(margin_as_fit(margins, name))
  }
  if (inherits(object, "covary_pairs") && joint && is.null(last_feature_charts$correlations)) {
    last_feature_charts$correlations <- pair_charts(object)
  }
  new_feature_reference(
    last_feature_charts$charts[resp],
    if (inherits(object, "covary_pairs") && joint) last_feature_charts$correlations
  )
}

# The margin of a feature as a fit of covary() without rows, with draws that have its mean and its
# covariance.
margin_as_fit <- function(margins, name) {
  if (is.null(margins$facts)) {
    stop_covary("object", "The margins are of an earlier version of covary and do not know what a ",
      "chart needs; fit the margins again.",
      fields = list(arg = "object")
    )
  }
  at <- match(name, colnames(margins$mean))
  design <- margins$design
  design$predictors <- unname(lapply(design$predictors, function(p) {
    p$resp <- name
    p$key <- predictor_key(p$dpar, name)
    p
  }))
  names(design$predictors) <- vapply(design$predictors, `[[`, "", "key")
  design$responses <- stats::setNames(list(feature_call(margins, name)), name)
  draws <- equal_draws(
    margins$mean[, at], symmetric_matrix(margins$cov[, at], nrow(margins$mean))
  )
  sds <- matrix(margins$random_sds[, at], nrow(draws), nrow(margins$random_sds), byrow = TRUE)
  colnames(sds) <- rownames(margins$random_sds)
  found <- margins$diagnostics
  frame <- structure(list(
    n = found$n[match(name, found$resp)], baseline = margins$facts$baseline[name, ],
    counts = lapply(margins$facts$counts, function(counts) unname(counts[, name]))
  ), class = c("covary_rowless_frame", "covary_rows"))
  structure(list(
    responses = name, design = design, draws = cbind(draws, sds), frame = frame
  ), class = "covary")
}

# d + 1 equally likely points with exactly this mean (d) and covariance (d x d)
equal_draws <- function(mean, cov) {
  d <- length(mean)
  contrasts <- stats::contr.helmert(d + 1)
  contrasts <- contrasts * rep(sqrt(d / colSums(contrasts^2)), each = d + 1)
  out <- contrasts %*% psd_root(cov) + rep(mean, each = d + 1)
  dimnames(out) <- list(NULL, names(mean))
  out
}

# What a feature is called in new data: its column, or the expression that the margins were given.
feature_call <- function(margins, name) {
  if (inherits(margins$responses, "formula")) {
    return(read_responses(margins$responses, Inf)[[name]])
  }
  as.name(name)
}

# The tables of the correlations of all pairs.
pair_charts <- function(object) {
  key <- rho_key(object)
  p <- object$design$predictors[[key]]
  fit <- list(design = object$design, draws = t(rbind(object$mean, object$sds)))
  fit$design$predictors <- object$design$predictors[key]
  fit$frame <- structure(list(counts = lapply(object$counts, as.vector)),
    class = c("covary_rowless_frame", "covary_rows")
  )
  covariates <- chart_covariates(fit)
  row <- chart_row(fit, covariates)
  tables <- lapply(predictor_terms(p, names(covariates)), function(term) {
    table <- term_table(fit, p, term, object$mean, covariates, row, 1)
    table <- in_basis(table, fit, p, term, object$mean, row)
    if (term$random) {
      table$sd <- signif(unname(object$sds[sd_name(p, p$columns$sd[term$columns[1]]), ]), 6)
    }
    if (ncol(object$mean) == 1) {
      table <- new_chart_table(
        table$labels, table$random, table$grid, c(table$levels, one_curve()), table$values, table$sd
      )
    }
    table
  })
  joint <- object$joint
  if (!is.null(joint)) {
    joint$pooled <- signif(joint$pooled, 9)
    joint$scores$score <- signif(joint$scores$score, 9)
  }
  list(
    features = colnames(object$margins$mean), pairs = object$pairs, covariates = covariates,
    predictors = list(rho = list(dpar = "rho", link = dpar_of(p)$link$name, tables = tables)),
    joint = joint
  )
}

# A table of the curves of a term with its basis, where that is smaller.
in_basis <- function(table, fit, p, term, mean, row) {
  curves <- ncol(mean)
  levels <- table$levels[setdiff(names(table$levels), curve_factor)]
  size <- length(table$values) / curves
  columns <- length(term$columns)
  if (length(term$offset) || columns * (size + curves) > size * curves / 2) {
    return(table)
  }
  points <- points_as_newdata(fit, table_points(table$grid, levels), row)
  unit <- diag(nrow(mean))[, term$columns, drop = FALSE]
  with_basis(table, term_values(p, term, points, unit), mean[term$columns, , drop = FALSE])
}

one_curve <- function() stats::setNames(list("1"), curve_factor)

# The table of one pair among those of all.
table_of_pair <- function(table, k) {
  last <- length(table$levels)
  size <- prod(table_size(table)) / length(table$levels[[last]])
  new_chart_table(
    table$labels, table$random, table$grid, table$levels[-last],
    table$values[(k - 1) * size + seq_len(size)], if (table$random) table$sd[k] else 0
  )
}
