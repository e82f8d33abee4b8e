# The certificate of a compressed fit: one exact pass over the rows at the posterior mean. The mode
# of the exact posterior is H^-1 g away from that of the compressed one, g the difference of the two
# gradients (the Newton step); its largest entry in posterior sds is reported
# (mathematics vignette, eq. 28).
#
# The pass takes predictors from tables of cubics on halves of the cells: cubics on the cells
# themselves leave out the same as the fit did (a knot within a cell) and would not show it. Halves
# leave out less than halving changes, |g - g_1| <= |g_1 - g_0| (eq. 29), so that change is added.

certificate_limit <- 1e-3

certify_rows <- function(ready, result, threads = 1L) {
  mean <- colMeans(result$beta)
  target <- without_bound(ready$target)
  cov <- mode_covariance(target, mean, result$log_tau)
  if (is.null(cov)) {
    return(NA_real_)
  }
  compressed <- target_base(target, mean, 1L)$gradient - likelihood_free_gradient(target, mean)
  gradient <- if (is_tensor(ready$object)) {
    tensor_rows_gradient(ready, threads)
  } else {
    function(beta, halvings) rows_gradient(ready, beta, rows_table(ready, halvings), threads)
  }
  halves <- gradient(mean, 1L)
  shift_in_sds(halves - compressed, cov) + shift_in_sds(halves - gradient(mean, 0L), cov)
}

# The same with two covariates, as a function of (beta, halvings). Where every term uses one of
# them, tables of the terms; else the columns themselves at all rows.
tensor_rows_gradient <- function(ready, threads) {
  terms <- row_terms(ready$design, ready$held)
  if (is.character(terms)) {
    exact <- NULL
    return(function(beta, halvings) {
      if (is.null(exact)) exact <<- exact_rows_gradient(ready, beta)
      exact
    })
  }
  function(beta, halvings) {
    target <- new_rows_target(
      ready$target,
      fill_row_terms(terms, ready$design, ready$held, row_cells * 2^halvings), ready$held
    )
    call <- rows_call(target, beta)
    rows_scores(
      target,
      .Call(
        C_rows, call$y, call$weights, call$scaling, call$terms,
        list(level = simd_level(), threads = threads, value = FALSE)
      )$scores
    )
  }
}

exact_rows_gradient <- function(ready, beta, block = 1e5) {
  scales <- ready$target$scales
  total <- 0
  for (start in seq(1, ready$held$n, by = block)) {
    target <- target_of_rows(
      ready$design, ready$held, start:min(start + block - 1, ready$held$n),
      ready$priors, scales
    )
    total <- total + target_base(target, beta, 1L)$gradient - likelihood_free_gradient(target, beta)
  }
  total
}

# Covariance of the coefficients around `mean` at the mean smoothing sds (not that of the draws,
# which may be fewer than the coefficients); NULL if it is not finite.
mode_covariance <- function(target, mean, t) {
  precision <- diag(penalty(target, colMeans(t)), length(mean)) -
    target_base(target, mean, 2L)$hessian
  if (all(is.finite(precision))) chol2inv(robust_chol(precision))
}

# Without rows: what gathering the nodes and the last moment kept do to the mode, at the posterior
# mean. The moments left out do less than the last one kept.
certify_cells <- function(ready, result) {
  if (is.null(ready$fine)) {
    return(0)
  }
  mean <- colMeans(result$beta)
  cov <- mode_covariance(ready$target, mean, result$log_tau)
  if (is.null(cov)) {
    return(NA_real_)
  }
  target <- without_bound(ready$target)
  fine <- ready$fine$target
  cut <- without_last_moments(ready$object, fine)
  gradient <- lapply(
    list(fine, cut, target),
    function(target) target_base(target, mean, 1L)$gradient
  )
  max(
    shift_in_sds(gradient[[2]] - gradient[[1]], cov),
    shift_in_sds(gradient[[3]] - gradient[[1]], cov)
  )
}

likelihood_free_gradient <- function(target, mean) {
  target$model$cells[] <- 0
  target_base(target, mean, 1L)$gradient
}

# The design where tables of the rows take it from: 4 nodes a filled cell, or a half of one.
# list(grid, cell, group (by cell), places (of the nodes), x, offset).
rows_table <- function(ready, halvings) {
  object <- ready$object
  fine <- ready$fine$nodes
  first <- seq(1, length(fine$x), by = 4)
  grid <- cell_grid(object)
  cell <- fine$cell[first]
  group <- fine$group[first]
  if (halvings == 0) {
    return(list(
      grid = grid, cell = cell, group = group, places = cell_places(grid, cell),
      model = ready$fine$target$model
    ))
  }
  grid <- halve_grid(grid)
  halves <- halve_cells(cell_grid(object), cell)
  group <- rep(group, each = 2)[halves$inside]
  places <- cell_places(grid, halves$cell)
  at <- evaluate_design(
    ready$design,
    node_data(object, list(x = as.vector(places$x), group = rep(group, each = 4)))
  )
  at$offset <- (at$offset - ready$target$standard$rest) / ready$target$standard$size
  list(grid = grid, cell = halves$cell, group = group, places = places, model = at)
}

# Gradient of the log likelihood of all rows with the predictors of a table.
rows_gradient <- function(ready, beta, table, threads = 1L) {
  object <- ready$object
  model <- table$model
  groups <- dim(object$table)[4]
  q <- length(model$x)
  at <- table$cell + table$grid$count * (table$group - 1)
  maps <- lapply(table$places$t, function(t) solve(outer(t, 0:3, "^")))
  kind <- rep(table$places$kind, q)
  at_beta <- predictor_places(model$x)
  eta <- vapply(seq_len(q), function(j) {
    model$offset[j, ] +
      as.vector(crossprod(model$x[[j]], beta[at_beta[[j]]]))
  }, numeric(ncol(model$offset)))
  cubics <- array(0, c(q, 4, table$grid$count * groups))
  cubics[, , at] <- aperm(
    array(map_cells(matrix(eta, 4), maps, kind), c(4, length(at), q)),
    c(3, 1, 2)
  )
  standard <- ready$target$standard
  term <- list(
    x = as.double(ready$held$covariates[[continuous_names(object)]]),
    group = ready$group,
    grid = c(2^table$grid$step, table$grid$first, table$grid$count), groups = as.integer(groups),
    coefficients = as.vector(cubics)
  )
  scores <- .Call(
    C_rows, ready$held$y, ready$held$weights,
    cbind(standard$centre, standard$scale), list(term), list(level = simd_level(), threads = threads, value = FALSE)
  )$scores
  scores <- aperm(array(scores, dim(cubics))[, , at, drop = FALSE], c(2, 3, 1))
  scores <- matrix(map_cells(matrix(scores, 4), lapply(maps, t), kind), ncol = q)
  unlist(lapply(seq_len(q), function(j) as.vector(model$x[[j]] %*% scores[, j])))
}

shift_in_sds <- function(change, cov) {
  if (length(change) == 0) {
    return(0)
  }
  max(abs(as.vector(cov %*% change)) / sqrt(diag(cov)))
}

# A target at all nodes of cells whose last moments are taken as zero: what they contribute bounds
# what those left out would.
without_last_moments <- function(object, target) {
  cut <- fine_nodes(object, degrees = 3)
  if (is_tensor(object)) cut <- lump_tensor_nodes(cut)
  target$model$cells <- standardise_nodes(
    node_cells(object, cut), target$standard$centre,
    target$standard$scale
  )
  target
}
