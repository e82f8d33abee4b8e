# Rows with one continuous covariate in many groups (sites): how wide cells may be.
#
# A thousand cells a group would be as many as there are rows. Cells are made wide at first and
# halved until halving moves the mode of the model by little: the log likelihood of a cell is a
# cubic in the covariate, so what cells leave out falls by a factor of about 2^4, and at least 2^3
# is trusted (mathematics vignette, eq. 21). The pass over the rows after the fit has the last word
# (covary-compression-error.R).

# Cells over the bulk of the rows that are tried first.
coarsest_resolution <- 16

# By so much halving may move the mode, in posterior sds, if the halves are taken: 8 times
# quadrature_limit.
halving_limit <- 4e-3

# Cells pay where they have at most so many nodes a row; beyond, where effects of levels have
# curvature of their own shape (design-levels.R), which tables of rows have not: then cells are
# narrow enough to hold single rows mostly.
nodes_per_row <- 0.5
single_rows_resolution <- 256

# One continuous covariate, and fewer rows a group than cells of any resolution need?
has_many_groups <- function(frame) {
  continuous <- continuous_covariates(frame)
  if (length(continuous) != 1) {
    return(FALSE)
  }
  group <- groups_of_frame(frame, continuous)
  !is.null(group) && frame$n < cells_pay_from * max(group)
}

# What compress_frame() makes of the frame, with the `resolution` that was chosen and a `design`; or
# NULL where there is none for which cells pay.
compress_by_group <- function(parsed, frame, settings, limit = halving_limit) {
  control <- settings$control
  continuous <- continuous_covariates(frame)
  resolution <- max(min(coarsest_resolution, control$resolution), control$coarsest)
  before <- NULL
  compress_at <- function(resolution, design) {
    out <- compress_frame(frame, control, resolution, continuous)
    replace(out, c("resolution", "design"), list(resolution, design))
  }
  while (resolution <= control$resolution) {
    compressed <- compress_at(resolution, before$design)
    now <- model_at_resolution(parsed, compressed, settings)
    if (is.null(now$target)) {
      # Where cells of single rows were refused, rows are fitted themselves.
      if (!now$by_level || !is.null(control$coarsest)) break
      return(compress_at(min(single_rows_resolution, control$resolution), now$design))
    }
    shift <- if (is.null(before)) Inf else mode_shift(now$target, before$target, before$mode)
    if (isTRUE(shift < limit)) {
      return(compressed)
    }
    now$mode <- mode_with_sds(now$target, before$mode)
    before <- now
    resolution <- 2 * resolution
  }
}

# The mode of the coefficients at smoothing sds that are found once, with the coarsest cells: what
# smooths hold decides how much they bend within cells. As newton_mode() has it, with `log_tau`.
mode_with_sds <- function(target, from = NULL) {
  if (is.null(from)) {
    from <- newton_inner(target, quiet_progress)
  }
  mode <- newton_mode(
    target, penalty(target, from$log_tau), from$mean,
    tolerance = start_tolerance, max_iterations = 40L
  )
  c(mode, list(log_tau = from$log_tau))
}

# list(target, design, by_level: are there effects of levels?) at the nodes of cells; the target is
# NULL where these are too many.
model_at_resolution <- function(parsed, compressed, settings) {
  suffstats <- compressed$suffstats
  prepared <- prepare_compressed(parsed, suffstats, compressed$frame, compressed$design)
  prepared$design$level_factor <- level_factor_of(prepared, settings)
  nodes <- merge_point_cells(prepared$nodes)
  # Columns at the nodes of the first cells and of finer ones, several times on the way
  if (is.null(compressed$design)) {
    reserve_memory(8 * 20 * ncol(nodes$stats) * dense_columns(prepared$design))
  }
  out <- list(design = prepared$design, by_level = !is.null(prepared$design$level_factor))
  if (ncol(nodes$stats) <= nodes_per_row * suffstats$rows) {
    priors <- resolve_priors(prepared$design, prepared$scales, settings$prior)
    out$target <- target_at(prepared, nodes, priors)$target
  }
  out
}
