# Time and memory of many features: margins, all pairs or chosen ones, a joint matrix.
#
#   Rscript bench/features.R > bench/results/features.txt
#
# One core; simulated rows with one covariate, smooths everywhere. Seconds of processor time and of
# the clock; peak: memory that R has used at most above what it held before (gc()).

suppressMessages(library(covary))

simulate <- function(n, g) {
  set.seed(1)
  x <- runif(n)
  f <- matrix(rnorm(2 * n), n)
  y <- vapply(seq_len(g), function(j) {
    l <- cbind(1.2 * cos(j) * sin(2 * x + 1), sin(j) * cos(3 * x))
    noise <- (rowSums(l * f) + rnorm(n)) / sqrt(1 + rowSums(l^2))
    sin(6 * x + j) + exp(0.3 * cos(5 * x + j)) * noise
  }, numeric(n))
  colnames(y) <- paste0("y", seq_len(g))
  d <- data.frame(x = x)
  d$y <- y
  d
}

measure <- function(what, code) {
  before <- sum(gc(reset = TRUE)[, 2])
  time <- system.time(out <- code)
  peak <- sum(gc()[, 6]) - before
  cat(sprintf(
    "%-44s %7.1f s processor %7.1f s clock %7.0f MB peak %6.1f MB result\n", what,
    time[["user.self"]] + time[["sys.self"]], time[["elapsed"]], peak,
    as.numeric(object.size(out)) / 2^20
  ))
  invisible(out)
}

d <- simulate(1e5, 100)
m <- measure("1e5 rows, 100 margins", fit_margins(d, "y", ~ s(x), ~ s(x)))
p <- measure("1e5 rows, 4,950 pairs", fit_pairs(m, d, rho = ~ s(x), joint = FALSE))
p <- measure("1e5 rows, 4,950 pairs and a joint rule", fit_pairs(m, d, rho = ~ s(x)))
at <- data.frame(x = seq(0.1, 0.9, by = 0.2))
measure("5 joint matrices of 100, factors", correlation_matrix(p, at))
measure("5 joint matrices of 100, shrinkage", correlation_matrix(p, at, "shrink"))
measure("correlation(), 4,950 pairs at 5 rows", correlation(p, at))

d <- simulate(1e4, 1000)
m <- measure("1e4 rows, 1,000 margins", fit_margins(d, "y", ~ s(x), ~ s(x)))
set.seed(2)
some <- t(replicate(4261, sample(paste0("y", 1:1000), 2)))
p <- measure("1e4 rows, 4,261 pairs of 1,000", fit_pairs(m, d, some, rho = ~ s(x)))
print(p)
