# What a design built from a sketch of the rows takes from all of them, so that coefficients mean
# what they mean where the rows are few: list(
#   terms(terms): with what poly(), bs(), ns() and scale() need of the data,
#   columns(p, x, weights): moments of parametric columns, for standardise_columns(); x: those of
#     the sketch,
#   points(names): list(data, weights), points of some covariates whose weighted sums are those of
#     the rows,
#   many(names): list(data, weights), many rows spread over all, with the ends of the covariates;
#     NULL where the sketch has quantiles of all rows).
# Sums over rows are sums over the nodes of their moments.

all_rows_of_nodes <- function(object, fine, frame = NULL) {
  nodes <- few_nodes(object, fine)
  data <- node_data(object, nodes)
  weights <- nodes$stats[1, ]
  list(
    terms = function(tf) {
      if (is.null(frame)) {
        terms_of_cells(tf, object, data, weights)
      } else {
        terms_of_rows(tf, frame)
      }
    },
    columns = function(p, x, sketch) {
      column_moments(
        p, x, sketch,
        list(function() list(data = data, weights = weights))
      )
    },
    points = function(names) distinct_points(data[names], weights)
  )
}

all_rows_of_frame <- function(frame, block = 1e5) {
  weights <- row_weights(frame)
  blocks <- lapply(seq(1, frame$n, by = block), function(start) {
    function() {
      rows <- start:min(start + block - 1, frame$n)
      data <- unchecked_frame(lapply(frame$covariates, take_rows, rows))
      list(data = data, weights = weights[rows])
    }
  })
  list(
    terms = function(tf) terms_of_rows(tf, frame),
    columns = function(p, x, sketch) column_moments(p, x, sketch, blocks),
    points = function(names) row_points(frame, names),
    many = function(names) many_rows(frame, names)
  )
}

# Nodes for sums over all rows of functions that are smooth over a part of the rows.
few_nodes <- function(suffstats, nodes = quadrature_nodes(suffstats)) {
  axes <- length(cell_axes(suffstats))
  breaks <- lapply(seq_len(axes), function(d) {
    even_shares(counts_along(suffstats, d), intervals = c(24, 6)[axes])
  })
  nodes$stats <- nodes$stats[1, , drop = FALSE]
  aggregate_nodes(suffstats, merge_point_cells(nodes), breaks, q = c(8, 10)[axes])
}

# Ends of intervals with as many rows each; rows: counts_along()
even_shares <- function(rows, intervals) {
  cumulated <- c(0, cumsum(rows$counts))
  share <- seq_len(intervals - 1) / intervals * cumulated[length(cumulated)]
  at <- stats::approx(cumulated, rows$edge, share, ties = "ordered", rule = 2)$y
  sort(unique(c(rows$range, at[at > rows$range[1] & at < rows$range[2]])))
}

# Points without repetitions, their weights added: list(data, weights).
distinct_points <- function(data, weights) {
  id <- combine_codes(covariate_codes(data), length(weights))
  list(data = data[!duplicated(id), , drop = FALSE], weights = as.vector(rowsum(weights, id)))
}

# Points of the covariates `names` whose weighted sums are those of the rows: list(data, weights).
# Where three or more are continuous, or some are no plain vectors, they are a sample of the rows.
row_points <- function(frame, names) {
  covariates <- frame$covariates[names]
  continuous <- names[vapply(covariates, function(v) {
    is.numeric(v) && NCOL(v) == 1 &&
      distinct_above(v, exact_limit)
  }, TRUE)]
  if (!all(are_plain(covariates)) || length(continuous) > 2) {
    rows <- evenly_spaced(frame$n, 20000)
    return(list(
      data = unchecked_frame(lapply(covariates, take_rows, rows)),
      weights = row_weights(frame)[rows]
    ))
  }
  if (length(continuous) == 0) {
    return(distinct_points(unchecked_frame(covariates), row_weights(frame)))
  }
  known <- lapply(covariates, describe_covariate)
  for (name in continuous) known[[name]]$kind <- "continuous"
  # Only weights are summed: of a response that is zero.
  pattern <- new_pattern("none", cbind(0, 1), known, resolution = 256)
  suffstats <- suffstats_of_rows(
    pattern, new_rows(list(numeric(frame$n)), covariates, frame$weights)
  )
  nodes <- few_nodes(suffstats)
  distinct_points(node_data(suffstats, nodes)[names], nodes$stats[1, ])
}

# Moments over all rows of the c columns of predictor p: list(mean, square (about the mean), size
# (largest absolute value)), each of length c. x, weights: columns and weights of the sketch, whose
# means are what sums are made around; blocks: functions that give list(data, weights).
column_moments <- function(p, x, weights, blocks) {
  about <- colSums(x * (weights / sum(weights)))
  if (identical(colnames(x), "(Intercept)")) {
    return(list(mean = 1, square = 0, size = 1))
  }
  n <- 0
  first <- second <- size <- rep(0, ncol(x))
  for (block in blocks) {
    at <- block()
    columns <- predictor_columns(p, at$data)$x
    away <- columns - rep(about, each = nrow(columns))
    n <- n + sum(at$weights)
    first <- first + colSums(away * at$weights)
    second <- second + colSums(away^2 * at$weights)
    size <- pmax(size, apply(abs(columns), 2, max))
  }
  list(mean = about + first / n, square = pmax(second / n - (first / n)^2, 0), size = size)
}

# The design built from points that stand for the rows, list(data, weights, observed: which
# responses they have, NULL for all), with what it needs of all rows.
design_from_points <- function(parsed, suffstats, points, all_rows = NULL, values = NULL) {
  m <- nrow(points$data)
  frame <- list(
    y = matrix(0, m, suffstats$k, dimnames = list(NULL, suffstats$responses)),
    covariates = as.list(points$data),
    weights = points$weights, rows = seq_len(m), n = m, values = values
  )
  cells <- list(
    id = seq_len(m), first = seq_len(m), m = m, stats = rbind(points$weights),
    observed = points$observed
  )
  # Knots in a gap of the points need not lie in a gap of the rows.
  withCallingHandlers(new_design(parsed, frame, cells, all_rows), warning = function(w) {
    if (grepl("*no* information about some basis", conditionMessage(w), fixed = TRUE)) {
      invokeRestart("muffleWarning")
    }
  })
}
