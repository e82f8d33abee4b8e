# Fits whose margins have parameters to be estimated: fits with the parameters given at nodes about
# the mode of their posterior (mathematics vignette, eq. 51), and a mixture of them
# (covary-margin-mixture.R).

# asked: as fit_once() takes it. `phi` is the vector of all parameters that are estimated.
estimate_margins <- function(asked) {
  check_has_evidence(asked$settings$algorithm)
  asked$settings$memory <- new.env(parent = emptyenv())
  dims <- estimated_dimensions(asked$settings$margins)
  seed <- sample.int(.Machine$integer.max, 1)
  top <- margin_mode(asked, dims, seed)
  nodes <- margin_nodes(top, dims)
  fits <- list()
  for (round in seq_len(node_rounds)) {
    fits <- node_fits(fits, asked, dims, nodes, seed)
    posterior <- node_posterior(nodes, fits, dims)
    before <- length(fits)
    nodes <- add_nodes(nodes, c(missing_nodes(posterior), nodes_between(posterior)), dims)
    if (nrow(nodes$u) == before) break
  }
  drawn <- draw_nodes(posterior, asked$draws, dims)
  nearest <- nearest_node(drawn$u, posterior$nodes$u)
  for (i in which(tabulate(nearest, before) > vapply(fits, function(f) nrow(f$draws), 0L))) {
    asked_there <- replace(asked, "draws", sum(nearest == i))
    fits[[i]] <- node_fit(asked_there, dims, nodes$phi[i, ], seed, quiet = TRUE)
  }
  asked$clock$lap("margins")
  fit <- mix_fits(fits, posterior, dims, asked, drawn, nearest)
  warn_margin_posterior(fit)
  fit
}

node_rounds <- 4

# The fits of all nodes, those that are there already and the others. Only the first speaks, with
# all draws: the others say the same, with as many draws as they are expected to be asked for. A
# warning of these alone may be one of few draws.
node_fits <- function(fits, asked, dims, nodes, seed) {
  draws <- expected_draws(nodes$u, asked$draws)
  for (i in setdiff(seq_len(nrow(nodes$u)), seq_along(fits))) {
    of_node <- function(draws) {
      node_fit(replace(asked, "draws", draws), dims, nodes$phi[i, ], seed, quiet = i > 1)
    }
    fits[[i]] <- of_node(draws[i])
    if (draws[i] < asked$draws && length(fit_concerns(fits[[i]]))) fits[[i]] <- of_node(asked$draws)
  }
  fits
}

# Draws of each node, were the posterior normal, and a third more; enough for the evidence.
expected_draws <- function(u, draws) {
  normal <- matrix(stats::rnorm(4000 * ncol(u)), ncol = ncol(u))
  share <- tabulate(nearest_node(normal, u), nrow(u)) / nrow(normal)
  out <- pmin(draws, pmax(ceiling(share * draws * 4 / 3), least_node_draws))
  replace(out, 1, draws)
}

least_node_draws <- 1000

# A data frame, a row an estimated parameter: label, parameter, start, lower, upper.
estimated_dimensions <- function(margins) {
  do.call(rbind, unname(Map(function(margin, label) {
    out <- margin_settings(margin)
    out <- data.frame(label = label, parameter = rownames(out), out, row.names = NULL)
    out[is.na(margin$value[out$parameter]), , drop = FALSE]
  }, margins, names(margins))))
}

# The margins with the parameters phi
margins_at <- function(margins, dims, phi) {
  for (k in seq_len(nrow(dims))) margins[[dims$label[k]]]$value[[dims$parameter[k]]] <- phi[k]
  margins
}

# The fit with the parameters phi; quiet: without what is said of fits alone
node_fit <- function(asked, dims, phi, seed, quiet) {
  fit <- at_node(asked, dims, phi, seed, function(asked) {
    if (quiet) without_words(fit_of_run(asked, run_once(asked))) else fit_once(asked)
  })
  need_evidence(fit$info$log_evidence, asked$settings$algorithm)
  fit
}

node_evidence <- function(asked, dims, phi, seed) {
  run <- at_node(asked, dims, phi, seed, function(asked) without_words(run_once(asked)))
  found <- run$result$info$log_evidence + run$prepared$target$log_jacobian
  need_evidence(found, asked$settings$algorithm)
}

at_node <- function(asked, dims, phi, seed, f) {
  asked$settings$margins <- margins_at(asked$settings$margins, dims, phi)
  asked$clock <- new_clock()
  restore <- use_seed(seed)
  on.exit(restore())
  f(asked)
}

check_has_evidence <- function(algorithm) {
  if (!algorithm %in% c("nested", "laplace", "fullrank")) stop_no_evidence(algorithm)
}

need_evidence <- function(log_evidence, algorithm) {
  if (!isTRUE(is.finite(log_evidence))) stop_no_evidence(algorithm)
  log_evidence
}

stop_no_evidence <- function(algorithm) {
  stop_covary("margin", "The parameter of a margin is estimated by the evidence of the model, ",
    "which algorithm = \"", algorithm, "\" does not find here. Give the parameter, such as ",
    "power(0.5), or use algorithm = \"laplace\" or \"fullrank\".",
    fields = list(arg = "margin", algorithm = algorithm)
  )
}

# The mode of the posterior of phi by Laplace's evidence: list(x, cov).
margin_mode <- function(asked, dims, seed) {
  asked$settings$algorithm <- "laplace"
  asked$draws <- 100L
  asked$refresh <- FALSE
  failure <- NULL
  log_posterior <- remember_values(function(phi) {
    tryCatch(node_evidence(asked, dims, phi, seed), covary_error = function(e) {
      failure <<- e
      -Inf
    })
  })
  first <- log_posterior(dims$start)
  # What is wrong with the data or formulas is wrong with every parameter.
  if (!is.finite(first)) stop(failure)
  step <- pmin(0.5, (dims$upper - dims$lower) / 8)
  top <- quadratic_maximum(log_posterior, dims$start, dims$lower, dims$upper, step)
  if (is.null(top$cov)) {
    stop_covary("margin", "The data say too little of ", enumerate(dims$parameter), " of ",
      enumerate(dims$label), ": its posterior has no peak between ",
      enumerate(paste(dims$lower, "and", dims$upper), quote = FALSE),
      ". Give it in `margin`, such as power(0.5) or shash(delta = 1).",
      fields = list(arg = "margin", mode = top$x)
    )
  }
  top
}

# Where fits are made: list(centre, axes (d x d, a column an axis of one posterior sd), u (nodes x
# d, in units of axes), phi (nodes x d)). The first is the centre, then those along each axis; with
# several axes the last is a corner, by which the posterior along axes alone is checked.
margin_nodes <- function(top, dims) {
  d <- nrow(dims)
  parts <- eigen(top$cov, symmetric = TRUE)
  nodes <- list(centre = top$x, axes = parts$vectors %*% diag(sqrt(parts$values), d))
  along <- unlist(lapply(seq_len(d), function(k) {
    lapply(c(-1.5, 1.5, -3, 3), function(u) replace(numeric(d), k, u))
  }), recursive = FALSE)
  u <- do.call(rbind, c(list(numeric(d)), along, if (d > 1) list(rep(1, d))))
  nodes$u <- u[0, , drop = FALSE]
  nodes$phi <- nodes$u
  add_nodes(nodes, lapply(seq_len(nrow(u)), function(i) u[i, ]), dims)
}

# With further nodes (a list of u), as far as they are new and inside the prior.
add_nodes <- function(nodes, more, dims) {
  for (u in more) {
    phi <- nodes$centre + drop(nodes$axes %*% u)
    known <- rowSums(abs(nodes$u - rep(u, each = nrow(nodes$u)))) < 1e-8
    if (any(known) || any(phi < dims$lower | phi > dims$upper)) next
    nodes$u <- rbind(nodes$u, u, deparse.level = 0)
    nodes$phi <- rbind(nodes$phi, phi, deparse.level = 0)
  }
  nodes
}

# Nodes further out where the posterior has not fallen by three at the last ones.
missing_nodes <- function(posterior) {
  d <- length(posterior$axes)
  out <- list()
  for (k in seq_len(d)) {
    axis <- posterior$axes[[k]]
    for (end in c(1, length(axis$u))) {
      if (max(axis$log_density) - axis$log_density[end] > least_fall) next
      side <- if (end == 1) -1 else 1
      out <- c(out, lapply(axis$u[end] + side * (1:3), function(u) replace(numeric(d), k, u)))
    }
  }
  out
}

least_fall <- 3

# Nodes half-way between neighbours on the axes where those there are too far apart: the density
# between them is a spline, whose error is a quarter of what leaving out every other node changes,
# or less.
nodes_between <- function(posterior) {
  d <- length(posterior$axes)
  out <- list()
  for (k in seq_len(d)) {
    axis <- posterior$axes[[k]]
    if (length(axis$u) < 2 || density_error(axis) < most_density_error) next
    between <- axis$u[-1] - diff(axis$u) / 2
    out <- c(out, lapply(between, function(u) replace(numeric(d), k, u)))
  }
  out
}

density_error <- function(axis) {
  n <- length(axis$u)
  if (n == 2) {
    return(Inf)
  }
  left <- seq(2, n - 1, by = 2)
  coarse <- excess_spline(axis$u[-left], axis$log_density[-left])
  change <- exp(coarse(axis$u[left])) - exp(axis$log_density[left])
  max(abs(change)) / exp(max(axis$log_density)) / 4
}

# Error of the density of a parameter between nodes, as a share of its top
most_density_error <- 0.01
