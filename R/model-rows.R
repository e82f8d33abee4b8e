# Many rows with several continuous covariates: the exact likelihood of the rows without a matrix of
# rows by coefficients.
#
# Every column of the design depends on one continuous covariate at most (and on discrete ones), so
# a predictor is a sum of terms f_c(x_c, group_c). A term is a table of cubics on the cells of its
# covariate: values and scores of rows cost the same for any basis. Curvature is gathered in bins of
# x_c and pairs of them and multiplied out with the basis afterwards.

row_cells <- 512 # cells of a term over the bulk of its covariate
row_bins <- 96 # bins for curvature, more where cells outnumber row_cells
curvature_limit <- 2^23 # doubles in the tables of curvature

# Terms, or a text: why not. A term is list(name, exact (names), columns: by predictor the rows of
# design$x that belong to it, offsets: by predictor the numbers of its offsets).
row_terms <- function(design, frame) {
  continuous <- continuous_count(frame)
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
    term$grid <- c(1, 0, 1)
    t <- 0
    data <- lapply(frame$covariates, function(v) v[rep(1L, length(first))])
    for (name in term$exact) data[[name]] <- frame$covariates[[name]][first]
    if (length(term$name)) {
      x <- as.double(frame$covariates[[term$name]])
      term$x <- x
      ends <- range(x)
      # Cells from end to end of the data, so that bases are not evaluated outside.
      cells <- table_cells(x, most)
      term$grid <- c(cells / diff(ends), ends[1] * cells / diff(ends), cells)
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
    term$coarse <- if (length(term$name)) max(1, ceiling(term$grid[3] / row_bins)) else 1
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

new_rows_target <- function(target, terms, frame, threads = 1L) {
  coarse <- bin_width(terms, length(target$standard$size))
  terms <- terms[order(lengths(lapply(terms, `[[`, "x")) == 0)]
  # Rows in one cell of the first term share its cubics, which the core uses where they follow each
  # other.
  rows <- do.call(
    order,
    unname(c(list(integer(frame$n)), Filter(length, terms[[1]][c("group", "x")])))
  )
  terms <- lapply(terms, function(term) {
    term[["x"]] <- term[["x"]][rows]
    term[["group"]] <- term[["group"]][rows]
    bin_basis(term, coarse)
  })
  terms <- lapply(terms, function(term) {
    term$shift <- Map(
      function(shift, size) if (!is.null(shift)) shift / size, term$shift,
      unname(target$standard$size)
    )
    term
  })
  target$rows_engine <- list(
    terms = terms, coarse = coarse, order = rows,
    y = unname(frame$y[rows, , drop = FALSE]),
    weights = frame$weights[rows], threads = threads
  )
  target$rows_engine$constant <- unname(-target$standard$rest / target$standard$size)
  target <- without_likelihood(target)
  target$rows <- frame$n
  target
}

# Cells a bin, one number for all terms, as the core has it: that of the term with the fewest cells,
# or bins of the bulk of a covariate would be as wide as those of another's tails; wider where
# tables would be too large.
bin_width <- function(terms, predictors) {
  along <- lengths(lapply(terms, `[[`, "name")) > 0
  wanted <- c(1, vapply(terms[along], `[[`, 0, "coarse"))
  size <- function(coarse) {
    bins <- vapply(terms, function(term) ceiling(term$grid[3] / coarse) * term$groups, 0)
    predictors * (predictors + 1) / 2 * (sum(bins) + (sum(bins)^2 - sum(bins^2)) / 2)
  }
  coarse <- if (any(along)) min(wanted[-1]) else 1
  while (coarse < max(wanted) && size(coarse) > curvature_limit) coarse <- coarse + 1
  coarse
}

# One cell without rows: what is left is the priors.
without_likelihood <- function(target) {
  k <- length(target$standard$scale)
  target$model$size[2] <- 1L
  target$model$cells <- matrix(0, 1 + k * (3 + k) / 2, 1)
  target$model$offset <- matrix(0, nrow(target$model$offset), 1)
  target$model$x <- lapply(target$model$x, function(x) matrix(0, nrow(x), 1))
  target
}

# The basis at the middle of each bin: the mean of its cells.
bin_basis <- function(term, coarse) {
  cells <- term$grid[3]
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

# Arguments of the C core for one vector of coefficients.
rows_call <- function(target, beta, tables = row_tables(target$rows_engine, matrix(beta, 1))) {
  engine <- target$rows_engine
  terms <- Map(function(term, table) {
    list(
      x = term[["x"]], group = term[["group"]], grid = as.double(term$grid),
      groups = as.integer(term$groups), coefficients = table
    )
  }, engine$terms, tables)
  list(
    y = engine$y, weights = engine$weights,
    scaling = cbind(target$standard$centre, target$standard$scale), terms = terms
  )
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
        table[j, ] <- multiply(term$cubics[[j]], draws[, term$at[[j]], drop = FALSE],
          turn_a = TRUE,
          turn_b = TRUE
        )
      }
      if (i == 1) table[j, ] <- table[j, ] + c(engine$constant[j], 0, 0, 0)
      if (!is.null(term$shift[[j]])) table[j, ] <- table[j, ] + as.vector(term$shift[[j]])
    }
    dim(table) <- c(q * width, nrow(draws))
    table
  })
}

rows_scores <- function(target, scores) {
  engine <- target$rows_engine
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

# The entries of the tables of curvature, in the order of the C core (rows.h): calls f(a, b, r, s,
# at) for predictors r >= s of term a, or where b is a term too of the pair a, b; `at` are the
# places of the entries by bins.
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
  each_entry(target$rows_engine, function(a, b, r, s, at) {
    if (is.null(b)) {
      block <- multiply(a$binned[[r]] * rep(tables[at], each = nrow(a$binned[[r]])), a$binned[[s]],
        turn_b = TRUE
      )
      add(a$at[[r]], a$at[[s]], block)
      if (r != s) add(a$at[[s]], a$at[[r]], t(block))
      return()
    }
    weight <- matrix(tables[at], a$bins)
    block <- multiply(multiply(a$binned[[r]], weight), b$binned[[s]], turn_b = TRUE)
    add(a$at[[r]], b$at[[s]], block)
    add(b$at[[s]], a$at[[r]], t(block))
    if (r != s) {
      block <- multiply(multiply(a$binned[[s]], weight), b$binned[[r]], turn_b = TRUE)
      add(a$at[[s]], b$at[[r]], block)
      add(b$at[[r]], a$at[[s]], t(block))
    }
  })
  out
}

# Parts of the covariance of the predictors by bins.
rows_variance <- function(target, cov) {
  engine <- target$rows_engine
  q <- length(engine$constant)
  bins <- vapply(engine$terms, `[[`, 0L, "bins")
  out <- numeric(q * (q + 1) / 2 * (sum(bins) + (sum(bins)^2 - sum(bins^2)) / 2))
  each_entry(engine, function(a, b, r, s, at) {
    if (is.null(b)) {
      value <- colSums(a$binned[[r]] * multiply(
        cov[a$at[[r]], a$at[[s]], drop = FALSE],
        a$binned[[s]]
      ))
    } else {
      value <- multiply(a$binned[[r]],
        multiply(cov[a$at[[r]], b$at[[s]], drop = FALSE], b$binned[[s]]),
        turn_a = TRUE
      ) +
        multiply(a$binned[[s]], multiply(cov[a$at[[s]], b$at[[r]], drop = FALSE], b$binned[[r]]),
          turn_a = TRUE
        )
    }
    out[at] <<- value
  })
  out
}

rows_base <- function(target, beta, order) {
  call <- rows_call(target, beta)
  out <- .Call(C_base, target$model, beta, order)
  if (order < 2) {
    at <- .Call(
      C_rows, call$y, call$weights, call$scaling, call$terms,
      c(simd_level(), target$rows_engine$threads, 1)
    )
  } else {
    at <- .Call(
      C_rows_curvature, call$y, call$weights, call$scaling, call$terms,
      target$rows_engine$coarse, NULL
    )
    out$hessian <- out$hessian + rows_hessian(target, at$curvature)
  }
  out$value <- out$value + at$value
  if (order > 0) out$gradient <- out$gradient + rows_scores(target, at$scores)
  out
}

rows_expect <- function(target, mean, cov) {
  call <- rows_call(target, mean)
  out <- .Call(C_base_expect, target$model, mean, cov)
  at <- .Call(
    C_rows_curvature, call$y, call$weights, call$scaling, call$terms,
    target$rows_engine$coarse, rows_variance(target, cov)
  )
  out$value <- out$value + at$value
  out$gradient <- out$gradient + rows_scores(target, at$scores)
  out$hessian <- out$hessian + rows_hessian(target, at$curvature)
  out
}

rows_draws <- function(target, draws, progress = NULL) {
  prior <- .Call(C_base_draws, target$model, draws)
  width <- sum(vapply(target$rows_engine$terms, function(term) ncol(term$cubics[[1]]), 0L)) *
    length(target$rows_engine$constant)
  for (block in in_blocks(nrow(draws), width)) {
    tables <- row_tables(target$rows_engine, draws[block, , drop = FALSE])
    for (s in block) {
      if (!is.null(progress)) progress$tick("weighing draws", s / nrow(draws))
      call <- rows_call(target, tables = lapply(tables, function(table) table[, s - block[1] + 1]))
      prior[s] <- prior[s] + .Call(
        C_rows, call$y, call$weights, call$scaling, call$terms,
        c(simd_level(), target$rows_engine$threads, 1)
      )$value
    }
  }
  prior
}

# Points that stand for the rows when bases are built: rows spread over the data, the ends of every
# numeric covariate and a row of every level.
sample_rows <- function(frame, points = 500) {
  rows <- unique(round(seq(1, frame$n, length.out = points)))
  covariates <- if (is.null(frame$all_covariates)) frame$covariates else frame$all_covariates
  for (v in covariates) {
    rows <- c(rows, if (is.numeric(v)) {
      c(which.min(v), which.max(v))
    } else {
      which(!duplicated(v))
    })
  }
  rows <- sort(unique(rows))
  list(
    data = structure(lapply(covariates, take_rows, rows),
      class = "data.frame",
      row.names = .set_row_names(length(rows))
    ),
    weights = rep(sum(row_weights(frame)) / length(rows), length(rows))
  )
}

# `frame` has what tables hold (held_frame()), or `exact`: only columns themselves will do. NULL
# where all columns are better in memory.
prepare_rows_fit <- function(parsed, frame, prior, algorithm, threads = 1L) {
  if (ncol(frame$y) > 2 || algorithm == "prior") {
    return(NULL)
  }
  if (isTRUE(frame$exact) && frame$n <= blocks_from || !is.null(frame$unheld) &&
    length(row_functions(parsed))) {
    return(NULL)
  }
  plain <- vapply(
    frame$covariates, function(v) is.null(dim(v)) && (is.factor(v) || !is.object(v)),
    TRUE
  )
  if (!all(plain) || length(plain) == 0) {
    return(NULL)
  }
  total <- list(
    k = ncol(frame$y), responses = colnames(frame$y), scaling = round_scaling(frame$y),
    covariates = list()
  )
  total <- tally_rows(total, list(
    y = frame$y, covariates = list(), weights = frame$weights,
    dropped = 0
  ))
  scales <- compressed_scales(total)
  check_responses(frame, scales, algorithm)
  design <- sketch_design(parsed, total, sample_rows(frame), whole_of_rows(frame), frame$values)
  terms <- if (isTRUE(frame$exact)) "the terms cannot be tabulated." else row_terms(design, frame)
  if (is.character(terms) && frame$n <= blocks_from) {
    return(NULL)
  }
  scales <- scales_of_rows(scales, design, frame)
  priors <- resolve_priors(design, scales, prior)
  small <- list(
    id = NULL, first = 1L, m = 1L, y_scale = total$scaling[, 2],
    y_centre = total$scaling[, 1], stats = total$stats
  )
  one <- design
  one$x <- lapply(design$x, function(x) x[, 1, drop = FALSE])
  one$offset <- design$offset[, 1, drop = FALSE]
  target <- new_target(one, small, priors, scales)
  tables <- tabulate_smooths(design)
  tabulated <- is.list(terms)
  target <- if (tabulated) {
    new_rows_target(
      target, fill_row_terms(terms, tables, frame), frame,
      threads
    )
  } else {
    new_blocks_target(target, tables, frame, priors, scales)
  }
  list(
    frame = frame, held = frame, cells = list(id = NULL, m = frame$n), design = design,
    priors = priors, target = target,
    tables = if (tabulated) target
  )
}
