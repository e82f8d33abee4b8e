# Curvature of a model of rows, by bins of a covariate and pairs of them, multiplied out with the
# basis (model-rows.R; mathematics vignette, eq. 26).

row_bins <- 96 # bins for curvature, more where cells outnumber row_cells

curvature_limit <- 2^23 # doubles in the tables of curvature

# Cells a bin, one number for all terms, as the core has it: that of the term with the fewest cells,
# or bins of the bulk of a covariate would be as wide as those of another's tails; wider where
# tables would be too large.
bin_width <- function(terms, predictors) {
  along <- lengths(lapply(terms, `[[`, "name")) > 0
  wanted <- c(1, vapply(terms[along], `[[`, 0, "coarse"))
  size <- function(coarse) {
    bins <- vapply(terms, function(term) ceiling(term$grid$count / coarse) * term$groups, 0)
    predictors * (predictors + 1) / 2 * (sum(bins) + (sum(bins)^2 - sum(bins^2)) / 2)
  }
  coarse <- if (any(along)) min(wanted[-1]) else 1
  while (coarse < max(wanted) && size(coarse) > curvature_limit) coarse <- coarse + 1
  coarse
}

# The basis at the middle of each bin: the mean of its cells.
bin_basis <- function(term, coarse) {
  cells <- term$grid$count
  bin <- rep(floor((seq_len(cells) - 1) / coarse), each = term$nodes)
  bin <- rep(bin, term$groups) + (max(bin) + 1) * rep(seq_len(term$groups) - 1, each = length(bin))
  count <- tabulate(bin + 1)
  term$bins <- length(count)
  term$binned <- lapply(term$basis, function(b) {
    if (nrow(b)) {
      t(rowsum(t(b), bin)) / rep(count, each = nrow(b))
    } else {
      matrix(0, 0, length(count))
    }
  })
  term$basis <- NULL
  term
}

# The entries of the tables of curvature, one vector in the order of the C core (rows.h). With terms
# 1, 2, 3 it holds a table a term and then a table a pair of terms,
#   1 | 2 | 3 | 1,2 | 1,3 | 2,3
# each with a column a bin of the term (or a pair of bins, those of the first term fastest) and a
# row a pair of predictors r >= s. Calls f(a, b, r, s, at) for every row of every table: a and b are
# its terms, b NULL in a table of one term, and `at` the places of the row in the vector.
each_entry <- function(engine, f) {
  q <- length(engine$constant)
  pair <- lower_pairs(q)
  h <- nrow(pair)
  from <- 0
  visit <- function(a, b = NULL) {
    bins <- a$bins * (if (is.null(b)) 1 else b$bins)
    for (e in seq_len(h)) f(a, b, pair[e, 1], pair[e, 2], from + e + h * (seq_len(bins) - 1))
    from <<- from + h * bins
  }
  for (a in engine$terms) visit(a)
  for (j in seq_along(engine$terms)) {
    for (i in seq_len(j - 1)) {
      visit(engine$terms[[i]], engine$terms[[j]])
    }
  }
}

rows_hessian <- function(target, tables) {
  out <- matrix(0, target$dim, target$dim)
  add <- function(rows, columns, block) {
    if (length(rows) && length(columns)) out[rows, columns] <<- out[rows, columns] + block
  }
  each_entry(target$tables, function(a, b, r, s, at) {
    if (is.null(b)) {
      weighted <- a$binned[[r]] * rep(tables[at], each = nrow(a$binned[[r]]))
      block <- weighted %*% t(a$binned[[s]])
      add(a$at[[r]], a$at[[s]], block)
      if (r != s) add(a$at[[s]], a$at[[r]], t(block))
      return()
    }
    weight <- matrix(tables[at], a$bins)
    block <- a$binned[[r]] %*% weight %*% t(b$binned[[s]])
    add(a$at[[r]], b$at[[s]], block)
    add(b$at[[s]], a$at[[r]], t(block))
    if (r != s) {
      block <- a$binned[[s]] %*% weight %*% t(b$binned[[r]])
      add(a$at[[s]], b$at[[r]], block)
      add(b$at[[r]], a$at[[s]], t(block))
    }
  })
  out
}

# Parts of the covariance of the predictors by bins.
rows_variance <- function(target, cov) {
  engine <- target$tables
  q <- length(engine$constant)
  bins <- vapply(engine$terms, `[[`, 0L, "bins")
  out <- numeric(q * (q + 1) / 2 * (sum(bins) + (sum(bins)^2 - sum(bins^2)) / 2))
  each_entry(engine, function(a, b, r, s, at) {
    if (is.null(b)) {
      value <- colSums(
        a$binned[[r]] * (cov[a$at[[r]], a$at[[s]], drop = FALSE] %*% a$binned[[s]])
      )
    } else {
      value <- t(a$binned[[r]]) %*%
        (cov[a$at[[r]], b$at[[s]], drop = FALSE] %*% b$binned[[s]]) +
        t(a$binned[[s]]) %*% (cov[a$at[[s]], b$at[[r]], drop = FALSE] %*% b$binned[[r]])
    }
    out[at] <<- value
  })
  out
}
