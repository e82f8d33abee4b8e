# Smooths of mgcv as independent random effects: an unpenalised part and penalised parts with one
# sd each, b ~ N(0, tau^2) (Wood 2017, section 5.8; mgcv::smooth2random).
#
# Unpenalised columns are centred and scaled to sd one; a penalised block is scaled so that its
# rows have mean square length one. tau is then the sd of the wiggly part over the data, whatever
# the basis, and `bs = "re"` keeps its usual meaning.

# The smooths of one formula term; several when `by` is a factor. `states`: what to evaluate for its
# variables (formula-variables.R). Where `data` are a sketch of the rows, `all_rows` (see
# design-points.R) has points whose weighted sums are those of all rows, and many rows to choose
# knots from where the sketch has rows at random and no quantiles.
build_smooths <- function(call, env, data, weights, states = list(), all_rows = NULL) {
  spec <- with_smooth_conditions(read_smooth(call, env), call, "read")
  check_smooth_spec(spec, call)
  names <- unique(
    unlist(lapply(c(spec$term, spec$by), function(v) covariates_in(str2lang(v), names(data))))
  )
  states <- states[intersect(
    names(states),
    vapply(smooth_terms(spec), function(term) variable_key(str2lang(term)), "")
  )]
  data <- with_smooth_conditions(smooth_data(spec, data, env, states), call, "built")
  check_smooth_data(spec, call, data)
  levels <- lapply(data[vapply(data, is.factor, TRUE)], levels)
  with_smooth_conditions(call = call, verb = "built", code = {
    at <- if (!is.null(all_rows) && !inherits(spec, "re.smooth.spec")) all_rows$points(names)
    if (!is.null(at)) at$data <- smooth_data(spec, at$data, env, states, levels)
    knots <- if (is.null(all_rows$many)) {
      spline_knots(spec, data, weights)
    } else {
      knots_of_many_rows(spec, all_rows$many(names), env, data, states)
    }
    # modCon = 3: t2() predicts under the constraint it was fitted with.
    smooths <- mgcv::smoothCon(centred_spec(spec, weights, at),
      data = data, knots = knots, absorb.cons = TRUE, n = NROW(data[[1]]), modCon = 3
    )
    lapply(smooths, new_smooth,
      call = call, env = env, weights = weights, levels = levels, states = states, at = at,
      place = order_of_points(if (is.null(at)) data else at$data)
    )
  })
}

# The value of `code`, whose errors and warnings name the smooth; `verb`: what was to be done.
with_smooth_conditions <- function(code, call, verb) {
  withCallingHandlers(
    with_typed_errors(code, "smooth", "Smooth ", deparse1(call), " cannot be ", verb, ": ",
      fields = list(term = deparse1(call))
    ),
    simpleWarning = function(w) {
      warn_covary("smooth", "Smooth ", deparse1(call), ": ", trimws(conditionMessage(w)),
        fields = list(term = deparse1(call))
      )
      invokeRestart("muffleWarning")
    }
  )
}

check_smooth_spec <- function(spec, call) {
  if (!any(endsWith(class(spec), "smooth.spec"))) {
    stop_covary("smooth", "Term ", deparse1(call),
      " is not a smooth; s() and t2() must stand alone.",
      fields = list(term = deparse1(call))
    )
  }
  if (!is.null(spec$id) || any(spec$sp >= 0)) {
    stop_covary("smooth", "Smooth ", deparse1(call), " has `", if (is.null(spec$id)) "sp" else "id",
      "`, which has no meaning here: ",
      "every smooth has its own sd with a prior. Remove it.",
      fields = list(term = deparse1(call))
    )
  }
}

# A smooth sums to zero over the rows, not over their distinct values or a sketch of them: mgcv
# takes the constraint that a constructor brings.
centred_spec <- function(spec, weights, at) {
  spec$centring <- list(weights = weights, at = at)
  class(spec) <- c("covary_centred.smooth.spec", class(spec))
  spec
}

#' @rawNamespace S3method(mgcv::smooth.construct, covary_centred.smooth.spec)
smooth.construct.covary_centred.smooth.spec <- function(object, data, knots) {
  centring <- object$centring
  object$centring <- NULL
  class(object) <- class(object)[-1]
  sm <- mgcv::smooth.construct(object, data, knots)
  if (!is.null(sm$C) || !is.null(sm$g.index)) {
    return(sm)
  }
  at <- centring$at
  if (is.null(at)) {
    at <- list(x = sm$X, weights = centring$weights)
  } else {
    at$x <- sm$x_at <- mgcv::Predict.matrix(sm, at$data)
  }
  # Several rows of the basis a row of the data: the summation convention of mgcv for matrices.
  weights <- rep_len(at$weights, nrow(at$x))
  sm$C <- rbind(colSums(at$x * weights) / sum(weights))
  sm
}

# mgcv looks smooth variables up by name; functions of variables are evaluated here, once. With
# `levels`, factors get the levels of the data the smooth was built from; unseen ones become NA.
smooth_data <- function(spec, data, env, states = list(), levels = NULL) {
  columns <- lapply(stats::setNames(nm = smooth_terms(spec)), function(term) {
    v <- term_value(term, data, env, states)
    if (!is.null(levels[[term]])) {
      return(factor(as.character(v), levels = levels[[term]]))
    }
    if (is.character(v) || is.logical(v) || is.factor(v)) {
      return(factor(v))
    }
    if (is_number(v) && NCOL(v) == 1) as.double(v) else unclass(v)
  })
  columns
}

smooth_terms <- function(spec) unique(c(spec$term, if (spec$by != "NA") spec$by))

# The columns of a smooth at points at which its constructor has evaluated them, without `by`,
# before the constraint.
columns_at <- function(sm, at) {
  constraint <- attr(sm, "qrc")
  if (is.null(sm$x_at) || sm$by != "NA" || !inherits(constraint, "qr")) {
    return(mgcv::PredictMat(sm, at$data, n = NROW(at$data[[1]])))
  }
  t(qr.qty(constraint, t(sm$x_at))[-seq_len(attr(sm, "nCons")), , drop = FALSE])
}

# place: order_of_points() of the points at which the smooth is evaluated first.
new_smooth <- function(sm, call, env, weights, levels, states, at, place) {
  is_re <- inherits(sm, "random.effect")
  random <- if (is_re) NULL else mgcv::smooth2random(sm, "", type = 2)
  first <- if (is.null(at)) sm$X else columns_at(sm, at)
  random <- with_signs(random, first, place)
  # The map is wanted, not the columns.
  random[c("Xf", "rand")] <- if (!is_re) list(NULL, seq_along(random$rand))
  out <- list(
    sm = sm, call = call, env = env, label = sm$label, id = smooth_id(sm$label),
    random = random,
    levels = levels, states = states, is_re = is_re
  )
  raw <- split_basis(out, sm$X)
  rows <- if (is.null(at)) raw else split_basis(out, first)
  out$sm$X <- out$sm$x_at <- NULL
  out$sm <- with_polynomials(without_rows(out$sm))
  if (!is.null(at)) weights <- at$weights
  share <- weights / sum(weights)
  out$centre <- colSums(rows$fixed * share)
  centred <- sweep(rows$fixed, 2, out$centre)
  out$scale <- sqrt(pmax(colSums(centred^2 * share), 0))
  out$scale[out$scale == 0] <- 1
  out$block_scale <- vapply(rows$blocks, function(b) sqrt(max(sum(rowSums(b^2) * share), 0)), 0)
  out$block_scale[out$block_scale == 0] <- 1
  out$n_fixed <- ncol(raw$fixed)
  out$n_block <- vapply(raw$blocks, ncol, 0L)
  out$train <- scale_basis(out, raw)
  # A random slope is reported for the user's covariate; only the fit sees it scaled.
  out$x_scale <- if (is_re) out$block_scale else rep(1, length(raw$blocks))
  if (is_re) out$block_scale[] <- 1
  out
}

# What prediction does not need: columns at the data, of the smooth and of the margins of a tensor
# product; of a factor smooth those without the factor, and the factor.
without_rows <- function(sm) {
  sm$X <- NULL
  if (inherits(sm, "fs.interaction")) sm$Xb <- sm$fac <- NULL
  if (length(sm$margin)) sm$margin <- lapply(sm$margin, without_rows)
  sm
}

smooth_id <- function(label) gsub("[^[:alnum:]:]", "", label)

# Columns in mgcv's basis -> list(fixed, blocks)
split_basis <- function(smooth, x) {
  random <- smooth$random
  if (is.null(random)) {
    return(list(fixed = x[, 0, drop = FALSE], blocks = list(x)))
  }
  if (isTRUE(random$fixed)) {
    return(list(fixed = x, blocks = list()))
  }
  if (!is.null(random$trans.U)) x <- x %*% random$trans.U
  x <- sweep(x, 2, random$trans.D, "*")
  x[, random$rind] <- x[, random$pen.ind != 0]
  pen <- random$pen.ind
  pen[random$rind] <- pen[pen > 0]
  list(
    fixed = x[, random$pen.ind == 0, drop = FALSE],
    blocks = lapply(seq_along(random$rand), function(i) x[, pen == i, drop = FALSE])
  )
}

scale_basis <- function(smooth, raw) {
  fixed <- sweep(sweep(raw$fixed, 2, smooth$centre), 2, smooth$scale, "/")
  blocks <- Map(`/`, raw$blocks, smooth$block_scale)
  list(fixed = unname(fixed), blocks = lapply(blocks, unname))
}

# list(fixed, blocks, unseen, size) at new data. `unseen` names, row by row, the level that a random
# effect has not met (NA elsewhere); such rows get a zero row here and a new effect when drawn,
# times `size`: 1, or the covariate of a random slope.
predict_smooth <- function(smooth, data) {
  columns <- smooth_data(smooth$sm, data, smooth$env, smooth$states, smooth$levels)
  unseen <- rep(NA_character_, nrow(data))
  for (term in names(smooth$levels)) {
    given <- as.character(smooth_variable(smooth, term, data))
    new <- is.na(columns[[term]]) & !is.na(given)
    if (!any(new)) next
    if (!smooth$is_re) stop_new_level(term, given[new], smooth$levels[[term]])
    unseen[new] <- paste0(ifelse(is.na(unseen[new]), "", unseen[new]), term, "=", given[new])
    columns[[term]][is.na(columns[[term]])] <- smooth$levels[[term]][1]
  }
  x <- smooth_matrix(smooth$sm, columns, nrow(data))
  size <- rowSums(x) / smooth$block_scale[1]
  x[!is.na(unseen), ] <- 0
  c(scale_basis(smooth, split_basis(smooth, x)), list(unseen = unseen, size = size))
}

# A variable of a smooth at other rows.
smooth_variable <- function(smooth, term, data) {
  term_value(term, data, smooth$env, smooth$states)
}

# Columns in mgcv's basis. Where the constraint is a column left out, or differences of columns
# (t2() whose only unpenalised function is the constant), PredictMat() of mgcv <= 1.9 cannot read
# it.
smooth_matrix <- function(sm, columns, n) {
  constraint <- attr(sm, "qrc")
  if (!is.numeric(constraint) || length(constraint) != 1) {
    return(mgcv::PredictMat(sm, columns, n = n))
  }
  attr(sm, "qrc") <- NULL
  x <- mgcv::PredictMat(sm, columns, n = n)
  if (constraint > 0) x[, -constraint, drop = FALSE] else t(diff(t(x)))
}

stop_new_level <- function(variable, found, known) {
  stop_covary("new_level", "Column '", variable, "' of `newdata` has the level ",
    enumerate(unique(found)),
    ", which the fit has not seen. Its levels are ", enumerate(known, most = 12),
    ". Only random effects (bs = \"re\") can meet new levels.",
    fields = list(column = variable, levels = unique(found))
  )
}
