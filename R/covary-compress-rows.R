# Whether rows are compressed to cells before they are fitted, and the cells.

# Rows are compressed by themselves from here on.
compress_rows_from <- 10000L

# What compress_frame() makes of `held` (hold_terms()), or NULL where rows should stay rows, which
# is said where they are many.
try_compression <- function(parsed, held, settings) {
  control <- settings$control
  frame <- held$frame
  engine <- engines()[[settings$algorithm]]
  if (control$compress %in% c("never", "rows", "exact") || !engine$likelihood) {
    return(NULL)
  }
  # Minibatches are batches of rows.
  if (control$compress == "auto" &&
    (frame$n < compress_rows_from || engine$minibatches)) {
    return(NULL)
  }
  why <- if (is.null(held$refusal)) not_compressible(parsed, frame) else held$refusal
  if (is.null(why)) {
    if (control$compress == "auto" && has_many_groups(frame)) {
      compressed <- compress_by_group(parsed, frame, settings)
      if (!is.null(compressed)) {
        return(compressed)
      }
      compressed <- "cells of its groups would be as many as rows."
    } else {
      compressed <- tryCatch(compress_frame(frame, control), covary_error = function(e) {
        conditionMessage(e)
      })
    }
    # Exact cells are what new_cells() makes anyhow.
    if (is.null(compressed)) {
      return(NULL)
    }
    if (is.list(compressed)) {
      least <- compression_pays_from(compressed$suffstats, parsed)
      if (control$compress == "always" || compressed$suffstats$rows >= least) {
        return(compressed)
      }
      compressed <- paste0(
        "cells of the continuous covariates ", enumerate(axis_names(compressed$suffstats)),
        " pay from ", format(least, scientific = FALSE), " rows on."
      )
    }
    why <- compressed
  }
  if (control$compress == "always") {
    stop_covary("compress", "control asks for compression, but ", why,
      fields = list(arg = "control")
    )
  }
  inform_covary("rows", frame$n, " rows are fitted one by one: ", why)
  NULL
}

insufficient_moments <- "moments of its rows do not say all that this likelihood must know."

not_compressible <- function(parsed, frame) {
  if (!likelihood_of(parsed$predictors)$is_sufficient) {
    return(insufficient_moments)
  }
  if (ncol(frame$y) > most_summed_responses) {
    return(paste0("cells hold at most ", most_summed_responses, " responses."))
  }
  plain <- are_plain(frame$covariates)
  if (!all(plain)) {
    return(paste0("covariate ", enumerate(names(plain)[!plain]), " is not a plain vector."))
  }
  columns <- names(frame$all_covariates)
  known <- unlist(lapply(parsed$predictors, function(p) setdiff(all.vars(p$rhs), columns)))
  not_numbers <- known[!vapply(
    known,
    function(v) length(get0(v, environment(parsed$predictors[[1]]$rhs))) == 1, TRUE
  )]
  if (length(not_numbers)) {
    return(paste0("the value of ", enumerate(unique(not_numbers)), " is not a number."))
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
    cells_pay_from
  } else if (has_joint_term(parsed, along)) {
    20000
  } else {
    80000
  }
  least * length(suffstats$observed)
}

# Rows a group from which on cells of one covariate pay at any resolution.
cells_pay_from <- 20 * 192 + 1

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

compress_frame <- function(
  frame, control, resolution = control$resolution, continuous = continuous_covariates(frame)
) {
  if (length(continuous) == 0) {
    return(NULL)
  }
  rows <- new_rows(frame$columns, frame$covariates, frame$weights)
  known <- lapply(frame$covariates, describe_covariate)
  pattern <- pattern_of_rows(frame$columns, known, resolution, continuous)
  suffstats <- suffstats_of_rows(pattern, rows, control$threads)
  list(
    suffstats = suffstats, frame = frame, group = groups_of_frame(frame, continuous),
    source = "compressed"
  )
}

# The group of each row; NULL if there is but one.
groups_of_frame <- function(frame, continuous) {
  exact <- setdiff(names(frame$covariates), continuous)
  groups_of_rows(frame$covariates[exact], observed_of_rows(frame$y), frame$n)
}
