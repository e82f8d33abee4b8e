# Design: the columns of every predictor at the cells, and the blueprint to build them again for
# new data. Knows no likelihood.
#
# A predictor of the design adds to the parsed one: terms, xlevels, contrasts, smooths, `columns`
# (data frame: name, class, coef, sd) and `centre`, `scale` of its parametric columns.

new_design <- function(parsed, frame, cells, data) {
  cell_data <- lapply(frame$covariates, take_rows, cells$first)
  weights <- cells$stats[1, ]
  cache <- new.env(parent = emptyenv())
  predictors <- list()
  n_sds <- 0L
  x <- list()
  offset <- matrix(0, length(parsed$predictors), cells$m)
  for (i in seq_along(parsed$predictors)) {
    built <- build_predictor(parsed$predictors[[i]], parsed, frame, cells, cell_data, data, weights, n_sds, cache)
    predictors[[built$predictor$key]] <- built$predictor
    n_sds <- n_sds + built$predictor$n_sds
    x[[i]] <- built$x
    offset[i, ] <- built$offset
  }
  list(predictors = predictors, x = x, offset = offset, n_sds = n_sds,
    covariates = summarise_covariates(cell_data), responses = parsed$responses, ids = parsed$ids)
}

build_predictor <- function(p, parsed, frame, cells, cell_data, data, weights, n_sds, cache) {
  parts <- split_rhs(p$rhs)
  mf <- parametric_frame(parts$parametric, frame, cells, data, p$key)
  p$terms <- attr(mf, "terms")
  x <- parametric_matrix(p$terms, mf, p$key)
  p$xlevels <- stats::.getXlevels(p$terms, mf)
  p$contrasts <- attr(x, "contrasts")
  p$assign <- attr(x, "assign")
  p$intercept <- attr(p$terms, "intercept") == 1
  offset <- read_offset(p$terms, mf, cells$m)
  p$prefix <- draw_prefix(p, parsed$ids)
  std <- standardise_columns(x, weights, p$intercept)
  p$centre <- std$centre
  p$scale <- std$scale
  p$smooths <- unlist(lapply(parts$smooths, cached_smooths, env = environment(p$rhs), data = cell_data,
    weights = weights, cache = cache), recursive = FALSE)
  p$columns <- column_table(p, colnames(x), n_sds)
  p$n_sds <- sum(lengths(lapply(p$smooths, `[[`, "n_block")))
  p$known <- nrow(p$columns) == 0
  x <- do.call(cbind, c(list(std$x), lapply(p$smooths, function(s) do.call(cbind, c(list(s$train$fixed), s$train$blocks)))))
  p$smooths <- lapply(p$smooths, function(s) {
    s$train <- NULL
    s
  })
  warn_collinear(std$x, colnames(std$x), p$key)
  list(predictor = p, x = t(unname(x)), offset = offset)
}

# The same smooth in several predictors is built once.
cached_smooths <- function(call, env, data, weights, cache) {
  key <- deparse1(call)
  hit <- cache[[key]]
  if (!is.null(hit) && identical(hit$env, env)) return(hit$smooths)
  smooths <- build_smooths(call, env, data, weights)
  cache[[key]] <- list(env = env, smooths = smooths)
  smooths
}

# Functions of columns may depend on all rows (bs(), scale()): evaluated on the rows, then one row a
# cell is kept. Plain variables are taken at the cells at once.
parametric_frame <- function(formula, frame, cells, data, key) {
  tf <- stats::terms(formula, keep.order = TRUE)
  variables <- as.list(attr(tf, "variables"))[-1]
  plain <- all(vapply(variables, is.symbol, TRUE))
  rows <- if (plain) cells$first else seq_len(frame$n)
  columns <- lapply(frame$covariates, take_rows, rows)
  mf <- tryCatch(
    stats::model.frame(tf, data = columns, na.action = stats::na.pass, drop.unused.levels = TRUE),
    error = function(e) {
      stop_covary("covariate", "The terms of ", key, " cannot be evaluated: ", conditionMessage(e), ".",
        fields = list(predictor = key))
    }
  )
  if (length(variables) == 0) mf <- empty_frame(tf, cells$m)
  else if (!plain) mf <- restore_terms(mf[cells$first, , drop = FALSE], mf)
  bad <- names(mf)[vapply(mf, function(v) is.numeric(v) && any(!is.finite(v)), TRUE)]
  if (length(bad)) {
    stop_covary("infinite", "Term ", enumerate(bad), " of ", key, " is not finite for some rows.", fields = list(column = bad[1]))
  }
  mf
}

restore_terms <- function(mf, from) {
  attr(mf, "terms") <- attr(from, "terms")
  mf
}

empty_frame <- function(tf, m) {
  mf <- data.frame(row.names = seq_len(m))
  attr(mf, "terms") <- tf
  mf
}

parametric_matrix <- function(terms, mf, key) {
  tryCatch(stats::model.matrix(terms, mf), error = function(e) {
    single <- names(mf)[vapply(mf, function(v) (is.factor(v) || is.character(v)) && length(unique(v)) < 2, TRUE)]
    stop_covary("covariate", if (length(single)) paste0("Factor ", enumerate(single), " of ", key, " has one level only; remove it.")
      else paste0("The columns of ", key, " cannot be built: ", conditionMessage(e), "."), fields = list(predictor = key))
  })
}

read_offset <- function(terms, mf, m) {
  at <- attr(terms, "offset")
  if (is.null(at)) return(rep(0, m))
  total <- 0
  for (i in at) {
    v <- mf[[i]]
    if (!is.numeric(v)) stop_covary("offset", "Offset ", names(mf)[i], " must be numeric, not ", describe(v), ".")
    total <- total + as.vector(v)
  }
  rep_len(total, m)
}

standardise_columns <- function(x, weights, intercept) {
  share <- weights / sum(weights)
  constant <- colnames(x) == "(Intercept)"
  size <- apply(abs(x), 2, function(v) if (length(v)) max(v) else 1)
  size[size == 0] <- 1
  centre <- if (intercept) colSums(sweep(x, 2, size, "/") * share) * size else rep(0, ncol(x))
  centre[constant] <- 0
  out <- sweep(sweep(x, 2, centre), 2, size, "/")
  spread <- sqrt(colSums(out^2 * share))
  # A column that is constant up to rounding says nothing; its coefficient keeps its prior.
  out[, spread < 1e-14 & !constant] <- 0
  scale <- ifelse(spread < 1e-14, 1, spread) * size
  scale[constant] <- 1
  out <- sweep(out, 2, scale / size, "/")
  list(x = out, centre = unname(centre), scale = unname(scale))
}

column_table <- function(p, parametric, n_sds) {
  coef <- clean_name(parametric)
  out <- data.frame(name = if (length(coef)) paste0("b_", p$prefix, coef) else character(),
    class = ifelse(coef == "Intercept", "Intercept", "b"), coef = coef, sd = rep(0L, length(coef)))
  for (s in p$smooths) {
    fixed <- seq_len(s$n_fixed)
    out <- rbind(out, data.frame(name = paste0("bs_", p$prefix, s$id, "_", fixed)[fixed], class = rep("b", s$n_fixed),
      coef = paste0(s$id, "_", fixed)[fixed], sd = rep(0L, s$n_fixed)))
    for (j in seq_along(s$n_block)) {
      n_sds <- n_sds + 1L
      out <- rbind(out, data.frame(name = paste0("s_", p$prefix, s$id, "_", j, "[", seq_len(s$n_block[j]), "]"),
        class = "smooth", coef = paste0(s$id, "_", j), sd = n_sds))
    }
  }
  out
}

clean_name <- function(x) gsub("[[:space:]]", "", sub("^\\(Intercept\\)$", "Intercept", x))

# b_sbp_..., b_sigma_sbp_..., b_rho_sbp_dbp_...; with one response b_... and b_sigma_...
draw_prefix <- function(p, ids) {
  resp <- if (length(ids) > 1) unname(ids[match(p$resp, names(ids))])
  parts <- c(if (p$dpar != "mu") p$dpar, resp)
  if (length(parts)) paste0(paste(parts, collapse = "_"), "_") else ""
}

warn_collinear <- function(x, names, key) {
  if (ncol(x) < 2) {
    if (ncol(x) == 1 && all(x == 0)) warn_constant(names, key)
    return()
  }
  fit <- qr(x, tol = 1e-9)
  if (fit$rank == ncol(x)) return()
  surplus <- names[fit$pivot[-seq_len(fit$rank)]]
  warn_covary("collinear", "Columns ", enumerate(surplus), " of ", key, " are constant or sums of the others; the data cannot tell ",
    "them apart and their coefficients rest on the prior.", fields = list(predictor = key, columns = surplus))
}

warn_constant <- function(names, key) {
  warn_covary("collinear", "Column ", enumerate(names), " of ", key, " is zero everywhere; its coefficient rests on the prior.",
    fields = list(predictor = key, columns = names))
}

# Ranges and levels: default grids, extrapolation marks, checks of new data.
summarise_covariates <- function(columns) {
  lapply(columns, function(v) {
    if (is.numeric(v) && is.null(dim(v))) {
      list(type = "numeric", range = range(v), quantiles = stats::quantile(v, c(0.1, 0.5, 0.9), names = FALSE), n_distinct = length(unique(v)))
    } else if (is.matrix(v)) {
      list(type = "matrix", columns = ncol(v))
    } else {
      f <- if (is.factor(v)) droplevels(v) else factor(v)
      counts <- table(f)
      list(type = if (is.logical(v)) "logical" else "factor", levels = levels(f), common = names(counts)[which.max(counts)])
    }
  })
}
