# How sure a chart is of its curves, without draws: the posterior covariance of its predictors at
# any covariates, from a few loadings.
#
# The draws of all curves, at a few nodes each, are written as their mean plus loadings times
# independent standard normals e_1, ..., e_r (principal components of the standardised values). Each
# loading is a curve, and has a table; the effect of a level of a random effect has its loadings and
# what they leave: a covariance of its own. So
#   cov(eta_a, eta_b) = sum_r f_ar(x) f_br(x) + what is left of the levels of x.

# Nodes of loadings along one covariate, and along each of two; the share of the variance of a node
# that components may leave.
loading_nodes <- c(17, 7)
variance_left <- 5e-3

# list(rank, loadings (by key a list of list(numeric, factors, grid, levels, values (points x
# rank))), levels (by factor: list(keys, loadings (levels x rank x keys), left (levels x keys x
# keys)))). covariates: of the chart; margins: margin_parameter_draws(), with constant loadings.
chart_posterior <- function(fit, covariates, margins = list()) {
  row <- chart_row(fit, covariates)
  split <- lapply(fit$design$predictors, function(p) {
    terms <- predictor_terms(p, names(covariates))
    level <- vapply(terms, is_level_effect, TRUE, covariates = covariates)
    list(curves = nested_terms(terms[!level]), levels = terms[level])
  })
  constants <- Map(function(key, draws) {
    list(key = key, grid = list(), levels = list(), draws = matrix(draws))
  }, names(margins), margins)
  curves <- c(curve_draws(fit, split, covariates, row), unname(constants))
  components <- principal_components(do.call(cbind, lapply(curves, `[[`, "draws")))
  at <- 0
  loadings <- lapply(c(split, margins), function(s) list())
  for (curve in curves) {
    on <- at + seq_len(ncol(curve$draws))
    at <- max(on)
    table <- curve[c("grid", "levels")]
    table$values <- round_loadings(components$loadings[on, , drop = FALSE])
    loadings[[curve$key]] <- c(loadings[[curve$key]], list(table))
  }
  list(
    rank = ncol(components$scores), loadings = loadings,
    levels = level_effects(fit, split, covariates, row, components$scores)
  )
}

# Loadings (points x rank) to a hundredth, or less, of the standard deviation at their point, to
# which `left` adds variance: the variance that r components make changes by about r / 120,000.
round_loadings <- function(loadings, left = 0) {
  sd <- sqrt(rowSums(loadings^2) + left)
  digits <- 2 - floor(log10(ifelse(sd > 0, sd, 1)))
  array(round(loadings, rep(digits, ncol(loadings))), dim(loadings))
}

# Is a term one effect for every level of one factor?
is_level_effect <- function(term, covariates) {
  term$random && length(term$covariates) == 1 && covariates[[term$covariates]]$type == "factor"
}

# Terms whose covariates are among those of another join that one: parts that cancel are one curve.
nested_terms <- function(terms) {
  repeat {
    inside <- which(vapply(seq_along(terms), function(i) {
      any(vapply(seq_along(terms)[-i], function(j) {
        all(terms[[i]]$covariates %in% terms[[j]]$covariates)
      }, TRUE))
    }, TRUE))
    if (length(inside) == 0) {
      return(terms)
    }
    i <- inside[which.min(vapply(terms[inside], function(term) length(term$covariates), 0L))]
    into <- Find(function(j) {
      j != i && all(terms[[i]]$covariates %in% terms[[j]]$covariates)
    }, seq_along(terms))
    terms[[into]] <- join_terms(terms[c(into, i)])
    terms <- terms[-i]
  }
}

# Draws of all curves at their nodes: a list of list(key, grid, levels, draws (S x points)).
curve_draws <- function(fit, split, covariates, row) {
  out <- list()
  for (p in fit$design$predictors) {
    beta <- t(unclass(fit$draws)[, p$columns$name, drop = FALSE])
    for (term in split[[p$key]]$curves) {
      if (length(term$columns) == 0) next
      numeric <- Filter(function(name) covariates[[name]]$type == "numeric", term$covariates)
      nodes <- loading_nodes[max(length(numeric), 1)]
      grid <- lapply(covariates[numeric], function(known) c(known$range, nodes))
      levels <- term_levels(term, covariates)
      points <- points_as_newdata(fit, table_points(grid, levels), row)
      draws <- t(term_values(p, term, points, beta))
      out <- c(out, list(list(key = p$key, grid = grid, levels = levels, draws = draws)))
    }
  }
  out
}

# list(scores (S x rank, of variance one), loadings (points x rank)).
principal_components <- function(draws) {
  s <- nrow(draws)
  if (is.null(draws) || ncol(draws) == 0) {
    return(list(scores = matrix(0, 0, 0), loadings = matrix(0, 0, 0)))
  }
  centred <- sweep(draws, 2, colMeans(draws))
  sds <- sqrt(colSums(centred^2) / (s - 1))
  used <- sds > 0
  scaled <- sweep(centred[, used, drop = FALSE], 2, sds[used], "/")
  parts <- svd(scaled, nv = min(dim(scaled)), nu = min(dim(scaled)))
  share <- parts$v^2 * rep(parts$d^2 / (s - 1), each = nrow(parts$v))
  left <- apply(share, 1, function(v) rev(cumsum(rev(v))))
  rank <- max(1, sum(apply(matrix(left, length(parts$d)), 1, max) > variance_left))
  scores <- parts$u[, seq_len(rank), drop = FALSE] * sqrt(s - 1)
  loadings <- matrix(0, ncol(draws), rank)
  loadings[used, ] <- crossprod(scaled, scores) / (s - 1) * sds[used]
  list(scores = scores, loadings = loadings)
}

# By factor with a random effect: what its levels' effects share with the curves, and what is left.
level_effects <- function(fit, split, covariates, row, scores) {
  factors <- unique(unlist(lapply(split, function(s) lapply(s$levels, `[[`, "covariates"))))
  lapply(stats::setNames(nm = factors), function(name) {
    draws <- lapply(fit$design$predictors, function(p) {
      term <- Find(function(term) term$covariates == name, split[[p$key]]$levels)
      if (is.null(term)) {
        return(NULL)
      }
      points <- points_as_newdata(
        fit, table_points(list(), stats::setNames(list(covariates[[name]]$levels), name)), row
      )
      beta <- t(unclass(fit$draws)[, p$columns$name, drop = FALSE])
      effects <- t(term_values(p, term, points, beta))
      sweep(effects, 2, colMeans(effects))
    })
    effects_and_scores(draws[!vapply(draws, is.null, TRUE)], scores)
  })
}

# draws: by key S x levels
effects_and_scores <- function(draws, scores) {
  s <- nrow(draws[[1]])
  levels <- ncol(draws[[1]])
  rank <- ncol(scores)
  keys <- names(draws)
  shared <- array(0, c(levels, rank, length(keys)))
  for (k in seq_along(keys)) if (rank) shared[, , k] <- crossprod(draws[[k]], scores) / (s - 1)
  left <- array(0, c(levels, length(keys), length(keys)))
  for (i in seq_along(keys)) {
    for (j in seq_along(keys)) {
      explained <- if (rank) rowSums(matrix(shared[, , i] * shared[, , j], levels)) else 0
      left[, i, j] <- colSums(draws[[i]] * draws[[j]]) / (s - 1) - explained
    }
  }
  for (k in seq_along(keys)) {
    shared[, , k] <- round_loadings(matrix(shared[, , k], levels), left[, k, k])
  }
  list(keys = keys, loadings = shared, left = signif(left, 4))
}

# Posterior covariance of predictors `keys` at rows: n x keys x keys. at: read_people();
# excluded: labels of random effects that are left out.
posterior_covariance <- function(chart, at, keys, excluded) {
  posterior <- chart$posterior
  n <- at$n
  loadings <- lapply(stats::setNames(nm = keys), function(key) {
    loading_rows(posterior, key, at, levels_in(chart, key, excluded))
  })
  out <- array(0, c(n, length(keys), length(keys)))
  for (i in seq_along(keys)) {
    for (j in seq_len(i)) {
      out[, i, j] <- out[, j, i] <- rowSums(loadings[[i]] * loadings[[j]]) +
        left_by_levels(chart, keys[c(i, j)], at, excluded)
    }
  }
  out
}

# Factors whose random effect is in a predictor
levels_in <- function(chart, key, excluded) {
  Filter(function(name) {
    effect <- chart$posterior$levels[[name]]
    key %in% effect$keys && !is.null(effect_table(chart, key, name, excluded))
  }, names(chart$posterior$levels))
}

# n x rank
loading_rows <- function(posterior, key, at, factors) {
  out <- matrix(0, at$n, posterior$rank)
  for (table in posterior$loadings[[key]]) {
    for (r in seq_len(posterior$rank)) {
      one <- new_chart_table("", FALSE, table$grid, table$levels, table$values[, r])
      out[, r] <- out[, r] + tables_at(list(one), at$columns, at$n)
    }
  }
  for (name in factors) {
    effect <- posterior$levels[[name]]
    code <- at$columns[[name]]
    known <- which(!is.na(code))
    shared <- matrix(effect$loadings[, , match(key, effect$keys)], ncol = posterior$rank)
    out[known, ] <- out[known, , drop = FALSE] + shared[code[known], , drop = FALSE]
  }
  out
}

left_by_levels <- function(chart, keys, at, excluded) {
  out <- numeric(at$n)
  factors <- lapply(keys, levels_in, chart = chart, excluded = excluded)
  for (name in intersect(factors[[1]], factors[[2]])) {
    effect <- chart$posterior$levels[[name]]
    at_key <- match(keys, effect$keys)
    left <- effect$left[, at_key[1], at_key[2]][at$columns[[name]]]
    out <- out + ifelse(is.na(left), 0, left)
  }
  out
}
