# Fits whose margins have parameters to be estimated: fits with the parameters given at nodes about
# the mode of their posterior (mathematics vignette, eq. 51), and a mixture of them
# (covary-margin-mixture.R).

# asked: as fit_once() takes it. `phi` is the vector of all parameters that are estimated.
estimate_margins <- function(asked) {
  check_has_evidence(asked$settings$algorithm)
  dims <- estimated_dimensions(asked$settings$margins)
  seed <- sample.int(.Machine$integer.max, 1)
  top <- margin_mode(asked, dims, seed)
  nodes <- margin_nodes(top, dims)
  fits <- node_fits(list(), asked, dims, nodes, seed)
  posterior <- node_posterior(nodes, fits, dims)
  nodes <- add_nodes(nodes, missing_nodes(posterior, nodes), dims)
  if (nrow(nodes$u) > length(fits)) {
    fits <- node_fits(fits, asked, dims, nodes, seed)
    posterior <- node_posterior(nodes, fits, dims)
  }
  asked$clock$lap("margins")
  fit <- mix_fits(fits, posterior, dims, asked)
  warn_margin_posterior(fit)
  fit
}

# The fits of all nodes, those that are there already and the others. Only the first speaks: the
# others say the same.
node_fits <- function(fits, asked, dims, nodes, seed) {
  for (i in setdiff(seq_len(nrow(nodes$u)), seq_along(fits))) {
    fits[[i]] <- node_fit(asked, dims, nodes$phi[i, ], seed, quiet = i > 1)
  }
  fits
}

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

# The fit with the parameters phi
node_fit <- function(asked, dims, phi, seed, quiet) {
  asked$settings$margins <- margins_at(asked$settings$margins, dims, phi)
  asked$clock <- new_clock()
  restore <- use_seed(seed)
  on.exit(restore())
  fit <- if (quiet) without_words(fit_once(asked)) else fit_once(asked)
  if (!isTRUE(is.finite(fit$info$log_evidence))) stop_no_evidence(asked$settings$algorithm)
  fit
}

check_has_evidence <- function(algorithm) {
  if (!algorithm %in% c("nested", "laplace", "fullrank")) stop_no_evidence(algorithm)
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
  log_posterior <- function(phi) {
    tryCatch(
      node_fit(asked, dims, phi, seed, quiet = TRUE)$info$log_evidence,
      covary_error = function(e) {
        failure <<- e
        -Inf
      }
    )
  }
  first <- log_posterior(dims$start)
  # What is wrong with the data or formulas is wrong with every parameter.
  if (!is.finite(first)) stop(failure)
  step <- pmin(0.5, (dims$upper - dims$lower) / 8)
  top <- quadratic_maximum(log_posterior, dims$start, dims$lower, dims$upper, step)
  if (is.null(top$cov)) {
    stop_covary("margin", "The data say too little of ", enumerate(dims$parameter), " of ",
      enumerate(dims$label), ": its posterior has no peak between ",
      enumerate(paste(dims$lower, "and", dims$upper), quote = FALSE),
      ". Give it, such as power(0.5).",
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
    lapply(c(-1, 1, -2, 2, -3, 3), function(u) replace(numeric(d), k, u))
  }), recursive = FALSE)
  u <- do.call(rbind, c(list(numeric(d)), along, if (d > 1) list(rep(1, d))))
  nodes$u <- u[0, , drop = FALSE]
  nodes$phi <- nodes$u
  add_nodes(nodes, lapply(seq_len(nrow(u)), function(i) u[i, ]), dims)
}

# With further nodes (a list of u), as far as they are inside the prior.
add_nodes <- function(nodes, more, dims) {
  for (u in more) {
    phi <- nodes$centre + drop(nodes$axes %*% u)
    if (any(phi < dims$lower | phi > dims$upper)) next
    nodes$u <- rbind(nodes$u, u, deparse.level = 0)
    nodes$phi <- rbind(nodes$phi, phi, deparse.level = 0)
  }
  nodes
}

# Nodes further out where the posterior has not fallen by three at the last ones.
missing_nodes <- function(posterior, nodes) {
  d <- ncol(nodes$u)
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
