# One positive definite correlation matrix of all features at any covariates, from the curves of all
# pairs. Curves fitted one by one need not make such a matrix, and clipping eigenvalues leaves one
# whose inverse is useless; two forms that keep the inverse are chosen by rows that were held out:
#   factor  loadings' products plus a diagonal, fitted to the pairs at each point by principal axes
#   shrink  (1 - w) pairs + w pooled, pooled = (1 - a) constant correlations + a identity
# The rule is list(features (numbers of G features), pooled (G x G, from all rows), factor (number
# of factors), weight (w), ridge (a), scores (data frame: form, score: held-out log density in nats
# a row, less that of independence)).

joint_most_pairs <- 50000L
joint_runs <- 25L # of bins of equal weight, at which forms are compared
joint_weights <- c(0, 0.05, seq(0.1, 1, by = 0.1))
joint_ridges <- c(0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
joint_factors <- c(1L, 2L, 3L, 4L, 5L, 6L, 8L, 10L)
most_communality <- 0.98 # of a feature's variance, that factors may take

# Are these all pairs of three or more features?
are_complete <- function(chosen) {
  g <- length(unique(as.vector(chosen)))
  g > 2 && ncol(chosen) == g * (g - 1) / 2
}

# G x G with ones on the diagonal; values: one a pair; at: 2 x pairs places among the G features
pairs_matrix <- function(values, at, size) {
  out <- diag(size)
  out[t(at)] <- values
  out[t(at[2:1, , drop = FALSE])] <- values
  out
}

# The sums of runs of bins, of the rows that curves are fitted to (`train`) and of those held out
# (`held`), each 4 x runs x pairs, and the predictors `eta` (runs x pairs) by the former
held_out_runs <- function(sums, model, margins, chosen, settings, cluster, progress) {
  train <- sums
  train$sums <- sums$sums - sums$held
  # Means alone: nothing of margins, no draws.
  train$spread <- train$spread[0, , drop = FALSE]
  train$products <- train$products[0, , drop = FALSE]
  settings$noise <- settings$noise[, 0, drop = FALSE]
  fits <- call_pair_fits(train, model, margins, chosen, settings, cluster, progress)
  run <- run_of_bins(sums$bins$weights)
  by_run <- function(x) {
    array(apply(x, 3, function(s) t(rowsum(t(s), run))), c(dim(x)[1], max(run), dim(x)[3]))
  }
  x <- model$core$x[[5]]
  share <- sums$bins$weights / stats::ave(sums$bins$weights, run, FUN = sum)
  columns <- rowsum(t(x) * share, run)
  offset <- rowsum(model$core$offset[5, ] * share, run)
  list(
    train = by_run(train$sums), held = by_run(sums$held),
    eta = columns %*% fits$mean + as.vector(offset)
  )
}

bind_runs <- function(runs) {
  along_pairs <- function(name) {
    parts <- lapply(runs, `[[`, name)
    array(unlist(parts), c(dim(parts[[1]])[1:2], sum(vapply(parts, function(v) dim(v)[3], 0L))))
  }
  list(
    train = along_pairs("train"), held = along_pairs("held"),
    eta = do.call(cbind, lapply(runs, `[[`, "eta"))
  )
}

# Bins in runs of about equal weight: the run of each
run_of_bins <- function(weights) {
  share <- cumsum(weights) / sum(weights)
  run <- ceiling(share * joint_runs - 1e-9)
  match(run, unique(run))
}

# runs: bind_runs(); chosen: 2 x pairs numbers of features
new_joint_rule <- function(runs, chosen) {
  features <- sort(unique(as.vector(chosen)))
  at <- matrix(match(chosen, features), 2)
  size <- length(features)
  by_run <- lapply(seq_len(nrow(runs$eta)), function(i) {
    held <- runs$held[, i, , drop = FALSE]
    list(
      n = mean(held[1, 1, ]), cor = moment_matrix(held, at, size),
      rho = pairs_matrix(tanh(runs$eta[i, ] / 2), at, size)
    )
  })
  by_run <- Filter(function(run) all(is.finite(run$cor)), by_run)
  constant <- moment_correlations(moment_matrix(runs$train, at, size))
  shrunk <- choose_shrinkage(by_run, constant)
  factors <- choose_factors(by_run, constant)
  list(
    features = features,
    pooled = moment_correlations(moment_matrix(runs$train + runs$held, at, size)),
    factor = factors$factors, weight = shrunk$weight, ridge = shrunk$ridge,
    scores = unchecked_frame(list(
      form = c("factor", "shrink", "pooled", "pairs"),
      score = c(factors$score, shrunk$score, shrunk$pooled, shrunk$pairs)
    ))
  )
}

# Mean products of standardised residuals, each over the rows that have both features
moment_matrix <- function(sums, at, size) {
  total <- apply(sums, c(1, 3), sum)
  out <- pairs_matrix(total[3, ] / total[1, ], at, size)
  squares <- rowsum(
    c(total[2, ] / total[1, ], total[4, ] / total[1, ]), c(at[1, ], at[2, ])
  )
  diag(out) <- squares / (size - 1)
  out
}

moment_correlations <- function(moments) {
  sd <- sqrt(diag(moments))
  moments / tcrossprod(sd)
}

# Mean over held-out rows of the log density of a joint normal with correlations form(run), less
# that of independent features; -Inf where it is not positive definite.
held_out_score <- function(by_run, form) {
  total <- 0
  for (run in by_run) {
    root <- attempt(chol(form(run)))
    if (is.null(root)) {
      return(-Inf)
    }
    independent <- sum(diag(run$cor))
    total <- total - 0.5 * run$n *
      (2 * sum(log(diag(root))) + sum(chol2inv(root) * run$cor) - independent)
  }
  total / sum(vapply(by_run, `[[`, 0, "n"))
}

choose_shrinkage <- function(by_run, constant) {
  best <- list(score = -Inf, weight = 1, ridge = 0.4, pooled = -Inf)
  for (ridge in joint_ridges) {
    pooled <- with_ridge(constant, ridge)
    scores <- vapply(joint_weights, function(w) {
      held_out_score(by_run, function(run) (1 - w) * run$rho + w * pooled)
    }, 0)
    best$pooled <- max(best$pooled, scores[joint_weights == 1])
    if (ridge == 0) best$pairs <- scores[1]
    if (max(scores) > best$score) {
      best[c("score", "weight", "ridge")] <-
        list(max(scores), joint_weights[which.max(scores)], ridge)
    }
  }
  best
}

with_ridge <- function(r, ridge) (1 - ridge) * r + diag(ridge, nrow(r))

# More factors are tried until they predict worse.
choose_factors <- function(by_run, constant) {
  best <- list(score = -Inf, factors = 1L)
  for (k in joint_factors[joint_factors <= max(1, (nrow(constant) - 1) / 2)]) {
    start <- principal_axes(constant, k)
    score <- held_out_score(by_run, function(run) factor_matrix(principal_axes(run$rho, k, start)))
    if (score <= best$score) break
    best <- list(score = score, factors = k)
  }
  best
}

# Loadings (G x k) of the factors of r (G x G), whose diagonal is replaced by communalities in turn;
# the leading eigenvectors by subspace iteration from those of `start`.
principal_axes <- function(r, k, start = NULL, steps = if (is.null(start)) 100 else 25) {
  size <- nrow(r)
  off <- r
  diag(off) <- 0
  loadings <- start
  if (is.null(start)) {
    e <- eigen(r, symmetric = TRUE)
    loadings <- e$vectors[, seq_len(k), drop = FALSE] *
      rep(sqrt(pmax(e$values[seq_len(k)], 1e-6)), each = size)
  }
  for (i in seq_len(steps)) {
    common <- pmin(rowSums(loadings^2), most_communality)
    times <- function(v) off %*% v + common * v
    basis <- qr.Q(qr(times(times(qr.Q(qr(loadings))))))
    e <- eigen(crossprod(basis, times(basis)), symmetric = TRUE)
    new <- basis %*% (e$vectors * rep(sqrt(pmax(e$values, 1e-10)), each = k))
    settled <- max(abs(rowSums(new^2) - rowSums(loadings^2))) < 1e-6
    loadings <- new
    if (settled) break
  }
  loadings * sqrt(pmin(1, most_communality / pmax(rowSums(loadings^2), 1e-300)))
}

# Correlations of features with these loadings
factor_matrix <- function(loadings) {
  out <- tcrossprod(loadings)
  diag(out) <- 1
  out
}

# The regularised matrix for the correlations r of all pairs: list(matrix, weight (of the pooled
# matrix, NA for factors)). `start`: loadings of the pooled matrix.
joint_matrix <- function(r, rule, method, start) {
  if (method == "factor") {
    return(list(matrix = factor_matrix(principal_axes(r, rule$factor, start)), weight = NA_real_))
  }
  pooled <- with_ridge(rule$pooled, rule$ridge)
  weight <- rule$weight
  repeat {
    out <- (1 - weight) * r + weight * pooled
    if (weight >= 1 || !is.null(attempt(chol(out)))) {
      return(list(matrix = out, weight = weight))
    }
    weight <- min(1, weight + 0.05)
  }
}
