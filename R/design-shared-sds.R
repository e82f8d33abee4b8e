# Smoothing sds that predictors share (eq. 43): smooths of the same term in the predictors of all
# pairs of one response with those before it. A shared sd is one of standardised coefficients.

# The predictors of a design with sds shared and numbered anew; ids: of the responses.
share_sds <- function(predictors, ids) {
  smooths <- smooths_of_pairs(predictors, ids)
  owner <- match(smooths$term, smooths$term) # the first smooth of the same term
  shared <- smooths$term %in% smooths$term[duplicated(smooths$term)]
  sds <- lapply(predictors, function(p) {
    at <- match(p$columns$sd, smooths$sd)
    ifelse(is.na(at), p$columns$sd, smooths$sd[owner[at]])
  })
  kept <- sort(unique(c(0L, unlist(sds))))
  for (key in names(predictors)) {
    mine <- smooths$key == key & shared
    predictors[[key]]$columns$sd <- match(sds[[key]], kept) - 1L
    predictors[[key]]$shared_sds <- stats::setNames(
      smooths$name[mine], match(smooths$sd[owner[mine]], kept) - 1L
    )
  }
  predictors
}

# Smooths of pairs, one a line: key, sd (number), term (equal where smooths may share their sd),
# name (of a shared sd).
smooths_of_pairs <- function(predictors, ids) {
  pairs <- Filter(function(p) length(p$resp) == 2, predictors)
  stack_frames(lapply(pairs, function(p) {
    columns <- unclass(p$columns)
    at <- which(columns$sd > 0 & !duplicated(columns$sd))
    coef <- columns$coef[at]
    twice <- vapply(seq_along(coef), function(i) sum(coef[seq_len(i)] == coef[i]), 0L)
    size <- vapply(columns$sd[at], function(sd) sum(columns$sd == sd), 0L)
    list(
      key = rep(p$key, length(at)), sd = columns$sd[at],
      term = paste(rep(p$resp[2], length(at)), coef, twice, size, columns$x_scale[at], sep = "\r"),
      name = paste0(rep(paste0("sds_", p$dpar, "_", ids[[p$resp[2]]], "_"), length(at)), coef)
    )
  }))
}

# The key of the first predictor that has each sd.
sd_owners <- function(predictors) {
  sds <- lapply(predictors, function(p) setdiff(unique(p$columns$sd), 0L))
  keys <- rep(names(predictors), lengths(sds))
  keys[match(sort(unique(unlist(sds))), unlist(sds))]
}

# Which numbers of a predictor's sds are shared.
is_shared_sd <- function(p, sd) as.character(sd) %in% names(p$shared_sds)

# The name among the draws of an sd of a predictor.
sd_name <- function(p, sd) {
  if (is_shared_sd(p, sd)) {
    return(p$shared_sds[[as.character(sd)]])
  }
  sub("^s_", "sds_", sub("\\[1\\]$", "", p$columns$name[match(sd, p$columns$sd)]))
}
