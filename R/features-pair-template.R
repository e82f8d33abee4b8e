# What all pairs share: rows put into bins of nearly equal correlation, and the regression model of
# the correlation at the bins.

pair_names <- c(".first", ".second")

bins_most <- 20000L

# Half of the most bins along a covariate. What a bin hides falls with the square of its width, and
# posterior sds with the root of the rows.
half_bins <- function(rows) round(min(400, max(100, 100 * (rows / 1e5)^0.25)))

# What is read: the features as they were for the margins, and the covariates of both.
pair_source <- function(margins, data, rho, weights, query, pass) {
  if (inherits(data, "cells")) {
    stop_covary("argument", "`data` must hold rows, from any source of fit_margins(), not cells: ",
      "residuals of pairs are standardised row by row. Cells of two responses are fitted by ",
      "covary().",
      fields = list(arg = "data")
    )
  }
  right_sides <- lapply(margins$design$predictors, `[[`, "rhs")
  formulas <- c(list(rho), unname(right_sides))
  source <- new_feature_source(data, margins$responses, formulas, weights, query, pass)
  absent <- setdiff(colnames(margins$mean), feature_names(source))
  if (length(absent)) {
    stop_covary("variable", "The data have no feature ", enumerate(absent), " of the margins.",
      fields = list(variable = absent)
    )
  }
  source$rho_by <- intersect(all.vars(rho), source$spec$by)
  source
}

# list(formula, key (of the correlation), parsed, design (with tables), prior, common (statistics of
# the covariates alone), breaks (by continuous covariate, ends of the bins))
new_pair_template <- function(rho, source, prior) {
  common <- pair_covariates(source)
  parsed <- pair_formulas(rho, names(common$covariates))
  check_template(parsed, common)
  nodes <- if (has_moments(common)) quadrature_nodes(common)
  design <- tabulate_smooths(design_of_suffstats(parsed, common, nodes, NULL))
  key <- names(design$predictors)[[length(design$predictors)]]
  list(
    formula = rho, key = key, parsed = parsed, design = design, prior = prior, common = common,
    breaks = bin_breaks(common)
  )
}

pair_formulas <- function(rho, covariates) {
  right <- function(formula) {
    environment(formula) <- environment(rho)
    formula
  }
  means <- right(stats::as.formula("cbind(.first, .second) ~ 0"))
  correlation <- rho
  correlation[[3]] <- correlation[[2]]
  correlation[[2]] <- quote(rho)
  parsed <- parse_formulas(list(means, right(sigma ~ 0), correlation), data_names = covariates)
  own_scopes(parsed, covariates)
}

# Statistics of the covariates of the correlation, of a response that is zero. Numbers of more
# values than there shall be bins are continuous.
pair_covariates <- function(source) {
  zero <- function(n) stats::setNames(list(numeric(n)), feature_label)
  common <- fold_chunks(source, new_suffstats_empty(), function(sums, rows, place) {
    add_rows(sums,
      new_rows(zero(length(rows$y[[1]])), rows$covariates[source$rho_by], rows$weights),
      source$settings,
      place = place
    )
  })
  if (common$rows == 0) new_cells_object(common)
  for (name in names(common$groups)) {
    values <- common$groups[[name]]
    if (common$covariates[[name]]$type %in% number_types &&
      length(unique(values)) > 2 * half_bins(common$rows) && length(continuous_names(common)) < 2) {
      common <- make_continuous(common, name)
    }
  }
  common
}

# By continuous covariate, ends of bins: even ones and quantiles of the rows
bin_breaks <- function(common) {
  names <- continuous_names(common)
  intervals <- half_bins(common$rows) / if (length(names) == 2) 5 else 1
  intervals <- max(8, min(intervals, bins_most / (2 * max(1, nrow(common$groups)))))
  breaks <- lapply(seq_along(names), function(d) {
    node_breaks(counts_along(common, d), numeric(), intervals)
  })
  stats::setNames(breaks, names)
}

# The bin of each row, by its covariates: a number that two rows share if their groups and intervals
# are those of one bin, at most bin_count()
bin_of_rows <- function(template, covariates, n) {
  common <- template$common
  exact <- exact_names(common)
  group <- rep(1L, n)
  if (length(exact)) {
    plain <- unchecked_frame(lapply(covariates[exact], plain_values), n)
    group <- match(group_keys(plain), group_keys(common$groups))
  }
  bin <- group - 1
  for (name in names(template$breaks)) {
    breaks <- template$breaks[[name]]
    within <- findInterval(as.double(covariates[[name]]), breaks, all.inside = TRUE)
    bin <- bin * (length(breaks) - 1) + within - 1
  }
  as.integer(bin) + 1L
}

bin_count <- function(template) {
  count <- max(1, nrow(template$common$groups)) * prod(lengths(template$breaks) - 1)
  if (count > bins_most * 10) {
    stop_covary("too_many_cells", "The covariates of `rho` make ", count, " bins. Use fewer or ",
      "coarser discrete covariates.",
      fields = list(covariates = names(template$common$covariates))
    )
  }
  count
}

# The covariates at bins with rows, list(data: a line a bin, weights, bin: numbers). moments: what
# sum_pairs() found of all rows, list(weight, first (bins x continuous covariates))
bin_data <- function(template, moments) {
  common <- template$common
  used <- which(moments$weight > 0)
  per_group <- prod(lengths(template$breaks) - 1)
  columns <- lapply(factor_groups(common), `[`, (used - 1) %/% per_group + 1)
  at <- moments$first[used, , drop = FALSE] / moments$weight[used]
  data <- lapply(stats::setNames(nm = names(common$covariates)), function(name) {
    if (name %in% names(columns)) {
      return(columns[[name]])
    }
    restore_column(at[, match(name, names(template$breaks))], common$covariates[[name]])
  })
  list(
    data = unchecked_frame(data, length(used)), weights = moments$weight[used], bin = used
  )
}

# The regression model of the correlation at the bins (new_cells_model()), whose cells are empty but
# for the rows: list(core, map (offset and p x p matrix that take coefficients to the scale of the
# data), sds (factors of the smoothing sds))
pair_model <- function(template, bins) {
  m <- nrow(bins$data)
  stats <- matrix(0, 6, m)
  stats[1, ] <- bins$weights
  cells <- list(
    id = NULL, first = seq_len(m), m = m, y_scale = c(1, 1), y_centre = c(0, 0), stats = stats
  )
  named <- function(x) stats::setNames(rep(x, 2), pair_names)
  scales <- list(
    mean = named(0), sd = named(1), size = named(1), log_sd = named(0), cor = diag(2),
    n = sum(bins$weights), constant = named(FALSE)
  )
  design <- at_nodes(template$design, bins$data)
  priors <- resolve_priors(design, scales, template$prior)
  target <- new_cells_model(design, cells, priors, scales)
  list(core = target$core, map = coefficient_map(target, design), sds = target$sds$factor)
}

# The affine map of standardised coefficients to those on the scale of the data: list(at_zero, by)
coefficient_map <- function(target, design) {
  d <- target$dim
  beta <- rbind(0, diag(d))
  none <- rep(0, d + 1)
  result <- list(beta = beta, log_tau = matrix(0, d + 1, target$n_sds), lp = none, lq = none)
  user <- unclass(user_draws(result, target, design))[, target$coefficients$name, drop = FALSE]
  at_zero <- user[1, ]
  list(at_zero = unname(at_zero), by = unname(t(user[-1, , drop = FALSE])) - unname(at_zero))
}
