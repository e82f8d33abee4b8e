# Fits at nodes of the parameters of margins, mixed: draws of the parameters from their posterior,
# and with each the coefficients that belong to it.

# The posterior of phi, as a product along the axes of nodes: list(nodes, log_evidence (of each
# node), axes (by axis list(at: numbers of its nodes, u, log_density, density())), log_norm (log of
# the integral over phi of evidence times prior), interaction (what a corner has more than the
# product, in nats; NA for one parameter)).
node_posterior <- function(nodes, fits, dims) {
  evidence <- vapply(fits, function(fit) fit$info$log_evidence, 0)
  d <- ncol(nodes$u)
  axes <- lapply(seq_len(d), function(k) {
    at <- which(rowSums(nodes$u[, -k, drop = FALSE] != 0) == 0)
    at <- at[order(nodes$u[at, k])]
    node_axis(at, nodes$u[at, k], evidence[at] - evidence[1], prior_range(nodes, dims))
  })
  corner <- which(rowSums(nodes$u != 0) == d & d > 1)
  joint <- function(u) sum(vapply(seq_len(d), function(k) axes[[k]]$value(u[k]), 0))
  log_prior <- -sum(log(dims$upper - dims$lower))
  volume <- log(abs(det(nodes$axes))) + sum(vapply(axes, `[[`, 0, "log_norm"))
  list(
    nodes = nodes, log_evidence = evidence, axes = axes, log_prior = log_prior,
    log_norm = evidence[1] + volume + log_prior,
    interaction = if (length(corner)) {
      evidence[corner[1]] - evidence[1] - joint(nodes$u[corner[1], ])
    } else {
      NA_real_
    }
  )
}

# The values of u that one parameter can have; with several, draws are moved inside their prior.
prior_range <- function(nodes, dims) {
  if (nrow(dims) > 1) {
    return(c(-Inf, Inf))
  }
  sort((c(dims$lower, dims$upper) - nodes$centre) / drop(nodes$axes))
}

# value(u): log density relative to the centre. Between nodes, and beyond them, what it has more
# than a standard normal is a natural spline.
node_axis <- function(at, u, log_density, range) {
  value <- excess_spline(u, log_density)
  grid <- seq(max(min(u) - 2, range[1]), min(max(u) + 2, range[2]), length.out = 801)
  density <- exp(value(grid))
  step <- grid[2] - grid[1]
  list(
    at = at, u = u, log_density = log_density, value = value, grid = grid, density = density,
    log_norm = log(sum(density) * step)
  )
}

# A function of u through log densities at nodes u: what they have more than -u^2 / 2 is a natural
# spline.
excess_spline <- function(u, log_density) {
  more <- stats::splinefun(u, log_density + u^2 / 2, method = "natural")
  function(x) more(x) - x^2 / 2
}

# Values of u with probabilities p.
axis_quantiles <- function(axis, p) {
  mass <- cumsum(axis$density)
  mass <- (mass - axis$density / 2) / mass[length(mass)]
  keep <- c(TRUE, diff(mass) > 0)
  stats::approx(mass[keep], axis$grid[keep], p, rule = 2)$y
}

# S x d draws of u: along each axis one in each of S parts of equal probability, paired at random;
# within the prior.
draw_nodes <- function(posterior, s, dims) {
  u <- vapply(posterior$axes, function(axis) {
    axis_quantiles(axis, (sample.int(s) - stats::runif(s)) / s)
  }, numeric(s))
  u <- matrix(u, s)
  phi <- rep(posterior$nodes$centre, each = s) + tcrossprod(u, posterior$nodes$axes)
  for (k in seq_len(nrow(dims))) phi[, k] <- pmin(pmax(phi[, k], dims$lower[k]), dims$upper[k])
  list(u = u, phi = phi)
}

# The mixture as one fit. drawn: draw_nodes(); nearest: the node of each draw.
mix_fits <- function(fits, posterior, dims, asked, drawn, nearest) {
  fit <- fits[[1]]
  same <- vapply(fits, function(other) identical(colnames(other$draws), colnames(fit$draws)), TRUE)
  if (!all(same)) stop_covary("internal", "Fits at nodes have other parameters.")
  fit$draws <- mixed_draws(fits, posterior, drawn$u, nearest)
  columns <- vapply(seq_len(nrow(dims)), function(k) {
    margin <- fit$margins[[dims$label[k]]]
    margin_columns(margin, dims$label[k], fit$ids)[match(dims$parameter[k], names(margin$value))]
  }, "")
  fit$draws <- with_columns(fit$draws, drawn$phi, columns)
  fit$margins <- margins_at(fit$margins, dims, colMeans(drawn$phi))
  fit$info <- mixed_info(fits, posterior, nearest)
  fit$info$margin <- margin_record(posterior, dims, nearest)
  fit$info$timings <- asked$clock$laps()
  # The node that speaks may be good, and others not.
  if (length(fit_concerns(fits[[1]])) == 0) warn_quality(fit)
  seal(fit)
}

nearest_node <- function(u, nodes) {
  distance <- vapply(seq_len(nrow(nodes)), function(j) {
    rowSums((u - rep(nodes[j, ], each = nrow(u)))^2)
  }, numeric(nrow(u)))
  max.col(-matrix(distance, nrow(u)), ties.method = "first")
}

# S x parameters: the coefficients of a draw at the nearest node, moved to the mean and sd that lie
# on the path between nodes (eq. 52). Smoothing sds move by their logs. Densities follow: `lp__` by
# the evidence and the change of scale, so that its difference from `lp_approx__` is that of the
# node.
mixed_draws <- function(fits, posterior, u, nearest) {
  sds <- fits[[1]]$priors$name[fits[[1]]$priors$class == "sds"]
  free <- setdiff(colnames(fits[[1]]$draws), density_columns)
  parts <- lapply(fits, function(fit) {
    out <- unclass(fit$draws)
    out[, sds] <- log(out[, sds])
    out
  })
  means <- do.call(rbind, lapply(parts, function(v) colMeans(v[, free, drop = FALSE])))
  spread <- do.call(rbind, lapply(parts, function(v) column_sds(v[, free, drop = FALSE])))
  spread[spread == 0] <- 1
  path <- node_paths(posterior, u, means)
  scale <- exp(node_paths(posterior, u, log(spread)))
  out <- matrix(0, nrow(u), ncol(parts[[1]]), dimnames = list(NULL, colnames(parts[[1]])))
  for (j in unique(nearest)) {
    mine <- which(nearest == j)
    rows <- sample.int(nrow(parts[[j]]), length(mine), replace = length(mine) > nrow(parts[[j]]))
    from <- parts[[j]][rows, , drop = FALSE]
    ratio <- scale[mine, , drop = FALSE] / rep(spread[j, ], each = length(mine))
    centred <- from[, free, drop = FALSE] - rep(means[j, ], each = length(mine))
    out[mine, free] <- path[mine, , drop = FALSE] + centred * ratio
    out[mine, density_columns] <- moved_densities(
      from[, density_columns, drop = FALSE], posterior, u[mine, , drop = FALSE], j,
      rowSums(log(ratio)) + rowSums(out[mine, sds, drop = FALSE] - from[, sds, drop = FALSE])
    )
  }
  out[, sds] <- exp(out[, sds])
  posterior::as_draws_matrix(out)
}

# Densities of draws moved from node j to u, whose volume grew by `log_growth`.
moved_densities <- function(densities, posterior, u, j, log_growth) {
  log_evidence <- posterior$log_evidence[1] + Reduce(`+`, lapply(seq_len(ncol(u)), function(k) {
    posterior$axes[[k]]$value(u[, k])
  }))
  log_prior <- posterior$log_prior
  densities[, "lprior"] <- densities[, "lprior"] + log_prior
  densities[, "lp__"] <- densities[, "lp__"] - posterior$log_evidence[j] - log_growth +
    log_evidence + log_prior
  densities[, "lp_approx__"] <- densities[, "lp_approx__"] - log_growth +
    log_evidence + log_prior - posterior$log_norm
  densities
}

# S x parameters: values at u of curves through the values at nodes (nodes x parameters), as sums
# along the axes.
node_paths <- function(posterior, u, values) {
  out <- matrix(values[1, ], nrow(u), ncol(values), byrow = TRUE)
  colnames(out) <- colnames(values)
  for (k in seq_along(posterior$axes)) {
    axis <- posterior$axes[[k]]
    for (j in seq_len(ncol(values))) {
      curve <- stats::splinefun(axis$u, values[axis$at, j] - values[1, j], method = "natural")
      out[, j] <- out[, j] + curve(u[, k])
    }
  }
  out
}

# Draws with further columns before those of densities.
with_columns <- function(draws, values, names) {
  draws <- unclass(draws)
  first <- setdiff(colnames(draws), density_columns)
  out <- cbind(draws[, first, drop = FALSE], values, draws[, density_columns, drop = FALSE])
  colnames(out) <- c(first, names, density_columns)
  posterior::as_draws_matrix(out)
}

# What was found, of all nodes that draws come from.
mixed_info <- function(fits, posterior, nearest) {
  out <- fits[[1]]$info
  share <- tabulate(nearest, length(fits)) / length(nearest)
  used <- fits[share > 0]
  of <- function(name) vapply(used, function(fit) as.double(fit$info[[name]])[1], 0)
  weighed <- function(name) sum(of(name) * share[share > 0])
  out$converged <- all(vapply(used, function(fit) isTRUE(fit$info$converged), TRUE))
  # What says nothing against the draws of a node says nothing against the mixture.
  khat <- do.call(rbind, c(list(out$khat), lapply(used, function(fit) {
    bad <- names(bad_khat(fit$info, nrow(fit$draws)))
    replace(fit$info$khat, !names(fit$info$khat) %in% bad, NA)
  })))
  if (length(khat)) {
    out$khat <- apply(khat, 2, function(v) if (all(is.na(v))) NA_real_ else max(v, na.rm = TRUE))
  }
  gap <- weighed("elbo") - sum(posterior$log_evidence[share > 0] * share[share > 0])
  out$log_evidence <- posterior$log_norm
  out$elbo <- posterior$log_norm + gap
  for (name in c("importance_ess", "efficiency")) {
    if (is.numeric(out[[name]])) out[[name]] <- weighed(name)
  }
  out$resampled <- any(vapply(used, function(fit) isTRUE(fit$info$resampled), TRUE))
  out
}

# Data frame, a row a node: the parameters, log_evidence, and the share of draws; attributes
# interaction and short (does a posterior reach the end of its prior?).
margin_record <- function(posterior, dims, nearest) {
  nodes <- posterior$nodes
  phi <- as.data.frame(nodes$phi)
  names(phi) <- make.unique(paste0(dims$parameter, if (nrow(dims) > 1) paste0("_", dims$label)))
  out <- cbind(phi,
    log_evidence = posterior$log_evidence, share = tabulate(nearest, nrow(phi)) / length(nearest)
  )
  short <- vapply(posterior$axes, function(axis) {
    ends <- axis$log_density[c(1, length(axis$u))]
    any(max(axis$log_density) - ends < least_fall)
  }, TRUE)
  out <- out[do.call(order, unname(phi)), , drop = FALSE]
  rownames(out) <- NULL
  structure(out, interaction = posterior$interaction, short = any(short))
}

# The posterior of phi was cut, or is no product along its axes.
warn_margin_posterior <- function(fit) {
  found <- fit$info$margin
  if (attr(found, "short")) {
    warn_covary("margin_range", "The posterior of the parameter of a margin reaches the end of ",
      "its prior (diagnostics(fit)$margin); give the parameter.",
      fields = list(nodes = found)
    )
  }
  gap <- attr(found, "interaction")
  if (isTRUE(abs(gap) > most_interaction)) {
    warn_covary("margin_shape", "The posterior of the parameters of margins is not the product ",
      "that draws come from: a corner differs by ", format(gap, digits = 2), " nats. Give some ",
      "of the parameters.",
      fields = list(nodes = found)
    )
  }
}

most_interaction <- 0.5
