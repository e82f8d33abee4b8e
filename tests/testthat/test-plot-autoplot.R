test_that("autoplot() has the rows and the bins of plot(), and takes further layers", {
  skip_if_not_installed("ggplot2")
  fit <- quick(cbind(Sepal.Length, Petal.Length) ~ Petal.Width + Species, sigma ~ Petal.Width,
    data = iris
  )
  picture <- ggplot2::autoplot(fit, covariate = "Petal.Width") + ggplot2::theme_bw()
  rows <- lapply(picture$layers, function(layer) NROW(layer$data))
  geoms <- vapply(picture$layers, function(layer) class(layer$geom)[1], "")
  points <- picture$layers[geoms == "GeomPoint"]
  expect_length(points, 2)
  expect_identical(nrow(points[[1]]$data), 300L) # 150 rows of two responses
  bins <- residual_bins(fit, "Petal.Width", "Species")
  known <- merge(points[[2]]$data[c("x", "dpar", "resp", "estimate")], bins)
  expect_identical(nrow(known), nrow(points[[2]]$data))
  expect_silent(ggplot2::ggplot_build(picture))
  levels <- ggplot2::autoplot(fit, covariate = "Species")
  expect_silent(ggplot2::ggplot_build(levels))
  cells <- quick(a ~ x, data = compress(data.frame(x = rep(1:5, 20), a = rnorm(100)), "a", ~x))
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(cells)))
})
