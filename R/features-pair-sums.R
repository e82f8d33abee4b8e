# One pass over the rows for the sums of pairs: residuals divided by sds, by the margins, and their
# products by bin.

pair_sum_count <- 4L # numbers a pair and bin (src/pairs.h)
block_doubles <- 1e6 # of rows x features, standardised at a time

held_every <- 5L # every so-manieth row is held out where joint forms are compared

# list(sums (4 x bins with rows x pairs), held (the part of them that comes from every fifth row, or
# NULL), bins (bin_data()), spread (ps x bins: mean columns of the
# log sds), products (lower triangle of ps x ps, x bins)). `chosen`: 2 x pairs numbers of features;
# with none, what does not depend on pairs.
sum_pairs <- function(template, margins, source, chosen, hold = FALSE) {
  names <- colnames(margins$mean)
  used <- sort(unique(as.vector(chosen)))
  pass <- list(
    template = template, margins = margins, features = names[used],
    pairs = matrix(match(chosen, used), 2), count = bin_count(template), hold = hold
  )
  ps <- length(places_of(margins$design, margin_key("sigma")))
  start <- list(
    weight = numeric(pass$count), sums = NULL, held = NULL, rows = 0,
    first = matrix(0, pass$count, length(template$breaks)),
    spread = matrix(0, ps, pass$count), products = matrix(0, triangle_size(ps), pass$count)
  )
  out <- fold_chunks(source, start, function(state, rows, place) {
    add_pair_rows(state, rows, pass, place)
  })
  bins <- bin_data(template, out)
  by_pair <- function(sums) {
    if (is.null(sums)) {
      return(NULL)
    }
    array(sums, c(pair_sum_count, pass$count, ncol(chosen)))[, bins$bin, , drop = FALSE]
  }
  held <- by_pair(out$held)
  list(
    sums = if (hold) by_pair(out$sums) + held else by_pair(out$sums), held = held,
    bins = bins,
    spread = out$spread[, bins$bin, drop = FALSE] / rep(bins$weights, each = ps),
    products = out$products[, bins$bin, drop = FALSE] /
      rep(bins$weights, each = nrow(out$products))
  )
}

# The state with the rows of a chunk that have all covariates, in blocks
add_pair_rows <- function(state, rows, pass, place) {
  selection <- select_rows(rows$covariates, rows$weights)
  check_infinite(selection, place)
  known <- c(pass$template$common$covariates, pass$margins$covariates)
  known <- known[!duplicated(names(known))]
  covariates <- read_columns(known, lapply(rows$covariates, selected, selection), place)$values
  weights <- rows$weights
  if (!is.null(selection$rows)) weights <- weights[selection$rows]
  y <- rows$y[pass$features]
  n <- if (is.null(selection$rows)) length(y[[1]]) else length(selection$rows)
  size <- max(500, floor(block_doubles / max(1, length(y))))
  for (from in seq(1, by = size, length.out = ceiling(n / size))) {
    at <- from:min(from + size - 1, n)
    block <- list(
      covariates = unchecked_frame(lapply(covariates, take_rows, at), length(at)),
      weights = if (!is.null(weights)) weights[at],
      y = lapply(y, `[`, if (is.null(selection$rows)) at else selection$rows[at])
    )
    state <- add_pair_block(state, block, pass)
  }
  state
}

add_pair_block <- function(state, block, pass) {
  n <- nrow(block$covariates)
  bin <- bin_of_rows(pass$template, block$covariates, n)
  if (anyNA(bin)) {
    stop_covary("evaluation", "The source gave other covariates the second time it was read.",
      fields = list(arg = "data")
    )
  }
  order <- order(bin)
  present <- which(tabulate(bin, pass$count) > 0)
  weights <- if (is.null(block$weights)) rep(1, n) else block$weights
  by_bin <- function(values) rowsum(values * weights, bin) # bins in order
  state$weight[present] <- state$weight[present] + by_bin(rep(1, n))
  along <- vapply(block$covariates[names(pass$template$breaks)], as.double, numeric(n))
  state$first[present, ] <- state$first[present, ] + by_bin(matrix(along, n))
  curves <- margin_curves(pass$margins, block$covariates, pass$features)
  state$spread[, present] <- state$spread[, present] + t(by_bin(curves$spread))
  pair <- lower_pairs(ncol(curves$spread))
  products <- curves$spread[, pair[, 1], drop = FALSE] * curves$spread[, pair[, 2], drop = FALSE]
  state$products[, present] <- state$products[, present] + t(by_bin(products))
  if (ncol(pass$pairs) == 0) {
    return(state)
  }
  y <- matrix(unlist(block$y, use.names = FALSE), n)
  z <- (y - curves$mean) * exp(-curves$log_sd)
  add <- function(sums, rows) {
    rows <- order[order %in% rows]
    .Call(
      C_pair_sums, z[rows, , drop = FALSE], if (!is.null(block$weights)) weights[rows],
      c(0L, cumsum(tabulate(bin[rows], pass$count))), pass$pairs, pass$count, sums
    )
  }
  held <- pass$hold & (state$rows + seq_len(n)) %% held_every == 0
  state$sums <- add(state$sums, which(!held))
  if (pass$hold) state$held <- add(state$held, which(held))
  state$rows <- state$rows + n
  state
}

# At rows with all covariates, by the posterior means of the coefficients: list(mean, log_sd (rows x
# features), spread (rows x ps: the columns of the log sds))
margin_curves <- function(margins, covariates, features) {
  design <- margins$design
  check_newdata(covariates, design)
  at <- lapply(margin_key(c("mu", "sigma")), function(key) {
    newdata <- as_fitted_types(covariates, design, key)
    check_seen_levels(design$predictors[[key]], newdata)
    one <- design
    one$predictors <- design$predictors[key]
    one$x <- design$x[match(key, names(design$predictors))]
    columns <- fitted_columns(list(design = at_nodes(one, newdata)), key)
    mean <- margins$mean[places_of(design, key), features, drop = FALSE]
    list(x = columns$x, eta = curve_means(columns, mean))
  })
  list(mean = at[[1]]$eta, log_sd = at[[2]]$eta, spread = at[[2]]$x)
}
