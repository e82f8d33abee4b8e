# Terms of model.frame() whose parameters, those of poly(), scale(), bs() and ns(), are taken from
# all rows or from weighted points that stand for them.

# Does some variable of the terms depend on all rows?
has_state <- function(tf) {
  used <- unlist(lapply(as.list(attr(tf, "variables"))[-1], functions_in))
  length(setdiff(used, c(smooth_functions, jump_functions))) > 0
}

terms_of_rows <- function(tf, frame) {
  if (!has_state(tf)) {
    return(tf)
  }
  attr(stats::model.frame(tf, frame$all_covariates, na.action = stats::na.pass), "terms")
}

# Knots of bs() and ns() are those of a fine sketch; poly() and scale() take sums over all rows.
terms_of_cells <- function(tf, object, data, weights) {
  if (!has_state(tf)) {
    return(tf)
  }
  tf <- attr(
    stats::model.frame(tf, design_points(object, 20000)$data, na.action = stats::na.pass),
    "terms"
  )
  predvars <- attr(tf, "predvars")
  variables <- as.list(attr(tf, "variables"))
  for (i in seq_along(predvars)[-1]) {
    v <- variables[[i]]
    head <- called_function(v)
    if (!head %in% c("poly", "scale") || length(v) > if (head == "poly") 3 else 2) next
    x <- eval(v[[2]], data, environment(tf))
    if (head == "poly") {
      predvars[[i]]$coefs <-
        weighted_poly(x, weights, length(eval(predvars[[i]]$coefs)$alpha))
    } else {
      predvars[[i]][c("center", "scale")] <- weighted_scale(x, weights)
    }
  }
  attr(tf, "predvars") <- predvars
  tf
}

# The coefficients that stats::poly() stores, of points with weights (Stieltjes' recursion).
weighted_poly <- function(x, weights, degree) {
  before <- 0
  now <- rep(1, length(x))
  alpha <- numeric(degree)
  norm2 <- c(1, sum(weights))
  for (d in seq_len(degree)) {
    alpha[d] <- sum(weights * x * now^2) / norm2[d + 1]
    after <- (x - alpha[d]) * now - if (d == 1) 0 else norm2[d + 1] / norm2[d] * before
    before <- now
    now <- after
    norm2 <- c(norm2, sum(weights * now^2))
  }
  list(alpha = alpha, norm2 = norm2)
}

weighted_scale <- function(x, weights) {
  centre <- sum(weights * x) / sum(weights)
  list(center = centre, scale = sqrt(sum(weights * (x - centre)^2) / (sum(weights) - 1)))
}
