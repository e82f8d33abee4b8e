# From parsed formulas and data to the target, by one of three ways: cells made before, rows that
# are compressed on the way, rows as they are.
#
# Each returns list(parsed, frame, cells, design, priors, target, compression (NULL for rows), ...).

# Rows are compressed by themselves from here on.
compress_rows_from <- 10000L

# Rows that cannot be compressed are tabulated from here on; fewer are as quick, and exact, as they
# are.
tabulate_rows_from <- 20000L

prepare_fit <- function(parsed, data, weights, subset, na_action, prior, algorithm, control) {
  if (inherits(data, "cells")) {
    parsed <- own_scopes(parsed, names(data$covariates))
    return(c(prepare_cells_fit(parsed, data, prior, algorithm), list(parsed = parsed)))
  }
  read <- read_rows(parsed, data, weights, subset, na_action)
  c(prepare_frame_fit(read$parsed, read$frame, prior, algorithm, control), read["parsed"])
}

# The frame of the rows, and the formulas with all that is to be known of them at new data.
read_rows <- function(parsed, data, weights, subset, na_action) {
  check_data(data)
  parsed <- take_outside(parsed, data)
  frame <- read_frame(parsed, data, weights, subset, na_action)
  parsed <- own_scopes(parsed, c(names(data), names(parsed$outside_columns)), nrow(data))
  list(
    parsed = add_term_states(record_columns(parsed, frame, data), frame$covariates, frame$n),
    frame = frame
  )
}

prepare_frame_fit <- function(parsed, frame, prior, algorithm, control) {
  if (frame$n >= min(compress_rows_from, tabulate_rows_from) || control$compress == "always") {
    ready <- prepare_many(parsed, frame, prior, algorithm, control)
    if (!is.null(ready)) {
      return(ready)
    }
  }
  cells <- new_cells(frame)
  scales <- response_scales(cells, frame)
  check_responses(frame, scales, algorithm)
  design <- new_design(parsed, frame, cells)
  scales <- scales_of_cells(scales, design, cells)
  priors <- resolve_priors(design, scales, prior)
  list(
    frame = frame, cells = cells, design = design, priors = priors,
    target = new_target(design, cells, priors, scales)
  )
}

# Many rows by cells, tables or blocks; NULL where they are fitted as they are.
prepare_many <- function(parsed, frame, prior, algorithm, control) {
  held <- if (control$compress %in% c("never", "exact")) {
    list(frame = frame, refusal = NULL)
  } else {
    hold_terms(parsed, frame, control)
  }
  small <- try_compression(parsed, held$frame, algorithm, control, held$refusal)
  if (!is.null(small)) {
    compressed <- function() prepare_compressed_fit(parsed, small, prior, algorithm)
    ready <- if (control$compress == "always") {
      compressed()
    } else {
      tryCatch(compressed(), covary_error_nodes = function(e) e)
    }
    if (!inherits(ready, "condition")) {
      return(replace(ready, "frame", list(frame)))
    }
    inform_covary("rows", frame$n, " rows are fitted one by one: ", conditionMessage(ready))
  }
  if (frame$n < tabulate_rows_from || control$compress == "never" ||
    !engines()[[algorithm]]$sums_only) {
    return(NULL)
  }
  if (!is.null(held$refusal) && length(row_functions(parsed))) {
    return(NULL)
  }
  # Without a continuous covariate rows repeat, and exact cells are few.
  if (length(continuous_covariates(held$frame)) == 0) {
    return(NULL)
  }
  tabulate <- control$compress != "exact" && is.null(held$refusal)
  ready <- prepare_rows_fit(parsed, held$frame, prior, algorithm, tabulate, control$threads)
  if (!is.null(ready)) replace(ready, "frame", list(frame))
}

prepare_cells_fit <- function(parsed, suffstats, prior, algorithm) {
  awkward <- row_functions(parsed)
  if (length(awkward)) {
    stop_covary("cells", "The formulas call ", enumerate(awkward),
      "(), which may depend on all rows; cells only know functions of ",
      "single values, splines, poly() and scale().",
      fields = list(functions = awkward)
    )
  }
  check_cell_terms(parsed, suffstats)
  prepare_compressed_fit(
    parsed, list(suffstats = suffstats, frame = NULL, group = NULL, way = "cells"),
    prior, algorithm
  )
}

prepare_compressed_fit <- function(parsed, small, prior, algorithm) {
  prepared <- prepare_compressed(parsed, small$suffstats, small$frame)
  check_responses(prepared$frame, prepared$scales, algorithm)
  priors <- resolve_priors(prepared$design, prepared$scales, prior)
  compression <- list(
    way = small$way, rows = prepared$suffstats$rows,
    groups = nrow(prepared$suffstats$groups),
    continuous = length(continuous_names(prepared$suffstats))
  )
  if (is.null(prepared$nodes)) {
    out <- list(
      cells = prepared$cells, design = prepared$design,
      target = new_target(prepared$design, prepared$cells, priors, prepared$scales)
    )
    compression <- c(
      compression,
      list(cells = prepared$cells$m, nodes = prepared$cells$m, quadrature_error = 0)
    )
  } else {
    out <- choose_nodes(prepared$suffstats, prepared, priors)
    # Better no cells than a fit that the certificate will refuse.
    if (small$way == "rows" && out$quadrature_error > quadrature_limit) {
      stop_covary("nodes", "the model needs more than ", nodes_limit, " nodes.",
        fields = list(quadrature_error = out$quadrature_error)
      )
    }
    compression <- c(compression, list(
      cells = count_cells(prepared$suffstats), nodes = out$cells$m,
      quadrature_error = out$quadrature_error
    ))
  }
  out$target$rows <- prepared$suffstats$rows
  c(
    out[intersect(names(out), c("cells", "design", "target", "fine", "cell_index"))],
    list(
      frame = prepared$frame, held = small$frame, priors = priors, suffstats = prepared$suffstats,
      group = small$group,
      smooth_tables = if (small$way == "cells") prepared$design$tables, compression = compression
    )
  )
}

# NULL where rows should stay rows; said aloud where they are many.
try_compression <- function(parsed, frame, algorithm, control, refusal = NULL) {
  if (control$compress %in% c("never", "rows", "exact") || !engines()[[algorithm]]$likelihood) {
    return(NULL)
  }
  # Minibatches are batches of rows.
  if (control$compress == "auto" &&
    (frame$n < compress_rows_from || engines()[[algorithm]]$minibatches)) {
    return(NULL)
  }
  why <- if (is.null(refusal)) not_compressible(parsed, frame) else refusal
  if (is.null(why)) {
    small <- tryCatch(compress_frame(frame, control), covary_error = function(e) {
      conditionMessage(e)
    })
    # Exact cells are what new_cells() makes anyhow.
    if (is.null(small)) {
      return(NULL)
    }
    if (is.list(small)) {
      least <- compression_pays_from(small$suffstats, parsed)
      if (control$compress == "always" || small$suffstats$rows >= least) {
        return(small)
      }
      along <- axis_names(small$suffstats)
      if (length(along) < 2) {
        return(NULL)
      }
      small <- paste0(
        "cells of the continuous covariates ", enumerate(along),
        " pay from ", format(least, scientific = FALSE), " rows on."
      )
    }
    why <- small
  }
  if (control$compress == "always") {
    stop_covary("compress", "control asks for compression, but ", why,
      fields = list(arg = "control")
    )
  }
  inform_covary("rows", frame$n, " rows are fitted one by one: ", why)
  NULL
}

not_compressible <- function(parsed, frame) {
  if (ncol(frame$y) > 2) {
    return("rows of more than two responses are not compressed by themselves.")
  }
  plain <- vapply(
    frame$covariates, function(v) is.null(dim(v)) && (is.factor(v) || !is.object(v)),
    TRUE
  )
  if (!all(plain)) {
    return(paste0("covariate ", enumerate(names(plain)[!plain]), " is not a plain vector."))
  }
  columns <- names(frame$all_covariates)
  known <- unlist(lapply(parsed$predictors, function(p) setdiff(all.vars(p$rhs), columns)))
  loose <- known[!vapply(
    known,
    function(v) length(get0(v, environment(parsed$predictors[[1]]$rhs))) == 1, TRUE
  )]
  if (length(loose)) {
    return(paste0("the value of ", enumerate(unique(loose)), " is not a number."))
  }
  limits <- continuous_covariates(frame)
  if (length(limits) > 2) {
    paste0(
      "cells hold two continuous covariates, the formulas use ",
      length(limits), ": ", enumerate(limits), "."
    )
  }
}

# Moments pay where rows outnumber the nodes. With two covariates
# there are 5,000 to 19,000 nodes; five predictors with s(x, k = 10) + s(z, k = 10) took, in seconds
# of CPU time,
#   rows               1e4   3e4   1e5
#   cells               10     8     7
#   tables of rows      43     4     9   (from 3e4 on without weighing the draws)
#   columns of rows      6    18   103   (the only way where terms use both covariates)
compression_pays_from <- function(suffstats, parsed) {
  along <- axis_names(suffstats)
  least <- if (length(along) < 2) {
    20 * 192 + 1
  } else if (has_joint_term(parsed, along)) {
    20000
  } else {
    80000
  }
  least * nrow(suffstats$groups)
}

# Does a term use both covariates?
has_joint_term <- function(parsed, names) {
  any(vapply(parsed$predictors, function(p) {
    parts <- split_rhs(p$rhs)
    labels <- c(
      lapply(attr(stats::terms(parts$parametric), "term.labels"), str2lang),
      parts$smooths, parts$offsets
    )
    any(vapply(labels, function(l) all(names %in% covariates_in(l, names)), TRUE))
  }, TRUE))
}

compress_frame <- function(frame, control) {
  continuous <- continuous_covariates(frame)
  if (length(continuous) == 0) {
    return(NULL)
  }
  rows <- new_rows(frame$columns, frame$covariates, frame$weights)
  known <- lapply(frame$covariates, describe_covariate)
  pattern <- pattern_of_rows(frame$columns, known, control$resolution, continuous)
  suffstats <- suffstats_of_rows(pattern, rows, control$threads)
  exact <- setdiff(names(frame$covariates), continuous)
  group <- if (length(exact)) tuple_ids(frame$covariates[exact], frame$n)
  list(suffstats = suffstats, frame = frame, group = group, way = "rows")
}
