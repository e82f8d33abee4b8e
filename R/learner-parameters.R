# Coefficients as a list and as the vector of the engine: means (D x G), lower triangles
# (D (D + 1) / 2 x G) by the parameterisation `scale`, weights (G x G), biases (G).

pack_coef <- function(coef, scale) {
  triangles <- apply(coef$covariance, 3, pack_scale, scale = scale, d = ncol(coef$mean))
  c(t(coef$mean), triangles, coef$weight, coef$bias)
}

pack_scale <- function(s, scale, d) {
  s <- matrix(s, d)
  lower <- if (scale == "covariance") s else t(chol(s))
  if (scale == "log_cholesky") diag(lower) <- log(diag(lower))
  lower_triangle(lower)
}

unpack_scale <- function(triangle, scale, d) {
  if (scale == "covariance") {
    return(symmetric_matrix(triangle, d))
  }
  lower <- lower_matrix(triangle, d)
  if (scale == "log_cholesky") diag(lower) <- exp(diag(lower))
  tcrossprod(lower)
}

unpack_coef <- function(parameter, learner) {
  g <- length(learner$categories)
  d <- length(learner$dimensions)
  t <- d * (d + 1) / 2
  part <- split(parameter, rep(1:4, c(d * g, t * g, g * g, if (learner$plan$bias) g else 0)))
  triangles <- matrix(part[[2]], t)
  covariance <- apply(triangles, 2, unpack_scale, scale = learner$plan$scale, d = d)
  by_category <- list(learner$categories, learner$dimensions)
  out <- list(
    mean = matrix(part[[1]], g, byrow = TRUE, dimnames = by_category),
    covariance = array(
      covariance, c(d, d, g),
      list(learner$dimensions, learner$dimensions, learner$categories)
    ),
    weight = matrix(part[[3]], g,
      dimnames = list(response = learner$categories, category = learner$categories)
    )
  )
  if (learner$plan$bias) out$bias <- stats::setNames(part[[4]], learner$categories)
  out
}
