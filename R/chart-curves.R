# The curves of a fit as tables: the posterior means of its predictors, term by term.

# The largest error of a table of one covariate, and of two (whose usual bases have kinks of the
# third derivative, and whose corners hold no people), in units in which an error of one is one of z
# or more; what tables are rounded to, so that a file of 15 digits has them whole; most nodes along
# a covariate.
table_error <- c(1e-7, 1e-5)
table_rounding <- 1e-8
most_nodes <- c(4097, 257)
curve_factor <- ".curve"

# By key: list(dpar, resp, link, tables). covariates: chart_covariates().
chart_predictors <- function(fit, covariates) {
  row <- chart_row(fit, covariates)
  units <- predictor_units(fit)
  lapply(fit$design$predictors, function(p) {
    beta <- matrix(colMeans(unclass(fit$draws)[, p$columns$name, drop = FALSE]))
    tables <- lapply(predictor_terms(p, names(covariates)), function(term) {
      term_table(fit, p, term, beta, covariates, row, units[[p$key]])
    })
    new_chart_predictor(p, tables)
  })
}

new_chart_predictor <- function(p, tables) {
  list(dpar = p$dpar, resp = p$resp, link = dpar_of(p)$link$name, tables = tables)
}

# What an error of a predictor is measured by: of a mean the smallest standard deviation at rows, of
# the others one.
predictor_units <- function(fit) {
  data <- chart_check_predictors(fit)$data
  keys <- role_keys(fit, "sd")
  sigma <- central_marginals(fit, keys, prepare_newdata(fit, data))
  colnames(sigma) <- fit$responses
  lapply(fit$design$predictors, function(p) {
    if (has_role(p, "mean")) min(sigma[, p$resp]) else 1
  })
}

# Rows at which tables are compared with the basis: list(data, eta (rows x predictors)).
chart_check_predictors <- function(fit, most = 1000) {
  data <- training_data(fit)
  data <- data[evenly_spaced(nrow(data), most), , drop = FALSE]
  predictors <- fit$design$predictors
  eta <- vapply(predictors, function(p) central_at(fit, p, data), numeric(nrow(data)))
  list(data = data, eta = matrix(eta, nrow(data), dimnames = list(NULL, names(predictors))))
}

term_levels <- function(term, covariates) {
  factors <- Filter(function(name) covariates[[name]]$type == "factor", term$covariates)
  lapply(covariates[factors], `[[`, "levels")
}

# The table of a term, with as many nodes as it needs. beta: coefficients of the predictor, a column
# a curve; several curves of one unit share a table, in which `curve_factor` tells them apart.
term_table <- function(fit, p, term, beta, covariates, row, unit) {
  numeric <- Filter(function(name) covariates[[name]]$type == "numeric", term$covariates)
  levels <- term_levels(term, covariates)
  if (length(numeric) > 2) {
    stop_chart(
      paste0("term ", enumerate(term$labels), " of ", p$key, " joins more than two numbers"),
      "use terms of one or two",
      predictor = p$key
    )
  }
  several <- ncol(beta) > 1
  curves <- if (several) stats::setNames(list(as.character(seq_len(ncol(beta)))), curve_factor)
  values <- function(grid) {
    points <- points_as_newdata(fit, table_points(grid, levels), row)
    round_to(as.vector(term_values(p, term, points, beta)), table_rounding * unit)
  }
  sd <- random_sd(fit, p, term)
  ends <- lapply(covariates[numeric], `[[`, "range")
  make <- function(nodes, power) {
    grid <- lapply(ends, function(range) c(range, nodes, if (power != 1) power))
    new_chart_table(term$labels, term$random, grid, c(levels, curves), values(grid), sd)
  }
  if (length(numeric) == 0) {
    return(make(0, 1))
  }
  what <- paste(enumerate(term$labels), "of", p$key)
  for (power in 1:2) {
    evenly <- function(nodes) make(nodes, power)
    table <- refine_table(evenly, length(numeric), table_error[length(numeric)] * unit, what)
    if (!is.null(table)) {
      return(table)
    }
  }
  if (length(numeric) == 2) {
    stop_chart(
      paste("the surface of term", what, "bends too sharply for a table"),
      paste0("use t2(", paste(names(ends), collapse = ", "), ")")
    )
  }
  stop_chart(
    paste("term", what, "is no smooth function of its covariate"),
    "use a factor where it jumps, or a smoother term"
  )
}

# The standard deviation that a new level of a random effect is to be expected to have.
random_sd <- function(fit, p, term) {
  if (!term$random) {
    return(0)
  }
  name <- sd_name(p, p$columns$sd[term$columns[1]])
  signif(sqrt(mean(unclass(fit$draws)[, name]^2)), 6)
}

round_to <- function(v, unit) round(v, max(0, ceiling(-log10(unit))))

# The coarsest table whose values half way between its nodes are right, NULL if none is.
# make(nodes): the table.
refine_table <- function(make, axes, error, what) {
  nodes <- c(17, 9)[axes]
  table <- make(nodes)
  repeat {
    fine <- make(2 * nodes - 1)
    gap <- max(abs(at_own_points(table, fine) - fine$values))
    if (!is.finite(gap)) {
      stop_chart(
        paste("term", what, "is not finite at the ends of its covariate, rounded outward"),
        "use a term that is"
      )
    }
    if (gap <= error) {
      return(table)
    }
    nodes <- 2 * nodes - 1
    table <- fine
    if (nodes > most_nodes[axes]) {
      return(NULL)
    }
  }
}

# The values of a table at the points of a finer one.
at_own_points <- function(table, fine) {
  points <- table_points(fine$grid, lapply(fine$levels, seq_along))
  tables_at(list(table), points, nrow(points))
}

# The predictors of a chart at new data: list by key of n numbers. at: read_people(); excluded:
# labels of terms that are left out.
predictors_at <- function(chart, at, excluded = character()) {
  lapply(chart$predictors, function(p) {
    tables_at(kept_tables(p$tables, excluded), at$columns, at$n)
  })
}

kept_tables <- function(tables, excluded) {
  Filter(function(table) !all(table$labels %in% excluded), tables)
}
