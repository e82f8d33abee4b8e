# The certificate of a compressed fit: one exact pass over the rows at the posterior mean. The mode
# of the exact posterior is H^-1 g away from that of the compressed one, g the difference of the two
# gradients (the Newton step); its largest entry in posterior sds is reported.

certificate_limit <- 1e-3

certify_rows <- function(ready, result, threads = 1L) {
  mean <- colMeans(result$beta)
  cov <- stats::cov(result$beta)
  if (anyNA(cov) || any(diag(cov) <= 0)) return(NA_real_)
  target <- ready$target
  prior <- likelihood_free_gradient(target, mean)
  compressed <- target_base(target, mean, 1L)$gradient - prior
  shift_in_sds(rows_gradient(ready, mean, threads) - compressed, cov)
}

# Without rows: what gathering the nodes and the last moment kept do to the mode, at the posterior mean. The
# moments left out do less than the last one kept.
certify_cells <- function(ready, result) {
  if (is.null(ready$fine)) return(0)
  mean <- colMeans(result$beta)
  cov <- stats::cov(result$beta)
  if (anyNA(cov) || any(diag(cov) <= 0)) return(NA_real_)
  fine <- ready$fine$target
  cut <- fine
  cut$model$cells <- standardise_nodes(node_cells(ready$object, fine_nodes(ready$object, 3)), fine$standard$centre, fine$standard$scale)
  gradient <- lapply(list(fine, cut, ready$target), function(target) target_base(target, mean, 1L)$gradient)
  max(shift_in_sds(gradient[[2]] - gradient[[1]], cov), shift_in_sds(gradient[[3]] - gradient[[1]], cov))
}

likelihood_free_gradient <- function(target, mean) {
  target$model$cells[] <- 0
  target_base(target, mean, 1L)$gradient
}

# Gradient of the log likelihood of all rows: predictors are cubics on every cell, through their
# values at its nodes.
rows_gradient <- function(ready, beta, threads = 1L) {
  object <- ready$object
  model <- ready$fine$target$model
  nodes <- ready$fine$nodes
  d <- dim(object$table)
  q <- length(model$x)
  padded <- if (object$k == 1) 4 else 8
  eta <- model$offset
  from <- 0
  for (j in seq_len(q)) {
    p <- nrow(model$x[[j]])
    if (p > 0) eta[j, ] <- eta[j, ] + as.vector(beta[from + seq_len(p)] %*% model$x[[j]])
    from <- from + p
  }
  first <- seq(1, length(nodes$x), by = 4)
  places <- cell_places(object, nodes$cell[first])
  at <- nodes$cell[first] + d[3] * (nodes$group[first] - 1)
  maps <- lapply(places$t, function(t) solve(outer(t, 0:3, "^")))
  table <- array(0, c(padded, 4, d[3] * d[4]))
  values <- array(eta, c(q, 4, length(first)))
  for (kind in unique(places$kind)) {
    mine <- which(places$kind == kind)
    table[seq_len(q), , at[mine]] <- apply_middle(values[, , mine, drop = FALSE], maps[[kind]])
  }
  standard <- ready$target$standard
  scores <- .Call(C_rows, ready$frame$y, if (any(ready$frame$weights != 1)) ready$frame$weights,
    cbind(standard$centre, standard$scale), list(list(x = as.double(ready$frame$covariates[[continuous_names(object)]]),
      group = ready$group, grid = c(2^object$step, object$first, d[3]), groups = as.integer(d[4]), coefficients = as.vector(table))),
    c(simd_level(), threads, 0))$scores
  scores <- array(scores, dim(table))[seq_len(q), , at, drop = FALSE]
  for (kind in unique(places$kind)) {
    mine <- which(places$kind == kind)
    scores[, , mine] <- apply_middle(scores[, , mine, drop = FALSE], t(maps[[kind]]))
  }
  scores <- matrix(scores, q)
  unlist(lapply(seq_len(q), function(j) as.vector(model$x[[j]] %*% scores[j, ])))
}

# out[, d, ] = sum_q map[d, q] x[, q, ]
apply_middle <- function(x, map) {
  out <- x
  for (d in seq_len(nrow(map))) {
    out[, d, ] <- 0
    for (q in seq_len(ncol(map))) out[, d, ] <- out[, d, ] + map[d, q] * x[, q, ]
  }
  out
}
