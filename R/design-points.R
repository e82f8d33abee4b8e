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

whole_of_nodes <- function(object, fine, frame = NULL) {
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

whole_of_rows <- function(frame, block = 1e5) {
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

distinct_points <- function(data, weights) {
  id <- combine_codes(covariate_codes(data), length(weights))
  list(data = data[!duplicated(id), , drop = FALSE], weights = as.vector(rowsum(weights, id)))
}

# Where the covariates are three or more, or no plain vectors, a sample has to do.
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

has_state <- function(tf) {
  used <- unlist(lapply(as.list(attr(tf, "variables"))[-1], functions_in))
  length(setdiff(used, c(smooth_functions, jump_functions))) > 0
}

terms_of_rows <- function(tf, frame) {
  if (!has_state(tf)) {
    return(tf)
  }
  attr(stats::model.frame(tf, frame$all_covariates, na.action = stats::na.pass), "terms")
}

# Knots of bs() and ns() are those of a fine sketch; poly() and scale() take sums over all rows.
terms_of_cells <- function(tf, object, data, weights) {
  if (!has_state(tf)) {
    return(tf)
  }
  tf <- attr(
    stats::model.frame(tf, design_points(object, 20000)$data, na.action = stats::na.pass),
    "terms"
  )
  predvars <- attr(tf, "predvars")
  variables <- as.list(attr(tf, "variables"))
  for (i in seq_along(predvars)[-1]) {
    v <- variables[[i]]
    head <- called_function(v)
    if (!head %in% c("poly", "scale") || length(v) > if (head == "poly") 3 else 2) next
    x <- eval(v[[2]], data, environment(tf))
    if (head == "poly") {
      predvars[[i]]$coefs <-
        weighted_poly(x, weights, length(eval(predvars[[i]]$coefs)$alpha))
    } else {
      predvars[[i]][c("center", "scale")] <- weighted_scale(x, weights)
    }
  }
  attr(tf, "predvars") <- predvars
  tf
}

# The coefficients that stats::poly() stores, of points with weights (Stieltjes' recursion).
weighted_poly <- function(x, weights, degree) {
  before <- 0
  now <- rep(1, length(x))
  alpha <- numeric(degree)
  norm2 <- c(1, sum(weights))
  for (d in seq_len(degree)) {
    alpha[d] <- sum(weights * x * now^2) / norm2[d + 1]
    after <- (x - alpha[d]) * now - if (d == 1) 0 else norm2[d + 1] / norm2[d] * before
    before <- now
    now <- after
    norm2 <- c(norm2, sum(weights * now^2))
  }
  list(alpha = alpha, norm2 = norm2)
}

weighted_scale <- function(x, weights) {
  centre <- sum(weights * x) / sum(weights)
  list(center = centre, scale = sqrt(sum(weights * (x - centre)^2) / (sum(weights) - 1)))
}

# The design built from points that stand for the rows, list(data, weights), with what it needs of
# all rows.
design_from_points <- function(parsed, suffstats, points, whole = NULL, values = NULL) {
  m <- nrow(points$data)
  frame <- list(
    y = matrix(0, m, suffstats$k, dimnames = list(NULL, suffstats$responses)),
    covariates = as.list(points$data),
    weights = points$weights, rows = seq_len(m), n = m, values = values
  )
  cells <- list(id = seq_len(m), first = seq_len(m), m = m, stats = rbind(points$weights))
  # Knots in a gap of the points need not lie in a gap of the rows.
  withCallingHandlers(new_design(parsed, frame, cells, whole), warning = function(w) {
    if (grepl("*no* information about some basis", conditionMessage(w), fixed = TRUE)) {
      invokeRestart("muffleWarning")
    }
  })
}
