# What hostile calls and edited objects begin with: rows, and targets of the toolkit.

quietly <- function(code) suppressWarnings(suppressMessages(code))

set.seed(1)
rows <- data.frame(
  x = stats::runif(40), w = stats::runif(40), g = factor(rep(letters[1:4], 10)),
  k = rep(c("a", "b"), 20)
)
rows$y1 <- rows$x + stats::rnorm(40)
rows$y2 <- rows$y1 / 2 + stats::rnorm(40)
bimodal <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
line <- linear_regression(y1 ~ x, rows)
