# The terms of a model of rows and their tables: cubics on the cells of a covariate (model-rows.R;
# mathematics vignette, eqs 24 and 25).

row_cells <- 512 # cells of a term over the bulk of its covariate

# Terms, or a text: why not. A term is list(name, exact (names), columns: by predictor the rows of
# design$x that belong to it, offsets: by predictor the numbers of its offsets).
row_terms <- function(design, frame) {
  continuous <- continuous_covariates(frame)
  known <- names(frame$covariates)
  none <- rep(list(integer()), length(design$predictors))
  terms <- list()
  add <- function(uses, predictor, part, number) {
    name <- intersect(uses, continuous)
    if (length(name) > 1) {
      return(paste0("a term uses ", enumerate(name), " together."))
    }
    key <- if (length(name)) name else "."
    term <- terms[[key]]
    if (is.null(term)) {
      term <- list(
        name = name, exact = character(), columns = none,
        offsets = none
      )
    }
    term$exact <- union(term$exact, setdiff(uses, continuous))
    term[[part]][[predictor]] <- c(term[[part]][[predictor]], number)
    terms[[key]] <<- term
    NULL
  }
  for (i in seq_along(design$predictors)) {
    p <- design$predictors[[i]]
    uses <- list(
      columns = column_variables(p, known),
      offsets = lapply(p$offsets, covariates_in, known = known)
    )
    for (part in names(uses)) {
      for (j in seq_along(uses[[part]])) {
        why <- add(uses[[part]][[j]], i, part, j)
        if (is.character(why)) {
          return(why)
        }
      }
    }
  }
  if (length(terms) > 8) {
    return("there are more than 8 covariates.")
  }
  unname(terms)
}

# The covariates of each column of a predictor.
column_variables <- function(p, known) {
  variables <- lapply(
    term_variables(p$terms),
    function(v) unique(unlist(lapply(v, covariates_in, known = known)))
  )
  parametric <- lapply(p$assign, function(a) if (a == 0) character() else variables[[a]])
  smooth <- unlist(lapply(p$smooths, function(s) {
    uses <- unique(
      unlist(lapply(c(s$sm$term, s$sm$by), function(v) covariates_in(str2lang(v), known)))
    )
    rep(list(uses), s$n_fixed + sum(s$n_block))
  }), recursive = FALSE)
  c(parametric, smooth)
}

# Cells of a table of terms of x.
table_cells <- function(x, most = row_cells) {
  max(1, min(8 * most, ceiling(diff(range(x)) * 2^choose_step(x, most))))
}

# Terms with their rows and, by predictor, the basis as cubics on the cells: coefficients of 1, t,
# t^2, t^3 for t in [-1, 1] (p x 4 cells groups), from its values at 4 nodes of every cell; and
# those of their offsets, as the user has them.
fill_row_terms <- function(terms, design, frame, most = row_cells) {
  n <- frame$n
  starts <- cumsum(c(0, vapply(design$x, nrow, 0L)))
  reference <- lapply(frame$covariates, take_rows, 1L)
  lapply(terms, function(term) {
    term$group <- if (length(term$exact)) tuple_ids(frame$covariates[term$exact], n)
    first <- if (length(term$exact)) which(!duplicated(term$group)) else 1L
    term$groups <- length(first)
    term$grid <- list(inverse_width = 1, first = 0, count = 1)
    t <- 0
    data <- lapply(frame$covariates, function(v) v[rep(1L, length(first))])
    for (name in term$exact) data[[name]] <- frame$covariates[[name]][first]
    if (length(term$name)) {
      x <- as.double(frame$covariates[[term$name]])
      term$x <- x
      ends <- range(x)
      # Cells from end to end of the data, so that bases are not evaluated outside.
      cells <- table_cells(x, most)
      term$grid <- list(
        inverse_width = cells / diff(ends), first = ends[1] * cells / diff(ends), count = cells
      )
      t <- chebyshev_nodes(4)
      at <- as.vector(ends[1] + outer((t + 1) / 2, seq_len(cells) - 1, "+") * diff(ends) / cells)
      data <- lapply(data, function(v) v[rep(seq_along(first), each = length(at))])
      data[[term$name]] <- rep(at, length(first))
    }
    data <- structure(data, class = "data.frame", row.names = .set_row_names(length(data[[1]])))
    basis <- evaluate_design(design, data)$x
    term$at <- Map(
      function(columns, start) start + columns, term$columns,
      starts[seq_along(term$columns)]
    )
    map <- if (length(term$name)) solve(outer(t, 0:3, "^")) else matrix(c(1, 0, 0, 0), 4)
    term$nodes <- length(t)
    term$basis <- Map(function(b, columns) b[columns, , drop = FALSE], basis, term$columns)
    term$cubics <- lapply(term$basis, as_cubics, map = map)
    term$shift <- Map(function(p, which) {
      if (length(which)) {
        as_cubics(rbind(read_offset(
          replace(p, "offsets", list(p$offsets[which])), data,
          nrow(data)
        )), map = map)
      }
    }, unname(design$predictors), term$offsets)
    term$coarse <- if (length(term$name)) max(1, ceiling(term$grid$count / row_bins)) else 1
    term
  })
}

# p x nodes cells to p x 4 cells
as_cubics <- function(b, map) {
  p <- nrow(b)
  cells <- ncol(b) / ncol(map)
  nodes <- matrix(aperm(array(b, c(p, ncol(map), cells)), c(2, 1, 3)), ncol(map))
  matrix(aperm(array(map %*% nodes, c(4, p, cells)), c(2, 1, 3)), p, 4 * cells)
}

# Cubics of every term, (predictors x 4 cells groups) x draws, for draws (S x d).
row_tables <- function(engine, draws) {
  q <- length(engine$constant)
  lapply(seq_along(engine$terms), function(i) {
    term <- engine$terms[[i]]
    width <- ncol(term$cubics[[1]])
    table <- matrix(0, q, width * nrow(draws))
    for (j in seq_len(q)) {
      if (length(term$at[[j]])) {
        table[j, ] <- t(term$cubics[[j]]) %*% t(draws[, term$at[[j]], drop = FALSE])
      }
      if (i == 1) table[j, ] <- table[j, ] + c(engine$constant[j], 0, 0, 0)
      if (!is.null(term$shift[[j]])) table[j, ] <- table[j, ] + as.vector(term$shift[[j]])
    }
    dim(table) <- c(q * width, nrow(draws))
    table
  })
}

rows_scores <- function(target, scores) {
  engine <- target$tables
  q <- length(engine$constant)
  out <- numeric(target$dim)
  used <- 0
  for (term in engine$terms) {
    size <- q * ncol(term$cubics[[1]])
    part <- matrix(scores[used + seq_len(size)], q)
    used <- used + size
    for (j in seq_len(q)) {
      if (length(term$at[[j]])) {
        out[term$at[[j]]] <- out[term$at[[j]]] +
          as.vector(term$cubics[[j]] %*% part[j, ])
      }
    }
  }
  out
}
